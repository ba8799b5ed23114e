/*
 * store_list.c - lists of conversations and groups.
 */
#include "server/store/store_list.h"

#include "server/store/store.h"
#include "server/store/store_conversation.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_transact.h"

struct list_page {
	uint64_t	user;
	const Kith__V1__ListConversations *asked;	/* or */
	const Kith__V1__ListGroups *groups;
	uint32_t	limit;
	unsigned	n;
	bool		more;
	struct store_conversation rows[PAGE_ROWS_MAX];
	Kith__V1__Conversation *list[PAGE_ROWS_MAX];
};

_Static_assert(sizeof(struct list_page) <= STORE_PAGE_BYTES, "it lies in the page");

static enum db_class
list_named(struct store *s, struct list_page *p)
{
	const Kith__V1__ListConversations *m = p->asked;
	enum db_class c = DB_OK;

	for (size_t i = 0; i < m->n_ids && (c == DB_OK || c == DB_DONE); i++) {
		c = store_conversation_load(s, p->user, m->ids[i], &p->rows[p->n]);
		p->n += c == DB_OK;
	}
	return c == DB_DONE ? DB_OK : c;
}

static enum db_class
list_conversations_work(struct store *s, void *arg)
{
	struct list_page *p = arg;

	p->n = 0;
	p->more = false;
	if (p->asked->n_ids > 0)
		return list_named(s, p);
	return store_conversation_load_page(s, p->user, p->asked->after, p->limit, p->rows,
	    &p->n, &p->more);
}

/* A page that is too long for a frame loses its last rows. */
static void
list_reply(struct store *s, const struct ipc_head *h, struct list_page *p)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Conversations m = KITH__V1__CONVERSATIONS__INIT;

	for (unsigned i = 0; i < p->n; i++)
		p->list[i] = &p->rows[i].msg;
	m.n_conversations = p->n;
	m.conversations = p->list;
	m.more = p->more;
	r.body_case = KITH__V1__REPLY__BODY_CONVERSATIONS;
	r.conversations = &m;
	r.id = h->request;
	while (m.n_conversations > 0 &&
	    protobuf_c_message_get_packed_size(&r.base) > FRAME_BYTES_MAX) {
		m.n_conversations--;
		m.more = true;
	}
	store_reply(s, h, &r);
}

void
store_list_conversations(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	const Kith__V1__ListConversations *m = r->list_conversations;
	struct list_page *p = s->page;
	enum db_class c;

	if (m->n_ids > PAGE_ROWS_MAX) {
		store_reply_error(s, h, KITH_E_TOO_LARGE);
		return;
	}
	p->user = h->user[0];
	p->asked = m;
	p->limit = store_list_limit(m->limit, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX);
	if ((c = store_transact(s, list_conversations_work, p)) != DB_OK)
		store_reply_error(s, h, store_err(c));
	else
		list_reply(s, h, p);
}

/* -- groups --------------------------------------------------------------- */

static void
list_read_group(struct db_stmt *st, struct store_conversation *out)
{
	Kith__V1__Conversation *m = &out->msg;

	kith__v1__conversation__init(m);
	m->kind = KITH__V1__CONVERSATION_KIND__GROUP;
	m->id = (uint64_t)db_int(st, 0);
	store_query_copy(st, 1, out->name, sizeof(out->name));
	store_query_copy(st, 2, out->topic, sizeof(out->topic));
	m->public_ = db_int(st, 3) != 0;
	m->members = (uint32_t)db_int(st, 4);
	m->role = (Kith__V1__Role)db_int(st, 5);
	m->name = out->name;
	m->topic = out->topic;
}

static enum db_class
list_groups_work(struct store *s, void *arg)
{
	struct list_page *p = arg;
	struct db_stmt *st = store_query(s,
	    "SELECT g.id, g.name, g.topic, g.public,"
	    " (SELECT COUNT(*) FROM members n WHERE n.conversation = g.id AND n.until_seq IS NULL),"
	    " (SELECT MAX(m.role) FROM members m WHERE m.conversation = g.id AND m.user = ?"
	    "   AND m.until_seq IS NULL)"
	    " FROM chat_groups g WHERE g.id > ? AND (g.public = 1 OR EXISTS"
	    " (SELECT 1 FROM members o WHERE o.conversation = g.id AND o.user = ?"
	    "   AND o.until_seq IS NULL))"
	    " ORDER BY g.id LIMIT ?", "nnnn", p->user, p->groups->after, p->user,
	    (uint64_t)p->limit + 1);
	enum db_class c;

	p->n = 0;
	p->more = false;
	while ((c = store_query_next(s, st)) == DB_ROW && !(p->more = p->n == p->limit))
		list_read_group(st, &p->rows[p->n++]);
	return store_query_end(st, c);
}

void
store_list_groups(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct list_page *p = s->page;
	enum db_class c;

	p->user = h->user[0];
	p->groups = r->list_groups;
	p->limit = store_list_limit(r->list_groups->limit, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX);
	if ((c = store_transact(s, list_groups_work, p)) != DB_OK)
		store_reply_error(s, h, store_err(c));
	else
		list_reply(s, h, p);
}
