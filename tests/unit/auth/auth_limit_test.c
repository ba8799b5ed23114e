/* auth_limit_test.c - promises of server/auth/auth_limit.h, with a clock of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/auth/auth_limit.h"

#define LIMIT	10u
#define SHARE	(AUTH_LIMIT_MS / LIMIT)
#define NOW	UINT64_C(1000)

static const uint8_t here[16] = { [15] = 1 }, there[16] = { [15] = 2 };

static int
setup(void **state)
{
	return (*state = auth_limit_create()) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	auth_limit_destroy(*state);
	return 0;
}

static void
add(struct auth_limit *l, uint64_t key, unsigned times)
{
	while (times-- > 0)
		auth_limit_add(l, key, LIMIT, NOW);
}

static uint32_t
wait_now(struct auth_limit *l, uint64_t key)
{
	return auth_limit_wait(l, key, LIMIT, NOW);
}

static void
burst_of_limit_then_one_a_share(void **state)
{
	uint64_t key = auth_limit_key(*state, here, "alice");

	for (unsigned i = 0; i < LIMIT; i++) {
		assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW), 0);
		add(*state, key, 1);
	}
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW), SHARE);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW + SHARE - 1), 1);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW + SHARE), 0);
	auth_limit_add(*state, key, LIMIT, NOW + SHARE);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW + SHARE), SHARE);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW + AUTH_LIMIT_MS + SHARE), 0);
}

static void
others_are_not_locked_out(void **state)
{
	add(*state, auth_limit_key(*state, here, "alice"), 3 * LIMIT);
	assert_int_equal(wait_now(*state, auth_limit_key(*state, there, "alice")), 0);
	assert_int_equal(wait_now(*state, auth_limit_key(*state, here, "bob")), 0);
	assert_int_equal(wait_now(*state, auth_limit_key(*state, here, NULL)), 0);
	assert_int_equal(wait_now(*state, auth_limit_key(*state, here, "")), 0);
}

static void
forgiven_failures_do_not_count(void **state)
{
	uint64_t key = auth_limit_key(*state, here, "alice");

	add(*state, key, LIMIT);
	auth_limit_forgive(*state, key, LIMIT, NOW);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW), 0);
	/* More than was counted, or by a share that a reload made larger. */
	for (unsigned i = 0; i < LIMIT; i++)
		auth_limit_forgive(*state, key, 1, NOW);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW), 0);
	add(*state, key, LIMIT);
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW), SHARE);
}

static void
limit_0_never_refuses(void **state)
{
	uint64_t key = auth_limit_key(*state, here, "alice");

	for (unsigned i = 0; i < 100; i++)
		auth_limit_add(*state, key, 0, NOW);
	auth_limit_forgive(*state, key, 0, NOW);
	assert_int_equal(auth_limit_wait(*state, key, 0, NOW), 0);
}

static void
every_limit_allows_exactly_that_many(void **state)
{
	for (unsigned limit = 1; limit <= 1000; limit++) {
		char name[16];
		uint64_t key;
		unsigned n = 0;

		snprintf(name, sizeof(name), "user%u", limit);
		key = auth_limit_key(*state, here, name);
		while (auth_limit_wait(*state, key, limit, NOW) == 0 && n <= limit) {
			auth_limit_add(*state, key, limit, NOW);
			n++;
		}
		assert_int_equal(n, limit);
	}
}

/* A flood of names, each tried once, does not make room for the one that is tried often. */
static void
flood_of_names_evicts_no_repeated_failure(void **state)
{
	uint64_t key = auth_limit_key(*state, here, "alice");

	add(*state, key, LIMIT);
	for (unsigned i = 0; i < 100000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "user%u", i);
		add(*state, auth_limit_key(*state, here, name), 1);
	}
	assert_int_equal(auth_limit_wait(*state, key, LIMIT, NOW), SHARE);
}

static void
keys_depend_on_the_secret(void **state)
{
	struct auth_limit *other = auth_limit_create();

	assert_non_null(other);
	assert_true(auth_limit_key(*state, here, "alice") != auth_limit_key(other, here, "alice"));
	assert_true(auth_limit_key(*state, here, "alice") == auth_limit_key(*state, here, "alice"));
	auth_limit_destroy(other);
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(burst_of_limit_then_one_a_share),
		TEST(others_are_not_locked_out),
		TEST(forgiven_failures_do_not_count),
		TEST(limit_0_never_refuses),
		TEST(every_limit_allows_exactly_that_many),
		TEST(flood_of_names_evicts_no_repeated_failure),
		TEST(keys_depend_on_the_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
