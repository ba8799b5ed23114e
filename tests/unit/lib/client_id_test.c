/* client_id_test.c - promises of server/lib/client_id.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "server/lib/client_id.h"
#include "shm/registry.h"

#define NOW	UINT64_C(1800000000000)	/* in 2027 */
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* What each bit says, and that no device's counter has such a number. */
static void
shape_is_as_said(void **state)
{
	struct client_ids ids = { 0 };
	uint64_t id = client_id_make(&ids, REGISTRY_WORKERS_MAX - 1, NOW);

	(void)state;
	assert_int_equal(id, CLIENT_ID_FREE_BIT | NOW << 20 |
	    (uint64_t)(REGISTRY_WORKERS_MAX - 1) << 14);
	assert_true(id >> CLIENT_ID_DEVICE_SHIFT > DEVICE_MAX);
	assert_true(id < CLIENT_ID_FREE_BIT << 1);
}

/* Rising, and so never twice: also within a millisecond, and when the clock goes back. */
static void
ids_rise_whatever_the_clock_does(void **state)
{
	static const int64_t steps[] = { 0, 1, -5000, 0, 3, -1, 86400000, -86400000 };
	struct client_ids ids = { 0 };
	uint64_t now = NOW, id, last = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		now += (uint64_t)steps[i];
		for (int n = 0; n < 40000; n++) {	/* more than the count holds */
			id = client_id_make(&ids, 3, now);
			assert_true(id > last);
			assert_int_equal(id >> 14 & 63, 3);
			last = id;
		}
	}
}

/* All workers in the same milliseconds. */
static void
workers_never_agree(void **state)
{
	static struct client_ids ids[REGISTRY_WORKERS_MAX];
	static uint64_t made[REGISTRY_WORKERS_MAX];

	(void)state;
	for (int n = 0; n < 1000; n++)
		for (unsigned w = 0; w < REGISTRY_WORKERS_MAX; w++) {
			made[w] = client_id_make(&ids[w], w, NOW + (uint64_t)n / 10);
			for (unsigned other = 0; other < w; other++)
				assert_int_not_equal(made[w], made[other]);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape_is_as_said),
		cmocka_unit_test(ids_rise_whatever_the_clock_does),
		cmocka_unit_test(workers_never_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
