/*
 * store_reader.c - the reader role: answers what clients and auth ask without
 * changing anything.
 */
#include "server/store/store_reader.h"

#include <errno.h>
#include <stdlib.h>

#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_ask.h"
#include "server/store/store_history.h"
#include "server/store/store_list.h"
#include "server/store/store_load.h"
#include "server/store/store_people.h"
#include "server/store/store_probe.h"
#include "server/store/store_reply.h"
#include "server/store/store_request.h"
#include "server/store/store_session.h"
#include "server/store/store_sync.h"

/* X(BODY, handler). */
#define READER_REQUESTS(X)						\
	X(HISTORY, store_history)					\
	X(SYNC, store_sync)						\
	X(LIST_CONVERSATIONS, store_list_conversations)			\
	X(LIST_GROUPS, store_list_groups)				\
	X(LIST_MEMBERS, store_people_members)				\
	X(LIST_SESSIONS, store_session_list)				\
	X(WHO, store_people_who)

/* A request of the reader without a row does not compile; too many rows do not, either. */
#define HAS(BODY, handler)	HAS_##BODY,
#define NEEDS(BODY, name, answerer, reply)	STORE_READER_##answerer(NEEDS_##BODY = HAS_##BODY,)
#define COUNT(BODY, name, answerer, reply)	STORE_READER_##answerer(+ 1)
enum { READER_REQUESTS(HAS) READER_NREQUESTS };
enum { REQUESTS(NEEDS) };
_Static_assert(READER_NREQUESTS == 0 REQUESTS(COUNT), "the rows are the reader's requests");

#define ROW(BODY, handler)	{ KITH__V1__REQUEST__BODY_##BODY, handler },

static const struct {
	Kith__V1__Request__BodyCase what;
	store_request_handler	*answer;
} reader_requests[] = { READER_REQUESTS(ROW) };

static void
reader_answer(struct store *s, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	Kith__V1__Request *r;
	enum kith_err e = store_unpack_request(s, body, len, &r);

	if (e != KITH_E_OK) {
		store_reply_error(s, h, e);
		return;
	}
	for (size_t i = 0; i < sizeof(reader_requests) / sizeof(reader_requests[0]); i++) {
		if (reader_requests[i].what == r->body_case) {
			reader_requests[i].answer(s, h, r);
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
		reader_answer(s, h, body, len);
		break;
	case IPC_LOAD:
		store_load(s, h);
		break;
	case IPC_ASK:
		store_ask(s, h, body, len);
		break;
	default:			/* ipc_check() lets nothing else pass */
		break;
	}
}

static void
reader_turn(struct proc *p)
{
	store_probe_tend(p->state);
}

static const struct proc_ops reader_ops = {
	.record = store_reader_record,
	.turn = reader_turn,
	.serves = store_serves,
};

int
store_reader_init(struct store *s, struct proc *p)
{
	int rc = store_init(s, p, NULL);

	if (rc < 0)
		return rc;
	if ((s->page = calloc(1, STORE_PAGE_BYTES)) == NULL)
		return -ENOMEM;
	p->state = s;
	return 0;
}

void
store_reader_fini(struct store *s)
{
	free(s->page);
	store_fini(s);
}

int
store_reader_main(struct proc *p)
{
	struct store s;
	int rc;

	if (store_reader_init(&s, p) < 0)
		fatalx("no memory for the store");
	rc = proc_run(p, &reader_ops);
	store_reader_fini(&s);
	return rc;
}
