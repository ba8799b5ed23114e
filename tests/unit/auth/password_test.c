/* password_test.c - promises of server/auth/password.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/auth/password.h"
#include "server/auth/password_text.h"

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

#ifndef __SANITIZE_ADDRESS__	/* which needs room of its own */
/* The address space of this process, and a megabyte. */
static void
leave_no_memory(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	struct rlimit limit;

	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		_exit(100);
	fclose(f);
	limit.rlim_cur = limit.rlim_max = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (1 << 20);
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		_exit(100);
}

/* yescrypt needs 16 MiB. Without them nothing was compared, which is neither yes nor no. */
static void
without_memory_nobody_is_wrong(void **state)
{
	char hash[PASSWORD_HASH_MAX], other[PASSWORD_HASH_MAX];
	int status;

	assert_int_equal(password_make(*state, "correct horse", hash), 0);
	if (fork() == 0) {
		int no[4];

		leave_no_memory();
		no[0] = password_verify(*state, "correct horse", hash);
		no[1] = password_verify(*state, "wrong horse", hash);
		no[2] = password_verify_nobody(*state, "correct horse");
		no[3] = password_make(*state, "correct horse", other);
		for (int i = 0; i < 4; i++)
			if (no[i] == 0 || no[i] == -EACCES)
				_exit(1 + i);
		_exit(0);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}
#endif

static void
passwords_are_prepared(void **state)
{
	static const struct {
		const char *in;
		int rc, old;		/* of a fresh one, and of one to compare */
		const char *out;
	} rows[] = {
		{ "correct horse", 0, 0, "correct horse" },
		{ "", 0, 0, "" },
		{ " Upper  and lower ", 0, 0, " Upper  and lower " },
		{ "caf\u00e9", 0, 0, "caf\u00e9" },
		{ "cafe\u0301", 0, 0, "caf\u00e9" },
		{ "a\u00a0b\u2003c\u3000d\u1680e\u202ff", 0, 0, "a b c d e f" },
		{ "\uff21\ufb01\u00b2", 0, 0, "\uff21\ufb01\u00b2" },	/* no NFKC */
		{ "\U0001f511", 0, 0, "\U0001f511" },
		{ "a\tb", -EINVAL, 0, "a\tb" },
		{ "a\x7f", -EINVAL, 0, "a\x7f" },
		{ "\u00e9\xc2\x85", -EINVAL, 0, "\u00e9\xc2\x85" },
		{ "a\xff", -EINVAL, -EINVAL, "" },
	};
	char out[PASSWORD_BYTES_MAX + 1], in[4 * PASSWORD_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (password_text_prepare(rows[i].in, true, out) != rows[i].rc ||
		    strcmp(out, rows[i].rc == 0 ? rows[i].out : "") != 0 ||
		    password_text_prepare(rows[i].in, false, out) != rows[i].old ||
		    strcmp(out, rows[i].out) != 0)
			fail_msg("row %zu: \"%s\"", i, out);
	}
	memset(in, 'x', sizeof(in));
	in[PASSWORD_BYTES_MAX] = '\0';
	assert_int_equal(password_text_prepare(in, true, out), 0);
	in[PASSWORD_BYTES_MAX] = 'x';
	in[PASSWORD_BYTES_MAX + 1] = '\0';
	assert_int_equal(password_text_prepare(in, true, out), -E2BIG);
	/* Composition exclusions: three bytes become nine. */
	for (size_t i = 0; i < PASSWORD_BYTES_MAX / 3; i++)
		memcpy(in + 3 * i, "\ufb2c", 3);
	in[PASSWORD_BYTES_MAX / 3 * 3] = '\0';
	assert_int_equal(password_text_prepare(in, true, out), -E2BIG);
	assert_string_equal(out, "");
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
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(without_memory_nobody_is_wrong),
#endif
		cmocka_unit_test(passwords_are_prepared),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
