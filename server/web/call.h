/*
 * call.h - a session run by HTTP requests: the same Requests, the same handlers, the
 * Replies collected. Worker only.
 *
 * A call is one HTTP request's work: log in if there is a token and the session is not that
 * token's already, do the Requests in their order, perhaps wait for news, answer.
 * What is made of the Replies is the caller's, by its struct call_ops.
 *
 * Session The connection's own (c->session). A kept call's session goes on after the answer,
 *         and what comes meanwhile is kept for the next call, up to conf->output_soft: then a
 *         Resync takes its place. It is taken on only by a call with the same token, which is
 *         compared in constant time: behind a proxy a connection is shared by strangers. All
 *         other calls have a light session (session.h), which ends with them.
 */
#ifndef KITH_SERVER_CALL_H
#define KITH_SERVER_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/frame.pb-c.h"

struct conn;

struct call_ops {
	/* The session is what it shall be: further call_add() may follow. NULL: none do. */
	void	(*ready)(struct conn *c);

	/* The answer to one Request of call_add(), by its place. NULL: nobody wants it. */
	void	(*reply)(struct conn *c, unsigned place, const Kith__V1__Reply *r);

	/* All Requests are answered; of a kept call: or there is news, or the time is over. It is
	 * to web_respond(). */
	void	(*done)(struct conn *c);

	/* The login was refused, or the connection closes: it is to web_error(). */
	void	(*failed)(struct conn *c, enum kith_err code, const char *text, uint32_t retry_ms);
};

struct call_spec {
	const struct call_ops	*ops;
	const char		*token;		/* NULL: not logged in; copied */
	bool			 hook;		/* the token is a hook's */
	bool			 keep;		/* with a token: not light, goes on afterwards */
	uint32_t		 wait_ms;	/* kept: for news, if nothing was asked */
	size_t			 state_size;	/* of call_state() */
};

/* Begins a call of the request at hand. Its Requests follow by call_add(), then call_go(). 0, or
 * -ENOMEM: nothing has begun. */
int	call_begin(struct conn *c, const struct call_spec *spec);

/* One Request, copied. `asked`: by the client, so that its answer is not to wait for
 * news. 0, -ENOMEM, -E2BIG (over IN_FLIGHT_MAX + 1). */
int	call_add(struct conn *c, const uint8_t *body, uint32_t len, bool asked);
int	call_add_message(struct conn *c, const Kith__V1__Request *r);
void	call_go(struct conn *c);

/* Instead of call_go(). */
void	call_fail(struct conn *c, enum kith_err code);

/* The caller's own, zeroed at call_begin(), wiped at the end of the call. */
void	*call_state(struct conn *c);

/* Adds one Reply's JSON, or anything that the answer is to tell. news: it ends the waiting of a
 * kept call. */
void	call_tell(struct conn *c, const char *json, size_t len, bool news);

/* How long a reply may be that is not small, so that the answer, with what is still open, stays
 * below conf->output_hard. Small is all that can't be asked for again. */
#define CALL_SMALL_MAX		8192u
size_t	call_room(struct conn *c);

/* What is to be told, separated by commas. Valid until the end of the call. */
const char *call_told(struct conn *c, size_t *len);

/* What the door passes on: a reply to this session; a live event, as JSON text that is the
 * same for all (a hint is told now or never); why the connection closes; that input would be read again; the timer. */
void	call_on_reply(struct conn *c, const uint8_t *reply, uint32_t len);
void	call_on_live(struct conn *c, const uint8_t *json, size_t len, bool hint);
void	call_on_close(struct conn *c, enum kith_err why);
void	call_on_resume(struct conn *c);
void	call_timeout(struct conn *c);

/* The connection ends: frees, wipes. */
void	call_fini(struct conn *c);

#endif
