/* token_test.c - promises of server/rules/token.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/rules/token.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
what_is_made_is_read(void **state)
{
	uint8_t made[TOKEN_HASH_BYTES], read[TOKEN_HASH_BYTES];
	char text[TOKEN_CHARS + 1];

	(void)state;
	for (unsigned bytes = 1; bytes <= TOKEN_BYTES; bytes++) {
		assert_int_equal(token_make(bytes, text, made), 0);
		assert_int_equal(strlen(text), (bytes * 8 + 5) / 6);
		assert_int_equal(token_hash(bytes, text, read), 0);
		assert_memory_equal(made, read, sizeof(made));
	}
	assert_int_equal(token_make(0, text, made), -EINVAL);
	assert_int_equal(token_make(TOKEN_BYTES + 1, text, made), -EINVAL);
}

static void
no_two_are_the_same(void **state)
{
	static char texts[1000][TOKEN_CHARS + 1];
	uint8_t hash[TOKEN_HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(token_make(TOKEN_BYTES, texts[i], hash), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(texts[i], texts[k]);
	}
}

/* SHA-256 of 32 and of 16 zero bytes. */
static void
hash_is_sha256_of_the_bytes(void **state)
{
	static const struct {
		unsigned	bytes;
		const char	*text, *hex;
	} known[] = {
		{ 32, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		    "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925" },
		{ 16, "AAAAAAAAAAAAAAAAAAAAAA",
		    "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb" },
	};
	uint8_t hash[TOKEN_HASH_BYTES];
	char hex[2 * TOKEN_HASH_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		assert_int_equal(token_hash(known[i].bytes, known[i].text, hash), 0);
		for (size_t k = 0; k < sizeof(hash); k++)
			snprintf(hex + 2 * k, 3, "%02x", hash[k]);
		assert_string_equal(hex, known[i].hex);
	}
}

static void
other_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "A",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",		/* 42 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",		/* 44 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",		/* padding */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",		/* bits left over */
		"AAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAA",		/* base64 */
		"AAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAA\xc3\xa4" "AAAAAAAAAAAAAAAAAAAAA",
	};
	uint8_t hash[TOKEN_HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(token_hash(TOKEN_BYTES, texts[i], hash), -EINVAL);
	assert_int_equal(token_hash(0, "", hash), -EINVAL);
	assert_int_equal(token_hash(TOKEN_BYTES + 1, texts[3], hash), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_read),
		cmocka_unit_test(no_two_are_the_same),
		cmocka_unit_test(hash_is_sha256_of_the_bytes),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
