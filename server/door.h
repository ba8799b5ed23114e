/*
 * door.h - what a door is: how bytes of a connection become requests, and replies bytes.
 *
 * ALPN, or the first byte, decides which door a connection came by. Behind the
 * doors there is one dispatch table and one session.
 */
#ifndef KITH_SERVER_DOOR_H
#define KITH_SERVER_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"

struct conn;

enum door_id {
	DOOR_NATIVE,
	DOOR_COUNT
};

#define DOOR_WRAPPED_MAX	(FRAME_BYTES_MAX + FRAME_HEADER_BYTES)

struct door_ops {
	enum door_id	 id;
	const char	*name;
	const char	*alpn;

	/* Does a connection that begins so come by this door? */
	bool		(*recognise)(uint8_t first);

	/* Takes input, one request after the other, until none is left or the
	 * connection is paused or closed; *at and *len tell what was not taken. */
	void		(*input)(struct conn *c, const uint8_t **at, size_t *len);

	/* Writes an encoded Reply of at most FRAME_BYTES_MAX as it travels into `out`, which
	 * has DOOR_WRAPPED_MAX. Returns its length. The same for all connections of the
	 * door, so that an event is wrapped once for all of them. */
	size_t		(*wrap)(const uint8_t *reply, uint32_t len, uint8_t *out);
};

/* NULL: none. */
const struct door_ops	*door_by_byte(uint8_t first);
const struct door_ops	*door_by_alpn(const char *alpn);

/* Queues one encoded Reply for one connection. Too long a one is dropped. */
void			 door_send(struct conn *c, const uint8_t *reply, uint32_t len);

extern const struct door_ops door_native;

#endif
