/*
 * web_upgrade.c - from HTTP to WebSocket: the opening handshake (RFC 6455, 4.2).
 */
#include <stdio.h>
#include <string.h>

#include "server/door/door_ws.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/session.h"

#define KEY_CHARS	24u		/* 16 bytes in base64 */
#define SUBPROTOCOLS	"kith.v1.json, kith.v1.pb"

/* 16 bytes in base64: 22 digits, the last with 2 bits only, and padding. */
static bool
key_ok(const char *key)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return key != NULL && strlen(key) == KEY_CHARS && strspn(key, digits) == KEY_CHARS - 2 &&
	    strchr("AQgw", key[KEY_CHARS - 3]) != NULL && strcmp(key + KEY_CHARS - 2, "==") == 0;
}

/* The first subprotocol of the client's list that we support. Unlike most HTTP tokens it is case
 * sensitive. */
static const struct door_ops *
choose_door(const struct http_request *r)
{
	static const struct door_ops *const websockets[] = { &door_ws_json, &door_ws_pb };
	const struct door_ops *chosen = NULL;
	const char *list, *at, *best, *name;

	for (unsigned i = 0; chosen == NULL &&
	    (list = http_header(r, "sec-websocket-protocol", i)) != NULL; i++) {
		best = NULL;
		for (unsigned d = 0; d < 2; d++) {
			name = websockets[d]->name;
			at = http_list_find(list, name);
			if (at != NULL && strncmp(at, name, strlen(name)) == 0 &&
			    (best == NULL || at < best)) {
				best = at;
				chosen = websockets[d];
			}
		}
	}
	return chosen;
}

static void
upgrade_to(struct conn *c, const struct http_request *r, const struct door_ops *door)
{
	char accept[29], token[TOKEN_CHARS + 1], answer[256];
	bool from_cookie;
	int n;

	door_ws_accept_key(http_header(r, "sec-websocket-key", 0), accept);
	if (!web_token(c, r, token, &from_cookie) || !from_cookie)
		*token = '\0';
	n = snprintf(answer, sizeof(answer), "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
	    "Sec-WebSocket-Protocol: %s\r\n\r\n", accept, door->name);
	conn_queue(c, answer, (size_t)n);
	/* A poll may have left its session here, and this client may be another one. */
	session_restart(c);
	if (door_enter(c, door) < 0)
		conn_kill(c);
	else
		door_ws_keep_token(c, token);
	explicit_bzero(token, sizeof(token));
}

void
web_upgrade(struct conn *c, const struct http_request *r)
{
	const char *version = http_header(r, "sec-websocket-version", 0);
	const struct door_ops *door;

	if (!r->upgrade || !http_has_token(r, "upgrade", "websocket"))
		web_refuse(c, 426, "this resource is a WebSocket: send an upgrade",
		    "Upgrade: websocket\r\n"
		    "Sec-WebSocket-Version: 13\r\n");
	else if (version == NULL || strcmp(version, "13") != 0)
		web_refuse(c, 426, "only WebSocket version 13 is supported",
		    "Upgrade: websocket\r\n"
		    "Sec-WebSocket-Version: 13\r\n");
	else if (!key_ok(http_header(r, "sec-websocket-key", 0)) ||
	    http_header(r, "sec-websocket-key", 1) != NULL || r->has_body)
		web_refuse(c, 400, "the WebSocket handshake is malformed", NULL);
	else if ((door = choose_door(r)) == NULL)
		web_refuse(c, 400, "offer one of the subprotocols " SUBPROTOCOLS, NULL);
	else
		upgrade_to(c, r, door);
}
