/*
 * password_text.h - one spelling for each password: RFC 8265, OpaqueString.
 *
 * The same letters may come in several forms (composed on one keyboard,
 * decomposed on another). Before it is hashed or compared, a password is
 * brought into NFC, and spaces outside ASCII become U+0020. ASCII stays as it
 * is. Case and width are kept.
 *
 * Who    The auth role, for every password, wherever it came from.
 * Trust  `in` is UTF-8 of a client.
 */
#ifndef KITH_SERVER_PASSWORD_TEXT_H
#define KITH_SERVER_PASSWORD_TEXT_H

#include <stdbool.h>

#include "protocol/limits.h"

/* `fresh`: one that is set, not one to compare. 0; -EINVAL: not UTF-8, or a
 * fresh one with control characters; -E2BIG: over PASSWORD_BYTES_MAX; -ENOMEM.
 * `out` is a secret, and empty after a failure. */
int	password_text_prepare(const char *in, bool fresh,
	    char out[PASSWORD_BYTES_MAX + 1]);

#endif
