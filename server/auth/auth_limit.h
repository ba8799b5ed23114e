/*
 * auth_limit.h - how often a login may fail.
 *
 * Failures count for (address, name), so that strangers lock nobody out, and more
 * loosely for the address alone. Each is forgiven after AUTH_LIMIT_MS / limit: `limit`
 * failures may come at once, then one in that time.
 *
 * Shape  A fixed table, 8 places a bucket; the one that is forgiven first makes room.
 *        So many names tried once each do not push out one that was tried often.
 *        Keys are made with a random secret: nobody can choose two that meet.
 * Who    the auth role, in its own memory: with several, each counts for itself.
 */
#ifndef KITH_SERVER_AUTH_LIMIT_H
#define KITH_SERVER_AUTH_LIMIT_H

#include <stdint.h>

#define AUTH_LIMIT_MS	(5u * 60u * 1000u)

struct auth_limit;

struct auth_limit *auth_limit_create(void);	/* NULL with errno; yours, free with auth_limit_destroy() */
void		auth_limit_destroy(struct auth_limit *l);

/* What failures are counted for. `name` is prepared, or NULL: the address alone. Never 0. */
uint64_t	auth_limit_key(const struct auth_limit *l, const uint8_t address[16], const char *name);

/* 0: another try is allowed. Otherwise in how many milliseconds it will be. `limit` 0: always. */
uint32_t	auth_limit_wait(struct auth_limit *l, uint64_t key, unsigned limit, uint64_t now_ms);

/* A failure, and its taking back. */
void		auth_limit_add(struct auth_limit *l, uint64_t key, unsigned limit, uint64_t now_ms);
void		auth_limit_forgive(struct auth_limit *l, uint64_t key, unsigned limit, uint64_t now_ms);

#endif
