/*
 * store_list.c - conversations and groups.
 *
 * Lists come by rising id and are cut at a limit: `more` says that the last id has successors.
 */
#include "server/store/store_list.h"

#include <string.h>

#include "server/store/store_cache.h"

/* Unread messages are looked for in so many events before the last one. */
#define UNREAD_SCAN	10000u

/* One row per conversation of a user, over all intervals of membership. */
#define CONVERSATION_ROW						\
	"SELECT m.conversation, MIN(m.since_seq), MAX(m.since_seq),"	\
	" MAX(CASE WHEN m.until_seq IS NULL THEN m.role ELSE 0 END),"	\
	" MAX(CASE WHEN m.until_seq IS NULL THEN 0 ELSE m.until_seq END)," \
	" MAX(c.last_seq),"						\
	" (SELECT MAX(k.read_seq) FROM cursors k"			\
	"   WHERE k.user = m.user AND k.conversation = m.conversation),"	\
	" MAX(g.name), MAX(g.topic), MAX(g.public)"			\
	" FROM members m"						\
	" JOIN conversations c ON c.id = m.conversation"		\
	" LEFT JOIN chat_groups g ON g.id = m.conversation"

enum { COL_ID, COL_SINCE, COL_NEWEST_SINCE, COL_ROLE, COL_UNTIL, COL_LAST_SEQ, COL_READ_SEQ,
	COL_NAME, COL_TOPIC, COL_PUBLIC };

struct conversations {			/* the page at hand */
	uint64_t	user;
	const Kith__V1__ListConversations *asked;	/* or */
	const Kith__V1__ListGroups *groups;
	uint32_t	limit;
	unsigned	n;
	bool		more;
	struct store_conversation rows[PAGE_ROWS_MAX];
	Kith__V1__Conversation *list[PAGE_ROWS_MAX];
};

static struct conversations page;	/* one request is handled at a time */

uint32_t
store_limit(uint32_t asked, uint32_t by_default, uint32_t max)
{
	return asked == 0 ? by_default : asked < max ? asked : max;
}

void
store_copy_text(struct db_stmt *st, unsigned column, char *out, size_t size)
{
	size_t len;
	const char *text = db_bytes(st, column, &len);

	if (len >= size)
		len = size - 1;
	memcpy(out, text, len);
	out[len] = '\0';
}

enum db_class
store_number(struct store *s, struct db_stmt *st, uint32_t *n)
{
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW) {
		*n = (uint32_t)db_int(st, 0);
		c = DB_OK;
	}
	db_reset(st);
	return c;
}

enum db_class
store_count_members(struct store *s, uint64_t group, uint32_t *n)
{
	return store_number(s, store_stmt(s, "SELECT COUNT(*) FROM members"
	    " WHERE conversation = ? AND until_seq IS NULL", 1, group), n);
}

enum db_class
store_count_groups(struct store *s, uint64_t user, uint32_t *n)
{
	return store_number(s, store_stmt(s, "SELECT COUNT(*) FROM members"
	    " WHERE user = ? AND conversation < ? AND until_seq IS NULL", 2, user,
	    (uint64_t)CONVERSATION_DIRECT_BIT), n);
}

/*
 * Conversations.
 */

enum db_class
store_load_cursor(struct store *s, uint64_t user, uint64_t conversation, uint64_t *seq)
{
	struct db_stmt *st = store_stmt(s, "SELECT MAX(read_seq) FROM cursors"
	    " WHERE user = ? AND conversation = ?", 2, user, conversation);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW) {
		*seq = (uint64_t)db_int(st, 0);
		c = DB_OK;
	}
	db_reset(st);
	return c;
}

/* Messages of others, and invitations, after `from` up to the last one. */
static enum db_class
count_unread(struct store *s, uint64_t user, Kith__V1__Conversation *m, uint64_t from)
{
	if (m->last_seq > UNREAD_SCAN && from < m->last_seq - UNREAD_SCAN)
		from = m->last_seq - UNREAD_SCAN;
	if (from >= m->last_seq)
		return DB_OK;
	return store_number(s, store_stmt(s, "SELECT COUNT(*) FROM (SELECT 1 FROM events"
	    " WHERE conversation = ? AND seq > ? AND seq <= ? AND sender <> ? AND kind IN (?, ?)"
	    " LIMIT ?) unread", 7, m->id, from, m->last_seq, user,
	    (uint64_t)KITH__V1__EVENT_KIND__MESSAGE, (uint64_t)KITH__V1__EVENT_KIND__INVITATION,
	    (uint64_t)UNREAD_MAX), &m->unread);
}

/* A row of CONVERSATION_ROW, all that needs no further statement. */
static void
read_row(struct db_stmt *st, struct store_conversation *out, uint64_t user, uint64_t *newest_since)
{
	Kith__V1__Conversation *m = &out->msg;

	kith__v1__conversation__init(m);
	m->id = (uint64_t)db_int(st, COL_ID);
	m->since_seq = (uint64_t)db_int(st, COL_SINCE);
	*newest_since = (uint64_t)db_int(st, COL_NEWEST_SINCE);
	m->role = (Kith__V1__Role)db_int(st, COL_ROLE);
	m->last_seq = (uint64_t)db_int(st, m->role == KITH__V1__ROLE__NOBODY ? COL_UNTIL :
	    COL_LAST_SEQ);
	m->read_seq = (uint64_t)db_int(st, COL_READ_SEQ);
	store_copy_text(st, COL_NAME, out->name, sizeof(out->name));
	store_copy_text(st, COL_TOPIC, out->topic, sizeof(out->topic));
	m->public_ = db_int(st, COL_PUBLIC) != 0;
	m->name = out->name;
	m->topic = out->topic;
	m->peer = conv_peer(m->id, user);
	m->kind = m->peer != 0 ? KITH__V1__CONVERSATION_KIND__DIRECT :
	    KITH__V1__CONVERSATION_KIND__GROUP;
}

static enum db_class
add_peer(struct store *s, struct store_conversation *out)
{
	struct store_name peer;
	enum db_class c = store_user(s, out->msg.peer, &peer);

	if (c == DB_OK)
		strcpy(out->name, peer.name);
	if (c != DB_OK && c != DB_DONE)
		return c;
	return store_load_cursor(s, out->msg.peer, out->msg.id, &out->msg.peer_read_seq);
}

static enum db_class
complete_row(struct store *s, struct store_conversation *out, uint64_t user, uint64_t newest_since)
{
	Kith__V1__Conversation *m = &out->msg;
	uint64_t from = m->read_seq >= newest_since ? m->read_seq : newest_since - 1;
	enum db_class c;

	if (m->peer != 0 && (c = add_peer(s, out)) != DB_OK)
		return c;
	return count_unread(s, user, m, from);
}

enum db_class
store_load_conversation(struct store *s, uint64_t user, uint64_t id, struct store_conversation *out)
{
	struct db_stmt *st = store_stmt(s, CONVERSATION_ROW
	    " WHERE m.user = ? AND m.conversation = ? AND m.since_seq > 0"
	    " GROUP BY m.conversation", 2, user, id);
	uint64_t newest_since;
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW)
		read_row(st, out, user, &newest_since);
	db_reset(st);
	return c == DB_ROW ? complete_row(s, out, user, newest_since) : c;
}

enum db_class
store_load_seqs(struct store *s, uint64_t user, uint64_t after, struct store_seqs *out,
    unsigned cap, unsigned *n)
{
	struct db_stmt *st = store_stmt(s, CONVERSATION_ROW
	    " WHERE m.user = ? AND m.conversation > ? AND m.since_seq > 0"
	    " GROUP BY m.conversation ORDER BY m.conversation LIMIT ?", 3, user, after,
	    (uint64_t)cap);
	enum db_class c;

	*n = 0;
	if (st == NULL)
		return db_class(s->db);
	while ((c = db_step(st)) == DB_ROW && *n < cap) {
		bool in = db_int(st, COL_ROLE) != KITH__V1__ROLE__NOBODY;

		out[(*n)++] = (struct store_seqs){
			.conversation = (uint64_t)db_int(st, COL_ID),
			.newest_since = (uint64_t)db_int(st, COL_NEWEST_SINCE),
			.last_seq = (uint64_t)db_int(st, in ? COL_LAST_SEQ : COL_UNTIL),
			.read_seq = (uint64_t)db_int(st, COL_READ_SEQ),
		};
	}
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

static enum db_class
load_named(struct store *s, struct conversations *p)
{
	const Kith__V1__ListConversations *m = p->asked;
	enum db_class c = DB_OK;

	for (size_t i = 0; i < m->n_ids && (c == DB_OK || c == DB_DONE); i++) {
		c = store_load_conversation(s, p->user, m->ids[i], &p->rows[p->n]);
		p->n += c == DB_OK;
	}
	return c == DB_DONE ? DB_OK : c;
}

static enum db_class
load_page(struct store *s, struct conversations *p)
{
	uint64_t newest_since[PAGE_ROWS_MAX];
	struct db_stmt *st = store_stmt(s, CONVERSATION_ROW
	    " WHERE m.user = ? AND m.conversation > ? AND m.until_seq IS NULL"
	    " GROUP BY m.conversation ORDER BY m.conversation LIMIT ?", 3, p->user,
	    p->asked->after, (uint64_t)p->limit + 1);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	while ((c = db_step(st)) == DB_ROW && !(p->more = p->n == p->limit)) {
		read_row(st, &p->rows[p->n], p->user, &newest_since[p->n]);
		p->n++;
	}
	db_reset(st);
	for (unsigned i = 0; i < p->n && (c == DB_ROW || c == DB_DONE || c == DB_OK); i++)
		c = complete_row(s, &p->rows[i], p->user, newest_since[i]);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

static enum db_class
conversations_work(struct store *s, void *arg)
{
	struct conversations *p = arg;

	p->n = 0;
	p->more = false;
	return p->asked->n_ids > 0 ? load_named(s, p) : load_page(s, p);
}

/* A page that is too long for a frame loses its last rows. */
static void
reply_conversations(struct store *s, const struct ipc_head *h, struct conversations *p)
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
	enum db_class c;

	if (m->n_ids > PAGE_ROWS_MAX) {
		store_reply_error(s, h, KITH_E_TOO_LARGE);
		return;
	}
	page.user = h->user[0];
	page.asked = m;
	page.limit = store_limit(m->limit, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX);
	if ((c = store_transact(s, conversations_work, &page)) != DB_OK)
		store_reply_error(s, h, store_err(c));
	else
		reply_conversations(s, h, &page);
}

/*
 * Groups.
 */

static void
read_group(struct db_stmt *st, struct store_conversation *out)
{
	Kith__V1__Conversation *m = &out->msg;

	kith__v1__conversation__init(m);
	m->kind = KITH__V1__CONVERSATION_KIND__GROUP;
	m->id = (uint64_t)db_int(st, 0);
	store_copy_text(st, 1, out->name, sizeof(out->name));
	store_copy_text(st, 2, out->topic, sizeof(out->topic));
	m->public_ = db_int(st, 3) != 0;
	m->members = (uint32_t)db_int(st, 4);
	m->role = (Kith__V1__Role)db_int(st, 5);
	m->name = out->name;
	m->topic = out->topic;
}

static enum db_class
groups_work(struct store *s, void *arg)
{
	struct conversations *p = arg;
	struct db_stmt *st = store_stmt(s,
	    "SELECT g.id, g.name, g.topic, g.public,"
	    " (SELECT COUNT(*) FROM members n WHERE n.conversation = g.id AND n.until_seq IS NULL),"
	    " (SELECT MAX(m.role) FROM members m WHERE m.conversation = g.id AND m.user = ?"
	    "   AND m.until_seq IS NULL)"
	    " FROM chat_groups g WHERE g.id > ? AND (g.public = 1 OR EXISTS"
	    " (SELECT 1 FROM members o WHERE o.conversation = g.id AND o.user = ?"
	    "   AND o.until_seq IS NULL))"
	    " ORDER BY g.id LIMIT ?", 4, p->user, p->groups->after, p->user,
	    (uint64_t)p->limit + 1);
	enum db_class c;

	p->n = 0;
	p->more = false;
	if (st == NULL)
		return db_class(s->db);
	while ((c = db_step(st)) == DB_ROW && !(p->more = p->n == p->limit))
		read_group(st, &p->rows[p->n++]);
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

void
store_list_groups(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	enum db_class c;

	page.user = h->user[0];
	page.groups = r->list_groups;
	page.limit = store_limit(r->list_groups->limit, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX);
	if ((c = store_transact(s, groups_work, &page)) != DB_OK)
		store_reply_error(s, h, store_err(c));
	else
		reply_conversations(s, h, &page);
}
