/*
 * web.h - a connection at the HTTP door, as its routes see it. Worker only.
 *
 * door_http.c reads one request at a time, checks Host, Origin and method, finds the
 * row in web_routes[] and calls it with the whole request. The handler answers at once
 * by web_respond(), or later: until then no further input is read (CONN_PAUSE_DOOR).
 *
 * Life    struct web is the door's state (conn.h, door_state): made with the first byte, it
 *         lives until the connection ends or an upgrade takes it over.
 * Time    One timer: conf->login_ms for a head and for a body, WEB_IDLE_MS between requests.
 *         A call has its own.
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

#define WEB_IDLE_MS		75000u	/* of a kept connection, between requests */
#define WEB_REQUESTS_MAX	10000u	/* of one connection */
#define WEB_COOKIE_S		(400u * 24 * 3600)	/* tokens end by revoking; no browser keeps longer */
#define WEB_TYPE_JSON		"application/json"
#define WEB_TYPE_TEXT		"text/plain; charset=utf-8"
#define WEB_EXTRA_MAX		512u	/* bytes of further header lines */

struct web_route {
	const char	*path;
	bool		 below;		/* what begins with it, and has more behind it */
	uint32_t	 methods;	/* bits 1 << enum http_method; OPTIONS is answered for all */
	uint32_t	 body_max;
	bool		 own_origin;	/* refused unless ORIGIN_OWN: it sets or uses a cookie */
	void		(*handle)(struct conn *c, const struct http_request *r);
};

struct web {
	struct http_reader	 reader;
	const struct web_route	*route;		/* of the request at hand; NULL: none yet */
	struct web_asker	 asker;		/* its asker */
	struct event		 timer;
	unsigned		 requests;
	bool			 answering;	/* a handler has it: no answer yet */
	bool			 keep;		/* after the answer */
	struct call		*call;		/* call.h; NULL: none ever ran */
};

extern const struct door_ops door_http;

/* Of a connection at the HTTP door. */
struct web	*web_of(const struct conn *c);

/* Begins a call of the request at hand (call.h). NULL: no memory. */
struct call	*web_call(struct conn *c, const struct call_spec *spec);

/* Answers the request at hand with `body` (not for HEAD) and further header lines, each with its CRLF;
 * NULL: none. Status 204 and 304 have no body. Then the next request is read. */
void	web_respond(struct conn *c, int status, const char *type, const void *body, size_t len,
	    const char *extra);

/* {"error":{"code":...,"text":...}} with the status of the code; `text` NULL: the code's. */
void	web_error(struct conn *c, enum kith_err code, const char *text, uint32_t retry_after_ms);

/* The same with a status of HTTP's own, such as 404. */
void	web_refuse(struct conn *c, int status, const char *text, const char *extra);

/* Is the body of this media type, whatever its parameters? */
bool	web_is_type(const struct http_request *r, const char *type);

/* The token of "Authorization: Bearer"; else of the cookie, if the asker may use it. False:
 * neither, and `out` is "". Wipe it after use. */
bool	web_token(const struct conn *c, const struct http_request *r, char out[TOKEN_CHARS + 1],
	    bool *from_cookie);

/* The cookie's name: "__Host-kith" over TLS, "kith" without. Set-Cookie with `token`, or one
 * that takes it away (NULL), as a header line with CRLF into `out`. */
void	web_cookie_line(const struct conn *c, const char *token, char out[WEB_EXTRA_MAX]);

/* The routes' handlers, by file. */
void	web_page(struct conn *c, const struct http_request *r);		/* web_page.c */
void	web_healthz(struct conn *c, const struct http_request *r);	/* web_status.c */
void	web_metrics(struct conn *c, const struct http_request *r);
void	web_poll(struct conn *c, const struct http_request *r);		/* web_poll.c */
void	web_messages(struct conn *c, const struct http_request *r);	/* web_api.c */
void	web_events(struct conn *c, const struct http_request *r);
void	web_hook(struct conn *c, const struct http_request *r);
void	web_login(struct conn *c, const struct http_request *r);	/* web_login.c */
void	web_logout(struct conn *c, const struct http_request *r);
void	web_upgrade(struct conn *c, const struct http_request *r);	/* web_upgrade.c */

/* web_routes.c: the row for a path; NULL: 404. */
const struct web_route	*web_route_find(const char *path);

#endif
