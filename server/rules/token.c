/*
 * token.c - random bytes, base64url (RFC 4648, 5), SHA-256.
 */
#include "server/rules/token.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

_Static_assert((TOKEN_BYTES * 8 + 5) / 6 == TOKEN_CHARS, "base64url of a token");

static void
encode(const uint8_t *raw, unsigned bytes, char *text)
{
	unsigned have = 0;
	uint32_t bits = 0;

	for (unsigned i = 0; i < bytes; i++) {
		bits = bits << 8 | raw[i];
		for (have += 8; have >= 6; have -= 6)
			*text++ = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*text++ = digits[bits << (6 - have) & 63];
	*text = '\0';
}

/* Bits left over must be 0, so that one secret has one text. */
static int
decode(const char *text, unsigned bytes, uint8_t *raw)
{
	unsigned have = 0, got = 0;
	uint32_t bits = 0;

	if (strlen(text) != (bytes * 8 + 5) / 6)
		return -EINVAL;
	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, *text);

		if (digit == NULL)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if ((have += 6) >= 8)
			raw[got++] = (uint8_t)(bits >> (have -= 8));
	}
	return (bits & ((1u << have) - 1)) != 0 ? -EINVAL : 0;
}

static int
digest(const uint8_t *raw, unsigned bytes, uint8_t hash[TOKEN_HASH_BYTES])
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
	if ((rc = digest(raw, bytes, hash)) == 0)
		encode(raw, bytes, text);
	explicit_bzero(raw, sizeof(raw));
	return rc;
}

int
token_hash(unsigned bytes, const char *text, uint8_t hash[TOKEN_HASH_BYTES])
{
	uint8_t raw[TOKEN_BYTES];
	int rc = -EINVAL;

	if (bytes > 0 && bytes <= sizeof(raw) && (rc = decode(text, bytes, raw)) == 0)
		rc = digest(raw, bytes, hash);
	explicit_bzero(raw, sizeof(raw));
	return rc;
}
