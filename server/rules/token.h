/*
 * token.h - random secrets: tokens of logins and secrets of invites.
 *
 * A secret is `bytes` random bytes, shown as base64url without padding. Only
 * the SHA-256 of the bytes is stored: reading the database is not enough to log
 * in.
 */
#ifndef KITH_SERVER_TOKEN_H
#define KITH_SERVER_TOKEN_H

#include <stdint.h>

#include "protocol/limits.h"

#define TOKEN_INVITE_BYTES	16u	/* 22 characters of a URL */
#define TOKEN_HASH_BYTES	32u

/* Makes a secret of `bytes`, at most TOKEN_BYTES. 0, or -errno. */
int	token_make(unsigned bytes, char text[TOKEN_CHARS + 1],
	    uint8_t hash[TOKEN_HASH_BYTES]);

/* Hashes a secret of `bytes` that was shown as `text`. 0, or -EINVAL:
 * token_make() makes no such text. */
int	token_hash(unsigned bytes, const char *text,
	    uint8_t hash[TOKEN_HASH_BYTES]);

#endif
