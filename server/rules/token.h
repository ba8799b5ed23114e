/*
 * token.h - random secrets that stand for a login or an invitation.
 *
 * A secret is `bytes` random bytes, shown as base64url without padding. Only the
 * SHA-256 of the bytes is kept: whoever reads the database can log in nowhere.
 */
#ifndef KITH_SERVER_TOKEN_H
#define KITH_SERVER_TOKEN_H

#include <stdint.h>

#include "protocol/limits.h"

#define TOKEN_INVITE_BYTES	16u	/* 22 characters, to be read out in a URL */
#define TOKEN_HASH_BYTES	32u

/* Makes one of `bytes`, TOKEN_BYTES at most. 0 or -errno of getrandom(). */
int	token_make(unsigned bytes, char text[TOKEN_CHARS + 1], uint8_t hash[TOKEN_HASH_BYTES]);

/* The hash of a secret of `bytes` that was shown as `text`. 0, or -EINVAL: token_make()
 * does not write this. */
int	token_hash(unsigned bytes, const char *text, uint8_t hash[TOKEN_HASH_BYTES]);

#endif
