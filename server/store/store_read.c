/*
 * store_read.c - the reader role: answers what clients and auth ask without changing anything.
 */
#include <string.h>

#include <event2/event.h>

#include "protocol/ipc.pb-c.h"
#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_history.h"
#include "server/store/store_list.h"

struct load {				/* IPC_LOAD */
	const struct ipc_head *head;
	bool		valid;
	uint64_t	groups[GROUPS_PER_USER_MAX];
	unsigned	n;
};

static const struct {
	Kith__V1__Request__BodyCase	what;
	void		(*answer)(struct store *s, const struct ipc_head *h,
			    const Kith__V1__Request *r);
} queries[] = {
	{ KITH__V1__REQUEST__BODY_HISTORY, store_history },
	{ KITH__V1__REQUEST__BODY_SYNC, store_sync },
	{ KITH__V1__REQUEST__BODY_LIST_CONVERSATIONS, store_list_conversations },
	{ KITH__V1__REQUEST__BODY_LIST_GROUPS, store_list_groups },
	{ KITH__V1__REQUEST__BODY_LIST_MEMBERS, store_list_members },
	{ KITH__V1__REQUEST__BODY_LIST_SESSIONS, store_account_request },
	{ KITH__V1__REQUEST__BODY_WHO, store_who },
};

/*
 * LOAD: what a worker has to know of a user who logged in.
 */

static enum db_class
load_valid(struct store *s, struct load *l)
{
	struct db_stmt *st = store_stmt(s, "SELECT 1 FROM tokens t"
	    " JOIN accounts a ON a.id = t.user"
	    " WHERE t.id = ? AND t.user = ? AND t.revoked_ms IS NULL AND a.disabled = 0", 2,
	    l->head->device, l->head->user[0]);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	c = db_step(st);
	l->valid = c == DB_ROW;
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

static enum db_class
load_work(struct store *s, void *arg)
{
	struct load *l = arg;
	struct db_stmt *st;
	enum db_class c;

	l->n = 0;
	if ((c = load_valid(s, l)) != DB_OK)
		return c;
	st = store_stmt(s, "SELECT conversation FROM members"
	    " WHERE user = ? AND conversation < ? AND until_seq IS NULL"
	    " ORDER BY conversation LIMIT ?", 3, l->head->user[0],
	    (uint64_t)CONVERSATION_DIRECT_BIT, (uint64_t)GROUPS_PER_USER_MAX);
	if (st == NULL)
		return db_class(s->db);
	while ((c = db_step(st)) == DB_ROW && l->n < GROUPS_PER_USER_MAX)
		l->groups[l->n++] = (uint64_t)db_int(st, 0);
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

static void
answer_load(struct store *s, const struct ipc_head *h)
{
	static struct load l;
	Kith__Ipc__Loaded m = KITH__IPC__LOADED__INIT;
	struct ipc_head out;
	enum db_class c;

	l.head = h;
	c = store_transact(s, load_work, &l);
	store_answer_head(h, IPC_LOADED, &out);
	out.code = store_err(c);
	if (c == DB_OK) {
		m.valid = l.valid;
		m.n_groups = l.n;
		m.groups = l.groups;
	}
	ipc_send_msg(s->p, h->from, &out, &m.base);
}

/*
 * The role.
 */

static void
answer_query(struct store *s, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	Kith__V1__Request *r;
	enum kith_err e = store_unpack_request(s, body, len, &r);

	if (e != KITH_E_OK) {
		store_reply_error(s, h, e);
		return;
	}
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		if (queries[i].what == r->body_case) {
			queries[i].answer(s, h, r);
			return;
		}
	}
	store_reply_error(s, h, KITH_E_UNKNOWN_REQUEST);
}

void
store_reader_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct store *s = p->state;

	switch (h->type) {
	case IPC_QUERY:
		answer_query(s, h, body, len);
		break;
	case IPC_LOAD:
		answer_load(s, h);
		break;
	case IPC_ASK:
		store_account_ask(s, h, body, len);
		break;
	default:			/* ipc_check() lets nothing else pass */
		break;
	}
}

static void
reader_turn(struct proc *p)
{
	store_tend(p->state);
}

static const struct proc_ops reader_ops = {
	.record = store_reader_record,
	.turn = reader_turn,
};

int
reader_main(struct proc *p)
{
	struct store s;
	int rc;

	if (store_init(&s, p, false) < 0)
		fatalx("no memory for the store");
	p->state = &s;
	store_connect(&s);
	rc = proc_run(p, &reader_ops);
	store_fini(&s);
	return rc;
}
