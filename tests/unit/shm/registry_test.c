/* registry_test.c - promises of shm/registry.h. Deaths: tests/crash/registry_test.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shm/registry.h"
#include "shm/stripe.h"
#include "tests/crash/harness.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define SESSIONS_MAX	1000u
#define GROUPS_MAX	200u

static struct registry registry;

static int
registry_setup(void **state)
{
	*state = &registry;
	return registry_init(&registry,
	    fenced_alloc(registry_space_sessions(SESSIONS_MAX)), SESSIONS_MAX,
	    fenced_alloc(registry_space_groups(GROUPS_MAX)), GROUPS_MAX);
}

static int
registry_teardown(void **state)
{
	struct registry *r = *state;

	fenced_free(r->sessions.shared, registry_space_sessions(SESSIONS_MAX));
	fenced_free(r->groups.shared, registry_space_groups(GROUPS_MAX));
	return 0;
}

static struct registry_session
session(uint32_t worker, uint32_t slot)
{
	struct registry_session s = {
		.worker = worker, .generation = 1, .slot = slot, .serial = slot * 10,
		.device = slot + 1, .since_ms = UINT64_C(1700000000000) + slot,
	};

	snprintf(s.name, sizeof(s.name), "w%u s%u", (unsigned)worker, (unsigned)slot);
	return s;
}

static int
add(struct registry *r, uint64_t user, uint32_t worker, uint32_t slot)
{
	struct registry_session s = session(worker, slot);

	return registry_add(r, user, &s);
}

static int
take_out(struct registry *r, uint64_t user, uint32_t worker, uint32_t slot)
{
	return registry_remove(r, user, worker, slot, slot * 10);
}

static void
init_refuses_numbers(void **state)
{
	struct registry r;

	(void)state;
	assert_int_equal(registry_space_sessions(0), 0);
	assert_int_equal(registry_space_groups(0), 0);
	assert_int_equal(registry_space_sessions(UINT32_MAX), 0);
	assert_int_equal(registry_init(&r, NULL, 0, NULL, 1), -EINVAL);
}

static void
added_is_found_as_it_was(void **state)
{
	struct registry_session want = session(3, 17), got;

	want.admin = 1;
	assert_int_equal(registry_add(*state, 5, &want), 0);
	assert_int_equal(registry_find(*state, 5, &got, 1), 1);
	assert_memory_equal(&got, &want, sizeof(want));
	assert_int_equal(registry_find(*state, 6, &got, 1), 0);
}

static void
added_twice_stands_once(void **state)
{
	struct registry_session s = session(3, 17), got;

	assert_int_equal(registry_add(*state, 5, &s), 0);
	s.admin = 1;
	assert_int_equal(registry_add(*state, 5, &s), 0);
	assert_int_equal(registry_find(*state, 5, &got, 1), 1);
	assert_int_equal(got.admin, 1);
}

static void
add_refuses(void **state)
{
	struct registry_session s = session(REGISTRY_WORKERS_MAX, 1);

	assert_int_equal(registry_add(*state, 5, &s), -EINVAL);
	s = session(1, 1);
	memset(s.name, 'x', sizeof(s.name));
	assert_int_equal(registry_add(*state, 5, &s), -EINVAL);
	assert_int_equal(registry_sessions(*state), 0);
}

static void
find_says_how_many_there_are(void **state)
{
	struct registry_session got[4];

	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(add(*state, 5, i % 3, i), 0);
	assert_int_equal(registry_find(*state, 5, got, COUNT(got)), 7);
	for (size_t i = 0; i < COUNT(got); i++)
		assert_int_equal(got[i].serial, got[i].slot * 10);
}

static void
remove_takes_exactly_one(void **state)
{
	struct registry_session got;

	assert_int_equal(add(*state, 5, 1, 20), 0);
	assert_int_equal(add(*state, 5, 2, 20), 0);
	assert_int_equal(registry_remove(*state, 5, 1, 20, 201), -ENOENT);
	assert_int_equal(take_out(*state, 6, 1, 20), -ENOENT);
	assert_int_equal(take_out(*state, 5, 1, 20), 0);
	assert_int_equal(take_out(*state, 5, 1, 20), -ENOENT);
	assert_int_equal(registry_find(*state, 5, &got, 1), 1);
	assert_int_equal(got.worker, 2);
}

static void
user_workers_is_a_mask(void **state)
{
	uint32_t mask = 1;

	assert_int_equal(registry_user_workers(*state, 5, &mask), 0);
	assert_int_equal(mask, 0);
	assert_int_equal(add(*state, 5, 0, 1), 0);
	assert_int_equal(add(*state, 5, 31, 2), 0);
	assert_int_equal(add(*state, 5, 31, 3), 0);
	assert_int_equal(add(*state, 6, 7, 4), 0);
	assert_int_equal(registry_user_workers(*state, 5, &mask), 0);
	assert_int_equal(mask, UINT32_C(1) << 31 | 1);
}

static void
user_workers_of_many_sessions(void **state)
{
	uint32_t mask;

	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(add(*state, 5, i == 0 ? 9 : 4, i), 0);
	assert_int_equal(registry_user_workers(*state, 5, &mask), 0);
	assert_int_equal(mask, 1 << 9 | 1 << 4);
}

static void
followers_are_counted_by_worker(void **state)
{
	struct registry *r = *state;
	uint32_t mask;

	assert_int_equal(registry_follow(r, 50, 2, 1), 0);
	assert_int_equal(registry_follow(r, 50, 2, 1), 0);
	assert_int_equal(registry_follow(r, 50, 30, 1), 0);
	assert_int_equal(registry_group_workers(r, 50, &mask), 0);
	assert_int_equal(mask, 1 << 2 | 1 << 30);
	assert_int_equal(registry_follow(r, 50, 2, -1), 0);
	assert_int_equal(registry_follow(r, 50, 30, -1), 0);
	assert_int_equal(registry_group_workers(r, 50, &mask), 0);
	assert_int_equal(mask, 1 << 2);
	assert_int_equal(registry_follow(r, 50, 2, -1), 0);
	assert_int_equal(registry_group_workers(r, 50, &mask), 0);
	assert_int_equal(mask, 0);
	assert_int_equal(table_count(&r->groups), 0);
}

static void
follow_refuses(void **state)
{
	assert_int_equal(registry_follow(*state, 50, REGISTRY_WORKERS_MAX, 1), -EINVAL);
	assert_int_equal(registry_follow(*state, 50, 1, 2), -EINVAL);
	assert_int_equal(registry_follow(*state, 50, 1, 0), -EINVAL);
	assert_int_equal(registry_follow(*state, 50, 1, -1), -ENOENT);
	assert_int_equal(registry_follow(*state, 50, 1, 1), 0);
	assert_int_equal(registry_follow(*state, 50, 2, -1), -ENOENT);
}

struct told {
	struct registry	*registry;
	unsigned	 n, stop_at;
	uint64_t	 users;		/* sum */
	bool		 wrong;
	uint32_t	 worker;
};

static void
tell_gone(uint64_t user, const struct registry_session *s, void *arg)
{
	struct told *told = arg;

	/* Would abort if a lock were still held. */
	if (registry_sessions(told->registry) > SESSIONS_MAX || registry_users(told->registry) == 0)
		told->wrong = true;
	if (s->worker != told->worker || s->serial != s->slot * 10)
		told->wrong = true;
	told->n++;
	told->users += user;
}

static void
sweep_removes_one_worker(void **state)
{
	struct registry *r = *state;
	struct told told = { .registry = r, .worker = 1 };
	uint32_t mask;

	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(add(r, i / 2, i % 3, i), 0);
	for (uint32_t group = 0; group < 20; group++) {
		assert_int_equal(registry_follow(r, group, 1, 1), 0);
		assert_int_equal(registry_follow(r, group, group % 3, 1), 0);
	}
	assert_int_equal(registry_sweep(r, 1, tell_gone, &told), 0);
	assert_int_equal(told.n, 100);
	assert_false(told.wrong);
	assert_int_equal(registry_sessions(r), 200);
	for (uint32_t group = 0; group < 20; group++) {
		assert_int_equal(registry_group_workers(r, group, &mask), 0);
		assert_int_equal(mask, (1 << group % 3) & ~(1 << 1));
	}
	assert_int_equal(table_check(&r->sessions), 0);
	assert_int_equal(table_check(&r->groups), 0);
	assert_int_equal(registry_sweep(r, 1, tell_gone, &told), 0);
	assert_int_equal(told.n, 100);
	assert_int_equal(registry_sweep(r, REGISTRY_WORKERS_MAX, tell_gone, &told), -EINVAL);
}

/* More sessions in one stripe than one batch holds. */
static void
sweep_of_one_user_with_many_sessions(void **state)
{
	struct told told = { .registry = *state, .worker = 2 };

	assert_int_equal(add(*state, 1, 0, 0), 0);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(add(*state, 5, 2, i), 0);
	assert_int_equal(registry_sweep(*state, 2, tell_gone, &told), 0);
	assert_int_equal(told.n, 100);
	assert_int_equal(told.users, 500);
}

static int
tell_each(uint64_t user, const struct registry_session *s, void *arg)
{
	struct told *told = arg;

	if (registry_sessions(told->registry) > SESSIONS_MAX || s->serial != s->slot * 10)
		told->wrong = true;
	told->users += user;
	return ++told->n == told->stop_at;
}

static void
walk_shows_each_session(void **state)
{
	struct told all = { .registry = *state }, some = { .registry = *state, .stop_at = 30 };
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(add(*state, i / 2, i % 3, i), 0);
		sum += i / 2;
	}
	assert_int_equal(registry_walk(*state, tell_each, &all), 0);
	assert_int_equal(all.n, 300);
	assert_int_equal(all.users, sum);
	assert_false(all.wrong);
	assert_int_equal(registry_walk(*state, tell_each, &some), 0);
	assert_int_equal(some.n, 30);
}

static void
users_are_counted_once(void **state)
{
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(add(*state, i % 100, i % 3, i), 0);
	assert_int_equal(registry_sessions(*state), 300);
	assert_int_equal(registry_users(*state), 100);
}

/* What sizing promises: maxima fit for certain, with several sessions per user. */
static void
maxima_fit(void **state)
{
	static const uint32_t rows[] = { 1, 10, 100, 1000, 10000, 16384, 50000 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t sessions = registry_space_sessions(rows[i]);
		size_t groups = registry_space_groups(rows[i]);
		struct registry r;
		uint32_t n;

		assert_int_equal(registry_init(&r, fenced_alloc(sessions), rows[i],
		    fenced_alloc(groups), rows[i]), 0);
		assert_in_range(r.sessions.stripes, 1, 256);
		for (n = 0; n < rows[i]; n++) {
			assert_int_equal(add(&r, 1 + n / 4, n % 32, n), 0);
			assert_int_equal(registry_follow(&r, 1 + n, n % 32, 1), 0);
		}
		while (add(&r, 1 + n / 4, n % 32, n) == 0)
			n++;
		assert_int_equal(add(&r, 1 + n / 4, n % 32, n), -ENOSPC);
		fenced_free(r.sessions.shared, sessions);
		fenced_free(r.groups.shared, groups);
	}
}

/* What a taken-over worker may write into an entry. */
static void
nonsense_in_an_entry_is_not_believed(void **state)
{
	struct registry *r = *state;
	struct registry_session got[2];
	struct told told = { .registry = r, .worker = 3 };
	_Atomic uint64_t *words;
	uint32_t mask;

	assert_int_equal(add(r, 5, 1, 1), 0);
	assert_int_equal(add(r, 6, 1, 1), 0);
	words = entry_words(&r->sessions, stripe_of(&r->sessions, 5), 1);
	assert_int_equal(atomic_load(&words[0]), 5);
	atomic_store(&words[1], UINT64_MAX);		/* worker and generation */

	assert_int_equal(registry_find(r, 5, got, COUNT(got)), -EBADMSG);
	assert_int_equal(registry_user_workers(r, 5, &mask), -EBADMSG);
	assert_int_equal(mask, 0);
	assert_int_equal(registry_walk(r, tell_each, &told), 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(registry_sweep(r, 3, tell_gone, &told), 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(registry_sessions(r), 1);
	assert_int_equal(registry_find(r, 6, got, COUNT(got)), 1);
}

static void
a_lost_stripe_is_healed_empty(void **state)
{
	struct registry *r = *state;
	struct told told = { .registry = r, .worker = 1 };

	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(add(r, i, 1, i), 0);
	set(&stripe_of(&r->sessions, 5)->count, 0);
	assert_int_equal(table_check(&r->sessions), -EBADMSG);
	assert_int_equal(add(r, 5, 1, 1000), -EBADMSG);

	/* The rest is swept all the same. */
	assert_int_equal(registry_sweep(r, 1, tell_gone, &told), -EBADMSG);
	assert_true(told.n > 200 && told.n < 300);
	assert_int_equal(registry_heal(r), 1);
	assert_int_equal(registry_sessions(r), 0);
	assert_int_equal(add(r, 5, 1, 1000), 0);
	assert_int_equal(registry_heal(r), 0);
}

#define REGISTRY_TEST(name) \
	cmocka_unit_test_setup_teardown(name, registry_setup, registry_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_refuses_numbers),
		REGISTRY_TEST(added_is_found_as_it_was),
		REGISTRY_TEST(added_twice_stands_once),
		REGISTRY_TEST(add_refuses),
		REGISTRY_TEST(find_says_how_many_there_are),
		REGISTRY_TEST(remove_takes_exactly_one),
		REGISTRY_TEST(user_workers_is_a_mask),
		REGISTRY_TEST(user_workers_of_many_sessions),
		REGISTRY_TEST(followers_are_counted_by_worker),
		REGISTRY_TEST(follow_refuses),
		REGISTRY_TEST(sweep_removes_one_worker),
		REGISTRY_TEST(sweep_of_one_user_with_many_sessions),
		REGISTRY_TEST(walk_shows_each_session),
		REGISTRY_TEST(users_are_counted_once),
		cmocka_unit_test(maxima_fit),
		REGISTRY_TEST(nonsense_in_an_entry_is_not_believed),
		REGISTRY_TEST(a_lost_stripe_is_healed_empty),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
