/*
 * http.c - requests of HTTP/1.1, read strictly.
 *
 * A head is collected whole, checked byte by byte, and only then split by http-parser, which
 * is lenient in what it reads: what it would repair never reaches it. A body is
 * taken by its length or by its chunks, whose lines have one form here.
 */
#include <errno.h>
#include <http_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"
#include "protocol/wire.h"

#define HEAD_MIN	1024u
#define BODY_MIN	1024u
#define CHUNK_DIGITS	8u		/* of a chunk's size: more is no chunk but an attack */

enum reading {
	IN_HEAD,
	HEAD_GIVEN,			/* HTTP_HEAD_DONE was told */
	IN_BODY,			/* with a length: `left` bytes are missing */
	IN_CHUNK_SIZE, IN_CHUNK_SIZE_LF,
	IN_CHUNK, IN_CHUNK_CR, IN_CHUNK_LF,
	IN_LAST_CR, IN_LAST_LF,		/* the empty line after the last chunk: no trailers */
	ALL_GIVEN			/* HTTP_ONE was told */
};

/* What may come once only: a second one would be believed by somebody else. */
static const char *const single[] = {
	"authorization", "content-length", "content-type", "cookie", "expect", "host", "if-none-match",
	"origin", "sec-fetch-site", "sec-websocket-key", "sec-websocket-version", "transfer-encoding",
	"x-forwarded-proto",
};

/* -- characters ---------------------------------------------------------------------- */

/* tchar of RFC 9110, 5.6.2. */
static bool
is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Visible ASCII, blank and tab; no obs-text. */
static bool
is_value_char(unsigned char c)
{
	return c == '\t' || (c >= ' ' && c < 0x7f);
}

static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes `%xx` in place, and '+' where it is a blank. 0, or -EINVAL: bad percent, NUL, not
 * UTF-8; or, if `refused` is given, one of its characters was encoded. */
static int
percent_decode(char *s, bool plus, const char *refused)
{
	char *to = s, *from;

	for (from = s; *from != '\0'; from++) {
		int high, low;

		*to = plus && *from == '+' ? ' ' : *from;
		if (*from == '%') {
			if ((high = hex_digit((unsigned char)from[1])) < 0 ||
			    (low = hex_digit((unsigned char)from[2])) < 0)
				return -EINVAL;
			*to = (char)(high << 4 | low);
			if (*to == '\0' || (refused != NULL && strchr(refused, *to) != NULL))
				return -EINVAL;
			from += 2;
		}
		to++;
	}
	*to = '\0';
	return wire_utf8_ok(s, (size_t)(to - s)) ? 0 : -EINVAL;
}

/* -- the head -------------------------------------------------------------------------- */

static enum http_result
broken(struct http_reader *r, int status)
{
	r->status = status;
	return HTTP_BROKEN;
}

/* An empty segment may only be the last one. */
static bool
path_ok(const char *path)
{
	const char *at = path, *end;

	if (*path != '/')
		return false;
	for (; *at == '/'; at = end) {
		end = at + 1 + strcspn(at + 1, "/");
		if (end == at + 1 && *end == '/')
			return false;
		if ((end == at + 2 && at[1] == '.') ||
		    (end == at + 3 && at[1] == '.' && at[2] == '.'))
			return false;
	}
	return true;
}

/* The origin form, or "*" for OPTIONS. Ends path and query with NULs. 0 or -EINVAL. */
static int
split_target(struct http_request *q, char *target)
{
	char *mark;

	if (strchr(target, '#') != NULL)
		return -EINVAL;
	q->path = target;
	q->query = "";
	if (strcmp(target, "*") == 0)
		return q->verb == HTTP_V_OPTIONS ? 0 : -EINVAL;
	if ((mark = strchr(target, '?')) != NULL) {
		*mark = '\0';
		q->query = mark + 1;
	}
	if (percent_decode(target, false, "/") < 0 || !path_ok(target))
		return -EINVAL;
	return 0;
}

/* The line that ends before `end`: METHOD SP TARGET SP VERSION, of visible characters, and no
 * more blanks than these two. Its version, or NULL. */
static const char *
check_request_line(const char *at, const char *end)
{
	const char *version = NULL;
	unsigned blanks = 0;

	for (; at < end; at++) {
		if (*at == ' ') {
			version = at + 1;
			blanks++;
		} else if (*at < ' ' || *at >= 0x7f)
			return NULL;
	}
	return blanks == 2 && version != end ? version : NULL;
}

/* NAME ":" VALUE. */
static bool
check_header_line(const char *at, const char *end)
{
	const char *from = at;

	while (at < end && is_token_char((unsigned char)*at))
		at++;
	if (at == from || at == end || *at != ':')
		return false;
	while (++at < end)
		if (!is_value_char((unsigned char)*at))
			return false;
	return true;
}

/* All lines of the head, before anybody splits it. 0, or a status. */
static int
check_head(const struct http_reader *r)
{
	const char *at = r->head, *end = r->head + r->head_len - 2, *cr, *version;
	unsigned lines = 0;

	for (; at < end; at = cr + 2, lines++) {
		cr = memchr(at, '\r', (size_t)(end - at) + 1);
		if (cr == NULL || cr[1] != '\n')
			return 400;
		if (lines > 0 && !check_header_line(at, cr))
			return 400;
		if (lines > 0)
			continue;
		if ((version = check_request_line(at, cr)) == NULL || cr - version != 8 ||
		    strncmp(version, "HTTP/", 5) != 0)
			return 400;
		if (memcmp(version + 5, "1.1", 3) != 0 && memcmp(version + 5, "1.0", 3) != 0)
			return version[6] == '.' ? 505 : 400;
	}
	return lines - 1 > HTTP_HEADERS_MAX ? 431 : 0;
}

static int
on_url(http_parser *p, const char *at, size_t len)
{
	struct http_reader *r = p->data;

	(void)len;			/* it ends with a blank, which the caller makes a NUL */
	r->request.path = at;
	return 0;
}

static int
on_field(http_parser *p, const char *at, size_t len)
{
	struct http_request *q = &((struct http_reader *)p->data)->request;

	(void)len;
	q->headers[q->nheaders++].name = at;
	return 0;
}

/* Also called for an empty value. */
static int
on_value(http_parser *p, const char *at, size_t len)
{
	struct http_request *q = &((struct http_reader *)p->data)->request;

	(void)len;
	q->headers[q->nheaders - 1].value = at;
	return 0;
}

/* The body is not its work. */
static int
on_head_end(http_parser *p)
{
	(void)p;
	return 1;
}

/* Names in lower case, values without the blanks around them, NULs at the ends. */
static void
end_strings(struct http_request *q)
{
	*(char *)(uintptr_t)strchr(q->path, ' ') = '\0';
	for (unsigned i = 0; i < q->nheaders; i++) {
		char *name = (char *)(uintptr_t)q->headers[i].name, *end = strchr(name, ':');
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

/* Decimal digits alone, and no number that anybody sends. */
static int
take_length(struct http_reader *r, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 15 || strspn(text, "0123456789") != len)
		return 400;
	r->left = strtoull(text, NULL, 10);
	return 0;
}

/* How long is the body? (RFC 9112, 6.3) */
static int
take_framing(struct http_reader *r, bool old)
{
	const struct http_request *q = &r->request;
	const char *length = http_header(q, "content-length", 0);
	const char *coding = http_header(q, "transfer-encoding", 0);

	if (coding != NULL && (length != NULL || old))
		return 400;
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return 501;
	r->request.has_body = length != NULL || coding != NULL;
	r->chunked = coding != NULL;
	return length != NULL ? take_length(r, length) : 0;
}

static int
check_singles(const struct http_request *q)
{
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (http_header(q, single[i], 1) != NULL)
			return 400;
	return 0;
}

static int
take_verb(struct http_request *q, unsigned method)
{
	switch (method) {
	case HTTP_GET:
		q->verb = HTTP_V_GET;
		return 0;
	case HTTP_HEAD:
		q->verb = HTTP_V_HEAD;
		return 0;
	case HTTP_POST:
		q->verb = HTTP_V_POST;
		return 0;
	case HTTP_PUT:
		q->verb = HTTP_V_PUT;
		return 0;
	case HTTP_OPTIONS:
		q->verb = HTTP_V_OPTIONS;
		return 0;
	default:
		return 405;
	}
}

/* What the parts mean. 0, or a status. */
static int
take_meaning(struct http_reader *r, const http_parser *p)
{
	struct http_request *q = &r->request;
	const char *expect;
	int status;

	end_strings(q);
	if ((status = take_verb(q, p->method)) != 0 || (status = check_singles(q)) != 0 ||
	    (status = take_framing(r, p->http_minor == 0)) != 0)
		return status;
	if (split_target(q, (char *)(uintptr_t)q->path) < 0 ||
	    (http_header(q, "host", 0) == NULL && p->http_minor == 1))
		return 400;
	if ((expect = http_header(q, "expect", 0)) != NULL) {
		if (strcasecmp(expect, "100-continue") != 0)
			return 417;
		q->expects_continue = q->has_body && p->http_minor == 1;
	}
	q->keep_alive = p->http_minor == 1 ? !http_has_token(q, "connection", "close") :
	    http_has_token(q, "connection", "keep-alive");
	q->upgrade = p->http_minor == 1 && http_has_token(q, "connection", "upgrade") &&
	    http_header(q, "upgrade", 0) != NULL;
	return 0;
}

static enum http_result
split_head(struct http_reader *r)
{
	static const http_parser_settings settings = {
		.on_url = on_url, .on_header_field = on_field, .on_header_value = on_value,
		.on_headers_complete = on_head_end,
	};
	http_parser parser;
	int status;

	if ((status = check_head(r)) != 0)
		return broken(r, status);
	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = r;
	http_parser_execute(&parser, &settings, r->head, r->head_len);
	if (parser.http_errno == HPE_INVALID_METHOD)
		return broken(r, 501);
	if (parser.http_errno != HPE_OK || r->request.path == NULL)
		return broken(r, 400);
	if ((status = take_meaning(r, &parser)) != 0)
		return broken(r, status);
	r->state = HEAD_GIVEN;
	return HTTP_HEAD_DONE;
}

/* -- collecting ------------------------------------------------------------------------ */

/* Doubles a block up to `max`, wiping the old one. 0 or -ENOMEM. */
static int
grow(void **block, size_t len, size_t *cap, size_t min, size_t max)
{
	size_t more = *cap > 0 ? 2 * *cap : min;
	void *bigger;

	if (more > max)
		more = max;
	if ((bigger = malloc(more)) == NULL)
		return -ENOMEM;
	if (len > 0) {
		memcpy(bigger, *block, len);
		explicit_bzero(*block, len);
	}
	free(*block);
	*block = bigger;
	*cap = more;
	return 0;
}

static int
put_head(struct http_reader *r, char c)
{
	void *head = r->head;
	int rc = 0;

	if (r->head_len == r->head_cap) {
		rc = grow(&head, r->head_len, &r->head_cap, HEAD_MIN, HTTP_HEAD_MAX);
		r->head = head;
	}
	if (rc == 0)
		r->head[r->head_len++] = c;
	return rc;
}

/* Byte by byte, so that nothing behind the head is taken, and a line's end that is none is
 * found at once. */
static enum http_result
collect_head(struct http_reader *r, const uint8_t **at, size_t *len)
{
	char c, before;

	while (*len > 0) {
		if (r->head_len == HTTP_HEAD_MAX)
			return broken(r, memchr(r->head, '\n', r->head_len) == NULL ? 414 : 431);
		c = (char)**at;
		before = r->head_len > 0 ? r->head[r->head_len - 1] : '\0';
		if ((c == '\n') != (before == '\r'))
			return broken(r, 400);
		if (put_head(r, c) < 0)
			return broken(r, 503);
		(*at)++;
		(*len)--;
		if (c != '\n')
			continue;
		if (r->head_len == 2) {		/* an empty line before the request: one */
			if (r->empty_line)
				return broken(r, 400);
			r->empty_line = true;
			r->head_len = 0;
		} else if (r->head_len >= 4 && memcmp(r->head + r->head_len - 4, "\r\n\r\n", 4) == 0)
			return split_head(r);
	}
	return HTTP_MORE;
}

static enum http_result
begin_body(struct http_reader *r)
{
	struct http_request *q = &r->request;

	q->body = NULL;
	q->body_len = 0;
	if (r->chunked)
		r->state = IN_CHUNK_SIZE;
	else if (r->left > r->body_max)
		return broken(r, 413);
	else
		r->state = r->left > 0 ? IN_BODY : ALL_GIVEN;
	return r->state == ALL_GIVEN ? HTTP_ONE : HTTP_MORE;
}

/* Takes what there is of `left` bytes. 0, or a status. */
static int
take_body(struct http_reader *r, const uint8_t **at, size_t *len)
{
	size_t n = *len < r->left ? *len : (size_t)r->left;
	void *body = r->body;
	int rc = 0;

	if (n > r->body_max - r->body_len)
		return 413;
	while (rc == 0 && r->body_cap - r->body_len < n) {
		rc = grow(&body, r->body_len, &r->body_cap, BODY_MIN, r->body_max);
		r->body = body;
	}
	if (rc < 0)
		return 503;
	memcpy(r->body + r->body_len, *at, n);
	r->body_len += n;
	r->left -= n;
	*at += n;
	*len -= n;
	return 0;
}

/* One byte of what stands around the chunks. 0, or a status. */
static int
take_framing_byte(struct http_reader *r, uint8_t c)
{
	static const struct {
		char		expected;
		enum reading	next;
	} fixed[] = {
		[IN_CHUNK_SIZE_LF] = { '\n', IN_CHUNK },
		[IN_CHUNK_CR] = { '\r', IN_CHUNK_LF },
		[IN_CHUNK_LF] = { '\n', IN_CHUNK_SIZE },
		[IN_LAST_CR] = { '\r', IN_LAST_LF },
		[IN_LAST_LF] = { '\n', ALL_GIVEN },
	};
	int digit;

	if (r->state != IN_CHUNK_SIZE) {
		if (c != (uint8_t)fixed[r->state].expected)
			return 400;
		r->state = fixed[r->state].next;
		if (r->state == IN_CHUNK && r->left == 0)
			r->state = IN_LAST_CR;
		return 0;
	}
	if (c == '\r' && r->digits > 0) {
		r->digits = 0;
		r->state = IN_CHUNK_SIZE_LF;
		return r->left > r->body_max - r->body_len ? 413 : 0;
	}
	/* No extensions: nobody uses them but to hide something. */
	if ((digit = hex_digit(c)) < 0 || ++r->digits > CHUNK_DIGITS)
		return 400;
	r->left = (r->digits == 1 ? 0 : r->left << 4) | (unsigned)digit;
	return 0;
}

static enum http_result
collect_body(struct http_reader *r, const uint8_t **at, size_t *len)
{
	int status = 0;

	while (*len > 0 && r->state != ALL_GIVEN && status == 0) {
		if (r->state == IN_BODY || r->state == IN_CHUNK) {
			status = take_body(r, at, len);
			if (status == 0 && r->left == 0)
				r->state = r->state == IN_BODY ? ALL_GIVEN : IN_CHUNK_CR;
		} else {
			status = take_framing_byte(r, *(*at)++);
			(*len)--;
		}
	}
	if (status != 0)
		return broken(r, status);
	if (r->state != ALL_GIVEN)
		return HTTP_MORE;
	r->request.body = r->body;
	r->request.body_len = r->body_len;
	return HTTP_ONE;
}

enum http_result
http_read(struct http_reader *r, const uint8_t **at, size_t *len)
{
	enum http_result result;

	if (r->state == IN_HEAD)
		return collect_head(r, at, len);
	if (r->state == HEAD_GIVEN && (result = begin_body(r)) != HTTP_MORE)
		return result;
	return collect_body(r, at, len);
}

void
http_allow_body(struct http_reader *r, size_t max)
{
	r->body_max = max;
}

bool
http_begun(const struct http_reader *r)
{
	return r->head_len > 0;
}

void
http_reader_init(struct http_reader *r)
{
	*r = (struct http_reader){ 0 };
}

void
http_next(struct http_reader *r)
{
	http_reader_fini(r);
	http_reader_init(r);
}

void
http_reader_fini(struct http_reader *r)
{
	if (r->head != NULL)
		explicit_bzero(r->head, r->head_len);
	if (r->body != NULL)
		explicit_bzero(r->body, r->body_len);
	free(r->head);
	free(r->body);
}

/* -- asking a request ---------------------------------------------------------------------- */

const char *
http_header(const struct http_request *q, const char *name, unsigned i)
{
	for (unsigned k = 0; k < q->nheaders; k++)
		if (strcmp(q->headers[k].name, name) == 0 && i-- == 0)
			return q->headers[k].value;
	return NULL;
}

const char *
http_list_find(const char *list, const char *token)
{
	size_t len = strlen(token), n;
	const char *end;

	for (; *list != '\0'; list = end + (*end == ',')) {
		list += strspn(list, " \t");
		end = list + strcspn(list, ",");
		for (n = (size_t)(end - list); n > 0 && strchr(" \t", list[n - 1]) != NULL; n--)
			;
		if (n == len && strncasecmp(list, token, n) == 0)
			return list;
	}
	return NULL;
}

bool
http_has_token(const struct http_request *q, const char *name, const char *token)
{
	const char *value;

	for (unsigned i = 0; (value = http_header(q, name, i)) != NULL; i++)
		if (http_list_find(value, token) != NULL)
			return true;
	return false;
}

/* The value of name=value in a list; the same for queries and cookies. */
static int
find_pair(const char *list, char separator, const char *name, char *out, size_t cap)
{
	const char ends[] = { separator, '\0' };
	const char *at = list, *end;
	size_t n = strlen(name), len;
	int found = -ENOENT;

	for (; *at != '\0'; at = end + (*end == separator)) {
		at += strspn(at, " ");
		end = at + strcspn(at, ends);
		if ((size_t)(end - at) <= n || strncmp(at, name, n) != 0 || at[n] != '=')
			continue;
		len = (size_t)(end - at) - n - 1;
		if (found >= 0 || len >= cap)
			return -EINVAL;
		memcpy(out, at + n + 1, len);
		out[len] = '\0';
		found = (int)len;
	}
	return found;
}

int
http_query(const struct http_request *q, const char *name, char *out, size_t cap)
{
	int rc = find_pair(q->query, '&', name, out, cap);

	if (rc < 0)
		return rc;
	return percent_decode(out, true, NULL) < 0 ? -EINVAL : (int)strlen(out);
}

int
http_cookie(const struct http_request *q, const char *name, char *out, size_t cap)
{
	const char *cookies = http_header(q, "cookie", 0);

	return cookies == NULL ? -ENOENT : find_pair(cookies, ';', name, out, cap);
}

const char *
http_reason(int status)
{
	static const struct {
		int		 status;
		const char	*reason;
	} reasons[] = {
		{ 200, "OK" }, { 204, "No Content" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 408, "Request Timeout" },
		{ 409, "Conflict" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" }, { 417, "Expectation Failed" },
		{ 421, "Misdirected Request" }, { 426, "Upgrade Required" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}
