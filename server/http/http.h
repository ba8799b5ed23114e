/*
 * http.h - HTTP/1.1 requests (RFC 9110, 9112): bytes to checked requests.
 *
 * Strict wherever leniency makes request smuggling possible: lines end with
 * CRLF, no folding, no space before a colon, one Host, Content-Length or
 * chunked but not both, no trailers, only the origin form of a target (and "*"
 * for OPTIONS).
 * Stricter than RFC 9112 in four points: no absolute form, no chunk extensions,
 * no encoded slash, and a bad line is refused as soon as it ends.
 *
 * Shape   The head is one block that is valid until http_next(). In it, header
 *         names are in lower case, values are trimmed, both end with a NUL. The
 *         body grows as it arrives.
 * Bounds  HTTP_HEAD_MAX, HTTP_HEADERS_MAX; the body: see http_allow_body().
 * Trust   The bytes are a stranger's. No I/O, no clock. After HTTP_BROKEN the
 *         reader can only be freed.
 */
#ifndef KITH_SERVER_HTTP_H
#define KITH_SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/wipebuf.h"

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
	const char	*path;		/* decoded, from '/', no dot segments
					 * or controls; or "*" */
	const char	*query;		/* as sent, after '?'; "" */
	struct http_header headers[HTTP_HEADERS_MAX];
	unsigned	 nheaders;
	bool		 keep_alive;	/* may another request follow? */
	bool		 upgrade;	/* Connection: upgrade, and Upgrade */
	bool		 has_body;	/* announced, perhaps of 0 bytes */
	bool		 expects_continue;
	const uint8_t	*body;		/* HTTP_ONE */
	size_t		 body_len;
};

enum http_result {
	HTTP_MORE,			/* all input was taken */
	HTTP_HEAD_DONE,			/* see http_allow_body() */
	HTTP_ONE,			/* all is there, until http_next() */
	HTTP_BROKEN			/* answer r->status, then close */
};

struct http_reader {
	struct http_request request;
	int		 status;	/* 400, 413, 414, 417, 431, 501, 505;
					 * 503: no memory */
	/* for http.c and http_head.c */
	struct wipebuf	 head, body;
	size_t		 line;		/* where the last line begins */
	unsigned	 lines;		/* complete lines */
	size_t		 body_max;
	uint64_t	 left;		/* missing bytes of the body or chunk */
	unsigned	 state, digits;	/* digits: of a chunk's size */
	bool		 chunked, empty_line;
};

void	http_reader_init(struct http_reader *r);

/* Frees and wipes: requests may hold tokens. */
void	http_reader_fini(struct http_reader *r);

/* Reads on from *at, and moves *at and *len past what it took. After
 * HTTP_HEAD_DONE and HTTP_ONE the rest is for the next call. Skips one empty
 * line before a request line (RFC 9112, section 2.2). */
enum http_result http_read(struct http_reader *r, const uint8_t **at,
	    size_t *len);

/* Call it between HTTP_HEAD_DONE and the next http_read(): the body may have
 * `max` bytes; without the call, none. False: more was announced, and
 * http_read() will return HTTP_BROKEN with 413. */
bool	http_allow_body(struct http_reader *r, size_t max);

/* Ready for the next request; the old one is wiped. */
void	http_next(struct http_reader *r);

/* Has a request begun to arrive? */
bool	http_begun(const struct http_reader *r);

/* The value of the i-th header of that (lower case) name, counted from 0; NULL:
 * there are fewer. Headers that must not repeat (Host, Origin, Cookie and so
 * on, see http_head.c) have no second one: such a request is refused (400). */
const char *http_header(const struct http_request *r, const char *name,
	    unsigned i);

/* Finds `token` (any case) in a comma-separated list; NULL: it is not there. */
const char *http_list_find(const char *list, const char *token);

/* The same in the lists of all headers of that name. */
bool	http_has_token(const struct http_request *r, const char *name,
	    const char *token);

/* Does a header like Accept-Encoding name `token`, or else "*", with a weight
 * over 0? */
bool	http_accepts(const struct http_request *r, const char *name,
	    const char *token);

/* Copies the value of `name` in the query, decoded ('+' is a blank), with a
 * NUL. Its length, -ENOENT, or -EINVAL: found twice, bad percent, NUL, not
 * UTF-8, or over cap - 1 bytes. */
int	http_query(const struct http_request *r, const char *name, char *out,
	    size_t cap);

/* Copies the value of a cookie as it is; same results. Two cookies of that name
 * are -EINVAL: one of them was planted. */
int	http_cookie(const struct http_request *r, const char *name, char *out,
	    size_t cap);

/* "GET"; not of HTTP_OTHER. */
const char *http_method_name(enum http_method m);

/* "Not Found". */
const char *http_reason(int status);

#endif
