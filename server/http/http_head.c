/*
 * http_head.c - the head of a request: each line checked as it ends; when the head is
 * complete, its lines are split and understood.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/http/http_int.h"

#define LENGTH_DIGITS	15u		/* of a Content-Length */
#define DIGITS		"0123456789"
#define HOST_CHARS	DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:[]"

/* Headers that may come only once: if there are two, another program may believe the other one. */
static const char *const single[] = {
	"authorization", "content-length", "content-type", "cookie", "expect", "host",
	"if-none-match", "origin", "sec-fetch-site", "sec-websocket-key", "sec-websocket-version",
	"transfer-encoding", "x-forwarded-proto",
};

/* -- lines ---------------------------------------------------------------- */

/* tchar of RFC 9110, section 5.6.2. */
static bool
is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Of a target: visible ASCII. A fragment is never sent. */
static bool
is_target_char(char c)
{
	return c > ' ' && c < 0x7f && c != '#';
}

/* Of a value: no controls except the tab. Bytes over 0x7f have no meaning, but other sites on
 * the same host put them into cookies; refusing them would lock out the users of those sites. */
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

/* Exactly METHOD SP TARGET SP HTTP/1.x. */
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

/* NAME ":" VALUE. A folded line has no name, so it is refused. */
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

/* -- splitting ------------------------------------------------------------ */

/* Every line was checked, so each separator is known to be there. */
static int
split_request_line(struct http_request *q, char **at, bool *old)
{
	const char *method = strsep(at, " ");

	q->path = strsep(at, " ");
	*old = (*at)[sizeof("HTTP/1.") - 1] == '0';
	*at += sizeof("HTTP/1.x\r\n") - 1;
	return http_method_find(method, &q->method) ? 0 : 501;
}

/* Name in lower case, value without the blanks around it. Not all programs take a tab after a
 * length for a blank, so it stays, and the length is refused. */
static void
split_header_line(struct http_header *h, char **at)
{
	char *name = strsep(at, ":"), *value, *end;
	const char *blanks;

	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	*at += strspn(*at, " \t");
	value = strsep(at, "\r");
	blanks = strcmp(name, "content-length") == 0 ? " " : " \t";
	for (end = *at - 1; end > value && strchr(blanks, end[-1]) != NULL; end--)
		;
	*end = '\0';
	*h = (struct http_header){ name, value };
	(*at)++;			/* the LF */
}

/* -- the target ----------------------------------------------------------- */

/* One way to write each path: no dot segments, no empty segments except the last, no controls. */
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

/* The origin form, or "*" for OPTIONS. 0, or a status. No encoded slash: programs disagree
 * whether it is part of a name or separates two. */
static int
take_target(struct http_request *q)
{
	char *path = (char *)(uintptr_t)q->path, *query;	/* in the head, which is ours */
	size_t len;

	q->query = "";
	if (strcmp(path, "*") == 0)
		return q->method == HTTP_OPTIONS ? 0 : 400;
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

/* -- what the headers mean ------------------------------------------------ */

static int
check_singles(const struct http_request *q)
{
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (http_header(q, single[i], 1) != NULL)
			return 400;
	return 0;
}

/* Is there a Host, and does it have the form of one (RFC 9112, section 3.2)? web_rules.c decides
 * whether it is ours. */
static int
check_host(const struct http_request *q, bool old)
{
	const char *host = http_header(q, "host", 0);

	if (host == NULL)
		return old ? 0 : 400;
	return *host != '\0' && host[strspn(host, HOST_CHARS)] == '\0' ? 0 : 400;
}

/* How long is the body (RFC 9112, section 6.3)? */
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

int
http_take_head(struct http_reader *r)
{
	struct http_request *q = &r->request;
	char *at = (char *)r->head.data;
	bool old;
	int status = split_request_line(q, &at, &old);

	while (*at != '\r')
		split_header_line(&q->headers[q->nheaders++], &at);
	if (status != 0 || (status = check_singles(q)) != 0 ||
	    (status = check_host(q, old)) != 0 || (status = take_framing(r, old)) != 0 ||
	    (status = take_target(q)) != 0)
		return status;
	take_connection(q, old);
	return take_expect(q, old);
}
