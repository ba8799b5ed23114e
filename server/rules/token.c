/*
 * token.c - makes and reads random secrets.
 */
#include "server/rules/token.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "protocol/base/base64.h"

_Static_assert(BASE64URL_CHARS(TOKEN_BYTES) == TOKEN_CHARS, "base64url of a token");

static int
token_digest(const uint8_t *raw, unsigned bytes, uint8_t hash[TOKEN_HASH_BYTES])
{
	return EVP_Digest(raw, bytes, hash, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

int
token_make(unsigned bytes, char text[TOKEN_CHARS + 1], uint8_t hash[TOKEN_HASH_BYTES])
{
	uint8_t raw[TOKEN_BYTES];
	int rc;

	if (bytes == 0 || bytes > sizeof(raw))
		return -EINVAL;
	/* Up to 256 bytes are never cut short by a signal. */
	if (getrandom(raw, bytes, 0) != (ssize_t)bytes)
		return -errno;
	if ((rc = token_digest(raw, bytes, hash)) == 0)
		base64url_encode(raw, bytes, text);
	explicit_bzero(raw, sizeof(raw));
	return rc;
}

int
token_hash(unsigned bytes, const char *text, uint8_t hash[TOKEN_HASH_BYTES])
{
	uint8_t raw[TOKEN_BYTES];
	int rc = -EINVAL;

	if (bytes > 0 && bytes <= sizeof(raw) &&
	    base64_decode(BASE64_URL, text, strlen(text), raw, sizeof(raw)) == bytes)
		rc = token_digest(raw, bytes, hash);
	explicit_bzero(raw, sizeof(raw));
	return rc;
}
