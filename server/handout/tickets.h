/*
 * tickets.h - the keys of TLS session tickets, shared by all workers.
 *
 * The master makes three random keys before the fork. Every TICKETS_ROTATE_MS
 * it puts a new one in front and drops the last. The first key encrypts; all
 * three decrypt, and a ticket of the older two is renewed. So a ticket is good
 * for 8 to 12 hours, at any worker, and survives a worker's death.
 */
#ifndef KITH_SERVER_TICKETS_H
#define KITH_SERVER_TICKETS_H

#include <stdint.h>

#include "server/handout/handout.h"

#define TICKETS_KEYS		3u
#define TICKETS_ROTATE_MS	(4u * 3600u * 1000u)

struct tickets_key {
	uint8_t	name[16];		/* in the ticket, in clear text */
	uint8_t	aes[32];		/* AES-256-CBC */
	uint8_t	hmac[32];		/* HMAC-SHA-256 */
};

/* Master, before any fork: makes the handout and three keys. 0 or -errno. */
int	tickets_create(struct handout *h);

/* Master: puts a new key in front. 0, or -errno, and nothing changed. */
int	tickets_rotate(struct handout *h);

/* Worker (p->tickets): copies all keys, newest first; wipe the copy after use.
 * 0, or -EAGAIN, -EBADF: do without a ticket. */
int	tickets_read(const struct handout *h,
	    struct tickets_key keys[TICKETS_KEYS]);

#endif
