/*
 * door.h - what a door is: how bytes of a connection become requests, and replies bytes.
 *
 * ALPN, or the first byte, decides which door a connection came by; from the HTTP door an
 * upgrade leads on to a WebSocket one. Behind the doors there is one dispatch table and
 * one session.
 */
#ifndef KITH_SERVER_DOOR_H
#define KITH_SERVER_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/limits.h"

struct conn;
struct worker;

enum door_id {
	DOOR_NATIVE,
	DOOR_HTTP,
	DOOR_WS_JSON,
	DOOR_WS_PB,
	DOOR_COUNT
};

#define DOOR_WRAPPED_MAX	(JSON_BYTES_MAX + 16u)	/* a frame's head */

struct door_ops {
	enum door_id	 id;
	const char	*name;
	const char	*alpn;		/* NULL: only by an upgrade */
	bool		 beats;		/* has a time to log in, then heartbeats: conn.h; else the
					 * door keeps its own time */

	/* Does a connection that begins so come by this door? NULL: none does. */
	bool		(*recognise)(uint8_t first);

	/* The connection has come by this door. 0 or -ENOMEM. NULL: nothing to do. */
	int		(*begin)(struct conn *c);

	/* Takes input, one request after the other, until none is left or the
	 * connection is paused or closed; *at and *len tell what was not taken. */
	void		(*input)(struct conn *c, const uint8_t **at, size_t *len);

	/* Uses input that it took and could not use while the connection was paused. NULL: there
	 * is no such. */
	void		(*more)(struct conn *c);

	/* Writes an encoded Reply of at most FRAME_BYTES_MAX as it travels into `out`, which
	 * has DOOR_WRAPPED_MAX. Returns its length, or 0: it can't be. The same for all connections
	 * of the door, so that an event is wrapped once for all of them. */
	size_t		(*wrap)(struct worker *w, const uint8_t *reply, uint32_t len, uint8_t *out);

	/* An encoded Reply to this session alone. NULL: wrapped and queued. */
	void		(*send)(struct conn *c, const uint8_t *reply, uint32_t len);

	/* A wrapped live event, or a hint. NULL: conn_queue_live(), conn_queue_hint(). */
	void		(*live)(struct conn *c, const uint8_t *wrapped, size_t len, bool hint);

	/* The last word, queued. NULL: Closing. */
	void		(*bye)(struct conn *c, enum kith_err why);

	/* Input rests no longer but for CONN_PAUSE_CALL. NULL: nothing to do. */
	void		(*resume)(struct conn *c);

	/* Frees what begin() made. NULL: nothing to do. */
	void		(*end)(struct conn *c);
};

/* NULL: none. */
const struct door_ops	*door_by_byte(const struct worker *w, uint8_t first);
const struct door_ops	*door_by_alpn(const struct worker *w, const char *alpn);

/* The connection goes on by this door, for the first time or after another. 0, -ENOMEM, or
 * -ENOENT (`door` is NULL). */
int			 door_enter(struct conn *c, const struct door_ops *door);

/* One encoded Reply for one connection. Too long a one is dropped. */
void			 door_send(struct conn *c, const uint8_t *reply, uint32_t len);

/* An encoded Reply as JSON text, made once for as long as it is asked for; `*n` is its length.
 * NULL: it can't be. door_json_forget() before the next Reply. */
const char		*door_json(struct worker *w, const uint8_t *reply, uint32_t len, size_t *n);
void			 door_json_forget(void);

/* Closing, as a Reply by door_send(). */
void			 door_say_closing(struct conn *c, enum kith_err why);

extern const struct door_ops door_native, door_http, door_ws_json, door_ws_pb;

#endif
