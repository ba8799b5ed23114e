/*
 * fingerprint.c - the form of a fingerprint.
 */
#include "protocol/fingerprint.h"

#include <string.h>

#include "protocol/base/base64.h"

#define HASH_BYTES	32u		/* of SHA-256 */

bool
fingerprint_valid(const char *s)
{
	static const char prefix[] = "SHA256:";
	const char *hash = s + sizeof(prefix) - 1;

	return strncmp(s, prefix, sizeof(prefix) - 1) == 0 &&
	    strlen(hash) == BASE64URL_CHARS(HASH_BYTES) && base64url_is(hash, strlen(hash));
}
