/* password_test.c - promises of server/auth/password.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/auth/password.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Of "correct horse", from other programs. */
static const char *const foreign[] = {
	"$6$rounds=1000$abcdefgh$DbXqPck5ABZumVXwcH5eMVHsPZwvQ3j"
	    "ylSxpJmKkZVxcoCiC3N0rPerjHmAqL7r6PK6CIeYnO9.vxpbsevscg/",
	"$5$rounds=1000$abcdefgh$ue35C0ITbth1b5zVUjrjm2mMmsmMKiodEeH2UV/Hq10",
	"$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
	"$y$j7T$abcdefghijkl$56ojg8vel6uAN1lVjqHChwpHsr6hO2sB9jvqGlRBun.",
};

static int
setup(void **state)
{
	return (*state = password_create()) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	password_destroy(*state);
	return 0;
}

static void
right_password_verifies_and_wrong_does_not(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	assert_int_equal(password_make(*state, "correct horse", hash), 0);
	assert_int_equal(strncmp(hash, "$y$j9T$", 7), 0);
	assert_int_equal(password_verify(*state, "correct horse", hash), 0);
	assert_int_equal(password_verify(*state, "correct horsf", hash), -EACCES);
	assert_int_equal(password_verify(*state, "correct horse ", hash), -EACCES);
	assert_int_equal(password_verify(*state, "", hash), -EACCES);
}

static void
salts_differ(void **state)
{
	char a[PASSWORD_HASH_MAX], b[PASSWORD_HASH_MAX];

	assert_int_equal(password_make(*state, "correct horse", a), 0);
	assert_int_equal(password_make(*state, "correct horse", b), 0);
	assert_string_not_equal(a, b);
}

static void
other_methods_are_verified_and_stale(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	for (size_t i = 0; i < COUNT(foreign); i++) {
		assert_int_equal(password_verify(*state, "correct horse", foreign[i]), 0);
		assert_int_equal(password_verify(*state, "wrong horse", foreign[i]), -EACCES);
		assert_true(password_stale(*state, foreign[i]));
	}
	assert_int_equal(password_make(*state, "correct horse", hash), 0);
	assert_false(password_stale(*state, hash));
}

/* None of them lets anybody in, whatever crypt_r() answers. */
static void
a_string_that_is_no_hash_matches_nothing(void **state)
{
	static const char *const hashes[] = {
		"", "*", "*0", "*1", "!", "x", "$", "$y$", "$y$j9T$", "$y$j9T$salt$",
		"$99$salt$hash", "correct horse",
	};

	for (size_t i = 0; i < COUNT(hashes); i++) {
		assert_int_not_equal(password_verify(*state, "correct horse", hashes[i]), 0);
		assert_int_not_equal(password_verify(*state, "", hashes[i]), 0);
		assert_int_not_equal(password_verify(*state, "*0", hashes[i]), 0);
	}
}

static void
nobody_is_never_right(void **state)
{
	assert_int_equal(password_verify_nobody(*state, "correct horse"), -EACCES);
	assert_int_equal(password_verify_nobody(*state, ""), -EACCES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_password_verifies_and_wrong_does_not),
		cmocka_unit_test(salts_differ),
		cmocka_unit_test(other_methods_are_verified_and_stale),
		cmocka_unit_test(a_string_that_is_no_hash_matches_nothing),
		cmocka_unit_test(nobody_is_never_right),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
