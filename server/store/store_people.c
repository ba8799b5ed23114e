/*
 * store_people.c - members of groups, and who is online.
 */
#include "server/store/store_people.h"

#include <string.h>

#include "server/rules/name.h"
#include "server/store/store.h"
#include "server/store/store_list.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_target.h"
#include "server/store/store_transact.h"
#include "shm/registry.h"

struct members_page {
	const struct ipc_head *head;
	const Kith__V1__ListMembers *asked;
	struct store_target target;
	enum kith_err	err;
	uint32_t	limit;
	unsigned	n;
	bool		more;
	Kith__V1__Member rows[PAGE_ROWS_MAX], *list[PAGE_ROWS_MAX];
	char		names[PAGE_ROWS_MAX][NAME_BYTES_MAX + 1];
};

struct who_page {
	const Kith__V1__Who *asked;
	enum kith_err	err;
	Kith__V1__Presence rows[PAGE_ROWS_MAX], *list[PAGE_ROWS_MAX];
	char		names[PAGE_ROWS_MAX][NAME_BYTES_MAX + 1];
};

_Static_assert(sizeof(struct members_page) <= STORE_PAGE_BYTES, "it lies in the page");

_Static_assert(sizeof(struct who_page) <= STORE_PAGE_BYTES, "it lies in the page");

/* -- members -------------------------------------------------------------- */

static enum db_class
members_work(struct store *s, void *arg)
{
	struct members_page *p = arg;
	struct store_place place;
	struct db_stmt *st;
	enum db_class c;

	p->n = 0;
	p->more = false;
	c = store_target_find(s, p->head->user[0], &p->target, CONV_LIST_MEMBERS, &place,
	    &p->err);
	if (c != DB_OK || p->err != KITH_E_OK)
		return c;
	st = store_query(s, "SELECT m.user, m.role, a.name FROM members m"
	    " JOIN accounts a ON a.id = m.user"
	    " WHERE m.conversation = ? AND m.user > ? AND m.until_seq IS NULL"
	    " ORDER BY m.user LIMIT ?", "nnn", place.conversation, p->asked->after,
	    (uint64_t)p->limit + 1);
	while ((c = store_query_next(s, st)) == DB_ROW && !(p->more = p->n == p->limit)) {
		Kith__V1__Member *m = &p->rows[p->n];

		kith__v1__member__init(m);
		m->user_id = (uint64_t)db_int(st, 0);
		m->role = (Kith__V1__Role)db_int(st, 1);
		m->name = p->names[p->n];
		store_query_copy(st, 2, m->name, sizeof(p->names[0]));
		p->list[p->n++] = m;
	}
	return store_query_end(st, c);
}

static void
reply_members(struct store *s, const struct ipc_head *h, struct members_page *p)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Members m = KITH__V1__MEMBERS__INIT;

	for (unsigned i = 0; i < p->n; i++) {
		uint32_t workers = 0;

		registry_user_workers(&s->p->shared->registry, p->rows[i].user_id, &workers);
		p->rows[i].online = workers != 0;
	}
	m.n_members = p->n;
	m.members = p->list;
	m.more = p->more;
	r.body_case = KITH__V1__REPLY__BODY_MEMBERS;
	r.members = &m;
	store_reply(s, h, &r);
}

void
store_people_members(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct members_page *p = s->page;
	enum db_class c;

	p->head = h;
	p->asked = r->list_members;
	p->limit = store_list_limit(r->list_members->limit, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX);
	if ((p->err = store_target_read(r->list_members->target, &p->target)) != KITH_E_OK) {
		store_reply_error(s, h, p->err);
		return;
	}
	c = store_transact(s, members_work, p);
	if (c != DB_OK || p->err != KITH_E_OK)
		store_reply_error(s, h, c != DB_OK ? store_err(c) : p->err);
	else
		reply_members(s, h, p);
}

/* -- who is online, by names ---------------------------------------------- */

static enum db_class
load_presence(struct store *s, const char *name, Kith__V1__Presence *out)
{
	kith__v1__presence__init(out);
	return store_query_row(s, store_query(s,
	    "SELECT id, last_seen_ms FROM accounts WHERE name = ?", "t", name), 2,
	    &out->user_id, &out->since_ms);
}

static enum db_class
who_work(struct store *s, void *arg)
{
	struct who_page *p = arg;
	enum db_class c;

	p->err = KITH_E_OK;
	for (size_t i = 0; i < p->asked->n_names; i++) {
		const char *asked = p->asked->names[i];

		if (name_prepare(asked, strlen(asked), p->names[i]) < 0)
			c = DB_DONE;
		else
			c = load_presence(s, p->names[i], &p->rows[i]);
		if (c == DB_DONE) {
			p->err = KITH_E_NO_SUCH_USER;
			return DB_OK;
		}
		if (c != DB_OK)
			return c;
		p->rows[i].name = p->names[i];
		p->list[i] = &p->rows[i];
	}
	return DB_OK;
}

/* Online: since the oldest of the sessions. */
static void
add_online_sessions(struct store *s, Kith__V1__Presence *p)
{
	struct registry_session found[8];
	int n = registry_find(&s->p->shared->registry, p->user_id, found, 8);

	if (n <= 0)
		return;
	p->online = true;
	p->sessions = (uint32_t)n;
	p->since_ms = found[0].since_ms;
	for (int i = 1; i < n && i < 8; i++)
		if (found[i].since_ms < p->since_ms)
			p->since_ms = found[i].since_ms;
}

void
store_people_who(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct who_page *w = s->page;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Presences m = KITH__V1__PRESENCES__INIT;
	enum db_class c;

	if (r->who->n_names > PAGE_ROWS_MAX) {
		store_reply_error(s, h, KITH_E_TOO_LARGE);
		return;
	}
	w->asked = r->who;
	c = store_transact(s, who_work, w);
	if (c != DB_OK || w->err != KITH_E_OK) {
		store_reply_error(s, h, c != DB_OK ? store_err(c) : w->err);
		return;
	}
	for (size_t i = 0; i < r->who->n_names; i++)
		add_online_sessions(s, &w->rows[i]);
	m.n_users = r->who->n_names;
	m.users = w->list;
	reply.body_case = KITH__V1__REPLY__BODY_PRESENCES;
	reply.presences = &m;
	store_reply(s, h, &reply);
}
