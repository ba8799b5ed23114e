/*
 * name.h - names of users and groups: one spelling each, and look-alikes.
 *
 * name_prepare() is a narrower PRECIS UsernameCaseMapped (RFC 8265, 8264). What
 * PRECIS allows only in a context (joiners, middle dots) is refused. Of ASCII
 * punctuation only '-', '_' and '.' are allowed, singly and between other
 * characters. Scripts mix only as in UTS 39, "highly restrictive" (Latin with
 * Han and kana, bopomofo or hangul). So a name never begins like '@', '#' or an
 * option, and has no blank, no ',' and no invisible character.
 *
 * Lock   None; any role. ICU's tables are opened at the first name that needs
 *        them.
 * Trust  `in` is any bytes.
 */
#ifndef KITH_SERVER_NAME_H
#define KITH_SERVER_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/limits.h"

/* Bytes of a skeleton, with its NUL: NAME_CHARS_MAX characters, each of which
 * looks like six others. */
#define NAME_SKELETON_MAX	(6u * NAME_BYTES_MAX + 1u)

/* Lower case, NFC, 1 to NAME_CHARS_MAX code points. 0, -EINVAL or
 * -ENAMETOOLONG. Preparing a prepared name gives the same bytes. */
int	name_prepare(const char *in, size_t len, char out[NAME_BYTES_MAX + 1]);

/* For people: what name_prepare() has against `in`, where it said -EINVAL. The
 * text has no control characters. */
#define NAME_WHY_MAX	96u
void	name_explain(const char *in, size_t len, char out[NAME_WHY_MAX]);

/* Prepared names that look alike have the same skeleton (UTS 39, then case
 * folded: "b0b" is like "bob", "userl" like "user1" and "rn" like "m"). For
 * comparing and storing, never for showing. 0, or -EINVAL (over `cap` bytes
 * with the NUL). */
int	name_skeleton(const char *prepared, char *out, size_t cap);

/* Free text that is safe in one line of a terminal: UTF-8 without control
 * characters, line separators or direction marks. */
bool	name_is_line(const char *text, size_t len);

/* A user's name that nobody may register: it, or a look-alike, could speak for
 * the server, or means a group of people. kith-protocol(7) has the list. */
bool	name_reserved(const char *prepared);

#endif
