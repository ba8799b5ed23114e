/*
 * limit_test.c - token buckets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/lib/limit.h"

#define NOW	UINT64_C(1000000)

static void
burst_then_rate(void **state)
{
	static const struct {
		uint64_t after;
		unsigned n;
		uint32_t wait;
	} rows[] = {				/* 5 a second, 10 at once */
		{ 0, 10, 0 },
		{ 0, 1, 200 },
		{ 199, 1, 1 },
		{ 1, 1, 0 },
		{ 0, 1, 200 },
		{ 1000, 5, 0 },
		{ 100, 1, 100 },
		{ 3600000, 10, 0 },		/* no more than the burst is saved up */
		{ 0, 1, 200 },
	};
	struct limit_bucket b = { 0 };
	uint64_t now = NOW;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		now += rows[i].after;
		assert_int_equal(limit_take(&b, now, 5, 10, rows[i].n), rows[i].wait);
	}
}

static void
no_rate_is_no_limit(void **state)
{
	struct limit_bucket b = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(limit_take(&b, NOW, 0, 1, 32), 0);
}

static void
more_than_the_burst_goes_when_full(void **state)
{
	struct limit_bucket b = { 0 };

	(void)state;
	assert_int_equal(limit_take(&b, NOW, 10, 4, 32), 0);
	assert_int_equal(limit_take(&b, NOW, 10, 4, 32), 400);
	assert_int_equal(limit_take(&b, NOW + 400, 10, 4, 32), 0);
}

static void
nothing_costs_nothing(void **state)
{
	struct limit_bucket b = { 0 };

	(void)state;
	assert_int_equal(limit_take(&b, NOW, 1, 1, 1), 0);
	assert_int_equal(limit_take(&b, NOW, 1, 1, 0), 0);
	assert_int_equal(limit_take(&b, NOW, 1, 1, 1), 1000);
}

static void
extremes_do_not_overflow(void **state)
{
	struct limit_bucket b = { 0 };

	(void)state;
	assert_int_equal(limit_take(&b, 1, 100000, 100000, 32), 0);
	assert_int_equal(limit_take(&b, UINT64_MAX, 100000, 100000, 100000), 0);
	assert_int_equal(limit_take(&b, UINT64_MAX, 1, 100000, 100000), 100000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_rate),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(more_than_the_burst_goes_when_full),
		cmocka_unit_test(nothing_costs_nothing),
		cmocka_unit_test(extremes_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
