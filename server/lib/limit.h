/*
 * limit.h - token buckets: so many a second, so many at once. The clock comes in.
 */
#ifndef KITH_SERVER_LIMIT_H
#define KITH_SERVER_LIMIT_H

#include <stdint.h>

struct limit_bucket {			/* all zero: full at its first use */
	uint64_t	at_ms;		/* monotonic; when `left` was true */
	uint64_t	left;		/* thousandths of a token */
};

/* Takes `n` tokens if they are there. 0, or in how many ms to try again. rate 0:
 * no limit. More than `burst` at once are let through from a full bucket. */
uint32_t	limit_take(struct limit_bucket *b, uint64_t now_ms, unsigned rate,
		    unsigned burst, unsigned n);

#endif
