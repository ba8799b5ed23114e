/*
 * web.h - what the HTTP door and its handlers share.
 *
 * door_http.c reads one request at a time, checks Host, Origin and method,
 * finds its row in web_routes.c, and calls the handler with the whole request.
 * The handler answers at once by web_respond(), or later: until then no further
 * input is read (CONN_PAUSE_DOOR).
 *
 * Life    struct web is the door's state (conn.h, door_state). It is made with
 *         the first byte and lives until the connection ends or is upgraded.
 * Time    One timer: conf->login_ms for a whole request, WEB_IDLE_MS between
 *         requests. A call has its own.
 *
 * Worker only.
 */
#ifndef KITH_SERVER_WEB_H
#define KITH_SERVER_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event_struct.h>

#include "protocol/error.h"
#include "protocol/limits.h"
#include "server/http/http.h"
#include "server/http/web_rules.h"

struct call;
struct call_spec;
struct conn;
struct door_ops;

#define WEB_IDLE_MS		75000u	/* of a kept connection */
#define WEB_REQUESTS_MAX	10000u	/* of one connection */
/* Tokens end by revoking; browsers keep no cookie longer than 400 days. */
#define WEB_COOKIE_S		(400u * 24 * 3600)
#define WEB_TYPE_JSON		"application/json"
#define WEB_TYPE_TEXT		"text/plain; charset=utf-8"
#define WEB_EXTRA_MAX		512u	/* bytes of further header lines */

struct web_route {
	const char	*path;
	bool		 below;		/* what begins with it and goes on */
	uint32_t	 methods;	/* bits 1 << enum http_method; OPTIONS
					 * is answered for all */
	uint32_t	 body_max;
	void		(*handle)(struct conn *c, const struct http_request *r);
};

struct web {
	struct http_reader	 reader;
	const struct web_route	*route;		/* NULL: not known yet */
	struct web_asker	 asker;		/* of the request at hand */
	struct event		 timer;
	unsigned		 requests;	/* so far */
	bool			 answering;	/* no answer yet */
	bool			 keep;		/* after the answer */
	struct call		*call;		/* NULL: none ever ran */
};

extern const struct door_ops door_http;

/* Of a connection at the HTTP door. */
struct web	*web_of(const struct conn *c);

/* Sets the timer, in place of what it was set to. */
void	web_start_timer(struct web *web, uint32_t ms);

/* Begins a call of the request at hand (call.h). NULL: no memory. */
struct call	*web_call(struct conn *c, const struct call_spec *spec);

/* -- answers -------------------------------------------------------------- */

/* Answers the request at hand; `extra`: further header lines, each with its
 * CRLF, or NULL. No body is sent for HEAD, 204 and 304. Then the next request
 * is read. */
void	web_respond(struct conn *c, int status, const char *type,
	    const void *body, size_t len, const char *extra);

/* {"error":{"code":...,"text":...}} with the status of the code; `text` NULL:
 * the code's own text. */
void	web_error(struct conn *c, enum kith_err code, const char *text,
	    uint32_t retry_after_ms);

/* The same with a status of HTTP's own, such as 404. */
void	web_refuse(struct conn *c, int status, const char *text,
	    const char *extra);

/* -- who asks ------------------------------------------------------------- */

/* Is the body of this media type, with any parameters? */
bool	web_is_type(const struct http_request *r, const char *type);

/* The token of "Authorization: Bearer", or else of the cookie, if it counts for
 * this asker. False: neither, and `out` is "". Wipe it after use. */
bool	web_token(const struct conn *c, const struct http_request *r,
	    char out[TOKEN_CHARS + 1], bool *from_cookie);

/* A Set-Cookie line with CRLF. `token` NULL: one that removes the cookie. Its
 * name is "__Host-kith" over TLS, "kith" without. */
void	web_cookie_line(const struct conn *c, const char *token,
	    char out[WEB_EXTRA_MAX]);

/* -- routes --------------------------------------------------------------- */

/* The row for a path; NULL: 404. */
const struct web_route	*web_route_find(const char *path);

/* Handlers, by file. */
void	web_page(struct conn *c, const struct http_request *r);	/* web_page.c */
void	web_healthz(struct conn *c,			/* web_status.c */
	    const struct http_request *r);
void	web_metrics(struct conn *c, const struct http_request *r);
void	web_poll(struct conn *c, const struct http_request *r);	/* web_poll.c */
void	web_messages(struct conn *c,			/* web_api.c */
	    const struct http_request *r);
void	web_events(struct conn *c, const struct http_request *r);
void	web_hook(struct conn *c, const struct http_request *r);
void	web_login(struct conn *c,			/* web_login.c */
	    const struct http_request *r);
void	web_logout(struct conn *c, const struct http_request *r);
void	web_upgrade(struct conn *c,			/* web_upgrade.c */
	    const struct http_request *r);

#endif
