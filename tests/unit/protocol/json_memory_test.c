/*
 * json_memory_test.c - what json_to_wire() leaves in memory, and what it does without.
 *
 * Memory comes from heap.h; jansson's too, through the allocator that we give it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "protocol/frame.pb-c.h"
#include "protocol/json.h"
#include "tests/unit/kit/heap.h"

#define SECRET		HEAP_SECRET

#define LOGIN	"{\"id\":\"7\",\"loginPassword\":{\"name\":\"bob\",\"password\":\"" SECRET "\""

static const struct {
	const char	*json;
	enum kith_err	 err;
} logins[] = {
	{ LOGIN "}}", KITH_E_OK },
	{ LOGIN "}", KITH_E_BAD_REQUEST },
	{ LOGIN "}}x", KITH_E_BAD_REQUEST },
	{ LOGIN ",\"" SECRET "\":1}}", KITH_E_UNKNOWN_FIELD },
	{ LOGIN ",\"" SECRET "\":1,\"" SECRET "\":1}}", KITH_E_BAD_REQUEST },
	{ LOGIN ",\"deviceName\":1}}", KITH_E_BAD_REQUEST },
	{ "{\"loginPassword\":{\"password\":\"" SECRET, KITH_E_BAD_REQUEST },
	{ "{\"loginPassword\":{\"password\":\"" SECRET "\\ud800\"}}", KITH_E_BAD_REQUEST },
};
#define LOGINS	(sizeof(logins) / sizeof(logins[0]))

static enum kith_err
read_login(size_t i, uint8_t *out, size_t cap, size_t *len)
{
	return json_to_wire(&kith__v1__request__descriptor, logins[i].json,
	    strlen(logins[i].json), out, cap, len, NULL);
}

static void
freed_memory_tells_nothing(void **state)
{
	uint8_t out[256];
	size_t len;

	(void)state;
	for (size_t i = 0; i < LOGINS; i++) {
		heap.taken = heap.told = 0;
		assert_int_equal(read_login(i, out, sizeof(out), &len), logins[i].err);
		assert_true(heap.taken > 2);
		assert_int_equal(heap.told, 0);
		assert_int_equal(heap_held(), 0);
	}
}

/* That the test above can fail: the same tree, by jansson as it comes. */
static void
freed_memory_would_tell_otherwise(void **state)
{
	json_malloc_t before_malloc;
	json_free_t before_free;

	(void)state;
	json_get_alloc_funcs(&before_malloc, &before_free);
	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	heap.told = 0;
	json_decref(json_loads(logins[0].json, 0, NULL));
	json_set_alloc_funcs(before_malloc, before_free);
	assert_true(heap.told > 0);
}

/* Also where the buffer was too small: it got a part. */
static void
output_is_wiped_on_errors(void **state)
{
	uint8_t out[256];
	size_t len, whole;

	(void)state;
	assert_int_equal(read_login(0, out, sizeof(out), &whole), KITH_E_OK);
	assert_non_null(memmem(out, sizeof(out), SECRET, strlen(SECRET)));
	for (size_t cap = 0; cap < whole; cap++) {
		memset(out, 0, sizeof(out));
		assert_int_equal(read_login(0, out, cap, &len), KITH_E_TOO_LARGE);
		for (size_t i = 0; i < sizeof(out); i++)
			assert_int_equal(out[i], 0);
	}
	for (size_t i = 1; i < LOGINS; i++) {
		memset(out, 0, sizeof(out));
		assert_int_equal(read_login(i, out, sizeof(out), &len), logins[i].err);
		assert_null(memmem(out, sizeof(out), SECRET, strlen(SECRET)));
	}
}

/* The first allocation fails, the second, ... until none does. */
static void
without_memory_it_is_busy(void **state)
{
	enum kith_err err;
	uint8_t out[256];
	size_t len;

	(void)state;
	for (size_t i = 0; i < LOGINS; i++) {
		for (heap.fail_at = 1;; heap.fail_at++) {
			heap.taken = heap.told = 0;
			err = read_login(i, out, sizeof(out), &len);
			assert_int_equal(heap.told, 0);
			assert_int_equal(heap_held(), 0);
			if (heap.taken < heap.fail_at)
				break;
			assert_int_equal(err, KITH_E_BUSY);
		}
		assert_int_equal(err, logins[i].err);
		assert_true(heap.fail_at > 3);
	}
	heap.fail_at = 0;
}

static void
the_allocator_of_others_comes_back(void **state)
{
	json_malloc_t before_malloc, after_malloc;
	json_free_t before_free, after_free;
	uint8_t out[256];
	size_t len;

	(void)state;
	json_get_alloc_funcs(&before_malloc, &before_free);
	for (size_t i = 0; i < LOGINS; i++) {
		read_login(i, out, sizeof(out), &len);
		json_get_alloc_funcs(&after_malloc, &after_free);
		assert_true(before_malloc == after_malloc && before_free == after_free);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_memory_tells_nothing),
		cmocka_unit_test(freed_memory_would_tell_otherwise),
		cmocka_unit_test(output_is_wiped_on_errors),
		cmocka_unit_test(without_memory_it_is_busy),
		cmocka_unit_test(the_allocator_of_others_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
