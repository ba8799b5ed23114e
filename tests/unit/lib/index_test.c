/*
 * index_test.c - a key's set of places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/lib/index.h"

static bool
has(const struct index *x, uint64_t key, uint32_t place)
{
	const struct index_set *set = index_find(x, key);

	for (uint32_t i = 0; set != NULL && i < set->n; i++)
		if (set->places[i] == place)
			return true;
	return false;
}

static void
set_grows_and_vanishes(void **state)
{
	struct index x = { 0 };

	(void)state;
	assert_null(index_find(&x, 7));
	index_remove(&x, 7, 1);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(index_add(&x, 7, i), 0);
	assert_int_equal(index_find(&x, 7)->n, 1000);
	index_remove(&x, 7, 1000);
	assert_int_equal(index_find(&x, 7)->n, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(has(&x, 7, i));
		index_remove(&x, 7, i);
		assert_false(has(&x, 7, i));
	}
	assert_null(index_find(&x, 7));
	assert_int_equal(x.used, 0);
	index_fini(&x);
}

static void
key_may_be_anything(void **state)
{
	static const uint64_t keys[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 62, UINT64_C(1) << 32 };
	struct index x = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(index_add(&x, keys[i], (uint32_t)i), 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(index_find(&x, keys[i])->n, 1);
		assert_true(has(&x, keys[i], (uint32_t)i));
	}
	index_fini(&x);
}

#define KEYS	64u
#define PLACES	16u
#define STEPS	200000u

/* Keys are close together, so that probes meet and gaps are closed. */
static void
as_a_plain_table_would(void **state)
{
	static bool model[KEYS][PLACES];
	struct index x = { 0 };

	(void)state;
	srandom(1);
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t key = (uint32_t)random() % KEYS, place = (uint32_t)random() % PLACES;

		assert_int_equal(has(&x, key, place), model[key][place]);
		if (model[key][place])
			index_remove(&x, key, place);
		else
			assert_int_equal(index_add(&x, key, place), 0);
		model[key][place] = !model[key][place];
	}
	for (uint32_t key = 0; key < KEYS; key++)
		for (uint32_t place = 0; place < PLACES; place++)
			assert_int_equal(has(&x, key, place), model[key][place]);
	index_fini(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_grows_and_vanishes),
		cmocka_unit_test(key_may_be_anything),
		cmocka_unit_test(as_a_plain_table_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
