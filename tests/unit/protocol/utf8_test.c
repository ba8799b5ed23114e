/* utf8_test.c - promises of protocol/base/utf8.h, against the definition, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/utf8.h"

/*
 * The definition turned round: a sequence is well formed if encoding what it
 * says gives the sequence again.
 */
static size_t
encode(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static int
is_scalar(uint32_t c)
{
	return c > 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

static void
check_decoded(const uint8_t *b, size_t n, uint32_t c)
{
	uint32_t got = 0;
	size_t len = utf8_decode((const char *)b, n, &got);

	if (c == 0 || is_scalar(c) ? len != n || got != c : len != 0)
		fail_msg("U+%04X decoded: %zu, U+%04X", (unsigned)c, len, (unsigned)got);
	if (n > 1 && utf8_decode((const char *)b, n - 1, &got) != 0)
		fail_msg("U+%04X decoded, cut", (unsigned)c);
}

/* In pieces of one byte, and whole. */
static void
check_fed(const uint8_t *b, size_t n, int fine)
{
	struct utf8_state whole = { 0 }, piece = { 0 };
	int ok = utf8_feed(&whole, b, n) && utf8_complete(&whole), at = 1;

	for (size_t i = 0; i < n && at; i++) {
		at = utf8_feed(&piece, b + i, 1);
		if (at && utf8_complete(&piece) != (i == n - 1))
			at = 0;
	}
	assert_int_equal(ok, fine);
	assert_int_equal(at, fine);
}

static void
every_scalar_value_and_only_those(void **state)
{
	uint8_t b[4];

	(void)state;
	for (uint32_t c = 0; c < 0x200000; c++) {
		size_t n = encode(c, b);

		if (utf8_valid((char *)b, n) != is_scalar(c))
			fail_msg("U+%04X", (unsigned)c);
		if (n > 1 && utf8_valid((char *)b, n - 1))
			fail_msg("U+%04X cut", (unsigned)c);
		check_decoded(b, n, c);
		check_fed(b, n, c == 0 || is_scalar(c));
	}
}

static bool
feeds(const uint8_t *b, size_t n)
{
	struct utf8_state u = { 0 };

	return utf8_feed(&u, b, n) && utf8_complete(&u);
}

/* How many pairs and triples of bytes are text: counted from the definition. */
static void
no_other_bytes(void **state)
{
	const uint32_t one = 0x7f, two = 0x800 - 0x80, three = 0x10000 - 0x800 - 0x800;
	uint32_t n[4] = { 0 };
	uint8_t b[3];

	(void)state;
	for (uint32_t i = 0; i < 1u << 24; i++) {
		b[0] = (uint8_t)(i >> 16), b[1] = (uint8_t)(i >> 8), b[2] = (uint8_t)i;
		if (i < 1u << 8)
			n[1] += utf8_valid((char *)b + 2, 1);
		if (i < 1u << 16)
			n[2] += utf8_valid((char *)b + 1, 2);
		n[3] += utf8_valid((char *)b, 3);
		if (b[0] != 0 && b[1] != 0 && b[2] != 0 &&
		    feeds(b, 3) != utf8_valid((char *)b, 3))
			fail_msg("%06X fed", (unsigned)i);
	}
	assert_int_equal(n[1], one);
	assert_int_equal(n[2], one * one + two);
	assert_int_equal(n[3], one * one * one + 2 * one * two + three);
}

/* Long text goes eight bytes at a time: a bad byte must be seen at any place. */
static void
at_any_place_of_long_text(void **state)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
		int		 ok;
	} pieces[] = {
		{ "\0", 1, 0 }, { "\x80", 1, 0 }, { "\xff", 1, 0 }, { "\xc0\x80", 2, 0 },
		{ "\xc3\xa4", 2, 1 }, { "\xe2\x82\xac", 3, 1 }, { "\xed\xa0\x80", 3, 0 },
		{ "\xf0\x9f\x98\x80", 4, 1 }, { "\xf4\x90\x80\x80", 4, 0 }, { "\x01\0\x01", 3, 0 },
		{ "\x01", 1, 1 }, { "\x7f", 1, 1 }, { "\x80\0", 2, 0 }, { "\0\x80", 2, 0 },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (size_t at = 0; at + pieces[i].len <= sizeof(text); at++) {
			memset(text, 'x', sizeof(text));
			memcpy(text + at, pieces[i].bytes, pieces[i].len);
			assert_int_equal(utf8_valid(text, sizeof(text)), pieces[i].ok);
			assert_int_equal(utf8_valid(text, at + pieces[i].len), pieces[i].ok);
		}
	}
	assert_true(utf8_valid(text, 0));
}

static void
white_space_of_any_width_is_blank(void **state)
{
	static const char *const blank[] = {
		"", " ", "\t", "\n", "\r\n", "\v\f", "\xc2\x85", "\u00a0", "\u1680", "\u2000\u200a",
		"\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff",
		"\u00ad", "\u180e", "\u200d", "\u200f\u200f", "\u2061", "\u202e", "\u2800\u2800",
		"\u3164", "\uffa0", "\ufe0f", "\U000e0041",
	}, *const text[] = {
		"x", ".", "  x", "x  ", "\u3000\U0001f600", "\xc2\x84", "\u3001", "\x01", "\x1b",
		"\u2801", "a\u200d", "\u115e", "\u1161", "\u2070", "\ufff9", "\U000e1000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++)
		if (!utf8_is_blank(blank[i], strlen(blank[i])))
			fail_msg("blank %zu", i);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (utf8_is_blank(text[i], strlen(text[i])))
			fail_msg("text %zu", i);
	assert_false(utf8_is_blank(" \0", 2));
	assert_false(utf8_is_blank(" \xe3\x80", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scalar_value_and_only_those),
		cmocka_unit_test(no_other_bytes),
		cmocka_unit_test(at_any_place_of_long_text),
		cmocka_unit_test(white_space_of_any_width_is_blank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
