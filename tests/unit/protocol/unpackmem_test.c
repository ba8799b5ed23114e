/* unpackmem_test.c - promises of protocol/unpackmem.h. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/unpackmem.h"

#define SIZE	4096u

static void *
take(struct unpackmem *m, size_t size)
{
	return m->allocator.alloc(m->allocator.allocator_data, size);
}

static int
setup(void **state)
{
	static struct unpackmem m;

	*state = &m;
	return unpackmem_init(&m, SIZE);
}

static int
teardown(void **state)
{
	unpackmem_fini(*state);
	return 0;
}

static void
pieces_are_aligned_and_do_not_overlap(void **state)
{
	struct unpackmem *m = *state;
	uint8_t *last = NULL, *p;
	size_t last_size = 0;

	for (size_t size = 1; (p = take(m, size)) != NULL; last = p, last_size = size++) {
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		assert_true(last == NULL || p >= last + last_size);
		assert_true(p + size <= m->block + SIZE);
		memset(p, 0xa5, size);
	}
}

static void
over_the_cap_is_null(void **state)
{
	static const size_t sizes[] = {
		SIZE + 1, SIZE * 2, SIZE_MAX / 2, SIZE_MAX - 15, SIZE_MAX - 1, SIZE_MAX,
	};
	struct unpackmem *m = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_null(take(m, sizes[i]));
		assert_int_equal(m->used, 0);
	}
	assert_non_null(take(m, SIZE));
	assert_null(take(m, 1));
	assert_int_equal(m->used, SIZE);
}

static void
a_refusal_leaves_room_for_smaller(void **state)
{
	struct unpackmem *m = *state;

	assert_non_null(take(m, SIZE - 64));
	assert_null(take(m, 65));
	assert_non_null(take(m, 64));
}

static void
free_gives_nothing_back(void **state)
{
	struct unpackmem *m = *state;
	void *p = take(m, SIZE);

	m->allocator.free(m->allocator.allocator_data, p);
	m->allocator.free(m->allocator.allocator_data, NULL);
	assert_null(take(m, 1));
}

static void
reset_wipes_and_starts_over(void **state)
{
	struct unpackmem *m = *state;
	uint8_t *p = take(m, SIZE);

	memset(p, 'x', SIZE);
	unpackmem_reset(m);
	assert_int_equal(m->used, 0);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(m->block[i], 0);
	assert_ptr_equal(take(m, SIZE), p);
}

static void
an_odd_size_is_rounded_down(void **state)
{
	struct unpackmem m;

	(void)state;
	assert_int_equal(unpackmem_init(&m, 100), 0);
	assert_non_null(take(&m, 81));
	assert_null(take(&m, 1));
	assert_true(m.used <= 100);
	unpackmem_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(pieces_are_aligned_and_do_not_overlap),
		T(over_the_cap_is_null),
		T(a_refusal_leaves_room_for_smaller),
		T(free_gives_nothing_back),
		T(reset_wipes_and_starts_over),
		T(an_odd_size_is_rounded_down),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
