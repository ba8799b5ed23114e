/*
 * base64.h - base64 of RFC 4648.
 */
#ifndef KITH_PROTOCOL_BASE_BASE64_H
#define KITH_PROTOCOL_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Characters of `n` bytes: padded, and without padding. */
#define BASE64_CHARS(n)		(((n) + 2) / 3 * 4)
#define BASE64URL_CHARS(n)	(((n) * 8 + 5) / 6)

enum base64_form {
	BASE64_URL,			/* section 5, without padding */
	BASE64_ANY			/* sections 4 and 5, padded or not */
};

/* Section 4, padded; `text` gets a NUL, too. Returns the length. */
size_t	base64_encode(const uint8_t *raw, size_t len, char *text);

/* Section 5, without padding; `text` gets a NUL, too. Returns the length. */
size_t	base64url_encode(const uint8_t *raw, size_t len, char *text);

/* Only characters of section 5? */
bool	base64url_is(const char *text, size_t len);

/* Returns the number of bytes. -EINVAL: not of this form, or left-over bits
 * are not 0, so that one value has one text. -ENOBUFS: over `cap` bytes. On
 * errors `raw` is undefined. */
ssize_t	base64_decode(enum base64_form form, const char *text, size_t len,
	    uint8_t *raw, size_t cap);

#endif
