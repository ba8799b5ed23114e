/*
 * door.h - what a door is: how bytes of a connection become requests, and replies bytes.
 *
 * The first byte, or ALPN, decides which door a connection came by. Behind the
 * doors there is one dispatch table and one session.
 */
#ifndef KITH_SERVER_DOOR_H
#define KITH_SERVER_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

struct door_ops {
	const char	*name;
	const char	*alpn;

	/* Does a connection that begins so come by this door? */
	bool		(*recognise)(uint8_t first);

	/* Takes input, one request after the other, until none is left or the
	 * connection is paused or closed; *at and *len tell what was not taken. */
	void		(*input)(struct conn *c, const uint8_t **at, size_t *len);

	/* Queues one encoded Reply. `live`: an event, which may be left out. */
	void		(*send)(struct conn *c, const uint8_t *reply, uint32_t len, bool live);
};

/* NULL: none. */
const struct door_ops	*door_by_byte(uint8_t first);
const struct door_ops	*door_by_alpn(const char *alpn);

extern const struct door_ops door_native;

#endif
