/*
 * fan_link.h - kith-fan's client: a connection to any door that costs next to
 * nothing to receive by, and the same at each.
 *
 * Frames are found by their heads and handed out where they lie in the read
 * buffer; nothing else is looked at. Opening, logging in and asking wait for
 * the server; once fan_link_watch() was called nothing does.
 *
 * Trust  The server is one's own: its key is not compared.
 */
#ifndef KITH_TESTS_FAN_LINK_H
#define KITH_TESTS_FAN_LINK_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "client-cli/libkith/kith.h"

enum fan_door { FAN_NATIVE, FAN_WS_PB, FAN_WS_JSON, FAN_DOORS };

extern const char *const fan_door_names[FAN_DOORS];

struct fan_link;

/* A Reply as it travels, without its frame; valid until the hook returns. */
typedef void	(*fan_reply_fn)(struct fan_link *l, const uint8_t *body,
	    size_t len);

struct fan_link {
	enum fan_door	 door;
	int		 fd;
	SSL		*ssl;		/* NULL: plain */
	/* the begin of a frame whose rest has not come */
	uint8_t		*kept;
	size_t		 nkept;
	fan_reply_fn	 reply;
};

/* Connects, and greets. 0 or a negative errno; fan_link_close() in either
 * case. */
int	fan_link_open(struct fan_link *l, const struct kith_url *to,
	    enum fan_door door);
void	fan_link_close(struct fan_link *l);

/* Sends a request. 0 or a negative errno. */
int	fan_link_send(struct fan_link *l, const Kith__V1__Request *r);

/* Sends a request and waits for its answer: NULL (errno; EPROTO for a refusal,
 * which is printed), or yours: kith__v1__reply__free_unpacked(). What comes
 * before it goes to l->reply, if set. */
Kith__V1__Reply	*fan_link_ask(struct fan_link *l, Kith__V1__Request *r);

/* A body as l->reply gets it. NULL, or yours as above. */
Kith__V1__Reply	*fan_link_parse(const struct fan_link *l, const uint8_t *body,
	    size_t len);

/* From here on nothing waits; `epoll` gets l as data. 0 or a negative errno. */
int	fan_link_watch(struct fan_link *l, int epoll);

/* Reads what is there, and gives each whole Reply to l->reply. 0, -EAGAIN
 * (nothing), or another negative errno: the connection has ended. */
int	fan_link_read(struct fan_link *l);

#endif
