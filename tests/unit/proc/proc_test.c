/*
 * proc_test.c - the loop of every role: what is drained when, and when it sleeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "tests/unit/kit/fake_shared.h"

#define WRITER		FAKE_SLOT(ROLE_WRITER)
#define HANG_SECONDS	20u		/* a loop that does not end kills the test */

static struct shared *shared;
static struct proc proc;

/* What the role saw. */
static struct {
	unsigned	records, turns, most_in_turn, in_turn;
	unsigned	stop_after;	/* records */
	uint32_t	used_at_turn;	/* bytes of the inbox, not yet released */
	const uint8_t	*bodies[16];
} saw;

static void
role_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	(void)p;
	(void)h;
	assert_int_equal(len, 4);
	if (saw.records < 16)
		saw.bodies[saw.records] = body;
	saw.records++;
	saw.in_turn++;
}

static void
role_turn(struct proc *p)
{
	saw.turns++;
	if (saw.in_turn > saw.most_in_turn)
		saw.most_in_turn = saw.in_turn;
	saw.in_turn = 0;
	if (saw.records >= saw.stop_after) {
		saw.used_at_turn = ring_used(&p->shared->rings[p->slot]);
		proc_stop(p);
	}
}

static int
setup(void **state)
{
	(void)state;
	shared = fake_shared_create();
	proc = fake_proc(shared, WRITER);
	proc.base = event_base_new();
	memset(&saw, 0, sizeof(saw));
	log_init(LOG_L_ERROR);
	alarm(HANG_SECONDS);
	return proc.base == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	alarm(0);
	event_base_free(proc.base);
	fake_shared_destroy(shared);
	return 0;
}

/* n records, each with its number as the body. */
static void
push(unsigned n)
{
	struct proc worker = fake_proc(shared, FAKE_SLOT(ROLE_WORKER));

	for (uint32_t i = 0; i < n; i++) {
		struct ipc_head h = { .type = IPC_REQUEST };

		assert_int_equal(ipc_send(&worker, WRITER, &h, &i, sizeof(i)), 0);
	}
}

static void
budget_bounds_a_turn(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = role_turn,
	    .budget = 10 };

	(void)state;
	push(95);
	saw.stop_after = 95;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.records, 95);
	assert_int_equal(saw.most_in_turn, 10);
	assert_int_equal(saw.turns, 10);
}

/* More than one turn's worth waits while the eventfd is readable all the time. */
static void
a_kick_does_not_hold_the_loop(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = role_turn };

	(void)state;
	push(700);
	wake_kick(&shared->wakes[WRITER]);
	saw.stop_after = 700;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.records, 700);
}

static void
records_are_released_after_the_turn(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = role_turn };

	(void)state;
	push(3);
	saw.stop_after = 3;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_true(saw.used_at_turn > 3 * sizeof(struct ipc_head));
	assert_int_equal(ring_used(&shared->rings[WRITER]), 0);
}

static void
kept_turn(struct proc *p)
{
	uint32_t number;

	for (uint32_t i = 0; i < saw.records; i++) {
		memcpy(&number, saw.bodies[i], sizeof(number));
		assert_int_equal(number, i);
	}
	proc_stop(p);
}

static void
kept_bodies_are_valid_until_after_the_turn(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = kept_turn,
	    .budget_bytes = 1 };

	(void)state;
	push(10);
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.records, 10);
}

static void
kept_bytes_bound_a_turn(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = role_turn,
	    .budget = 100000, .budget_bytes = RING_RECORD_MAX };
	const unsigned n = 1000, fit = RING_RECORD_MAX / (sizeof(struct ipc_head) + 8);

	(void)state;
	push(n);
	saw.stop_after = n;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.records, n);
	assert_in_range(saw.most_in_turn, fit - 1, fit);
}

static void
what_the_table_refuses_never_reaches_the_role(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = role_turn };
	struct ipc_head bad = { .type = IPC_ADMIN, .from = FAKE_SLOT(ROLE_WORKER),
	    .generation = FAKE_GENERATION };
	struct ring_piece piece = { &bad, sizeof(bad) };

	(void)state;
	assert_int_equal(ring_push(&shared->rings[WRITER], &piece, 1), 0);
	push(1);
	saw.stop_after = 1;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.records, 1);
	assert_int_equal(atomic_load(&proc.stats->v[STAT_ipc_refused]), 1);
}

static void
again_turn(struct proc *p)
{
	if (++saw.turns == 100)
		proc_stop(p);
	proc_again(p);
}

static void
again_does_not_sleep(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = again_turn };
	uint64_t began = clock_now_ms();

	(void)state;
	assert_int_equal(proc_run(&proc, &ops), 0);
	/* A hundred sleeps would be 25 s. */
	assert_true(clock_now_ms() - began < 5000);
}

static void
beats_turn(struct proc *p)
{
	if (++saw.turns == 4)
		proc_stop(p);
}

/* With nothing to do it still looks up four times a second, and says that it lives. */
static void
sleep_is_bounded(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = beats_turn };
	uint64_t began = clock_now_ms();

	(void)state;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_in_range(clock_now_ms() - began, 2 * WAKE_SLEEP_MAX_MS, 5000);
	assert_true(atomic_load(&shared->slots[WRITER].beat_ms) >= began);
	assert_int_equal(atomic_load(&shared->slots[WRITER].ready), 1);
}

/* -- wakes: the writer answers, the worker sleeps ------------------------- */

#define WORKER		FAKE_SLOT(ROLE_WORKER)

static struct {
	unsigned	answers;	/* for each record */
	bool		in_turn;	/* they are sent in turn(), not in record() */
	bool		slow;		/* a record takes longer than IPC_OWED_MS */
	unsigned	seen[2];	/* kicks of the worker, before and in turn() */
} wakes;

/* How often the worker was kicked since it was asked last. */
static unsigned
kicks(void)
{
	uint64_t n = 0;

	return read(shared->wakes[WORKER].fd, &n, sizeof(n)) == sizeof(n) ? (unsigned)n : 0;
}

static void
answer(struct proc *p, unsigned n)
{
	while (n-- > 0) {
		struct ipc_head h = { .type = IPC_REVOKED };

		assert_int_equal(ipc_send(p, WORKER, &h, NULL, 0), 0);
	}
}

static void
answering_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	uint64_t until = clock_now_ms() + IPC_OWED_MS + 1;

	role_record(p, h, body, len);
	if (!wakes.in_turn)
		answer(p, wakes.answers);
	wakes.seen[0] += kicks();
	while (wakes.slow && clock_now_ms() < until)
		;
}

static void
answering_turn(struct proc *p)
{
	wakes.seen[1] += kicks();
	if (wakes.in_turn)
		answer(p, wakes.answers);
	if (++saw.turns == 2)
		proc_stop(p);
	proc_again(p);
}

/* The worker sleeps, the writer takes three records in one turn. */
static void
run_answering(unsigned answers, bool in_turn, bool slow)
{
	static const struct proc_ops ops = { .record = answering_record,
	    .turn = answering_turn };

	memset(&wakes, 0, sizeof(wakes));
	wakes.answers = answers;
	wakes.in_turn = in_turn;
	wakes.slow = slow;
	wake_sleep(&shared->wakes[WORKER]);
	push(3);
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.records, 3);
}

static void
a_drain_wakes_once(void **state)
{
	(void)state;
	run_answering(2, false, false);
	assert_int_equal(wakes.seen[0], 0);
	assert_int_equal(wakes.seen[1], 1);
	assert_int_equal(kicks(), 0);
}

static void
a_turn_wakes_before_it_sleeps(void **state)
{
	(void)state;
	run_answering(2, true, false);
	assert_int_equal(wakes.seen[1], 1);	/* what the first turn() sent */
	assert_int_equal(kicks(), 1);		/* the last one, as the loop ended */
}

static void
many_records_wake_early(void **state)
{
	(void)state;
	run_answering(IPC_OWED_MAX, false, false);
	assert_int_equal(wakes.seen[0], 3);
}

static void
slow_records_wake_early(void **state)
{
	(void)state;
	run_answering(1, false, true);
	assert_in_range(wakes.seen[0], 1, 2);
}

static void
outside_the_loop_a_wake_is_at_once(void **state)
{
	(void)state;
	wake_sleep(&shared->wakes[WORKER]);
	answer(&proc, 1);
	assert_int_equal(kicks(), 1);
}

static void
ready_turn(struct proc *p)
{
	/* Not before the first turn is over. */
	if (saw.turns++ == 0)
		assert_int_equal(atomic_load(&p->shared->slots[p->slot].ready), 0);
	else
		proc_stop(p);
	proc_again(p);
}

static void
ready_comes_after_the_first_turn(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = ready_turn };

	(void)state;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(atomic_load(&shared->slots[WRITER].ready), 1);
}

static bool
serves_after_three_turns(struct proc *p)
{
	assert_int_equal(atomic_load(&p->shared->slots[p->slot].ready), 0);
	assert_int_equal(atomic_load(&p->shared->slots[p->slot].was_ready), 0);
	return saw.turns == 3;
}

static void
count_to_five(struct proc *p)
{
	if (++saw.turns == 5)
		proc_stop(p);
	proc_again(p);
}

/* A store that waits for its database takes turns, and is not ready. */
static void
ready_comes_when_the_role_serves(void **state)
{
	static const struct proc_ops ops = { .record = role_record, .turn = count_to_five,
	    .serves = serves_after_three_turns };

	(void)state;
	assert_int_equal(proc_run(&proc, &ops), 0);
	assert_int_equal(saw.turns, 5);
	assert_int_equal(atomic_load(&shared->slots[WRITER].ready), 1);
	assert_int_equal(atomic_load(&shared->slots[WRITER].was_ready), 1);
}

static void
the_loop_ends_when_the_master_is_gone(void **state)
{
	static const struct proc_ops ops = { .record = role_record };
	int life[2];

	(void)state;
	assert_int_equal(pipe(life), 0);
	proc.life_fd = life[0];
	close(life[1]);
	assert_int_equal(proc_run(&proc, &ops), 0);
	close(life[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(budget_bounds_a_turn),
		TEST(a_kick_does_not_hold_the_loop),
		TEST(records_are_released_after_the_turn),
		TEST(kept_bodies_are_valid_until_after_the_turn),
		TEST(kept_bytes_bound_a_turn),
		TEST(what_the_table_refuses_never_reaches_the_role),
		TEST(again_does_not_sleep),
		TEST(sleep_is_bounded),
		TEST(a_drain_wakes_once),
		TEST(a_turn_wakes_before_it_sleeps),
		TEST(many_records_wake_early),
		TEST(slow_records_wake_early),
		TEST(outside_the_loop_a_wake_is_at_once),
		TEST(ready_comes_after_the_first_turn),
		TEST(ready_comes_when_the_role_serves),
		TEST(the_loop_ends_when_the_master_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
