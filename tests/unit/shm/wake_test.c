/* wake_test.c - promises of shm/wake.h. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shm/ring.h"
#include "shm/wake.h"
#include "tests/crash/harness.h"

#define RING_BYTES	4096u
#define RECORDS		50000u

static int
readable(const struct wake *w, int wait_ms)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return poll(&p, 1, wait_ms) == 1;
}

static int
wake_setup(void **state)
{
	static struct wake w;

	*state = &w;
	return wake_init(&w, fenced_alloc(sizeof(struct wake_shared)));
}

static int
wake_teardown(void **state)
{
	struct wake *w = *state;

	wake_fini(w);
	fenced_free(w->shared, sizeof(struct wake_shared));
	return 0;
}

static void
notify_wakes_only_a_sleeper(void **state)
{
	struct wake *w = *state;

	wake_notify(w);
	assert_int_equal(readable(w, 0), 0);
	wake_sleep(w);
	assert_int_equal(readable(w, 0), 0);
	wake_notify(w);
	assert_int_equal(readable(w, 0), 1);
}

static void
only_the_sleeper_clears_its_flag(void **state)
{
	struct wake *w = *state;

	wake_sleep(w);
	wake_notify(w);
	wake_kick(w);
	assert_int_equal(atomic_load(&w->shared->asleep), 1);
	wake_awake(w);
	assert_int_equal(atomic_load(&w->shared->asleep), 0);
}

static void
awake_drains(void **state)
{
	struct wake *w = *state;

	wake_sleep(w);
	for (int i = 0; i < 5; i++)
		wake_notify(w);
	wake_awake(w);
	assert_int_equal(readable(w, 0), 0);
	wake_awake(w);
}

static void
kick_does_not_ask(void **state)
{
	struct wake *w = *state;

	wake_kick(w);
	assert_int_equal(readable(w, 0), 1);
}

static int
kick_it(void *arg)
{
	wake_kick(arg);
	return 0;
}

static void
children_inherit_the_descriptor(void **state)
{
	assert_int_equal(child_run(kick_it, *state), 0);
	assert_int_equal(readable(*state, 0), 1);
}

struct stream {
	struct wake	*wake;
	struct ring	 ring;
};

static int
push_all(void *arg)
{
	struct stream *s = arg;

	for (uint32_t i = 0; i < RECORDS; i++) {
		const struct ring_piece piece = { .bytes = &i, .len = sizeof(i) };

		while (ring_push(&s->ring, &piece, 1) != 0)
			poll(NULL, 0, 1);
		wake_notify(s->wake);
	}
	return 0;
}

/* Sleeps as a role does. A sleep that ends by its bound while a record waits, and no
 * wake-up follows, has lost one. */
static void
sleep_until_pushed(struct stream *s)
{
	wake_sleep(s->wake);
	if (ring_empty(&s->ring) && !readable(s->wake, WAKE_SLEEP_MAX_MS))
		assert_true(ring_empty(&s->ring) || readable(s->wake, WAKE_SLEEP_MAX_MS));
	wake_awake(s->wake);
}

static void
no_wakeup_is_lost(void **state)
{
	struct stream s = { .wake = *state };
	void *mem = fenced_alloc(ring_space(RING_BYTES));
	uint32_t next = 0, got, len;
	pid_t pid;

	assert_int_equal(ring_init(&s.ring, mem, RING_BYTES), 0);
	pid = child_start(push_all, &s);
	while (next < RECORDS) {
		while (ring_read(&s.ring, &got, sizeof(got), &len) == 0)
			assert_int_equal(got, next++);
		ring_release(&s.ring);
		if (next < RECORDS)
			sleep_until_pushed(&s);
	}
	assert_int_equal(child_wait(pid), 0);
	fenced_free(mem, ring_space(RING_BYTES));
}

#define WAKE_TEST(name)	cmocka_unit_test_setup_teardown(name, wake_setup, wake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WAKE_TEST(notify_wakes_only_a_sleeper),
		WAKE_TEST(only_the_sleeper_clears_its_flag),
		WAKE_TEST(awake_drains),
		WAKE_TEST(kick_does_not_ask),
		WAKE_TEST(children_inherit_the_descriptor),
		WAKE_TEST(no_wakeup_is_lost),
	};

	return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}
