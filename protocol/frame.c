/* frame.c - length-prefixed framing, fed any number of bytes at a time. */
#include "protocol/frame.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"

#define BUFFER_MIN	256u		/* holds most requests without growing */

void
frame_reader_init(struct frame_reader *r, uint32_t max)
{
	*r = (struct frame_reader){ .max = max };
}

/* Frames may hold passwords, so no freed byte keeps them. */
static void
release(struct frame_reader *r)
{
	if (r->buf == NULL)
		return;
	explicit_bzero(r->buf, r->size);
	free(r->buf);
	r->buf = NULL;
	r->size = r->len = r->done = 0;
}

void
frame_reader_fini(struct frame_reader *r)
{
	release(r);
}

int
frame_reader_idle(const struct frame_reader *r)
{
	return r->buf == NULL;
}

/* Makes room for `need` bytes of a frame that will have `whole`. Doubles, so that
 * a peer pins no more than twice what it has sent, whatever length it
 * announced. Not realloc(), which would leave an unwiped copy behind. */
static int
grow(struct frame_reader *r, size_t need, size_t whole)
{
	size_t size = r->size == 0 ? BUFFER_MIN : r->size;
	uint8_t *buf;

	while (size < need)
		size *= 2;
	if (size > whole && whole > BUFFER_MIN)
		size = whole;
	if ((buf = malloc(size)) == NULL)
		return -1;
	if (r->len > 0) {
		memcpy(buf, r->buf, r->len);
		explicit_bzero(r->buf, r->size);
	}
	free(r->buf);
	r->buf = buf;
	r->size = size;
	return 0;
}

/* Moves input behind what is pending, until `whole` bytes are. */
static int
take(struct frame_reader *r, size_t whole, const uint8_t **data, size_t *size)
{
	size_t n = whole - r->len;

	if (n > *size)
		n = *size;
	if (n == 0)
		return 0;
	if (r->len + n > r->size && grow(r, r->len + n, whole) < 0)
		return -1;
	memcpy(r->buf + r->len, *data, n);
	r->len += n;
	*data += n;
	*size -= n;
	return 0;
}

static uint32_t
get_header(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Takes input to the end of a frame and no further, so the buffer never holds
 * two, and a change of `max` applies from the next frame on. A broken header stays
 * pending: the reader says the same again. */
enum frame_result
frame_read(struct frame_reader *r, const uint8_t **data, size_t *size,
    const uint8_t **body, uint32_t *len)
{
	size_t whole;

	if (r->done > 0)
		r->len = r->done = 0;
	if (r->len < FRAME_HEADER_BYTES) {
		if (take(r, FRAME_HEADER_BYTES, data, size) < 0)
			return FRAME_NO_MEMORY;
		if (r->len == 0)
			release(r);
		if (r->len < FRAME_HEADER_BYTES)
			return FRAME_MORE;
	}
	*len = get_header(r->buf);
	if (*len == 0)
		return FRAME_BROKEN_ZERO;
	if (*len > r->max)
		return FRAME_BROKEN_SIZE;
	whole = FRAME_HEADER_BYTES + (size_t)*len;
	if (take(r, whole, data, size) < 0)
		return FRAME_NO_MEMORY;
	if (r->len < whole)
		return FRAME_MORE;
	*body = r->buf + FRAME_HEADER_BYTES;
	r->done = whole;
	return FRAME_ONE;
}

void
frame_put_header(uint8_t out[4], uint32_t len)
{
	out[0] = (uint8_t)(len >> 24);
	out[1] = (uint8_t)(len >> 16);
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)len;
}
