/* base64_test.c - promises of protocol/base/base64.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/base64.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* RFC 4648, section 10, and the digits in which the alphabets differ. */
static const struct {
	const char	*raw, *padded, *url;
} known[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+", "-__-" },
};

static void
texts_of_the_standard(void **state)
{
	uint8_t raw[16];
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		const uint8_t *bytes = (const uint8_t *)known[i].raw;
		size_t len = strlen(known[i].raw);

		assert_int_equal(base64_encode(bytes, len, text), BASE64_CHARS(len));
		assert_string_equal(text, known[i].padded);
		assert_int_equal(base64_decode(BASE64_ANY, text, strlen(text), raw, len), len);
		assert_memory_equal(raw, bytes, len);
		assert_int_equal(base64url_encode(bytes, len, text), BASE64URL_CHARS(len));
		assert_string_equal(text, known[i].url);
		assert_int_equal(base64_decode(BASE64_ANY, text, strlen(text), raw, len), len);
		assert_memory_equal(raw, bytes, len);
		assert_int_equal(base64_decode(BASE64_URL, text, strlen(text), raw, len), len);
		assert_memory_equal(raw, bytes, len);
	}
}

static void
other_texts_are_refused(void **state)
{
	static const struct {
		const char	*text;
		ssize_t		 any, url;
	} table[] = {
		{ "A", -EINVAL, -EINVAL },
		{ "AAAAA", -EINVAL, -EINVAL },
		{ "AB", -EINVAL, -EINVAL },		/* bits left over */
		{ "AAB", -EINVAL, -EINVAL },
		{ "AA", 1, 1 },
		{ "AA=", -EINVAL, -EINVAL },		/* half padded */
		{ "AA==", 1, -EINVAL },
		{ "AAA=", 2, -EINVAL },
		{ "AAAA=", -EINVAL, -EINVAL },
		{ "AAAA====", -EINVAL, -EINVAL },
		{ "A===", -EINVAL, -EINVAL },
		{ "====", -EINVAL, -EINVAL },
		{ "AA=A", -EINVAL, -EINVAL },
		{ "AA A", -EINVAL, -EINVAL },
		{ "AA\nA", -EINVAL, -EINVAL },
		{ "A\xc3\xa4" "A", -EINVAL, -EINVAL },
		{ "+/+/", 3, -EINVAL },
		{ "-_-_", 3, 3 },
		{ "-/-/", 3, -EINVAL },
	};
	uint8_t raw[8];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t len = strlen(table[i].text);

		assert_int_equal(base64_decode(BASE64_ANY, table[i].text, len, raw, sizeof(raw)),
		    table[i].any);
		assert_int_equal(base64_decode(BASE64_URL, table[i].text, len, raw, sizeof(raw)),
		    table[i].url);
	}
}

static void
over_cap_is_told_and_not_written(void **state)
{
	uint8_t raw[4] = { 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(base64_decode(BASE64_URL, "____", 4, raw, 2), -ENOBUFS);
	assert_int_equal(raw[2], 3);
	assert_int_equal(base64_decode(BASE64_URL, "____", 4, raw, 3), 3);
	assert_int_equal(raw[3], 4);
	assert_int_equal(base64_decode(BASE64_URL, "", 0, raw, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_the_standard),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(over_cap_is_told_and_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
