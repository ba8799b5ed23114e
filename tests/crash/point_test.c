/* point_test.c - promises of shm/point.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shm/point.h"
#include "tests/crash/harness.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define HITS		3

/* Passes two points three times; *passed says how often it got by both. */
static int
pass_points(void *arg)
{
	int *passed = arg;

	for (*passed = 0; *passed < HITS; ++*passed) {
		KITH_POINT("a.point");
		KITH_POINT("a.point.more");
	}
	return 0;
}

static int
arm_and_pass(const char *name, unsigned count, int *passed)
{
	point_arm(name, count);
	return child_run(pass_points, passed);
}

static void
it_dies_at_the_armed_hit(void **state)
{
	static const struct {
		const char	*name;
		unsigned	 count;
		int		 killed, passed;
	} rows[] = {
		{ "a.point", 1, 1, 0 },
		{ "a.point", 3, 1, 2 },
		{ "a.point.more", 2, 1, 1 },
		{ "a.point", 4, 0, 3 },
		{ "a.point", 0, 0, 3 },
		{ "a", 1, 0, 3 },
		{ "", 1, 0, 3 },
	};
	int *passed = fenced_alloc(64);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status = arm_and_pass(rows[i].name, rows[i].count, passed);

		assert_int_equal(child_was_killed(status), rows[i].killed);
		assert_int_equal(*passed, rows[i].passed);
	}
	point_arm("", 0);
	fenced_free(passed, 64);
}

/* First of all tests: this process has read the environment after its first point. */
static void
environment_arms(void **state)
{
	static const struct {
		const char	*value;
		int		 killed, passed;
	} rows[] = {
		{ "a.point:2", 1, 1 },
		{ "a.point.more:3", 1, 2 },
		{ "a.point:0", 0, 3 },
		{ "a.point", 0, 3 },
		{ "a.point:", 0, 3 },
		{ ":", 0, 3 },
		{ "", 0, 3 },
	};
	int *passed = fenced_alloc(64);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int status;

		assert_int_equal(setenv("KITH_KILL_AT", rows[i].value, 1), 0);
		status = child_run(pass_points, passed);
		assert_int_equal(child_was_killed(status), rows[i].killed);
		assert_int_equal(*passed, rows[i].passed);
	}
	unsetenv("KITH_KILL_AT");
	fenced_free(passed, 64);
}

static unsigned watched;

static void
count_watched(const char *name)
{
	watched += strncmp(name, "a.point", 7) == 0;
}

static void
a_watcher_is_told(void **state)
{
	int passed;

	(void)state;
	point_watch(count_watched);
	pass_points(&passed);
	point_watch(NULL);
	pass_points(&passed);
	assert_int_equal(watched, 2 * HITS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_arms),
		cmocka_unit_test(it_dies_at_the_armed_hit),
		cmocka_unit_test(a_watcher_is_told),
	};

	return cmocka_run_group_tests_name("point", tests, NULL, NULL);
}
