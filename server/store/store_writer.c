/*
 * store_writer.c - the writer role: the only one that writes, hence the sequencer.
 *
 * One turn of its loop takes what waits in the inbox, at most 512 records. Messages and
 * cursors become one transaction, in order with those of groups and accounts. The inbox is
 * released only after all of it is committed and told.
 */
#include "server/store/store_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_ask.h"
#include "server/store/store_batch.h"
#include "server/store/store_cache.h"
#include "server/store/store_group.h"
#include "server/store/store_hook.h"
#include "server/store/store_incarnation.h"
#include "server/store/store_lobby.h"
#include "server/store/store_news.h"
#include "server/store/store_probe.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_request.h"
#include "server/store/store_session.h"
#include "server/store/store_tell.h"

#define BUDGET		512u		/* records of a turn */

/* X(BODY, batched, handler). Batched requests share a transaction; any other one waits until
 * the open batch is stored. */
#define WRITER_REQUESTS(X)						\
	X(SEND, true, store_batch_send)					\
	X(MARK_READ, true, store_batch_mark)				\
	X(CREATE_GROUP, false, store_group_create)			\
	X(JOIN_GROUP, false, store_group_join)				\
	X(LEAVE_GROUP, false, store_group_leave)			\
	X(INVITE_TO_GROUP, false, store_group_invite)			\
	X(CREATE_HOOK, false, store_hook_create)			\
	X(LOGOUT, false, store_session_logout)				\
	X(REVOKE_SESSION, false, store_session_revoke)

/* A request of the writer without a row does not compile; too many rows do not, either. */
#define HAS(BODY, batched, handler)	HAS_##BODY,
#define NEEDS(BODY, name, answerer, reply)	STORE_WRITER_##answerer(NEEDS_##BODY = HAS_##BODY,)
#define COUNT(BODY, name, answerer, reply)	STORE_WRITER_##answerer(+ 1)
enum { WRITER_REQUESTS(HAS) WRITER_NREQUESTS };
enum { REQUESTS(NEEDS) };
_Static_assert(WRITER_NREQUESTS == 0 REQUESTS(COUNT), "the rows are the writer's requests");

#define ROW(BODY, batched, handler)	{ KITH__V1__REQUEST__BODY_##BODY, batched, handler },

static const struct {
	Kith__V1__Request__BodyCase what;
	bool			batched;
	store_request_handler	*take;
} writer_requests[] = { WRITER_REQUESTS(ROW) };

/* Batched requests that came before are stored first. */
static void
writer_begin_alone(struct store *s)
{
	store_batch_run(s);
	s->commit_lost = false;
}

static void
writer_take_request(struct store *s, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	Kith__V1__Request *r;
	enum kith_err e = store_unpack_request(s, body, len, &r);

	if (e != KITH_E_OK) {
		store_reply_error(s, h, e);
		return;
	}
	for (size_t i = 0; i < sizeof(writer_requests) / sizeof(writer_requests[0]); i++) {
		if (writer_requests[i].what != r->body_case)
			continue;
		if (!writer_requests[i].batched)
			writer_begin_alone(s);
		writer_requests[i].take(s, h, r);
		return;
	}
	store_reply_error(s, h, KITH_E_UNKNOWN_REQUEST);
}

void
store_writer_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct store *s = p->state;

	switch (h->type) {
	case IPC_REQUEST:
		writer_take_request(s, h, body, len);
		break;
	case IPC_SEEN:
		store_batch_seen(s, h->user[0], h->time_ms);
		break;
	case IPC_ASK:
		writer_begin_alone(s);
		store_ask(s, h, body, len);
		break;
	default:			/* ipc_check() lets nothing else pass */
		break;
	}
}

void
store_writer_turn(struct proc *p)
{
	struct store *s = p->state;

	store_batch_run(s);
	store_probe_tend(s);
	if (s->writer->draining && ring_empty(&p->shared->rings[p->slot]))
		proc_stop(p);
}

/* The workers are gone; what they left in the inbox is still stored. */
static void
writer_drain(struct proc *p)
{
	struct store *s = p->state;

	s->writer->draining = true;
	proc_again(p);
}

static const struct proc_ops writer_ops = {
	.record = store_writer_record,
	.turn = store_writer_turn,
	.serves = store_serves,
	.drain = writer_drain,
	.budget = BUDGET,
};

/* Which history the database holds, and the lobby. */
static enum db_class
writer_look_at_history(struct store *s)
{
	enum db_class c = db_begin(s->db);

	if (c == DB_OK && (c = store_incarnation_check(s)) == DB_OK &&
	    (c = store_lobby_make(s)) == DB_OK)
		c = db_commit(s->db);
	store_news_drop(s);		/* nobody follows a lobby that is new */
	if (c == DB_OK)
		store_incarnation_note(s);
	else
		db_rollback(s->db);
	return c;
}

/* Tells the master whether an administrator must be invited. */
static enum db_class
writer_look_for_people(struct store *s)
{
	enum db_class c = store_query_row(s, store_query(s, "SELECT id FROM accounts LIMIT 1", ""),
	    0);

	if (c == DB_OK || c == DB_DONE)
		atomic_store(&s->p->shared->slots[s->p->slot].nobody, c == DB_DONE);
	return c == DB_DONE ? DB_OK : c;
}

/* Waiting alone will not mend it. */
static bool
writer_needs_help(enum db_class c)
{
	return c == DB_READONLY || c == DB_BROKEN || c == DB_ERROR;
}

/* Before the first write on a new connection: schema, history, lobby; and proof that it stores. */
static int
writer_prepare(struct store *s, char *err, size_t errlen, bool *fatal)
{
	bool make = !served_before(s->p->conf->state_dir);
	enum db_class c;

	if (db_migrate(s->db, make, err, errlen) < 0) {
		*fatal = writer_needs_help(db_class(s->db));
		return -1;
	}
	if ((c = writer_look_at_history(s)) == DB_OK && (c = writer_look_for_people(s)) == DB_OK)
		c = store_probe_run(s);
	if (c == DB_OK)
		return 0;
	*fatal = writer_needs_help(c);
	snprintf(err, errlen, "%s", db_text(s->db));
	return -1;
}

/* The mark first: what the workers are told is then in it. */
static void
writer_committed(struct store *s)
{
	store_incarnation_note(s);
	store_tell_news(s);
}

/* A transaction with news changed what the cache holds, or forgot it. */
static void
writer_rolled_back(struct store *s)
{
	if (s->writer->nnews > 0)
		store_cache_clear(s->cache);
	store_news_drop(s);
}

static const struct store_hooks writer_hooks = {
	.prepare = writer_prepare,
	.committed = writer_committed,
	.rolled_back = writer_rolled_back,
};

int
store_writer_init(struct store *s, struct proc *p)
{
	struct ring *inbox = &p->shared->rings[p->slot];
	int rc;

	if ((rc = store_init(s, p, &writer_hooks)) < 0)
		return rc;
	if ((s->writer = calloc(1, sizeof(*s->writer))) == NULL)
		return -ENOMEM;
	store_incarnation_init(s);
	if ((rc = store_batch_init(s)) < 0)
		return rc;
	p->state = s;
	ring_attach(inbox);
	if (!ring_empty(inbox))
		s->writer->replay_end = inbox->cursor + ring_used(inbox);
	store_connect(s);
	return 0;
}

void
store_writer_fini(struct store *s)
{
	store_batch_fini(s);
	store_incarnation_fini(s);
	store_news_drop(s);
	free(s->writer);
	store_fini(s);
}

int
store_writer_main(struct proc *p)
{
	struct store s;
	int rc;

	if (store_writer_init(&s, p) < 0)
		fatalx("no memory for the store");
	rc = proc_run(p, &writer_ops);
	store_writer_fini(&s);
	return rc;
}
