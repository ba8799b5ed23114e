/*
 * door_native.c - the native door (protobuf frames), and the list of doors.
 */
#include <string.h>

#include "conn.h"
#include "door.h"
#include "protocol/frame.h"
#include "shm/stats.h"
#include "worker.h"

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
	const uint8_t *body;
	uint32_t body_len;

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
}

static void
native_send(struct conn *c, const uint8_t *reply, uint32_t len, bool live)
{
	static uint8_t frame[FRAME_HEADER_BYTES + FRAME_BYTES_MAX];

	if (len > FRAME_BYTES_MAX)
		return;
	frame_put_header(frame, len);
	memcpy(frame + FRAME_HEADER_BYTES, reply, len);
	if (live)
		conn_queue_live(c, frame, FRAME_HEADER_BYTES + len);
	else
		conn_queue(c, frame, FRAME_HEADER_BYTES + len);
}

const struct door_ops door_native = {
	.name = "native",
	.alpn = "kith/1",
	.recognise = native_recognise,
	.input = native_input,
	.send = native_send,
};

static const struct door_ops *const doors[] = { &door_native };

const struct door_ops *
door_by_byte(uint8_t first)
{
	size_t i;

	for (i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		if (doors[i]->recognise(first))
			return doors[i];
	return NULL;
}

const struct door_ops *
door_by_alpn(const char *alpn)
{
	size_t i;

	for (i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		if (strcmp(doors[i]->alpn, alpn) == 0)
			return doors[i];
	return NULL;
}
