/*
 * call.h - a session run by HTTP requests: the same Requests, the same
 * handlers, and the Replies collected. Worker only.
 *
 * A call is the work of one HTTP request: log in, if there is a token and the
 * session is not that token's already; do the Requests in their order; perhaps
 * wait for news; answer. What becomes of the Replies is up to the caller, by
 * struct call_ops.
 *
 * Session The connection's own (c->session). The session of a kept call goes on
 *         after the answer, and what comes meanwhile is kept for the next call,
 *         up to conf->output_soft; then a Resync takes its place. Only a call
 *         with the same token, compared in constant time, goes on with it:
 *         behind a proxy, strangers share a connection. All other calls have a
 *         light session (session.h), which ends with them.
 * Life    The struct is made by the connection's first call and lives as long
 *         as the connection is at the HTTP door. One call at a time.
 */
#ifndef KITH_SERVER_CALL_H
#define KITH_SERVER_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/frame.pb-c.h"

struct call;
struct conn;

struct call_ops {
	/* Login is done; may add more requests. NULL: adds none. */
	void	(*ready)(struct conn *c, struct call *call);

	/* The answer to one Request of call_add(), by its place. NULL: it is
	 * not wanted. */
	void	(*reply)(struct conn *c, struct call *call, unsigned place,
		    const Kith__V1__Reply *r);

	/* All Requests are answered. A kept call waits until there is news, or
	 * the time is over. Answers by web_respond(). */
	void	(*done)(struct conn *c, struct call *call);

	/* The login was refused, or the connection closes. Answers by
	 * web_error(). */
	void	(*failed)(struct conn *c, enum kith_err code, const char *text,
		    uint32_t retry_ms);
};

struct call_spec {
	const struct call_ops	*ops;
	const char		*token;		/* copied; NULL: no login */
	bool			 hook;		/* the token is a hook's */
	bool			 keep;		/* with a token: the session
						 * goes on afterwards */
	uint32_t		 wait_ms;	/* kept: for news, if no
						 * Request was `asked` */
	size_t			 state_size;	/* of call_state() */
};

/* Begins a call of the request at hand, in `*call`, which is made if it is
 * NULL. Requests follow by call_add(), then call_go(). NULL: no memory, and no
 * call has begun. */
struct call	*call_begin(struct call **call, struct conn *c,
		    const struct call_spec *spec);

/* One Request, copied. `asked`: by the client, so that its answer does not wait
 * for news. 0, -ENOMEM, -E2BIG (over IN_FLIGHT_MAX + 1). */
int	call_add(struct call *call, const uint8_t *body, uint32_t len,
	    bool asked);
int	call_add_message(struct call *call, const Kith__V1__Request *r);
void	call_go(struct call *call);

/* Instead of call_go(), or from ops->ready(). */
void	call_fail(struct call *call, enum kith_err code);

/* The caller's own, zeroed at call_begin(), wiped at the end of the call. */
void	*call_state(struct call *call);

/* Adds one Reply's JSON, or anything else that the answer says. `news` ends the
 * waiting of a kept call. */
void	call_tell(struct call *call, const char *json, size_t len, bool news);

/* Largest reply that still fits: the whole answer must stay below
 * conf->output_hard. Replies up to CALL_SMALL_MAX cannot be requested again, so
 * room for them is always reserved. */
#define CALL_SMALL_MAX		8192u
size_t	call_room(const struct call *call);

/* All that call_tell() added, separated by commas. Valid until the end of the
 * call. */
const char *call_told(struct call *call, size_t *len);

/* Callbacks from the HTTP door: a reply to this session (0, or -EBADMSG: it is
 * none), a live event as JSON text that all sessions share (a hint is told now
 * or never), why the connection closes, requests are taken again. `call` may be
 * NULL: there was none yet. */
int	call_on_reply(struct call *call, const uint8_t *reply, uint32_t len);
void	call_on_live(struct call *call, const uint8_t *json, size_t len,
	    bool hint);
void	call_on_close(struct call *call, enum kith_err why);
void	call_on_resume(struct call *call);

/* Frees and wipes; NULL is allowed. */
void	call_destroy(struct call *call);

#endif
