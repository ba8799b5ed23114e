/* limit.c - token buckets. */
#include "server/lib/limit.h"

#define UNIT	1000u			/* a rate per second is so many units per ms */

uint32_t
limit_take(struct limit_bucket *b, uint64_t now, unsigned rate, unsigned burst, unsigned n)
{
	uint64_t full = (uint64_t)burst * UNIT, cost = (uint64_t)n * UNIT;

	if (rate == 0)
		return 0;
	if (b->at_ms == 0 || (now - b->at_ms) > full / rate)
		b->left = full;
	else
		b->left += (now - b->at_ms) * rate;
	if (b->left > full)
		b->left = full;
	b->at_ms = now;
	if (cost > full)
		cost = full;
	if (b->left < cost)
		return (uint32_t)((cost - b->left + rate - 1) / rate);
	b->left -= cost;
	return 0;
}
