/*
 * ws.h - a connection after its upgrade to WebSocket (RFC 6455), from door_ws.c. Worker only.
 *
 * wslay reads frames and answers pings and closes; what goes out as events is framed once
 * for all connections of the door (door.h, wrap) and needs no mask. Text is checked as UTF-8
 * while it comes, fragments are put together up to the frame limit, nothing is compressed.
 * Close codes: 1000 Logout, 1001 we stop, 1002 and 1007 and 1009 as the RFC says, 1003 for the other kind
 * of frame than the subprotocol's, 1008 for all that Closing says by its code, 1013 busy.
 */
#ifndef KITH_SERVER_WS_H
#define KITH_SERVER_WS_H

#include <wslay/wslay.h>

#include "protocol/limits.h"

struct ws {
	wslay_event_context_ptr	 ctx;
	char			 token[TOKEN_CHARS + 1];	/* the handshake's cookie, or "" */
	const uint8_t		*at;		/* input at hand, borrowed for one door input() */
	size_t			 len;
};

#endif
