/* base64.c - base64 of RFC 4648. */
#include "protocol/base/base64.h"

#include <errno.h>

/* 62 characters, and the last two of section 4 or 5. */
#define BASE64_COMMON	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char base64_plain[] = BASE64_COMMON "+/", base64_url[] = BASE64_COMMON "-_";

static size_t
base64_print(const char *digits, const uint8_t *raw, size_t len, char *text)
{
	unsigned have = 0;
	uint32_t bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | raw[i];
		for (have += 8; have >= 6; have -= 6)
			text[n++] = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		text[n++] = digits[bits << (6 - have) & 63];
	text[n] = '\0';
	return n;
}

size_t
base64_encode(const uint8_t *raw, size_t len, char *text)
{
	size_t n = base64_print(base64_plain, raw, len, text);

	while (n % 4 != 0)
		text[n++] = '=';
	text[n] = '\0';
	return n;
}

size_t
base64url_encode(const uint8_t *raw, size_t len, char *text)
{
	return base64_print(base64_url, raw, len, text);
}

static int
base64_digit(enum base64_form form, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || (c == '+' && form == BASE64_ANY))
		return 62;
	return c == '_' || (c == '/' && form == BASE64_ANY) ? 63 : -1;
}

bool
base64url_is(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (base64_digit(BASE64_URL, text[i]) < 0)
			return false;
	return true;
}

ssize_t
base64_decode(enum base64_form form, const char *text, size_t len, uint8_t *raw, size_t cap)
{
	unsigned have = 0;
	uint32_t bits = 0;
	size_t n = 0;
	int digit;

	for (size_t i = 0; form == BASE64_ANY && i < 2; i++) {
		if (len == 0 || (len + i) % 4 != 0 || text[len - 1] != '=')
			break;
		len--;
	}
	if (len % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if ((digit = base64_digit(form, text[i])) < 0)
			return -EINVAL;
		bits = (bits << 6 | (unsigned)digit) & 0xfff;
		if ((have += 6) < 8)
			continue;
		have -= 8;
		if (n == cap)
			return -ENOBUFS;
		raw[n++] = (uint8_t)(bits >> have);
	}
	return bits & ((1u << have) - 1) ? -EINVAL : (ssize_t)n;
}
