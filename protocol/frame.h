/*
 * frame.h - length-prefixed framing, fed any number of bytes at a time.
 *
 * A frame is a 4-byte big-endian length, 1 to `max`, and that many bytes.
 *
 * Memory  The reader owns one buffer: at most `max` + 4 bytes (or 256), and at
 *         most twice what the peer has sent of the current frame. It is wiped
 *         and freed when nothing is pending: an idle connection costs only the
 *         struct.
 */
#ifndef KITH_PROTOCOL_FRAME_H
#define KITH_PROTOCOL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/base/wipebuf.h"

struct frame_reader {
	struct wipebuf	 buf;		/* pending, with the header */
	size_t		 done;		/* returned; the next call drops them */
	uint32_t	 max;		/* of a body; may change per frame */
};

enum frame_result {
	FRAME_MORE,			/* all input taken, no whole frame */
	FRAME_ONE,			/* *body and *len are a frame */
	/* The stream is lost. */
	FRAME_BROKEN_ZERO,		/* length 0 */
	FRAME_BROKEN_SIZE,		/* over max; no body read */
	FRAME_NO_MEMORY
};

void	frame_reader_init(struct frame_reader *r, uint32_t max);

/* Wipes and frees what is pending. */
void	frame_reader_fini(struct frame_reader *r);

/* Takes input from *data / *size, advancing both, until a frame is whole, and
 * nothing after it. *body is the reader's own copy, valid until the next call.
 * Call again with the rest of the input (it may be empty) until FRAME_MORE. */
enum frame_result frame_read(struct frame_reader *r, const uint8_t **data,
	    size_t *size, const uint8_t **body, uint32_t *len);

void	frame_put_header(uint8_t out[4], uint32_t len);

#endif
