/* client_id.c - client ids for clients that have none. */
#include "server/lib/client_id.h"

#include "protocol/limits.h"

#define MS_BITS		42u
#define WORKER_BITS	6u
#define COUNT_BITS	14u

uint64_t
client_id_make(struct client_ids *ids, unsigned worker, uint64_t now_ms)
{
	if (now_ms > ids->last_ms) {
		ids->last_ms = now_ms;
		ids->count = 0;
	} else if (++ids->count == 1u << COUNT_BITS) {
		ids->last_ms++;		/* ahead of the clock until that catches up */
		ids->count = 0;
	}
	return CLIENT_ID_FREE_BIT |
	    (ids->last_ms & ((UINT64_C(1) << MS_BITS) - 1)) << (WORKER_BITS + COUNT_BITS) |
	    (uint64_t)(worker & ((1u << WORKER_BITS) - 1)) << COUNT_BITS | ids->count;
}
