/*
 * door_ws.h - the WebSocket doors (RFC 6455): JSON in text frames, protobuf in
 * binary ones. A connection comes by them with an upgrade at the HTTP door.
 *
 * Input is read by ws_reader.h. Output is framed once for all connections of
 * the door (wrapped.h) and needs no mask. Nothing is compressed.
 */
#ifndef KITH_SERVER_DOOR_WS_H
#define KITH_SERVER_DOOR_WS_H

#include <stddef.h>
#include <stdint.h>

struct conn;
struct door_ops;

#define DOOR_WS_HEAD_MAX	10u	/* of a frame to a client */

extern const struct door_ops door_ws_json, door_ws_pb;

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key of 24 characters (RFC 6455,
 * 4.2.2): 28 characters. */
void	door_ws_accept_key(const char *key, char out[29]);

/* The token of the handshake's cookie, for a LoginToken that has none; copied,
 * and kept until a login succeeds. The connection comes by one of the doors. */
void	door_ws_keep_token(struct conn *c, const char *token);

/* The head of an unmasked frame in one piece, DOOR_WS_HEAD_MAX at most; its
 * length. */
size_t	door_ws_put_head(uint8_t opcode, size_t len, uint8_t *out);

#endif
