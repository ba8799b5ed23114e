/*
 * http.c - requests of HTTP/1.1, read strictly: where a head and a body end.
 *
 * A head is collected in one block, each line checked as it ends (http_head.c). A body is
 * taken by its length or by its chunks, whose lines have one form here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/http_int.h"

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

static enum http_result
broken(struct http_reader *r, int status)
{
	r->status = status;
	return HTTP_BROKEN;
}

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

/* -- the head -------------------------------------------------------------------------- */

static enum http_result
end_head(struct http_reader *r)
{
	int status = http_take_head(r);

	if (status != 0)
		return broken(r, status);
	r->state = HEAD_GIVEN;
	return HTTP_HEAD_DONE;
}

/* A CRLF is there. Before the request line it may stand alone, once. */
static enum http_result
end_line(struct http_reader *r)
{
	const char *line = r->head + r->line;
	size_t len = r->head_len - 2 - r->line;
	int status;

	if (len == 0 && r->lines > 0)
		return end_head(r);
	if (len == 0) {
		if (r->empty_line)
			return broken(r, 400);
		r->empty_line = true;
		r->head_len = 0;
		return HTTP_MORE;
	}
	status = r->lines == 0 ? http_check_request_line(line, len) :
	    http_check_header_line(line, len);
	if (status != 0)
		return broken(r, status);
	if (r->lines++ > HTTP_HEADERS_MAX)
		return broken(r, 431);
	r->line = r->head_len;
	return HTTP_MORE;
}

/* One byte. Whatever is no end of a line is found here, before a line is looked at. */
static enum http_result
take_head_byte(struct http_reader *r, char c)
{
	char before = r->head_len > 0 ? r->head[r->head_len - 1] : '\0';
	void *head = r->head;

	if ((c == '\n') != (before == '\r'))
		return broken(r, 400);
	if (r->head_len == HTTP_HEAD_MAX)
		return broken(r, r->lines == 0 ? 414 : 431);
	if (r->head_len == r->head_cap &&
	    grow(&head, r->head_len, &r->head_cap, HEAD_MIN, HTTP_HEAD_MAX) < 0)
		return broken(r, 503);
	r->head = head;
	r->head[r->head_len++] = c;
	return c == '\n' ? end_line(r) : HTTP_MORE;
}

/* Byte by byte, so that nothing behind the head is taken. */
static enum http_result
collect_head(struct http_reader *r, const uint8_t **at, size_t *len)
{
	enum http_result result = HTTP_MORE;

	for (; *len > 0 && result == HTTP_MORE; (*at)++, (*len)--)
		result = take_head_byte(r, (char)**at);
	return result;
}

/* -- the body -------------------------------------------------------------------------- */

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

/* Takes what there is of `left` bytes, which are allowed. 0, or a status. */
static int
take_body(struct http_reader *r, const uint8_t **at, size_t *len)
{
	size_t n = *len < r->left ? *len : (size_t)r->left;
	void *body = r->body;
	int rc = 0;

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
	if ((digit = http_hex_digit(c)) < 0 || ++r->digits > CHUNK_DIGITS)
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

/* -- the reader ------------------------------------------------------------------------ */

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

bool
http_allow_body(struct http_reader *r, size_t max)
{
	r->body_max = max;
	return r->left <= max;
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
