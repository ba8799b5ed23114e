/*
 * client_sync.c - asks the server what client_state wants to know, until it
 * wants nothing more.
 */
#include "client-cli/libkith/client_sync.h"

#include "client-cli/libkith/client.h"
#include "client-cli/libkith/client_link.h"
#include "client-cli/libkith/client_request.h"
#include "protocol/limits.h"

#define BODY(name)	KITH__V1__REQUEST__BODY_##name

static void	sync_advance(struct kith *k);

static void
on_sync_answer(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	(void)why;
	(void)arg;
	if (client_state_answer(k->state, reply) < 0)
		client_state_resync(k->state);
	sync_advance(k);
}

static int
sync_history(struct kith *k, const struct client_state_ask *ask)
{
	Kith__V1__History body = KITH__V1__HISTORY__INIT;
	Kith__V1__Target target = KITH__V1__TARGET__INIT;

	target.to_case = KITH__V1__TARGET__TO_CONVERSATION;
	target.conversation = ask->conversation;
	body.target = &target;
	body.limit = PAGE_EVENTS_MAX;
	body.after = ask->after;
	/* after 0 would mean the newest; so ask for what is before the second. */
	if (ask->after == 0)
		body.before = 2;
	return client_request_internal(k, BODY(HISTORY), &body, on_sync_answer);
}

static int
sync_list(struct kith *k, const struct client_state_ask *ask, int names)
{
	Kith__V1__ListConversations body = KITH__V1__LIST_CONVERSATIONS__INIT;

	body.limit = PAGE_ROWS_MAX;
	if (names) {
		body.ids = (uint64_t *)ask->ids;
		body.n_ids = ask->n;
	} else {
		body.after = ask->after;
	}
	return client_request_internal(k, BODY(LIST_CONVERSATIONS), &body, on_sync_answer);
}

static int
sync_missed(struct kith *k)
{
	Kith__V1__Sync body = KITH__V1__SYNC__INIT;

	client_state_fill_sync(k->state, &body);
	return client_request_internal(k, BODY(SYNC), &body, on_sync_answer);
}

static int
sync_mark(struct kith *k, const struct client_state_ask *ask)
{
	Kith__V1__MarkRead body = KITH__V1__MARK_READ__INIT;

	body.conversation = ask->conversation;
	body.seq = ask->after;
	return client_request_internal(k, BODY(MARK_READ), &body, on_sync_answer);
}

static int
sync_ask(struct kith *k, enum client_state_want want, const struct client_state_ask *ask)
{
	switch (want) {
	case STATE_WANT_LIST:
		return sync_list(k, ask, 0);
	case STATE_WANT_NAMES:
		return sync_list(k, ask, 1);
	case STATE_WANT_SYNC:
		return sync_missed(k);
	case STATE_WANT_HISTORY:
		return sync_history(k, ask);
	case STATE_WANT_MARK:
		return sync_mark(k, ask);
	case STATE_WANT_LATER:
		client_link_want_tick(k);
		break;
	case STATE_WANT_NOTHING:
		break;
	}
	return 0;
}

static void
sync_advance(struct kith *k)
{
	struct client_state_ask ask;

	if (k->state == NULL || !k->online)
		return;
	if (sync_ask(k, client_state_next(k->state, &ask), &ask) < 0) {
		client_link_fail(k, KITH_L_MEMORY, NULL);
		return;
	}
	if (k->phase == KITH_SYNCING && client_state_complete(k->state))
		client_link_phase(k, KITH_READY, NULL);
}

void
client_sync_start(struct kith *k)
{
	client_state_restart(k->state);
	sync_advance(k);
}

void
client_sync_event(struct kith *k, const Kith__V1__Event *event)
{
	if (k->state == NULL)
		return;
	if (client_state_event(k->state, event) < 0)
		client_state_resync(k->state);
	sync_advance(k);
}

void
client_sync_again(struct kith *k)
{
	if (k->state == NULL)
		return;
	client_state_resync(k->state);
	sync_advance(k);
}

void
client_sync_tick(struct kith *k)
{
	if (k->state == NULL || !k->online)
		return;
	client_state_later(k->state);
	client_state_flush_marks(k->state);
	sync_advance(k);
}
