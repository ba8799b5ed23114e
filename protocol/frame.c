/* frame.c - length-prefixed framing, fed any number of bytes at a time. */
#include "protocol/frame.h"

#include "protocol/limits.h"

#define BUFFER_MIN	256u		/* the first block, also of a shorter frame */

void
frame_reader_init(struct frame_reader *r, uint32_t max)
{
	*r = (struct frame_reader){ .max = max };
}

void
frame_reader_fini(struct frame_reader *r)
{
	wipebuf_fini(&r->buf);
	r->done = 0;
}

/* Moves input behind what is pending, until `whole` bytes are. */
static int
frame_take(struct frame_reader *r, size_t whole, const uint8_t **data, size_t *size)
{
	size_t n = whole - r->buf.len;

	if (n > *size)
		n = *size;
	if (n == 0)
		return 0;
	if (wipebuf_append(&r->buf, *data, n, whole > BUFFER_MIN ? whole : BUFFER_MIN) < 0)
		return -1;
	*data += n;
	*size -= n;
	return 0;
}

static uint32_t
frame_length(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Takes input to the end of a frame and no further: so the buffer never holds two, and
 * a change of `max` applies from the next frame on. A broken header stays pending, so the
 * reader returns the same again. */
enum frame_result
frame_read(struct frame_reader *r, const uint8_t **data, size_t *size,
    const uint8_t **body, uint32_t *len)
{
	size_t whole;

	if (r->done > 0)
		wipebuf_clear(&r->buf);
	r->done = 0;
	if (r->buf.len < FRAME_HEADER_BYTES) {
		if (frame_take(r, FRAME_HEADER_BYTES, data, size) < 0)
			return FRAME_NO_MEMORY;
		if (r->buf.len == 0)
			wipebuf_fini(&r->buf);
		if (r->buf.len < FRAME_HEADER_BYTES)
			return FRAME_MORE;
	}
	*len = frame_length(r->buf.data);
	if (*len == 0)
		return FRAME_BROKEN_ZERO;
	if (*len > r->max)
		return FRAME_BROKEN_SIZE;
	whole = FRAME_HEADER_BYTES + (size_t)*len;
	if (frame_take(r, whole, data, size) < 0)
		return FRAME_NO_MEMORY;
	if (r->buf.len < whole)
		return FRAME_MORE;
	*body = r->buf.data + FRAME_HEADER_BYTES;
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
