/*
 * door.h - what a door is: how bytes of a connection become requests, and
 * replies become bytes.
 *
 * ALPN, or the first byte, decides by which door a connection comes; from the
 * HTTP door an upgrade leads on to a WebSocket one. Behind the doors there is
 * one table of requests and one kind of session.
 *
 * A door is a file with a struct door_ops, its row in
 * server/main/worker_doors.c, and its test. Hooks that say "NULL" may be left
 * out.
 */
#ifndef KITH_SERVER_DOOR_H
#define KITH_SERVER_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/frame.pb-c.h"
#include "server/worker/wrapped.h"

struct conf;
struct conn;
struct worker;

struct door_ops {
	const char	*name;
	const char	*alpn;		/* NULL: only by an upgrade */
	bool		 beats;		/* has a time to log in, then heartbeats
					 * (conn.h); else its own time */

	/* Takes what it needs of the configuration, at the worker's start and
	 * after each reload. 0, or -ENOMEM: a reload keeps the old. NULL: needs
	 * nothing. */
	int		(*set_up)(struct worker *w);

	/* Frees what set_up() made. NULL: there is nothing. */
	void		(*tear_down)(struct worker *w);

	/* Does the configuration open it? NULL: it is always open. */
	bool		(*is_open)(const struct conf *conf);

	/* Does a connection that begins so come by this door? NULL: none. */
	bool		(*recognise)(uint8_t first);

	/* Says to a client without TLS that it needs TLS, if that can be said
	 * at once. NULL: nothing can be said. */
	void		(*refuse_plain)(int fd);

	/* The connection comes by this door; *state becomes c->door_state.
	 * 0 or -ENOMEM. NULL: there is no state. */
	int		(*begin)(struct conn *c, void **state);

	/* Frees what begin() made. */
	void		(*end)(void *state);

	/* Takes input, one request after the other, until none is left or the
	 * connection is paused or closed; *at and *len tell what was not taken.
	 * After a pause it may come with *len 0. */
	void		(*input)(struct conn *c, const uint8_t **at,
			    size_t *len);

	/* The session is logged in: from here on a request may be as long as
	 * FRAME_BYTES_MAX. NULL: it need not know. */
	void		(*logged_in)(struct conn *c);

	/* Requests are taken again, and the door's own CONN_PAUSE_DOOR alone is
	 * left. NULL: it need not know. */
	void		(*resumed)(struct conn *c);

	/* A LoginToken without a token: packs the Request with a token that the
	 * door knows into `out` (FRAME_BYTES_MAX_LOGIN). Its length, or 0: it
	 * knows none. The caller wipes it. NULL: it never knows one. */
	uint32_t	(*fill)(const struct conn *c,
			    const Kith__V1__Request *r, uint8_t *out);

	/* Writes a Reply as it travels into `out` (WRAPPED_BYTES_MAX). The same
	 * for all connections of the door, so that an event is wrapped once.
	 * Its length; 0: it cannot be sent so. */
	size_t		(*wrap)(struct wrapped *r, uint8_t *out);

	/* An encoded Reply to this session alone. 0, or -EBADMSG: it cannot be
	 * sent so. NULL: wrapped and queued. */
	int		(*send)(struct conn *c, const uint8_t *reply,
			    uint32_t len);

	/* A wrapped live event, or a hint.
	 * NULL: conn_queue_live(), conn_queue_hint(). */
	void		(*live)(struct conn *c, const uint8_t *wrapped,
			    size_t len, bool hint);

	/* The last word, queued. NULL: session_say_closing(). */
	void		(*bye)(struct conn *c, enum kith_err why);
};

/* The connection goes on by this door, for the first time or after another. 0,
 * -ENOMEM, or -ENOENT (`door` is NULL). */
int	door_enter(struct conn *c, const struct door_ops *door);

/* One encoded Reply for one connection. 0, -EMSGSIZE (over FRAME_BYTES_MAX), or
 * -EBADMSG (the door cannot send it): nothing was sent then. */
int	door_send(struct conn *c, const uint8_t *reply, uint32_t len);

/* The login is over: heartbeats from here on, and larger requests. */
void	door_logged_in(struct conn *c);

/* conn_resume(), of which the door is told. */
void	door_resume(struct conn *c, unsigned why);

/* Calls set_up() of each door; 0 or -ENOMEM. */
int	door_set_up_all(struct worker *w);
void	door_tear_down_all(struct worker *w);

/* For connections that never said which door: the first row's. */
int	door_enter_first(struct conn *c);

/* The hooks of struct conn_ops that are the doors' (conn.h). */
bool	door_agreed(struct conn *c, const char *alpn);
void	door_refuse_plain(struct conn *c, uint8_t first);
void	door_input(struct conn *c, const uint8_t **at, size_t *len);
void	door_freed(struct conn *c);

#endif
