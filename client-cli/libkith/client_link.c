/*
 * client_link.c - the connection's ups and downs: its phase, its loss, the wait
 * for the next one, and the timers.
 */
#include "client-cli/libkith/client_link.h"

#include <stdlib.h>

#include "client-cli/libkith/client.h"
#include "client-cli/libkith/client_failure.h"
#include "protocol/base/clock.h"

#define BACKOFF_MAX_MS	60000
#define STABLE_MS	60000		/* after a login of this length: back to the minimum */
#define TICK_MS		250

/* -- timers --------------------------------------------------------------- */

void
client_link_arm(struct event *ev, uint64_t ms)
{
	const struct timeval t = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	event_add(ev, &t);
}

void
client_link_want_tick(struct kith *k)
{
	if (!event_pending(&k->tick, EV_TIMEOUT, NULL))
		client_link_arm(&k->tick, TICK_MS);
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
 * comes back at once. */
static uint64_t
backoff(struct kith *k, uint32_t retry_after_ms)
{
	uint32_t wait = arc4random_uniform(k->backoff_ms) + 1;

	k->backoff_ms = k->backoff_ms < BACKOFF_MAX_MS / 2 ? 2 * k->backoff_ms : BACKOFF_MAX_MS;
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
	uint64_t now = clock_now_ms();

	client_link_stop_timers(k);
	net_close(k->net);
	k->net = NULL;
	if (k->online && now - k->online_at >= STABLE_MS)
		k->backoff_ms = CLIENT_BACKOFF_MIN_MS;
	if (k->online)
		client_link_begin_tries(k);
	k->online = k->greeted = 0;
	client_queue_lost(&k->queue, &reason);
	if (client_failure_is_final(&reason) || k->retry_ms == 0 || now >= k->give_up_at) {
		end_for_good(k, &reason);
		return;
	}
	client_link_arm(&k->reconnect, backoff(k, reason.retry_after_ms));
	client_link_phase(k, KITH_WAITING, &reason);
}

void
client_link_fail(struct kith *k, uint32_t code, const char *text)
{
	struct kith_failure why;

	client_failure_local(&why, code, text);
	client_link_lost(k, &why);
}
