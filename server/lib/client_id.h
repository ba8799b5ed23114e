/*
 * client_id.h - client ids for clients that have none: CLIENT_ID_FREE_BIT and
 * 62 bits that no process of this server makes twice.
 *
 * Shape   Milliseconds since 1970 (42 bits: until 2109), the worker's index
 *         (6), a count within the millisecond (14). After Twitter's Snowflake
 *         numbers of 2010.
 * Limits  One node: two servers with one database could make the same id.
 */
#ifndef KITH_SERVER_CLIENT_ID_H
#define KITH_SERVER_CLIENT_ID_H

#include <stdint.h>

struct client_ids {
	uint64_t	last_ms;	/* never goes back, though clocks do */
	uint32_t	count;		/* of ids made in it */
};

uint64_t	client_id_make(struct client_ids *ids, unsigned worker,
		    uint64_t now_ms);

#endif
