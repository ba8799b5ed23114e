/*
 * ring_test.c - pushers that die while they push, owners that die between reading
 * and releasing, and the wake-up between them.
 *
 * Each pusher numbers its records. The owner notes the last number of each pusher
 * as done, in shared memory, and only then releases: as a store commits. A number
 * may come again (its pusher died before it noted that it had pushed, or the owner
 * before it released), but never one that skips its predecessor.
 *
 * That the test sees faults was tried by putting them in, one at a time: tail moved
 * before the bytes are in place (torn records within the first kills); ring_attach()
 * at the tail; head moved by each read; rlock_repaired() left out.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shm/ring.h"
#include "shm/wake.h"
#include "tests/crash/kills.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define RING_BYTES	(512u * 1024u)
#define PUSHERS		3u
#define OWNER		PUSHERS		/* its index among the processes */
#define BLOCK_MAX	200u
#define BLOCKS		16u		/* equal ones in a record, so that a push takes its time */
#define BATCH_MAX	16u
#define PUSHES		60u		/* twice that fits into the ring */
#define RECOVER_MS	5000		/* progress after a death, at the latest */

struct head {
	uint64_t	pusher, number;
};

struct world {
	struct tally		tally;
	_Atomic uint64_t	noted[PUSHERS];	/* last number that its pusher noted as pushed */
	_Atomic uint64_t	done[PUSHERS];	/* last number with a durable effect */
	_Atomic uint64_t	repeated;
	_Atomic bool		pushers_stop, owner_stops;
};

#define WORLD_BYTES	((sizeof(struct world) + 63) / 64 * 64)

static struct world *world;
static struct ring ring;
static struct wake owner_wake;

static uint32_t
block_bytes(const struct head *h)
{
	return (uint32_t)(h->number * 7919 % BLOCK_MAX) + 1;
}

static uint64_t
pattern_name(const struct head *h)
{
	return h->number * PUSHERS + h->pusher;
}

/* -- a pusher ------------------------------------------------------------- */

/* 0, or -ENOBUFS: the owner is behind. */
static int
push_next(unsigned pusher)
{
	struct head h = { .pusher = pusher, .number = world->noted[pusher] + 1 };
	struct ring_piece pieces[1 + BLOCKS] = { { &h, sizeof(h) } };
	unsigned char block[BLOCK_MAX];
	int rc;

	pattern_fill(block, block_bytes(&h), pattern_name(&h));
	for (unsigned i = 1; i <= BLOCKS; i++)
		pieces[i] = (struct ring_piece){ block, block_bytes(&h) };
	if ((rc = ring_push(&ring, pieces, COUNT(pieces))) == 0) {
		world->noted[pusher]++;
		wake_notify(&owner_wake);
	} else if (rc != -ENOBUFS) {
		world->tally.stuck++;
	}
	return rc;
}

static int
push_some(void *arg)
{
	for (unsigned i = 0; i < PUSHES; i++)
		push_next(*(unsigned *)arg);
	return 0;
}

/* Not before one push has succeeded: it may be the one that a predecessor made and
 * died before it noted it. */
static int
push_till_stopped(void *arg)
{
	bool pushed = false;

	while (!world->pushers_stop || !pushed) {
		if (push_next(*(unsigned *)arg) == 0)
			pushed = true;
		else
			sched_yield();
	}
	return 0;
}

/* -- the owner ------------------------------------------------------------ */

static bool
record_sound(const unsigned char *record, uint32_t len, const struct head *h)
{
	const unsigned char *block = record + sizeof(*h);

	if (len < sizeof(*h) || h->pusher >= PUSHERS || len != sizeof(*h) + BLOCKS * block_bytes(h))
		return false;
	for (unsigned i = 1; i < BLOCKS; i++)
		if (memcmp(block, block + i * block_bytes(h), block_bytes(h)) != 0)
			return false;
	return pattern_matches(block, block_bytes(h), pattern_name(h));
}

/* One record. `done` is what the owner will have done with this batch. */
static void
check_record(const unsigned char *record, uint32_t len, uint64_t done[PUSHERS])
{
	struct head h;

	memcpy(&h, record, sizeof(h));
	if (!record_sound(record, len, &h)) {
		world->tally.torn++;
		return;
	}
	if (h.number > done[h.pusher] + 1)
		world->tally.wrong++;
	if (h.number <= done[h.pusher])
		world->repeated++;
	else
		done[h.pusher] = h.number;
}

/* Reads up to `max` records, commits, releases. How many there were. */
static unsigned
read_batch(unsigned max)
{
	unsigned char record[sizeof(struct head) + BLOCKS * BLOCK_MAX];
	uint64_t done[PUSHERS];
	unsigned n = 0;
	uint32_t len;
	int rc;

	for (unsigned i = 0; i < PUSHERS; i++)
		done[i] = world->done[i];
	while (n < max && (rc = ring_read(&ring, record, sizeof(record), &len)) != -EAGAIN) {
		n++;
		if (rc == 0)
			check_record(record, len, done);
		else
			world->tally.torn++;
	}
	for (unsigned i = 0; i < PUSHERS; i++)
		world->done[i] = done[i];
	ring_release(&ring);
	return n;
}

static void
sleep_once(int bound_ms)
{
	struct pollfd p = { .fd = owner_wake.fd, .events = POLLIN };

	wake_sleep(&owner_wake);
	if (ring_empty(&ring))
		poll(&p, 1, bound_ms);
	wake_awake(&owner_wake);
}

static int
own_some(void *arg)
{
	(void)arg;
	ring_attach(&ring);
	while (read_batch(BATCH_MAX) > 0)
		;
	sleep_once(0);
	return 0;
}

static int
own_till_stopped(void *arg)
{
	struct dice d = { .state = world->done[0] };

	(void)arg;
	ring_attach(&ring);
	wake_awake(&owner_wake);
	for (;;) {
		if (read_batch(1 + (unsigned)dice_below(&d, BATCH_MAX)) > 0)
			continue;
		if (world->owner_stops)
			return 0;
		sleep_once(WAKE_SLEEP_MAX_MS);
	}
}

/* Nobody else is running: reads all, and it must be all that was noted as pushed. */
static void
drain_and_check(void)
{
	own_some(NULL);
	for (unsigned i = 0; i < PUSHERS; i++) {
		/* One more than noted: its pusher died between the two. */
		if (world->done[i] - world->noted[i] > 1)
			world->tally.wrong++;
		world->noted[i] = world->done[i];
	}
}

/* -- the tests ------------------------------------------------------------ */

static int
world_setup(void **state)
{
	(void)state;
	world = fenced_alloc(WORLD_BYTES);
	kills_begin(&world->tally);
	return wake_init(&owner_wake, fenced_alloc(sizeof(struct wake_shared))) |
	    ring_init(&ring, fenced_alloc(ring_space(RING_BYTES)), RING_BYTES);
}

static int
world_teardown(void **state)
{
	(void)state;
	wake_fini(&owner_wake);
	fenced_free(owner_wake.shared, sizeof(struct wake_shared));
	fenced_free(ring.shared, ring_space(RING_BYTES));
	fenced_free(world, WORLD_BYTES);
	return 0;
}

static void
pusher_dies_at_each_point(void **state)
{
	static const unsigned counts[] = { 1, 2, 3, 10, 30, PUSHES };
	struct points points = { 0 };
	unsigned pusher = 0;

	(void)state;
	wake_sleep(&owner_wake);
	points_seen(&points);
	push_some(&pusher);
	points_seen(NULL);
	drain_and_check();
	assert_true(points.n >= 5);
	for (unsigned i = 0; i < points.n; i++) {
		for (unsigned k = 0; k < COUNT(counts); k++) {
			wake_sleep(&owner_wake);
			assert_true(kill_at(&world->tally, points.name[i], counts[k],
			    push_some, &pusher));
			pusher = (pusher + 1) % PUSHERS;
			push_some(&pusher);
			drain_and_check();
		}
	}
}

static void
owner_dies_at_each_point(void **state)
{
	static const unsigned counts[] = { 1, 2, 3, 4, 5 };
	struct points points = { 0 };
	unsigned pusher = 1, hits = 0;

	(void)state;
	push_some(&pusher);
	points_seen(&points);
	own_some(NULL);
	points_seen(NULL);
	assert_true(points.n >= 5);
	for (unsigned i = 0; i < points.n; i++) {
		for (unsigned k = 0; k < COUNT(counts); k++) {
			push_some(&pusher);
			hits += kill_at(&world->tally, points.name[i], counts[k], own_some, NULL);
			drain_and_check();
		}
	}
	assert_true(hits >= points.n);
}

static uint64_t
all_done(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PUSHERS; i++)
		sum += world->done[i];
	return sum;
}

/* After a death, and the kick that the master gives, records get through again. */
static void
wait_for_progress(void)
{
	uint64_t before = all_done();

	for (int waited = 0; all_done() == before; waited++) {
		if (waited == RECOVER_MS) {
			world->tally.stuck++;
			return;
		}
		poll(NULL, 0, 1);
	}
}

static void
death_at_random_instants(void **state)
{
	struct crew crew = { PUSHERS + 1, { push_till_stopped, push_till_stopped,
	    push_till_stopped, [OWNER] = own_till_stopped }, { 0 }, { 0 } };
	struct dice d = { .state = 78 };
	unsigned w;

	(void)state;
	crew_start(&crew);
	while (kills_go_on(&world->tally)) {
		crew_replace(&crew, crew_kill_one(&crew, &world->tally, &d));
		wake_kick(&owner_wake);
		wait_for_progress();
	}
	world->pushers_stop = true;
	for (w = 0; w < PUSHERS; w++)
		assert_int_equal(child_wait(crew.pid[w]), 0);
	world->owner_stops = true;
	wake_kick(&owner_wake);
	assert_int_equal(child_wait(crew.pid[OWNER]), 0);
	for (w = 0; w < PUSHERS; w++)
		assert_int_equal(world->done[w], world->noted[w]);
}

static void
nothing_was_torn_wrong_or_stuck(void **state)
{
	(void)state;
	print_message("%ju records, %ju came again\n", (uintmax_t)all_done(),
	    (uintmax_t)world->repeated);
	kills_end(&world->tally, "ring", ring_deaths(&ring));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pusher_dies_at_each_point),
		cmocka_unit_test(owner_dies_at_each_point),
		cmocka_unit_test(death_at_random_instants),
		cmocka_unit_test(nothing_was_torn_wrong_or_stuck),
	};

	return cmocka_run_group_tests_name("ring crash", tests, world_setup, world_teardown);
}
