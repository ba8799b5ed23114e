/*
 * auth_limit.h - how often a login may fail.
 *
 * Failures count for (address, name), so that strangers lock nobody out, and
 * more loosely for the address alone. Leaky bucket: a burst of `limit`
 * failures, then one more per AUTH_LIMIT_MS / limit.
 *
 * Shape  A fixed table, 8 places a bucket. A new key takes the place that is
 *        forgiven first, so many names tried once each do not push out one
 *        that was tried often. Keys are hashed with a random secret: nobody
 *        can choose two that collide.
 * Who    The auth role, in its own memory. With several, each counts for
 *        itself.
 */
#ifndef KITH_SERVER_AUTH_LIMIT_H
#define KITH_SERVER_AUTH_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define AUTH_LIMIT_MS		(5u * 60u * 1000u)
#define AUTH_LIMIT_ADDRESS	10u	/* times `limit`, for an address */

struct auth_limit;

/* NULL with errno. Yours, free with auth_limit_destroy(). */
struct auth_limit *auth_limit_create(void);
void		auth_limit_destroy(struct auth_limit *l);

/* Loopback, or no address (a Unix socket): all users of this machine share it,
 * so it is not limited alone. */
bool		auth_limit_is_local(const uint8_t address[16]);

/* What failures are counted for; never 0. `name` is prepared, or NULL for the
 * address alone. */
uint64_t	auth_limit_key(const struct auth_limit *l,
		    const uint8_t address[16], const char *name);

/* Milliseconds until another try is allowed; 0: now. `limit` 0: always. */
uint32_t	auth_limit_wait(struct auth_limit *l, uint64_t key,
		    unsigned limit, uint64_t now_ms);

/* Counts a failure, or takes it back. */
void		auth_limit_add(struct auth_limit *l, uint64_t key,
		    unsigned limit, uint64_t now_ms);
void		auth_limit_forgive(struct auth_limit *l, uint64_t key,
		    unsigned limit, uint64_t now_ms);

#endif
