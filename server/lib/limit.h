/*
 * limit.h - token buckets: a rate and a burst. The clock is an argument.
 */
#ifndef KITH_SERVER_LIMIT_H
#define KITH_SERVER_LIMIT_H

#include <stdint.h>

struct limit_bucket {		/* all zero: full at its first use */
	uint64_t	at_ms;	/* monotonic; the time of `left` */
	uint64_t	left;	/* thousandths of a token */
};

/* Takes `n` tokens if it can. 0, or the milliseconds until it can. `rate` is
 * per second; 0: no limit. A full bucket gives even more than `burst`. */
uint32_t	limit_take(struct limit_bucket *b, uint64_t now_ms,
		    unsigned rate, unsigned burst, unsigned n);

#endif
