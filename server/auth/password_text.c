/*
 * password_text.c - one spelling for each password, by ICU.
 */
#include "server/auth/password_text.h"

#include <errno.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

/* UTF-16 units: NFC makes at most three of one (UAX 15). */
#define UNITS_MAX	(3u * PASSWORD_BYTES_MAX)

static bool
password_is_ascii(const char *in)
{
	while (*in != '\0' && (unsigned char)*in < 0x80)
		in++;
	return *in == '\0';
}

static bool
password_has_controls(const UChar *u, int32_t len)
{
	for (int32_t i = 0; i < len; i++)
		if (u_charType(u[i]) == U_CONTROL_CHAR)
			return true;
	return false;
}

/* All spaces are in the first plane: one unit each. */
static void
map_spaces(UChar *u, int32_t len)
{
	for (int32_t i = 0; i < len; i++)
		if (u_charType(u[i]) == U_SPACE_SEPARATOR)
			u[i] = ' ';
}

static int
normalize_password(UChar *from, int32_t len, UChar *to, char *out)
{
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&e);
	int32_t bytes = 0;

	map_spaces(from, len);
	len = unorm2_normalize(nfc, from, len, to, (int32_t)UNITS_MAX, &e);
	u_strToUTF8(out, PASSWORD_BYTES_MAX + 1, &bytes, to, len, &e);
	if (e == U_BUFFER_OVERFLOW_ERROR || bytes > (int32_t)PASSWORD_BYTES_MAX)
		return -E2BIG;
	return U_FAILURE(e) ? -ENOMEM : 0;
}

int
password_text_prepare(const char *in, bool fresh, char out[PASSWORD_BYTES_MAX + 1])
{
	UChar from[UNITS_MAX], to[UNITS_MAX];
	UErrorCode e = U_ZERO_ERROR;
	size_t bytes = strlen(in);
	int32_t len = 0;
	int rc = -E2BIG;

	out[0] = '\0';
	if (bytes > PASSWORD_BYTES_MAX)
		return rc;
	u_strFromUTF8(from, (int32_t)UNITS_MAX, &len, in, (int32_t)bytes, &e);
	if (U_FAILURE(e) || (fresh && password_has_controls(from, len)))
		rc = -EINVAL;
	else if (!password_is_ascii(in))
		rc = normalize_password(from, len, to, out);
	else {
		memcpy(out, in, bytes + 1);
		rc = 0;
	}
	if (rc < 0)
		explicit_bzero(out, PASSWORD_BYTES_MAX + 1);
	explicit_bzero(from, sizeof(from));
	explicit_bzero(to, sizeof(to));
	return rc;
}
