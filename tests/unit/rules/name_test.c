/* name_test.c - promises of server/rules/name.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/utf8.h"
#include "server/rules/name.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define TEN		"0123456789"

/* out NULL: refused. */
static const struct {
	const char	*what, *in, *out;
} names[] = {
	{ "plain", "alice", "alice" },
	{ "one character", "a", "a" },
	{ "upper case", "ALICE", "alice" },
	{ "digits", "42", "42" },
	{ "separators", "a.b-c_d", "a.b-c_d" },
	{ "32 characters", TEN TEN TEN "ab", TEN TEN TEN "ab" },
	{ "33 characters", TEN TEN TEN "abc", NULL },
	{ "leading separator", "-alice", NULL },
	{ "trailing separator", "alice.", NULL },
	{ "two separators", "a.-b", NULL },
	{ "separator alone", "_", NULL },
	{ "blank", "al ice", NULL },
	{ "leading blank", " alice", NULL },
	{ "tab", "al\tice", NULL },
	{ "newline", "alice\n", NULL },
	{ "escape", "\x1b[31m", NULL },
	{ "delete", "a\x7f", NULL },
	{ "at", "@alice", NULL },
	{ "hash", "#alice", NULL },
	{ "comma", "alice,bob", NULL },
	{ "colon", "alice:", NULL },
	{ "slash", "a/b", NULL },
	{ "plus", "a+b", NULL },
	{ "quote", "o'neil", NULL },

	{ "composed", "zo\u00eb", "zo\u00eb" },
	{ "decomposed", "zoe\u0308", "zo\u00eb" },
	{ "upper case with mark", "ZO\u00cb", "zo\u00eb" },
	{ "sharp s", "stra\u00dfe", "stra\u00dfe" },
	{ "final sigma", "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2" },
	{ "fullwidth", "\uff41\uff2c\uff29ce", "alice" },
	{ "fullwidth low line", "a\uff3fb", "a_b" },
	{ "fullwidth at", "\uff20a", NULL },
	{ "halfwidth katakana", "\uff76\uff85", "\u30ab\u30ca" },
	{ "Han, kana and Latin", "\u5c71\u7530\u306e\u30abx", "\u5c71\u7530\u306e\u30abx" },
	{ "hangul", "\ud55c\uad6d", "\ud55c\uad6d" },
	{ "hangul from jamo", "\u1112\u1161\u11ab", "\ud55c" },
	{ "old jamo", "\u1112\u1161\ua972", NULL },
	{ "Cyrillic", "\u041c\u0438\u0448\u0430", "\u043c\u0438\u0448\u0430" },
	{ "Greek", "\u03bd\u03af\u03ba\u03b7", "\u03bd\u03af\u03ba\u03b7" },
	{ "Devanagari", "\u0930\u093e\u092e", "\u0930\u093e\u092e" },
	{ "outside the BMP", "\U00020000", "\U00020000" },

	{ "Cyrillic in Latin", "\u0430lice", NULL },
	{ "Greek in Latin", "alic\u03b5", NULL },
	{ "Cyrillic and Han", "\u043c\u5c71", NULL },
	{ "digits of two scripts", "\u0661\u0967", NULL },
	{ "zero-width space", "al\u200bice", NULL },
	{ "zero-width joiner", "al\u200dice", NULL },
	{ "zero-width non-joiner", "al\u200cice", NULL },
	{ "word joiner", "al\u2060ice", NULL },
	{ "byte order mark", "\ufeff" "alice", NULL },
	{ "soft hyphen", "al\u00adice", NULL },
	{ "small capital", "\u1d00lice", NULL },
	{ "Latin alpha", "\u0251lice", NULL },
	{ "combining grapheme joiner", "a\u034f" "b", NULL },
	{ "hangul filler", "\u3164", NULL },
	{ "variation selector", "a\ufe0f", NULL },
	{ "tag", "a\U000e0061", NULL },
	{ "right-to-left override", "\u202e" "ecila", NULL },
	{ "left-to-right mark", "alice\u200e", NULL },
	{ "isolate", "\u2066" "alice\u2069", NULL },
	{ "no-break space", "a\u00a0b", NULL },
	{ "ideographic space", "a\u3000b", NULL },
	{ "line separator", "a\u2028b", NULL },
	{ "C1 control", "a\xc2\x9b", NULL },
	{ "middle dot", "a\u00b7b", NULL },
	{ "katakana middle dot", "\u30ab\u30fb\u30ab", NULL },
	{ "tatweel", "\u0645\u0640\u0645", NULL },
	{ "ligature", "\ufb01n", NULL },
	{ "superscript", "a\u00b2", NULL },
	{ "Roman numeral", "\u2163", NULL },
	{ "mathematical letter", "\U0001d41a", NULL },
	{ "emoji", "\U0001f600", NULL },
	{ "dash", "a\u2013b", NULL },
	{ "currency", "\u20ac", NULL },
	{ "private use", "\ue000", NULL },
	{ "unassigned", "\u0378", NULL },
	{ "noncharacter", "\ufdd0", NULL },
	{ "leading mark", "\u0301" "a", NULL },
	{ "mark after a separator", "a.\u0301b", NULL },
	{ "four marks", "x\u0323\u0331\u0330\u032d", "x\u0323\u0331\u0330\u032d" },
	{ "five marks", "x\u0323\u0331\u0330\u032d\u0324", NULL },
	{ "the same mark twice", "x\u0301\u0301", NULL },

	{ "Hebrew", "\u05d3\u05d5\u05d3", "\u05d3\u05d5\u05d3" },
	{ "Hebrew and digits", "\u05d3\u05d5\u05d3" "42", "\u05d3\u05d5\u05d3" "42" },
	{ "digits, then Hebrew", "42\u05d3", NULL },
	{ "Hebrew in Latin", "a\u05d3", NULL },
	{ "Arabic", "\u0639\u0644\u064a", "\u0639\u0644\u064a" },
	{ "Arabic and Arabic digits", "\u0639\u0661", "\u0639\u0661" },
	{ "two kinds of digits", "\u0639\u0661" "1", NULL },

	{ "overlong", "a\xc0\xaf", NULL },
	{ "cut off", "a\xe2\x82", NULL },
	{ "surrogate", "\xed\xa0\x80", NULL },
	{ "stray byte", "\x80", NULL },
	{ "above Unicode", "\xf4\x90\x80\x80", NULL },
};

static void
names_are_prepared_or_refused(void **state)
{
	char out[NAME_BYTES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		int rc = name_prepare(names[i].in, strlen(names[i].in), out);

		if ((rc == 0) != (names[i].out != NULL) ||
		    (rc == 0 && strcmp(out, names[i].out) != 0))
			fail_msg("%s: %d \"%s\"", names[i].what, rc, out);
	}
}

static void
lengths_are_bounded(void **state)
{
	char in[4 * NAME_BYTES_MAX], out[NAME_BYTES_MAX + 1];

	(void)state;
	assert_int_equal(name_prepare("", 0, out), -EINVAL);
	assert_int_equal(name_prepare("a\0b", 3, out), -EINVAL);
	assert_int_equal(name_prepare("\u00e4\0", 3, out), -EINVAL);
	for (size_t i = 0; i < NAME_CHARS_MAX; i++)
		memcpy(in + 4 * i, "\U00020000", 4);
	assert_int_equal(name_prepare(in, 4 * NAME_CHARS_MAX, out), 0);
	assert_int_equal(strlen(out), NAME_BYTES_MAX);
	assert_int_equal(name_prepare(in, 4 * NAME_CHARS_MAX - 4, out), 0);
	memset(in, 'a', sizeof(in));
	for (size_t len = NAME_CHARS_MAX; len < sizeof(in); len++)
		assert_int_equal(name_prepare(in, len, out),
		    len > NAME_CHARS_MAX ? -ENAMETOOLONG : 0);
	memcpy(in, "\u00e4", 2);
	assert_int_equal(name_prepare(in, NAME_CHARS_MAX + 1, out), 0);
	assert_int_equal(name_prepare(in, NAME_CHARS_MAX + 2, out), -ENAMETOOLONG);
}

static uint32_t
random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static size_t
put_utf8(char *p, uint32_t c)
{
	if (c < 0x80)
		return p[0] = (char)c, 1;
	if (c < 0x800) {
		p[0] = (char)(0xc0 | c >> 6);
		p[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	p[0] = (char)(0xe0 | c >> 12);
	p[1] = (char)(0x80 | (c >> 6 & 0x3f));
	p[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* Characters of one block, so that many strings pass the rule about scripts. */
static size_t
random_name(char *in, uint32_t *seed)
{
	static const struct {
		uint16_t first, count;
	} blocks[] = {
		{ 0x20, 0x60 }, { 0xc0, 0x180 }, { 0x370, 0x90 }, { 0x400, 0x100 },
		{ 0x531, 0x60 }, { 0x5d0, 0x20 }, { 0x620, 0x60 }, { 0x905, 0x60 },
		{ 0x1e00, 0x100 }, { 0x1f00, 0x100 }, { 0x3040, 0xc0 }, { 0x4e00, 0x1000 },
		{ 0xac00, 0x1000 }, { 0xff00, 0xf0 }, { 0x300, 0x70 },
	};
	size_t block = random_next(seed) % COUNT(blocks);
	size_t n = 1 + random_next(seed) % 12, len = 0;

	for (size_t i = 0; i < n; i++) {
		size_t b = random_next(seed) % 8 ? block : random_next(seed) % COUNT(blocks);

		len += put_utf8(in + len, blocks[b].first + random_next(seed) % blocks[b].count);
	}
	return len;
}

static void
prepared_names_stay_as_they_are(void **state)
{
	char in[64], out[NAME_BYTES_MAX + 1], again[NAME_BYTES_MAX + 1];
	char like[NAME_SKELETON_MAX];
	uint32_t seed = 20240229;
	unsigned good = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		size_t len = random_name(in, &seed);

		if (name_prepare(in, len, out) < 0)
			continue;
		good++;
		assert_true(utf8_valid(out, strlen(out)));
		assert_int_equal(name_prepare(out, strlen(out), again), 0);
		assert_string_equal(out, again);
		assert_int_equal(name_skeleton(out, like, sizeof(like)), 0);
	}
	assert_true(good > 10000);
}

static void
random_bytes_are_borne(void **state)
{
	char in[NAME_BYTES_MAX], out[NAME_BYTES_MAX + 1];
	uint32_t seed = 77;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = random_next(&seed) % (sizeof(in) + 1);

		for (size_t k = 0; k < len; k++)
			in[k] = (char)random_next(&seed);
		if (name_prepare(in, len, out) == 0)
			assert_true(utf8_valid(out, strlen(out)));
	}
}

/* The short way for ASCII says what the long one would: a mapped character in the
 * name sends it down the long one. */
static void
both_ways_agree(void **state)
{
	char in[NAME_BYTES_MAX], out[NAME_BYTES_MAX + 1], wide_out[NAME_BYTES_MAX + 1];
	uint32_t seed = 4711;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = random_next(&seed) % 36;
		int rc;

		for (size_t k = 0; k < len; k++)
			in[k] = "abXY09.-_ @"[random_next(&seed) % (i % 2 ? 11 : 9)];
		in[len] = 'q';
		rc = name_prepare(in, len + 1, out);
		memcpy(in + len, "\uff51", 3);
		assert_int_equal(name_prepare(in, len + 3, wide_out), rc);
		if (rc == 0)
			assert_string_equal(out, wide_out);
	}
}

static void
skeleton(const char *name, char like[NAME_SKELETON_MAX])
{
	char out[NAME_BYTES_MAX + 1];

	assert_int_equal(name_prepare(name, strlen(name), out), 0);
	assert_int_equal(name_skeleton(out, like, NAME_SKELETON_MAX), 0);
}

static void
look_alikes_share_a_skeleton(void **state)
{
	static const char *const pairs[][2] = {
		{ "user1", "userl" }, { "b0b", "bob" }, { "tom", "torn" },
		{ "alice", "ALICE" }, { "alice", "\uff41lice" },
		{ "cope", "\u0441\u043e\u0440\u0435" },		/* all Cyrillic */
		{ "alice", "\u0430\u04cf\u0456\u0441\u0435" },	/* with a palochka */
		{ "o", "\u03bf" },				/* Greek */
		{ "s\u0131r", "sir" },				/* without its dot */
	};
	char a[NAME_SKELETON_MAX], b[NAME_SKELETON_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		skeleton(pairs[i][0], a);
		skeleton(pairs[i][1], b);
		if (strcmp(a, b) != 0)
			fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
	}
}

static void
others_do_not(void **state)
{
	static const char *const pairs[][2] = {
		{ "alice", "alicia" }, { "bob", "rob" }, { "user1", "user2" },
		{ "a-b", "a_b" }, { "zoe", "zo\u00eb" }, { "misha", "\u043c\u0438\u0448\u0430" },
	};
	char a[NAME_SKELETON_MAX], b[NAME_SKELETON_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		skeleton(pairs[i][0], a);
		skeleton(pairs[i][1], b);
		if (strcmp(a, b) == 0)
			fail_msg("%s and %s", pairs[i][0], pairs[i][1]);
	}
}

static void
skeleton_that_does_not_fit_is_refused(void **state)
{
	char like[NAME_SKELETON_MAX];

	(void)state;
	assert_int_equal(name_skeleton("alice", like, 5), -EINVAL);
	assert_int_equal(name_skeleton("alice", like, 6), 0);
}

static void
reserved_by_look(void **state)
{
	static const char *const taken[] = {
		"admin", "everyone", "server", "adrnin", "kith", "a\uff44min", "1obby",
		"a11", "system", "root", "r00t", "superuser", "webmaster", "m0d",
	};
	static const char *const free_names[] = { "alice", "kithy", "administrators", "roots" };
	char out[NAME_BYTES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		assert_int_equal(name_prepare(taken[i], strlen(taken[i]), out), 0);
		if (!name_reserved(out))
			fail_msg("%s", taken[i]);
	}
	for (size_t i = 0; i < COUNT(free_names); i++)
		assert_false(name_reserved(free_names[i]));
}

/* A person learns what to change. */
static void
refusals_are_explained(void **state)
{
	static const struct { const char *name, *why; } rows[] = {
		{ "\u0130smail", "not allowed: \u0130 (U+0130)" },
		{ "jo\u0130", "not allowed: \u0130 (U+0130)" },
		{ "a b", "has a space" }, { "a\u3000b", "has a space" }, { "tab\there", "has a space" },
		{ "@alice", "not allowed: @ (U+0040)" }, { "bob!", "not allowed: ! (U+0021)" },
		{ "caf\u00e9\u2026", "not allowed: \u2026 (U+2026)" },
		{ "smile\U0001f600", "not allowed: \U0001f600 (U+1F600)" },
		{ "zero\u200bwidth", "not allowed: U+200B" }, { "bell\a", "not allowed: U+0007" },
		{ "left\u202e", "not allowed: U+202E" },
		{ ".dot", "begins or ends" }, { "dot.", "begins or ends" }, { "a..b", "in a row" },
		{ "a-_b", "in a row" }, { "-", "begins or ends" }, { "", "empty" },
		{ "p\u0430ul", "different scripts" },	/* a Cyrillic a */
		{ "\u03b1lpha", "different scripts" },
	};
	char out[NAME_BYTES_MAX + 1], why[NAME_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].name);

		assert_int_equal(name_prepare(rows[i].name, len, out), -EINVAL);
		name_explain(rows[i].name, len, why);
		if (strstr(why, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].name, why);
		assert_true(name_is_line(why, strlen(why)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_prepared_or_refused),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(prepared_names_stay_as_they_are),
		cmocka_unit_test(random_bytes_are_borne),
		cmocka_unit_test(both_ways_agree),
		cmocka_unit_test(look_alikes_share_a_skeleton),
		cmocka_unit_test(others_do_not),
		cmocka_unit_test(skeleton_that_does_not_fit_is_refused),
		cmocka_unit_test(reserved_by_look),
		cmocka_unit_test(refusals_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
