/* clock_test.c - promises of protocol/base/clock.h and hash.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "protocol/base/clock.h"
#include "protocol/base/hash.h"

static void
monotonic_clock_counts_milliseconds(void **state)
{
	const struct timespec pause = { 0, 20 * 1000000L };
	uint64_t from = clock_now_ms(), took;

	(void)state;
	while (nanosleep(&pause, NULL) < 0)
		;
	took = clock_now_ms() - from;
	assert_in_range(took, 19, 60 * 1000);
}

static void
utc_clock_agrees_with_time(void **state)
{
	uint64_t before = (uint64_t)time(NULL), now = clock_utc_ms() / 1000;

	(void)state;
	/* time() reads a coarser clock, which may be a tick behind. */
	assert_in_range(now, before, before + 60);
}

/* As many cells as keys: no cell gets more than a few of keys that count up. */
static void
high_bits_spread_keys_that_count_up(void **state)
{
	static unsigned cells[1024];

	(void)state;
	for (uint64_t key = 1; key <= 1024; key++)
		assert_in_range(++cells[hash_mix(key) >> 54], 1, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monotonic_clock_counts_milliseconds),
		cmocka_unit_test(utc_clock_agrees_with_time),
		cmocka_unit_test(high_bits_spread_keys_that_count_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
