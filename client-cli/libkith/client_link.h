/*
 * client_link.h - the connection's ups and downs: its phase, its loss, the wait
 * for the next one, and the timers.
 */
#ifndef KITH_CLIENT_LINK_H
#define KITH_CLIENT_LINK_H

#include <stdint.h>

#include "client-cli/libkith/kith.h"

struct event;

/* Where k->backoff_ms begins. */
#define CLIENT_BACKOFF_MIN_MS	1000	/* kith-protocol.7 */

void	client_link_phase(struct kith *k, enum kith_phase phase,
	    const struct kith_failure *why);

/* From now on the tries to connect take options.retry_ms at most. */
void	client_link_begin_tries(struct kith *k);

/* Closes the connection; then waits for the next one, or ends if the failure is
 * final or the time for tries is over. */
void	client_link_lost(struct kith *k, const struct kith_failure *why);
void	client_link_fail(struct kith *k, uint32_t code, const char *text);

/* Timers, `ms` from now. The tick is for deadlines, marks and second tries. */
void	client_link_arm(struct event *ev, uint64_t ms);
void	client_link_want_tick(struct kith *k);
void	client_link_stop_timers(struct kith *k);

#endif
