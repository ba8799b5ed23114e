/*
 * door_native.c - the native door: protobuf in frames.
 */
#include <string.h>

#include "protocol/frame.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

/* The first byte of a length below 16 MiB; longer frames than 64 KiB there are none. */
static bool
native_recognise(uint8_t first)
{
	return first == 0;
}

static void
native_input(struct conn *c, const uint8_t **at, size_t *len)
{
	enum frame_result result;
	const uint8_t *body, *none = NULL;
	uint32_t body_len;
	size_t nothing = 0;

	while (c->state == CONN_OPEN && c->paused == 0) {
		result = frame_read(&c->reader, at, len, &body, &body_len);
		if (result == FRAME_MORE)
			return;
		if (result != FRAME_ONE) {
			stats_add(c->w->p->stats, STAT_frames_bad, 1);
			conn_close(c, result == FRAME_NO_MEMORY ? KITH_E_BUSY : KITH_E_BAD_FRAME);
			return;
		}
		session_request(c, body, body_len);
	}
	/* The frame is dealt with, and may have held a password: the reader gives it back. */
	frame_read(&c->reader, &none, &nothing, &body, &body_len);
}

static size_t
native_wrap(struct worker *w, const uint8_t *reply, uint32_t len, uint8_t *out)
{
	(void)w;
	frame_put_header(out, len);
	memcpy(out + FRAME_HEADER_BYTES, reply, len);
	return FRAME_HEADER_BYTES + len;
}

const struct door_ops door_native = {
	.id = DOOR_NATIVE,
	.name = "native",
	.alpn = "kith/1",
	.beats = true,
	.recognise = native_recognise,
	.input = native_input,
	.wrap = native_wrap,
};
