/*
 * client_id.c - client ids of messages.
 */
#include "client-cli/libkith/client_id.h"

#include <sys/random.h>

#include "protocol/base/clock.h"
#include "protocol/limits.h"

#define RANDOM_BITS	20u
#define MS_BITS		42u

uint64_t
client_id_take(uint64_t *last, unsigned n)
{
	uint64_t ms = clock_utc_ms() & ((UINT64_C(1) << MS_BITS) - 1), first;
	uint32_t random = 0;

	/* Without randomness ids are less likely to be unique, and still checked. */
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	first = CLIENT_ID_FREE_BIT | ms << RANDOM_BITS |
	    (random & ((UINT32_C(1) << RANDOM_BITS) - 1));
	if (first <= *last)
		first = *last + 1;
	*last = first + n - 1;
	return first;
}
