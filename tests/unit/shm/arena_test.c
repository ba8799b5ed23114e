/* arena_test.c - promises of shm/arena.h. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "shm/arena.h"
#include "tests/crash/harness.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define SIZE		(64u * 1024u)

static int
arena_setup(void **state)
{
	*state = arena_create(SIZE);
	return *state == NULL;
}

static int
arena_teardown(void **state)
{
	arena_destroy(*state);
	return 0;
}

static void
parts_are_zeroed_and_aligned(void **state)
{
	static const unsigned char zeros[1000];
	static const size_t sizes[] = { 1, 63, 64, 65, 1000 };
	char name[] = "a";
	char *part, *end = NULL;

	for (size_t i = 0; i < COUNT(sizes); i++, name[0]++) {
		part = arena_take(*state, name, sizes[i]);
		assert_non_null(part);
		assert_int_equal((uintptr_t)part % 64, 0);
		assert_memory_equal(part, zeros, sizes[i]);
		assert_true(end == NULL || part >= end);
		memset(part, 0xff, sizes[i]);
		end = part + sizes[i];
	}
}

static void
take_refuses(void **state)
{
	static const struct {
		const char	*name;
		size_t		 size;
		int		 err;
	} rows[] = {
		{ "there", 64, EEXIST },
		{ "", 64, EINVAL },
		{ "none", 0, EINVAL },
		{ "twenty-four bytes or so.", 64, EINVAL },
		{ "large", SIZE + 1, ENOSPC },
		{ "larger", SIZE_MAX, ENOSPC },
	};

	assert_non_null(arena_take(*state, "there", 64));
	for (size_t i = 0; i < COUNT(rows); i++) {
		errno = 0;
		assert_null(arena_take(*state, rows[i].name, rows[i].size));
		assert_int_equal(errno, rows[i].err);
	}
	assert_non_null(arena_take(*state, "twenty-three bytes long", 64));
}

static void
all_bytes_asked_for_can_be_taken(void **state)
{
	assert_non_null(arena_take(*state, "half", SIZE / 2));
	assert_non_null(arena_take(*state, "other half", SIZE / 2));
	assert_null(arena_take(*state, "more", 1));
	assert_int_equal(errno, ENOSPC);
}

static void
parts_are_counted(void **state)
{
	char name[4] = "";

	for (unsigned i = 0; i < ARENA_PARTS_MAX; i++) {
		name[0] = (char)('a' + i / 16);
		name[1] = (char)('a' + i % 16);
		assert_non_null(arena_take(*state, name, 1));
	}
	assert_null(arena_take(*state, "zz", 1));
	assert_int_equal(errno, ENOSPC);
}

static void
sealed_has_no_more_parts(void **state)
{
	void *part = arena_take(*state, "a", 64);

	arena_seal(*state);
	assert_null(arena_take(*state, "b", 64));
	assert_int_equal(errno, EPERM);
	memset(part, 1, 64);
}

static int
write_part(void *arg)
{
	memcpy(arg, "from the child", 15);
	return 0;
}

static void
children_share_it(void **state)
{
	char *part = arena_take(*state, "a", 64);

	arena_seal(*state);
	assert_int_equal(child_run(write_part, part), 0);
	assert_string_equal(part, "from the child");
}

static int
create_over_the_limit(void *arg)
{
	struct rlimit limit = { .rlim_cur = 1024 * 1024, .rlim_max = 1024 * 1024 };

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	return arena_create(16 * 1024 * 1024) == NULL && errno == EFBIG ? 0 : 1;
}

static void
what_cannot_be_allocated_is_not_mapped(void **state)
{
	(void)state;
	assert_int_equal(child_run(create_over_the_limit, NULL), 0);
	assert_null(arena_create(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
}

#define ARENA_TEST(name)	cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(parts_are_zeroed_and_aligned),
		ARENA_TEST(take_refuses),
		ARENA_TEST(all_bytes_asked_for_can_be_taken),
		ARENA_TEST(parts_are_counted),
		ARENA_TEST(sealed_has_no_more_parts),
		ARENA_TEST(children_share_it),
		cmocka_unit_test(what_cannot_be_allocated_is_not_mapped),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
