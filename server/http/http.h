/*
 * http.h - HTTP/1.1 requests (RFC 9110, 9112): bytes to a checked head and a body.
 *
 * Strict where leniency is how requests get smuggled: lines end with CRLF, no folding, no space
 * before a colon, one Host, Content-Length or chunked but never both, no trailers,
 * only the origin form of a target (and `*` for OPTIONS).
 *
 * More than RFC 9112 asks for: no absolute form, no chunk extensions, no encoded slash, and a
 * line is refused as soon as it ends, whatever comes behind it.
 *
 * Shape   The head lies in one block until the request is dealt with; names in lower case,
 *         values trimmed, both NUL-terminated there. The body grows as it comes.
 * Bounds  HTTP_HEAD_MAX, HTTP_HEADERS_MAX; the body: what the caller allows after the head.
 * No I/O, no clock. Not reusable after HTTP_BROKEN.
 */
#ifndef KITH_SERVER_HTTP_H
#define KITH_SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX		8192u	/* bytes of request line and headers */
#define HTTP_HEADERS_MAX	64u

/* OTHER: a known method that no route accepts (405). */
enum http_method {
	HTTP_OTHER, HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_OPTIONS,
	HTTP_METHOD_COUNT
};

struct http_header {
	const char	*name, *value;
};

struct http_request {
	enum http_method method;
	const char	*path;		/* decoded; from '/', without dot segments and controls; or "*" */
	const char	*query;		/* as it came, after '?'; "" */
	struct http_header headers[HTTP_HEADERS_MAX];
	unsigned	 nheaders;
	bool		 keep_alive;	/* may another request follow? */
	bool		 upgrade;	/* Connection: upgrade, and an Upgrade */
	bool		 has_body;	/* announced, perhaps of no bytes */
	bool		 expects_continue;
	const uint8_t	*body;		/* HTTP_ONE */
	size_t		 body_len;
};

enum http_result {
	HTTP_MORE,			/* all input was taken */
	HTTP_HEAD_DONE,			/* see http_allow_body() */
	HTTP_ONE,			/* all of the request is there, until http_next() */
	HTTP_BROKEN			/* r->status says what to answer; then close */
};

struct http_reader {
	struct http_request request;
	int		 status;	/* 400, 413, 414, 417, 431, 501, 505; 503: no memory */
	/* for http.c */
	char		*head;
	size_t		 head_len, head_cap, line;	/* line: where its last line begins */
	unsigned	 lines;		/* that ended; the first is the request line */
	uint8_t		*body;
	size_t		 body_len, body_cap, body_max;
	uint64_t	 left;		/* bytes of the body or chunk that are missing */
	unsigned	 state, digits;	/* digits: of a chunk's size */
	bool		 chunked, empty_line;
};

void	http_reader_init(struct http_reader *r);
void	http_reader_fini(struct http_reader *r);	/* wiped: there may be tokens in it */

/* Takes from *at; *at and *len tell what was not taken (after HTTP_HEAD_DONE and HTTP_ONE it is for
 * the next call). An empty line before a request line is passed over (RFC 9112, 2.2). */
enum http_result http_read(struct http_reader *r, const uint8_t **at, size_t *len);

/* After HTTP_HEAD_DONE, before the next http_read(): how long a body may be; before it is
 * called it is 0. False: more than that was announced, and HTTP_BROKEN with 413 comes next. */
bool	http_allow_body(struct http_reader *r, size_t max);

/* Ready for the next request; the old one is wiped. */
void	http_next(struct http_reader *r);

/* Has it begun to read a request? */
bool	http_begun(const struct http_reader *r);

/* The value of the i-th header of that (lower case) name, from 0; NULL: there are fewer.
 * What may come once only (Host, Origin, Authorization, Cookie, Content-Type, Sec-WebSocket-Key and
 * -Version, ...: a list in http.c) has no second: that is 400. */
const char *http_header(const struct http_request *r, const char *name, unsigned i);

/* Where `token` (any case) stands in a comma-separated list; NULL: it does not. */
const char *http_list_find(const char *list, const char *token);

/* Is `token` (any case) in the comma-separated list of all headers of that name? */
bool	http_has_token(const struct http_request *r, const char *name, const char *token);

/* The value of `name` in the query, decoded ('+' is a blank), with its NUL. Its length, -ENOENT, or
 * -EINVAL (there twice, bad percent, NUL, not UTF-8, longer than cap - 1). */
int	http_query(const struct http_request *r, const char *name, char *out, size_t cap);

/* The value of one cookie, as it stands; the same results. A name that is there twice is
 * -EINVAL: one of them was planted. */
int	http_cookie(const struct http_request *r, const char *name, char *out, size_t cap);

/* "GET"; not of HTTP_OTHER. */
const char *http_method_name(enum http_method m);

/* "Not Found". */
const char *http_reason(int status);

#endif
