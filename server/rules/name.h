/*
 * name.h - names of users and groups: one spelling each, and what looks alike.
 *
 * name_prepare() is PRECIS UsernameCaseMapped (RFC 8265, 8264) made narrower: what
 * PRECIS allows only in a context (joiners, middle dots) is refused; of ASCII
 * punctuation '-', '_' and '.' stand between other characters, singly; scripts
 * mix only as UTS 39 "highly restrictive" lets them (Latin with Han and kana,
 * bopomofo or hangul). So a name never begins like '@', '#' or an option, and
 * holds no blank, no ',' and no invisible character.
 *
 * Who    any role. No lock; ICU's tables are opened at the first name that needs them.
 * Trust  `in` is any bytes.
 */
#ifndef KITH_SERVER_NAME_H
#define KITH_SERVER_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/limits.h"

/* A skeleton's bytes, NUL included: those of NAME_CHARS_MAX characters that each
 * look like six others. */
#define NAME_SKELETON_MAX	(6u * NAME_BYTES_MAX + 1u)

/* Lower case, NFC, 1 to NAME_CHARS_MAX code points. 0 or -EINVAL. Preparing a
 * prepared name gives the same bytes. */
int	name_prepare(const char *in, size_t len, char out[NAME_BYTES_MAX + 1]);

/* Two prepared names that look alike have the same skeleton (UTS 39, then case
 * folded, so that "b0b" is like "bob", "userl" like "user1" and "rn" like "m").
 * It is compared and stored, never shown. 0, or -EINVAL (longer than `cap`, NUL included). */
int	name_skeleton(const char *prepared, char *out, size_t cap);

/* Free text that may end up in one line of somebody's terminal: UTF-8 without control
 * characters, separators of lines, or marks of direction. */
bool	name_is_line(const char *text, size_t len);

/* Nobody registers it: it, or one that looks like it, could speak for the
 * server, or is a word for many. Users' names only. */
bool	name_reserved(const char *prepared);

#endif
