/*
 * ask.c - the master's questions to auth.
 */
#include "server/master/ask.h"

#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/wire.h"
#include "server/lib/log.h"
#include "server/master/master_int.h"
#include "server/proc/ipc.h"

#define ANSWER_BYTES	4096u		/* an answer, unpacked */

static void
answer_refused(struct master *m, ask_done *done, uint64_t arg, enum kith_err code)
{
	Kith__Ipc__AdminAnswer answer = KITH__IPC__ADMIN_ANSWER__INIT;

	answer.code = code;
	done(m, arg, &answer);
}

static struct ask *
find_ask(struct asks *asks, uint64_t id)
{
	for (unsigned i = 0; i < ASKS_MAX; i++)
		if (asks->open[i].id == id)
			return &asks->open[i];
	return NULL;
}

void
ask_send(struct master *m, const Kith__Ipc__Admin *question, ask_done *done, uint64_t arg)
{
	struct ask *a = find_ask(&m->asks, 0);
	struct ipc_head h = { .type = IPC_ADMIN };

	if (a == NULL) {
		answer_refused(m, done, arg, KITH_E_BUSY);
		return;
	}
	h.request = m->asks.last_id + 1;
	if (ipc_send_msg(&m->self, m->shared.first[ROLE_AUTH], &h, &question->base) < 0) {
		answer_refused(m, done, arg, KITH_E_UNAVAILABLE);
		return;
	}
	*a = (struct ask){
		.id = ++m->asks.last_id,
		.deadline_ms = clock_now_ms() + ASK_MS,
		.done = done,
		.arg = arg,
	};
}

void
ask_answered(struct master *m, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct ask *open = h->request ? find_ask(&m->asks, h->request) : NULL, a;
	struct unpackmem mem;
	ProtobufCMessage *msg;

	if (open == NULL)
		return;			/* it came too late */
	a = *open;
	open->id = 0;
	if (unpackmem_init(&mem, ANSWER_BYTES) < 0) {
		answer_refused(m, a.done, a.arg, KITH_E_UNAVAILABLE);
		return;
	}
	if (wire_unpack(&kith__ipc__admin_answer__descriptor, body, len, &mem, NULL, &msg) ==
	    KITH_E_OK)
		a.done(m, a.arg, (const Kith__Ipc__AdminAnswer *)msg);
	else
		answer_refused(m, a.done, a.arg, KITH_E_INTERNAL);
	unpackmem_fini(&mem);
}

void
ask_expire(struct master *m, uint64_t now)
{
	for (unsigned i = 0; i < ASKS_MAX; i++) {
		struct ask a = m->asks.open[i];

		if (a.id == 0 || now < a.deadline_ms)
			continue;
		m->asks.open[i].id = 0;
		answer_refused(m, a.done, a.arg, KITH_E_UNAVAILABLE);
	}
}
