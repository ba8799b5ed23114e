/*
 * store_load.c - what a worker has to know of a user who logged in.
 */
#include "server/store/store_load.h"

#include "protocol/ipc.pb-c.h"
#include "server/store/store.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_transact.h"

struct load {
	const struct ipc_head *head;
	bool		valid;		/* the device, and its user */
	uint64_t	groups[GROUPS_PER_USER_MAX];
	unsigned	n;
};

_Static_assert(sizeof(struct load) <= STORE_PAGE_BYTES, "it lies in the page");

static enum db_class
load_validity(struct store *s, struct load *l)
{
	enum db_class c = store_query_row(s, store_query(s, "SELECT 1 FROM tokens t"
	    " JOIN accounts a ON a.id = t.user"
	    " WHERE t.id = ? AND t.user = ? AND t.revoked_ms IS NULL AND a.disabled = 0", "nn",
	    l->head->device, l->head->user[0]), 0);

	l->valid = c == DB_OK;
	return c == DB_DONE ? DB_OK : c;
}

static enum db_class
load_groups(struct store *s, struct load *l)
{
	struct db_stmt *st = store_query(s, "SELECT conversation FROM members"
	    " WHERE user = ? AND conversation < ? AND until_seq IS NULL"
	    " ORDER BY conversation LIMIT ?", "nnn", l->head->user[0],
	    (uint64_t)CONVERSATION_DIRECT_BIT, (uint64_t)GROUPS_PER_USER_MAX);
	enum db_class c;

	l->n = 0;
	while ((c = store_query_next(s, st)) == DB_ROW && l->n < GROUPS_PER_USER_MAX)
		l->groups[l->n++] = (uint64_t)db_int(st, 0);
	return store_query_end(st, c);
}

static enum db_class
load_work(struct store *s, void *arg)
{
	enum db_class c = load_validity(s, arg);

	return c == DB_OK ? load_groups(s, arg) : c;
}

void
store_load(struct store *s, const struct ipc_head *h)
{
	struct load *l = s->page;
	Kith__Ipc__Loaded m = KITH__IPC__LOADED__INIT;
	struct ipc_head out;
	enum db_class c;

	l->head = h;
	c = store_transact(s, load_work, l);
	store_reply_head(h, IPC_LOADED, &out);
	out.code = store_err(c);
	if (c == DB_OK) {
		m.valid = l->valid;
		m.n_groups = l->n;
		m.groups = l->groups;
	}
	ipc_send_msg(s->p, h->from, &out, &m.base);
}
