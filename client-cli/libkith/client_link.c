/*
 * client_link.c - the connection's ups and downs: its phase, its loss, the wait
 * for the next one, and the timers.
 */
#include "client-cli/libkith/client_link.h"

#include <stdlib.h>

#include "client-cli/libkith/client.h"
#include "client-cli/libkith/client_failure.h"
#include "protocol/base/clock.h"
#include "protocol/error.h"

#define BACKOFF_MAX_MS	60000
#define STABLE_MS	60000		/* after a login of this length: back to the minimum */
#define TICK_MS		250		/* a moment, for what can be collected */
#define RESTART_MS	15000		/* an orderly restart takes so long at most */

/* -- timers --------------------------------------------------------------- */

void
client_link_arm(struct event *ev, uint64_t ms)
{
	const struct timeval t = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	event_add(ev, &t);
}

/* When the tick has something to do: a deadline, a request that the server did not
 * take, marks; UINT64_MAX: never. Without a connection only deadlines count, so that
 * a client that waits sleeps. */
static uint64_t
tick_due(const struct kith *k, uint64_t now)
{
	uint64_t due = client_queue_deadline(&k->queue), moment = now + TICK_MS, ready;

	if (!k->online)
		return due;
	if ((ready = client_queue_ready_at(&k->queue)) != UINT64_MAX)
		due = ready > moment && ready < due ? ready : moment < due ? moment : due;
	if (k->state != NULL && (client_state_has_marks(k->state) ||
	    client_state_wants_later(k->state)))
		due = moment < due ? moment : due;
	return due;
}

void
client_link_want_tick(struct kith *k)
{
	uint64_t now = clock_now_ms(), due = tick_due(k, now);
	struct timeval left;

	if (due == UINT64_MAX) {
		event_del(&k->tick);
		return;
	}
	due = due > now ? due - now : 1;
	left.tv_sec = (time_t)(due / 1000);
	left.tv_usec = (suseconds_t)(due % 1000 * 1000);
	event_add(&k->tick, &left);
}

void
client_link_stop_timers(struct kith *k)
{
	event_del(&k->reconnect);
	event_del(&k->attempt_limit);
	event_del(&k->beat);
}

/* -- phases --------------------------------------------------------------- */

void
client_link_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why)
{
	k->phase = phase;
	if (k->hooks.phase != NULL)
		k->hooks.phase(k, phase, why, k->arg);
}

/* Random, up to a bound that doubles: after a restart of the server not everybody
 * comes back at once. A server that said that it restarts is back within seconds: until
 * then the bound stays. */
static uint64_t
backoff(struct kith *k, uint32_t retry_after_ms, uint64_t now)
{
	int restarts = now < k->restart_until;
	uint32_t wait = arc4random_uniform(restarts ? CLIENT_BACKOFF_MIN_MS : k->backoff_ms) + 1;

	if (!restarts)
		k->backoff_ms = k->backoff_ms < BACKOFF_MAX_MS / 2 ? 2 * k->backoff_ms :
		    BACKOFF_MAX_MS;
	if (wait < retry_after_ms)
		wait = retry_after_ms + arc4random_uniform(retry_after_ms / 4 + 1);
	return wait;
}

void
client_link_begin_tries(struct kith *k)
{
	k->give_up_at = UINT64_MAX;
	if (k->retry_ms == KITH_FOREVER || k->retry_ms == 0)
		return;
	k->give_up_at = clock_now_ms() + k->retry_ms;
	client_link_arm(&k->give_up, k->retry_ms);
}

static void
end_for_good(struct kith *k, const struct kith_failure *why)
{
	event_del(&k->give_up);
	k->phase = KITH_ENDED;		/* callbacks may ask again: refused */
	client_queue_fail_all(&k->queue, why);
	client_link_phase(k, KITH_ENDED, why);
}

void
client_link_lost(struct kith *k, const struct kith_failure *why)
{
	struct kith_failure reason = k->closing.code != 0 ? k->closing : *why;
	uint64_t now = clock_now_ms(), wait;

	client_link_stop_timers(k);
	net_close(k->net);
	k->net = NULL;
	if (k->online && now - k->online_at >= STABLE_MS)
		k->backoff_ms = CLIENT_BACKOFF_MIN_MS;
	if (k->online)
		client_link_begin_tries(k);
	k->online = k->greeted = 0;
	client_queue_lost(&k->queue, &reason);
	if (reason.code == KITH_E_SHUTTING_DOWN)
		k->restart_until = now + RESTART_MS;
	if (client_failure_is_final(&reason) || k->retry_ms == 0 || now >= k->give_up_at) {
		end_for_good(k, &reason);
		return;
	}
	wait = backoff(k, reason.retry_after_ms, now);
	k->next_try_at = now + wait;
	client_link_arm(&k->reconnect, wait);
	client_link_phase(k, KITH_WAITING, &reason);
}

void
client_link_fail(struct kith *k, uint32_t code, const char *text)
{
	struct kith_failure why;

	client_failure_local(&why, code, text);
	client_link_lost(k, &why);
}
