/*
 * door_native.c - the native door: protobuf in frames.
 */
#include "server/door/door_native.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

/* The first byte of a length below 16 MiB; frames end at 64 KiB. */
static bool
native_recognise(uint8_t first)
{
	return first == 0;
}

static int
native_begin(struct conn *c, void **state)
{
	struct frame_reader *reader = malloc(sizeof(*reader));

	(void)c;
	if (reader == NULL)
		return -ENOMEM;
	frame_reader_init(reader, FRAME_BYTES_MAX_LOGIN);
	*state = reader;
	return 0;
}

static void
native_end(void *state)
{
	frame_reader_fini(state);
	free(state);
}

static void
native_logged_in(struct conn *c)
{
	struct frame_reader *reader = c->door_state;

	reader->max = FRAME_BYTES_MAX;
}

static void
native_input(struct conn *c, const uint8_t **at, size_t *len)
{
	struct frame_reader *reader = c->door_state;
	enum frame_result result;
	const uint8_t *body, *none = NULL;
	uint32_t body_len;
	size_t nothing = 0;

	while (c->state == CONN_OPEN && c->paused == 0) {
		result = frame_read(reader, at, len, &body, &body_len);
		if (result == FRAME_MORE)
			return;
		if (result != FRAME_ONE) {
			stats_add(c->w->p->stats, STAT_frames_bad, 1);
			conn_log_refused(c, "malformed frame");
			session_close(c,
			    result == FRAME_NO_MEMORY ? KITH_E_BUSY : KITH_E_BAD_FRAME);
			return;
		}
		session_request(c, body, body_len);
	}
	/* The frame is dealt with, and may have held a password: the reader gives it back. */
	frame_read(reader, &none, &nothing, &body, &body_len);
}

static size_t
native_wrap(struct wrapped *r, uint8_t *out)
{
	frame_put_header(out, r->len);
	memcpy(out + FRAME_HEADER_BYTES, r->reply, r->len);
	return FRAME_HEADER_BYTES + r->len;
}

const struct door_ops door_native = {
	.name = "native",
	.alpn = "kith/1",
	.beats = true,
	.recognise = native_recognise,
	.begin = native_begin,
	.end = native_end,
	.input = native_input,
	.logged_in = native_logged_in,
	.wrap = native_wrap,
};
