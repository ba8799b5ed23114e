/*
 * http.c - reads HTTP/1.1 requests: finds where a head and a body end.
 *
 * A head is collected in one block, and each line is checked as it ends (http_head.c). A body
 * has a length or is chunked; the lines around chunks may have one form only.
 */
#include "protocol/base/wipebuf.h"
#include "server/http/http_int.h"

#define CHUNK_DIGITS	8u		/* of a chunk's size; only attacks use more */

enum reading {
	IN_HEAD,
	HEAD_GIVEN,			/* HTTP_HEAD_DONE was returned */
	IN_BODY,			/* of known length: `left` bytes are missing */
	IN_CHUNK_SIZE, IN_CHUNK_SIZE_LF,
	IN_CHUNK, IN_CHUNK_CR, IN_CHUNK_LF,
	IN_LAST_CR, IN_LAST_LF,		/* the empty line after the last chunk; no trailers */
	ALL_GIVEN			/* HTTP_ONE was returned */
};

static enum http_result
broken(struct http_reader *r, int status)
{
	r->status = status;
	return HTTP_BROKEN;
}

/* -- the head ------------------------------------------------------------- */

static enum http_result
end_head(struct http_reader *r)
{
	int status = http_take_head(r);

	if (status != 0)
		return broken(r, status);
	r->state = HEAD_GIVEN;
	return HTTP_HEAD_DONE;
}

/* A CRLF has come. One empty line may come before the request line. */
static enum http_result
end_line(struct http_reader *r)
{
	const char *line = (const char *)r->head.data + r->line;
	size_t len = r->head.len - 2 - r->line;
	int status;

	if (len == 0 && r->lines > 0)
		return end_head(r);
	if (len == 0) {
		if (r->empty_line)
			return broken(r, 400);
		r->empty_line = true;
		r->head.len = 0;
		return HTTP_MORE;
	}
	status = r->lines == 0 ? http_check_request_line(line, len) :
	    http_check_header_line(line, len);
	if (status != 0)
		return broken(r, status);
	if (r->lines++ > HTTP_HEADERS_MAX)
		return broken(r, 431);
	r->line = r->head.len;
	return HTTP_MORE;
}

/* One byte. A CR or LF that is not part of a CRLF is refused here, before its line is checked. */
static enum http_result
take_head_byte(struct http_reader *r, char c)
{
	struct wipebuf *head = &r->head;
	char before = head->len > 0 ? (char)head->data[head->len - 1] : '\0';

	if ((c == '\n') != (before == '\r'))
		return broken(r, 400);
	if (head->len == HTTP_HEAD_MAX)
		return broken(r, r->lines == 0 ? 414 : 431);
	if (head->len == head->size && wipebuf_reserve(head, 1, HTTP_HEAD_MAX) < 0)
		return broken(r, 503);
	head->data[head->len++] = (uint8_t)c;
	return c == '\n' ? end_line(r) : HTTP_MORE;
}

/* Byte by byte, so that nothing after the head is taken. */
static enum http_result
collect_head(struct http_reader *r, const uint8_t **at, size_t *len)
{
	enum http_result result = HTTP_MORE;

	for (; *len > 0 && result == HTTP_MORE; (*at)++, (*len)--)
		result = take_head_byte(r, (char)**at);
	return result;
}

/* -- the body ------------------------------------------------------------- */

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

/* Takes at most `left` bytes; the caller has checked them against body_max. 0, or a status. */
static int
take_body_bytes(struct http_reader *r, const uint8_t **at, size_t *len)
{
	size_t n = *len < r->left ? *len : (size_t)r->left;

	if (wipebuf_append(&r->body, *at, n, r->body_max) < 0)
		return 503;
	r->left -= n;
	*at += n;
	*len -= n;
	return 0;
}

/* One byte of the lines around chunks. 0, or a status. */
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
		return r->left > r->body_max - r->body.len ? 413 : 0;
	}
	/* No chunk extensions: they are used for smuggling only. */
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
			status = take_body_bytes(r, at, len);
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
	r->request.body = r->body.data;
	r->request.body_len = r->body.len;
	return HTTP_ONE;
}

/* -- the reader ----------------------------------------------------------- */

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
	return r->head.len > 0;
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
	wipebuf_fini(&r->head);
	wipebuf_fini(&r->body);
}
