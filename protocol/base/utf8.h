/*
 * utf8.h - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing
 * over U+10FFFF.
 */
#ifndef KITH_PROTOCOL_BASE_UTF8_H
#define KITH_PROTOCOL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the first character of `s` into *c. Returns its length in bytes; 0 if
 * it is malformed or cut short, or `len` is 0. NUL is a character. */
size_t	utf8_decode(const char *s, size_t len, uint32_t *c);

/* Well-formed, and no NUL. */
bool	utf8_valid(const char *s, size_t len);

/* No text to anybody who reads it: empty, or only characters that Unicode calls
 * White_Space or Default_Ignorable_Code_Point, and U+2800. A message, a name of
 * a hook: whatever must not be empty must not be blank. `s` is valid. */
bool	utf8_is_blank(const char *s, size_t len);

/* Text that comes in pieces; they may be cut inside a character. */
struct utf8_state {		/* all zero: before the first byte */
	uint8_t	left;		/* missing bytes of the last character */
	uint8_t	low, high;	/* range of the next of them */
};

/* False: malformed. NUL is a character. */
bool	utf8_feed(struct utf8_state *u, const uint8_t *bytes, size_t len);

/* The text does not end inside a character. */
bool	utf8_complete(const struct utf8_state *u);

#endif
