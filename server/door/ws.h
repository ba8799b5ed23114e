/*
 * ws.h - a connection after its upgrade to WebSocket (RFC 6455): what door_ws.c and
 * web_upgrade.c share. Worker only.
 *
 * What comes in is read by ws_reader.h; what goes out is framed once for all connections of
 * the door (door.h, wrap) and needs no mask. Nothing is compressed.
 */
#ifndef KITH_SERVER_WS_H
#define KITH_SERVER_WS_H

#include <stdint.h>

#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"
#include "server/door/ws_reader.h"

struct conn;

#define WS_HEAD_MAX	10u		/* of a frame to a client */

struct ws {
	struct ws_reader	reader;
	char			token[TOKEN_CHARS + 1];	/* the handshake's cookie, until the
							 * login is over; or "" */
};

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2): 28 characters. */
void	ws_accept_key(const char *key, char out[29]);

/* The head of an unmasked frame in one piece, WS_HEAD_MAX at most; its length. */
size_t	ws_put_head(uint8_t opcode, size_t len, uint8_t *out);

/* A LoginToken without a token means the cookie's: packs it so into `out`, which has
 * FRAME_BYTES_MAX_LOGIN; wipe it after use. Its length, or 0: it is no such request, or there
 * is no cookie. */
uint32_t ws_fill_token(const struct conn *c, const Kith__V1__Request *r, uint8_t *out);

#endif
