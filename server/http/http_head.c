/*
 * http_head.c - the head of a request: each line checked, then split, then understood.
 *
 * http-parser splits. As Debian builds it, it takes bare LFs, folded values, blanks in names and
 * before a colon, several Hosts, request lines without a version or with several blanks, and
 * tabs in targets. So it sees lines only after they were found to have the one form that
 * we read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "server/http/http_int.h"

#define LENGTH_DIGITS	15u		/* of a Content-Length */
#define DIGITS		"0123456789"
#define HOST_CHARS	DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:[]"

/* What may come once only: a second one would be believed by somebody else. */
static const char *const single[] = {
	"authorization", "content-length", "content-type", "cookie", "expect", "host",
	"if-none-match", "origin", "sec-fetch-site", "sec-websocket-key", "sec-websocket-version",
	"transfer-encoding", "x-forwarded-proto",
};

/* -- lines --------------------------------------------------------------------------- */

/* tchar of RFC 9110, 5.6.2. */
static bool
is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Of a target: visible ASCII; a fragment is never sent. */
static bool
is_target_char(char c)
{
	return c > ' ' && c < 0x7f && c != '#';
}

/* Of a value: no controls but the tab. Bytes over 0x7f have no meaning, but other sites on
 * the same host put them into cookies, which would shut their users out. */
static bool
is_value_char(char c)
{
	unsigned char u = (unsigned char)c;

	return u == '\t' || (u >= ' ' && u != 0x7f);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
span(const char *at, const char *end, bool (*is_one)(char))
{
	const char *from = at;

	while (at < end && is_one(*at))
		at++;
	return (size_t)(at - from);
}

/* METHOD SP TARGET SP HTTP/1.x, and nothing else. */
int
http_check_request_line(const char *at, size_t len)
{
	const char *end = at + len;
	size_t n;

	if ((n = span(at, end, is_token_char)) == 0 || at + n == end || at[n] != ' ')
		return 400;
	at += n + 1;
	if ((n = span(at, end, is_target_char)) == 0 || at + n == end || at[n] != ' ')
		return 400;
	at += n + 1;
	if (end - at != 8 || memcmp(at, "HTTP/", 5) != 0 || !is_digit(at[5]) || at[6] != '.' ||
	    !is_digit(at[7]))
		return 400;
	return at[5] == '1' && at[7] <= '1' ? 0 : 505;
}

/* NAME ":" VALUE. A folded line has no name. */
int
http_check_header_line(const char *at, size_t len)
{
	const char *end = at + len;
	size_t n = span(at, end, is_token_char);

	if (n == 0 || at + n == end || at[n] != ':')
		return 400;
	at += n + 1;
	return at + span(at, end, is_value_char) == end ? 0 : 400;
}

/* -- splitting ----------------------------------------------------------------------- */

static int
on_url(http_parser *p, const char *at, size_t len)
{
	struct http_request *q = p->data;

	(void)len;			/* it ends with a blank, see end_strings() */
	q->path = at;
	return 0;
}

static int
on_field(http_parser *p, const char *at, size_t len)
{
	struct http_request *q = p->data;

	(void)len;
	q->headers[q->nheaders++].name = at;
	return 0;
}

/* Also called for an empty value. */
static int
on_value(http_parser *p, const char *at, size_t len)
{
	struct http_request *q = p->data;

	(void)len;
	q->headers[q->nheaders - 1].value = at;
	return 0;
}

/* Bodies are not its work: http.c takes no form of a chunk that two could read differently. */
static int
on_head_end(http_parser *p)
{
	(void)p;
	return 1;
}

/* What points into the head, writable as the head is. */
static char *
in_head(const struct http_reader *r, const char *at)
{
	return r->head + (at - r->head);
}

/* Names in lower case, values without the blanks around them, NULs at the ends. */
static void
end_strings(struct http_reader *r)
{
	struct http_request *q = &r->request;

	*strchr(in_head(r, q->path), ' ') = '\0';
	for (unsigned i = 0; i < q->nheaders; i++) {
		char *name = in_head(r, q->headers[i].name), *end = strchr(name, ':');
		char *value = end + 1;

		*end = '\0';
		for (char *c = name; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
		value += strspn(value, " \t");
		end = value + strcspn(value, "\r");
		while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		*end = '\0';
		q->headers[i].value = value;
	}
}

/* -- the target ---------------------------------------------------------------------- */

/* One way to write each path: no dot segments, no empty ones but the last, no controls. */
static bool
path_ok(const char *path)
{
	const char *at, *end;

	for (at = path; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	for (at = path; *at == '/'; at = end) {
		end = at + 1 + strcspn(at + 1, "/");
		if (end == at + 1 && *end == '/')
			return false;
		if ((end == at + 2 && at[1] == '.') ||
		    (end == at + 3 && at[1] == '.' && at[2] == '.'))
			return false;
	}
	return *path == '/';
}

/* The origin form, or "*" for OPTIONS. 0, or a status. An encoded slash would be a part of
 * a name for some and an end of it for others. */
static int
take_target(struct http_reader *r)
{
	struct http_request *q = &r->request;
	char *path = in_head(r, q->path), *query;
	size_t len;

	q->query = "";
	if (strcmp(path, "*") == 0)
		return q->verb == HTTP_V_OPTIONS ? 0 : 400;
	if ((query = strchr(path, '?')) != NULL) {
		*query = '\0';
		q->query = query + 1;
	}
	len = strlen(path);
	if (strcasestr(path, "%2f") != NULL ||
	    http_percent_decode(path, len, false, path, len + 1) < 0 || !path_ok(path))
		return 400;
	return 0;
}

/* -- what the headers mean ----------------------------------------------------------- */

static int
check_singles(const struct http_request *q)
{
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (http_header(q, single[i], 1) != NULL)
			return 400;
	return 0;
}

/* Is there one where there must be, and could it be one? (RFC 9112, 3.2) Whether it is one of
 * ours is asked elsewhere. */
static int
check_host(const struct http_request *q, bool old)
{
	const char *host = http_header(q, "host", 0);

	if (host == NULL)
		return old ? 0 : 400;
	return *host != '\0' && host[strspn(host, HOST_CHARS)] == '\0' ? 0 : 400;
}

/* How long is the body? (RFC 9112, 6.3) */
static int
take_framing(struct http_reader *r, bool old)
{
	struct http_request *q = &r->request;
	const char *length = http_header(q, "content-length", 0);
	const char *coding = http_header(q, "transfer-encoding", 0);

	if (coding != NULL && (length != NULL || old || *coding == '\0'))
		return 400;
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return 501;
	q->has_body = length != NULL || coding != NULL;
	r->chunked = coding != NULL;
	if (length == NULL)
		return 0;
	if (*length == '\0' || strlen(length) > LENGTH_DIGITS ||
	    length[strspn(length, DIGITS)] != '\0')
		return 400;
	r->left = strtoull(length, NULL, 10);
	return 0;
}

static int
take_expect(struct http_request *q, bool old)
{
	const char *expect = http_header(q, "expect", 0);

	if (expect == NULL)
		return 0;
	if (strcasecmp(expect, "100-continue") != 0)
		return 417;
	q->expects_continue = q->has_body && !old;
	return 0;
}

static void
take_connection(struct http_request *q, bool old)
{
	q->keep_alive = !http_has_token(q, "connection", "close") &&
	    (!old || http_has_token(q, "connection", "keep-alive"));
	q->upgrade = !old && http_has_token(q, "connection", "upgrade") &&
	    http_header(q, "upgrade", 0) != NULL;
}

/* HTTP_V_OTHER is 0, so it is what has no place in the table. */
static enum http_verb
verb_of(unsigned method)
{
	static const enum http_verb verbs[] = {
		[HTTP_GET] = HTTP_V_GET, [HTTP_HEAD] = HTTP_V_HEAD, [HTTP_POST] = HTTP_V_POST,
		[HTTP_PUT] = HTTP_V_PUT, [HTTP_OPTIONS] = HTTP_V_OPTIONS,
	};

	return method < sizeof(verbs) / sizeof(verbs[0]) ? verbs[method] : HTTP_V_OTHER;
}

int
http_take_head(struct http_reader *r)
{
	static const http_parser_settings settings = {
		.on_url = on_url, .on_header_field = on_field, .on_header_value = on_value,
		.on_headers_complete = on_head_end,
	};
	struct http_request *q = &r->request;
	http_parser parser;
	bool old;
	int status;

	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = q;
	http_parser_execute(&parser, &settings, r->head, r->head_len);
	/* A tunnel (CONNECT) is nothing that any resource here could be asked for. */
	if (parser.http_errno == HPE_INVALID_METHOD || parser.method == HTTP_CONNECT)
		return 501;
	if (parser.http_errno != HPE_OK)
		return 400;
	old = parser.http_minor == 0;
	q->verb = verb_of(parser.method);
	end_strings(r);
	if ((status = check_singles(q)) != 0 || (status = check_host(q, old)) != 0 ||
	    (status = take_framing(r, old)) != 0 || (status = take_target(r)) != 0)
		return status;
	take_connection(q, old);
	return take_expect(q, old);
}
