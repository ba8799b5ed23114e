/* utf8.c - UTF-8 as RFC 3629 has it. */
#include "protocol/base/utf8.h"

#include <string.h>

/* The byte after `first`, which has a narrower range where an overlong form, a
 * surrogate or a number over U+10FFFF would begin (Unicode, table 3-7). */
static uint8_t
utf8_low(uint8_t first)
{
	return first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
}

static uint8_t
utf8_high(uint8_t first)
{
	return first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
}

/* Bytes of a character that begins with `first`, or 0 if none does. */
static size_t
utf8_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t
utf8_decode(const char *s, size_t len, uint32_t *c)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t n;

	if (len == 0 || (n = utf8_length(p[0])) == 0 || n > len)
		return 0;
	if (n == 1) {
		*c = p[0];
		return 1;
	}
	if (p[1] < utf8_low(p[0]) || p[1] > utf8_high(p[0]))
		return 0;
	*c = (uint32_t)(p[0] & (0x7f >> n)) << 6 | (p[1] & 0x3f);
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	return n;
}

/* Unicode 15: White_Space, Default_Ignorable_Code_Point; and the blank of Braille. */
static bool
is_unseen(uint32_t c)
{
	static const struct { uint32_t first, last; } unseen[] = {
		{ 0x09, 0x0d }, { 0x20, 0x20 }, { 0x85, 0x85 }, { 0xa0, 0xa0 }, { 0xad, 0xad },
		{ 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x1680, 0x1680 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x2000, 0x200f }, { 0x2028, 0x202f },
		{ 0x205f, 0x206f }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfff8 },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return true;
	return false;
}

bool
utf8_is_blank(const char *s, size_t len)
{
	const char *end = s + len;
	uint32_t c;
	size_t n;

	for (; s < end; s += n)
		if ((n = utf8_decode(s, (size_t)(end - s), &c)) == 0 || !is_unseen(c))
			return false;
	return true;
}

bool
utf8_valid(const char *s, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	const char *end = s + len;
	uint64_t word;
	uint32_t c;
	size_t n;

	while (s < end) {
		/* Eight bytes at a time while none is over 0x7f or NUL: with all
		 * top bits clear, a byte borrows in the subtraction only if it or
		 * one below it is 0. */
		if (end - s >= 8) {
			memcpy(&word, s, 8);
			if (((word | (word - ones)) & tops) == 0) {
				s += 8;
				continue;
			}
		}
		if ((n = utf8_decode(s, (size_t)(end - s), &c)) == 0 || c == 0)
			return false;
		s += n;
	}
	return true;
}

static bool
utf8_feed_byte(struct utf8_state *u, uint8_t byte)
{
	size_t n;

	if (u->left > 0) {
		if (byte < u->low || byte > u->high)
			return false;
		u->left--;
		u->low = 0x80;
		u->high = 0xbf;
		return true;
	}
	if ((n = utf8_length(byte)) == 0)
		return false;
	u->left = (uint8_t)(n - 1);
	u->low = utf8_low(byte);
	u->high = utf8_high(byte);
	return true;
}

bool
utf8_feed(struct utf8_state *u, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!utf8_feed_byte(u, bytes[i]))
			return false;
	return true;
}

bool
utf8_complete(const struct utf8_state *u)
{
	return u->left == 0;
}
