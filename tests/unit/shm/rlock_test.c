/* rlock_test.c - promises of shm/rlock.h. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shm/rlock.h"
#include "tests/crash/harness.h"

#define TURNS	20000

struct locks {
	struct rlock	stripe, ring;
	unsigned	counter;	/* under `stripe` */
	int		ready[2];	/* pipe: a child holds its lock */
};

#define LOCKS_SIZE	((sizeof(struct locks) + 63) / 64 * 64)

static int
locks_setup(void **state)
{
	struct locks *l = fenced_alloc(LOCKS_SIZE);

	*state = l;
	return rlock_init(&l->stripe) != 0 || rlock_init(&l->ring) != 0;
}

static int
locks_teardown(void **state)
{
	fenced_free(*state, LOCKS_SIZE);
	return 0;
}

static void
held_from_take_to_give(void **state)
{
	struct locks *l = *state;

	assert_int_equal(rlock_held(&l->stripe), 0);
	assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), 0);
	assert_int_equal(rlock_held(&l->stripe), 1);
	assert_int_equal(rlock_take(&l->ring, RANK_RING), 0);
	assert_int_equal(rlock_held(&l->ring), 1);
	rlock_give(&l->ring);
	assert_int_equal(rlock_held(&l->ring), 0);
	assert_int_equal(rlock_held(&l->stripe), 1);
	rlock_give(&l->stripe);
	assert_int_equal(rlock_held(&l->stripe), 0);
}

static int
take_falling(void *arg)
{
	struct locks *l = arg;

	rlock_take(&l->ring, RANK_RING);
	return rlock_take(&l->stripe, RANK_TABLE);
}

static int
take_same_rank(void *arg)
{
	struct locks *l = arg;

	rlock_take(&l->ring, RANK_TABLE);
	return rlock_take(&l->stripe, RANK_TABLE);
}

static int
take_again(void *arg)
{
	struct locks *l = arg;

	rlock_take(&l->ring, RANK_RING);
	return rlock_take(&l->ring, RANK_RING);
}

static int
give_in_wrong_order(void *arg)
{
	struct locks *l = arg;

	rlock_take(&l->stripe, RANK_TABLE);
	rlock_take(&l->ring, RANK_RING);
	rlock_give(&l->stripe);
	return 0;
}

static int
give_what_is_not_held(void *arg)
{
	rlock_give(&((struct locks *)arg)->ring);
	return 0;
}

static int
repair_what_is_not_held(void *arg)
{
	rlock_repaired(&((struct locks *)arg)->ring);
	return 0;
}

struct misuse {
	child_main	*what;
	struct locks	*locks;
};

/* What the assert prints would look like a failure of ours. */
static int
misuse_silently(void *arg)
{
	const struct misuse *m = arg;

	close(STDERR_FILENO);
	return m->what(m->locks);
}

static void
misuse_aborts(void **state)
{
	static child_main *const misuses[] = {
		take_falling, take_same_rank, take_again,
		give_in_wrong_order, give_what_is_not_held, repair_what_is_not_held,
	};

	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++) {
		struct misuse m = { .what = misuses[i], .locks = *state };
		int status = child_run(misuse_silently, &m);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

static int
take_and_die(void *arg)
{
	return rlock_take(&((struct locks *)arg)->stripe, RANK_TABLE);
}

static void
death_is_reported_until_repaired(void **state)
{
	struct locks *l = *state;

	assert_int_equal(WEXITSTATUS(child_run(take_and_die, l)), 0);
	assert_int_equal(WEXITSTATUS(child_run(take_and_die, l)), 1);
	assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), 1);
	rlock_repaired(&l->stripe);
	rlock_give(&l->stripe);
	assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), 0);
	rlock_give(&l->stripe);
	assert_int_equal(atomic_load(&l->stripe.deaths), 2);
}

static void
given_back_unrepaired_is_lost(void **state)
{
	struct locks *l = *state;

	child_run(take_and_die, l);
	assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), 1);
	rlock_give(&l->stripe);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), -ENOTRECOVERABLE);
		assert_int_equal(rlock_held(&l->stripe), 0);
	}
}

static int
take_and_stop(void *arg)
{
	struct locks *l = arg;

	if (rlock_take(&l->stripe, RANK_TABLE) != 0 || write(l->ready[1], "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* The only test that waits: RLOCK_WAIT_MS. */
static void
stopped_owner_is_not_waited_for_without_end(void **state)
{
	struct locks *l = *state;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(l->ready), 0);
	pid = child_start(take_and_stop, l);
	assert_int_equal(read(l->ready[0], &byte, 1), 1);
	assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), -ETIMEDOUT);
	assert_int_equal(rlock_held(&l->stripe), 0);
	child_kill(pid);
	assert_int_equal(rlock_take(&l->stripe, RANK_TABLE), 1);
	rlock_repaired(&l->stripe);
	rlock_give(&l->stripe);
	close(l->ready[0]);
	close(l->ready[1]);
}

static int
count_turns(void *arg)
{
	struct locks *l = arg;

	for (int i = 0; i < TURNS; i++) {
		if (rlock_take(&l->stripe, RANK_TABLE) != 0)
			return 1;
		l->counter++;
		rlock_give(&l->stripe);
	}
	return 0;
}

static void
one_holder_at_a_time(void **state)
{
	struct locks *l = *state;
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = child_start(count_turns, l);
	for (int i = 0; i < 3; i++)
		assert_int_equal(child_wait(pids[i]), 0);
	assert_int_equal(l->counter, 3 * TURNS);
}

#define LOCK_TEST(name)	cmocka_unit_test_setup_teardown(name, locks_setup, locks_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOCK_TEST(held_from_take_to_give),
		LOCK_TEST(misuse_aborts),
		LOCK_TEST(death_is_reported_until_repaired),
		LOCK_TEST(given_back_unrepaired_is_lost),
		LOCK_TEST(stopped_owner_is_not_waited_for_without_end),
		LOCK_TEST(one_holder_at_a_time),
	};

	return cmocka_run_group_tests_name("rlock", tests, NULL, NULL);
}
