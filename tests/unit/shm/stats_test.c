/* stats_test.c - promises of shm/stats.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shm/stats.h"

static void
each_counter_has_its_own_name_and_help(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAT_COUNT; i++) {
		assert_true(strlen(stats_name[i]) > 0);
		assert_true(strlen(stats_help[i]) > 0);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(stats_name[i], stats_name[k]);
	}
}

static void
add_set_and_take_away(void **state)
{
	struct stats_slot slot = { { 0 } };

	(void)state;
	stats_add(&slot, STAT_requests, 2);
	stats_add(&slot, STAT_requests, 5);
	stats_set(&slot, STAT_connections_open, 9);
	stats_add(&slot, STAT_connections_open, (uint64_t)-1);
	assert_int_equal(stats_sum(&slot, 1, STAT_requests), 7);
	assert_int_equal(stats_sum(&slot, 1, STAT_connections_open), 8);
	assert_int_equal(stats_sum(&slot, 1, STAT_logins), 0);
}

static void
sum_is_over_all_slots(void **state)
{
	struct stats_slot slots[3] = { { { 0 } } };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		stats_set(&slots[i], STAT_bytes_out, UINT64_C(1) << (i * 20));
	assert_int_equal(stats_sum(slots, 3, STAT_bytes_out), 1 + (1 << 20) + (INT64_C(1) << 40));
	assert_int_equal(stats_sum(slots, 1, STAT_bytes_out), 1);
	assert_int_equal(stats_sum(slots, 0, STAT_bytes_out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_has_its_own_name_and_help),
		cmocka_unit_test(add_set_and_take_away),
		cmocka_unit_test(sum_is_over_all_slots),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
