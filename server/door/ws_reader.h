/*
 * ws_reader.h - the frames of a WebSocket client (RFC 6455, 5), fed any number
 * of bytes at a time: messages and control frames come out. Worker only; no
 * I/O, no clock.
 *
 * wslay takes the frames apart. What they mean together is checked here, and
 * not by wslay's message layer, which checks a close frame's reason again with
 * each piece of it, lets a close frame of one byte pass, keeps each fragment by
 * itself without wiping it, and reads on while input rests.
 *
 * Refused   1002: a frame without mask, with reserved bits, an unknown opcode,
 *           or a length not in its shortest form; a control frame in fragments
 *           or over 125 bytes; a fragment out of place; a close frame of one
 *           byte, or with a code that may not be sent. 1003: the other kind of
 *           message. 1007: text that is not UTF-8, at its first wrong byte.
 *           1009: a message over `max`, at the head of the frame that would
 *           make it so.
 * Memory    A message has one buffer, at most twice what came of it, and never
 *           over `max` (or 256). wslay holds up to 4 KiB of input while a frame
 *           is incomplete or was not asked for. Between frames there is only
 *           the struct.
 */
#ifndef KITH_SERVER_WS_READER_H
#define KITH_SERVER_WS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wslay/wslay.h>

#include "protocol/base/utf8.h"

#define WS_CONTROL_MAX	125u		/* bytes in a control frame */

struct ws_reader {
	/* Of the frame at hand. */
	wslay_frame_context_ptr	 frames;	/* NULL: no byte of it came */
	const uint8_t		*at;		/* input, during ws_read() */
	size_t			 len;
	size_t			 unused;	/* bytes that wslay took, of no
						 * whole frame yet */
	uint32_t		 left;		/* bytes of the payload */
	uint8_t			 control_len;
	uint8_t			 control[WS_CONTROL_MAX];
	/* Of the message at hand. */
	enum wslay_opcode	 kind;		/* of all: text or binary */
	uint32_t		 max;		/* bytes allowed; may change */
	bool			 open;		/* more fragments follow */
	struct utf8_state	 text;		/* of what came of a text */
	uint8_t			*buf;		/* NULL: no byte yet */
	uint32_t		 buf_len, buf_size;
};

enum ws_result {
	WS_MORE,		/* all input was used */
	WS_MESSAGE,		/* *bytes, *len; the reader's, until
				 * ws_forget() */
	WS_PING,		/* *bytes, *len: for the pong; until the next
				 * call */
	WS_CLOSE,		/* *code: for the answer; 0: without one */
	WS_BROKEN,		/* *code: for the close frame; the stream is
				 * lost */
	WS_NO_MEMORY		/* the same, without a code */
};

struct ws_got {
	const uint8_t	*bytes;
	uint32_t	 len;
	uint16_t	 code;
};

/* kind: WSLAY_TEXT_FRAME or WSLAY_BINARY_FRAME. */
void		ws_reader_init(struct ws_reader *r, enum wslay_opcode kind,
		    uint32_t max);

/* Wipes and frees what is pending. */
void		ws_reader_fini(struct ws_reader *r);

/* Takes input from *data / *size, advancing both, perhaps beyond the frame that
 * it tells of: call it again, also with empty input, until WS_MORE. Pongs are
 * passed over. */
enum ws_result	ws_read(struct ws_reader *r, const uint8_t **data,
		    size_t *size, struct ws_got *got);

/* The message has been dealt with, and may have held a password: wipes it.
 * Before the next ws_read(). */
void		ws_forget(struct ws_reader *r);

#endif
