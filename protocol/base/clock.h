/*
 * clock.h - the two clocks, in milliseconds.
 */
#ifndef KITH_PROTOCOL_BASE_CLOCK_H
#define KITH_PROTOCOL_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic: for deadlines and pauses. Means nothing to another machine. */
uint64_t	clock_now_ms(void);

/* Since 1970, UTC: for people and the database. May jump either way. */
uint64_t	clock_utc_ms(void);

#endif
