/* wipebuf_test.c - promises of protocol/base/wipebuf.h. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/wipebuf.h"

#define SECRET	"correct horse battery"
#define LEN	(sizeof(SECRET) - 1)

void	*__real_malloc(size_t size);
void	 __real_free(void *p);
void	*__wrap_malloc(size_t size);
void	 __wrap_free(void *p);

static bool no_memory;
static unsigned told;			/* blocks freed with the secret in them */

void *
__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void
__wrap_free(void *p)
{
	if (p != NULL)
		told += memmem(p, malloc_usable_size(p), SECRET, LEN) != NULL;
	__real_free(p);
}

/* A buffer that ends with the secret. */
static void
fill(struct wipebuf *b, size_t before)
{
	*b = (struct wipebuf){ 0 };
	for (size_t i = 0; i < before; i++)
		assert_int_equal(wipebuf_append(b, "x", 1, 4096), 0);
	assert_int_equal(wipebuf_append(b, SECRET, LEN, 4096), 0);
}

static void
bytes_stay_in_order_as_it_grows(void **state)
{
	struct wipebuf b = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		uint8_t byte = (uint8_t)(i * 7);

		assert_int_equal(wipebuf_append(&b, &byte, 1, 10000), 0);
		assert_int_equal(b.len, i + 1);
		assert_true(b.size <= 256 || b.size < 2 * b.len);
	}
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], (uint8_t)(i * 7));
	assert_int_equal(wipebuf_append(&b, "x", 1, 10000), -ENOBUFS);
	assert_int_equal(b.len, 10000);
	assert_int_equal(b.size, 10000);
	wipebuf_fini(&b);
}

static void
never_takes_more_than_max(void **state)
{
	static const size_t maxs[] = { 1, 100, 256, 257, 1000, 5000 };

	(void)state;
	for (size_t i = 0; i < sizeof(maxs) / sizeof(maxs[0]); i++) {
		struct wipebuf b = { 0 };

		assert_int_equal(wipebuf_reserve(&b, maxs[i] + 1, maxs[i]), -ENOBUFS);
		assert_int_equal(wipebuf_reserve(&b, SIZE_MAX, maxs[i]), -ENOBUFS);
		assert_null(b.data);
		assert_int_equal(wipebuf_reserve(&b, maxs[i], maxs[i]), 0);
		assert_int_equal(b.size, maxs[i]);
		b.len = maxs[i];
		assert_int_equal(wipebuf_reserve(&b, 0, maxs[i]), 0);
		assert_int_equal(wipebuf_reserve(&b, 1, maxs[i]), -ENOBUFS);
		assert_int_equal(wipebuf_reserve(&b, 1, maxs[i] - 1), -ENOBUFS);
		wipebuf_fini(&b);
	}
}

static void
freed_blocks_are_wiped(void **state)
{
	struct wipebuf b;

	(void)state;
	told = 0;
	fill(&b, 200);
	assert_int_equal(wipebuf_reserve(&b, 1000, 4096), 0);	/* it moves */
	assert_memory_equal(b.data + 200, SECRET, LEN);
	wipebuf_fini(&b);
	assert_null(b.data);
	assert_int_equal(b.size, 0);
	fill(&b, 0);
	wipebuf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_null(memmem(b.data, b.size, SECRET, LEN));
	wipebuf_fini(&b);
	assert_int_equal(told, 0);
}

static void
consumed_bytes_are_wiped(void **state)
{
	struct wipebuf b;

	(void)state;
	told = 0;
	fill(&b, 30);
	wipebuf_consume(&b, 30);
	assert_int_equal(b.len, LEN);
	assert_memory_equal(b.data, SECRET, LEN);
	assert_null(memmem(b.data + 1, b.size - 1, SECRET, LEN));
	wipebuf_consume(&b, 0);
	assert_int_equal(b.len, LEN);
	wipebuf_consume(&b, LEN);
	assert_int_equal(b.len, 0);
	assert_null(memmem(b.data, b.size, SECRET, LEN));
	wipebuf_fini(&b);
	assert_int_equal(told, 0);
}

static void
without_memory_nothing_changes(void **state)
{
	struct wipebuf b, was;

	(void)state;
	fill(&b, 200);
	was = b;
	no_memory = true;
	assert_int_equal(wipebuf_reserve(&b, 1000, 4096), -ENOMEM);
	no_memory = false;
	assert_memory_equal(&b, &was, sizeof(b));
	assert_memory_equal(b.data + 200, SECRET, LEN);
	wipebuf_fini(&b);
	wipebuf_fini(&b);		/* empty already */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_stay_in_order_as_it_grows),
		cmocka_unit_test(never_takes_more_than_max),
		cmocka_unit_test(freed_blocks_are_wiped),
		cmocka_unit_test(consumed_bytes_are_wiped),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
