/*
 * ws.h - a connection after its upgrade to WebSocket (RFC 6455): what door_ws.c and
 * web_upgrade.c share. Worker only.
 *
 * wslay reads frames and answers pings and closes; what goes out otherwise is framed once
 * for all connections of the door (door.h, wrap) and needs no mask. Text is checked as UTF-8
 * while it comes, fragments are put together up to the frame limit, nothing is compressed.
 *
 * wslay reads up to 4 KiB ahead: messages that it finds there after the connection was
 * paused wait in `early`.
 */
#ifndef KITH_SERVER_WS_H
#define KITH_SERVER_WS_H

#include <stdbool.h>
#include <sys/queue.h>
#include <wslay/wslay.h>

#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"

struct conn;
struct ws_message;

#define WS_CLOSE_TRY_AGAIN	1013u	/* of IANA's registry; wslay has no name for it */

struct ws {
	wslay_event_context_ptr	 ctx;
	STAILQ_HEAD(, ws_message) early;
	const uint8_t		*at;		/* input at hand, borrowed for one input() */
	size_t			 len;
	char			 token[TOKEN_CHARS + 1];	/* the handshake's cookie, or "" */
};

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2): 28 characters. */
void	ws_accept_key(const char *key, char out[29]);

/* A LoginToken without a token means the cookie's: packs it so into `out`, which has
 * FRAME_BYTES_MAX_LOGIN; wipe it after use. Its length, or 0: it is no such request, or there
 * is no cookie. */
uint32_t ws_fill_token(const struct conn *c, const Kith__V1__Request *r, uint8_t *out);

#endif
