/*
 * json_memory_test.c - what json_to_wire() leaves in memory, and what it does without.
 *
 * malloc and free are wrapped (-Wl,--wrap) in our own code; jansson's calls come
 * through the allocator that we give it.
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

#define SECRET		"correct horse battery"
#define BLOCKS_MAX	256u

void	*__real_malloc(size_t size);
void	 __real_free(void *p);
void	*__wrap_malloc(size_t size);
void	 __wrap_free(void *p);

static struct block {
	void	*at;
	size_t	 size;
} blocks[BLOCKS_MAX];
static unsigned taken, fail_at, told;	/* allocations so far; which one fails; with the secret */

void *
__wrap_malloc(size_t size)
{
	struct block *b = blocks;

	if (++taken == fail_at)
		return NULL;
	while (b->at != NULL)
		assert_true(++b < blocks + BLOCKS_MAX);
	*b = (struct block){ __real_malloc(size), size };
	return b->at;
}

void
__wrap_free(void *p)
{
	struct block *b;

	for (b = blocks; b < blocks + BLOCKS_MAX; b++)
		if (p != NULL && b->at == p) {
			told += memmem(p, b->size, SECRET, strlen(SECRET)) != NULL;
			b->at = NULL;
		}
	__real_free(p);
}

static unsigned
blocks_left(void)
{
	unsigned n = 0;

	for (struct block *b = blocks; b < blocks + BLOCKS_MAX; b++)
		n += b->at != NULL;
	return n;
}

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
		taken = told = 0;
		assert_int_equal(read_login(i, out, sizeof(out), &len), logins[i].err);
		assert_true(taken > 2);
		assert_int_equal(told, 0);
		assert_int_equal(blocks_left(), 0);
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
	told = 0;
	json_decref(json_loads(logins[0].json, 0, NULL));
	json_set_alloc_funcs(before_malloc, before_free);
	assert_true(told > 0);
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
		for (fail_at = 1;; fail_at++) {
			taken = told = 0;
			err = read_login(i, out, sizeof(out), &len);
			assert_int_equal(told, 0);
			assert_int_equal(blocks_left(), 0);
			if (taken < fail_at)
				break;
			assert_int_equal(err, KITH_E_BUSY);
		}
		assert_int_equal(err, logins[i].err);
		assert_true(fail_at > 3);
	}
	fail_at = 0;
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
