/*
 * registry_test.c - workers that die while they add, remove and follow, a reader
 * that dies while it looks, and a master that dies while it sweeps.
 *
 * Each worker notes in shared memory what it has in the registry and what it is
 * about to change. After its death the sweep must report exactly its sessions,
 * give or take the change in hand, and leave none of them; the sessions of
 * the others stay as they are.
 *
 * That the test sees faults was tried by putting them in, one at a time: a sweep that
 * leaves a count, or ends after its first batch; no undo in the table; reading
 * without comparing the sequence counter (torn sessions within 20 random kills).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shm/registry.h"
#include "tests/crash/kills.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define WORKERS		3u
#define READER		WORKERS		/* its index among the processes */
#define SLOTS		80u		/* of each worker; half in use is over a sweep's batch */
#define USERS		20u
#define GROUPS		12u
#define FOLLOWS_MAX	3u
#define STEPS		2000u

enum change {
	NONE,
	SLOT,				/* users[index] becomes `to` */
	GROUP				/* follows[index] becomes `to` */
};

/* What a worker last said; it writes, and the master after its death. */
struct model {
	_Atomic uint32_t	serial;		/* of its next session */
	_Atomic uint32_t	serials[SLOTS];
	_Atomic uint64_t	users[SLOTS];	/* 0: no session */
	_Atomic uint64_t	follows[GROUPS];
	_Atomic uint32_t	change, index;	/* in hand */
	_Atomic uint64_t	to;
};

struct world {
	struct tally	tally;
	struct model	models[WORKERS];
};

#define WORLD_BYTES	((sizeof(struct world) + 63) / 64 * 64)

static struct world *world;
static struct registry registry;

static void
count_error(int rc)
{
	if (rc == -ETIMEDOUT || rc == -ENOTRECOVERABLE)
		world->tally.stuck++;
	else if (rc < 0)
		world->tally.wrong++;
}

static struct registry_session
session_of(uint64_t user, uint32_t worker, uint32_t slot, uint32_t serial)
{
	struct registry_session s = {
		.worker = worker, .generation = serial ^ slot, .slot = slot, .serial = serial,
		.device = user << 32 | serial, .since_ms = user * serial,
	};

	snprintf(s.name, sizeof(s.name), "user %ju of worker %u", (uintmax_t)user,
	    (unsigned)worker);
	pattern_fill(s.name + 64, sizeof(s.name) - 65, s.device);
	return s;
}

static void
count_if_torn(uint64_t user, const struct registry_session *s)
{
	struct registry_session want = session_of(user, s->worker, s->slot, s->serial);

	if (memcmp(s, &want, sizeof(want)) != 0)
		world->tally.torn++;
}

/* -- a worker ------------------------------------------------------------- */

static void
change_slot(unsigned worker, uint32_t slot, uint64_t user)
{
	struct model *m = &world->models[worker];
	struct registry_session s;
	int rc;

	m->index = slot;
	m->to = m->users[slot] != 0 ? 0 : user;
	if (m->to != 0)
		m->serials[slot] = ++m->serial;
	m->change = SLOT;
	if (m->to != 0) {
		s = session_of(user, worker, slot, m->serials[slot]);
		rc = registry_add(&registry, user, &s);
	} else {
		rc = registry_remove(&registry, m->users[slot], worker, slot, m->serials[slot]);
	}
	count_error(rc);
	m->users[slot] = m->to;
	m->change = NONE;
}

static void
change_group(unsigned worker, uint32_t group, bool up)
{
	struct model *m = &world->models[worker];
	int delta = m->follows[group] == 0 || (up && m->follows[group] < FOLLOWS_MAX) ? 1 : -1;

	m->index = group;
	m->to = m->follows[group] + (uint64_t)delta;
	m->change = GROUP;
	count_error(registry_follow(&registry, group, worker, delta));
	m->follows[group] = m->to;
	m->change = NONE;
}

static int
work_some_steps(void *arg)
{
	unsigned worker = *(unsigned *)arg;
	struct dice d = { .state = world->models[worker].serial + worker };

	for (unsigned i = 0; i < STEPS; i++) {
		uint32_t slot = (uint32_t)dice_below(&d, SLOTS);
		uint32_t group = (uint32_t)dice_below(&d, GROUPS);

		if (dice_below(&d, 2) == 0)
			change_slot(worker, slot, 1 + dice_below(&d, USERS));
		else
			change_group(worker, group, dice_below(&d, 2) == 0);
	}
	return 0;
}

static int
work_till_killed(void *arg)
{
	while (work_some_steps(arg) == 0)
		;
	return 0;
}

/* -- a reader: the store that asks where to send -------------------------- */

static int
read_till_killed(void *arg)
{
	struct registry_session found[WORKERS * SLOTS];
	struct dice d = { .state = 3 };
	uint32_t mask;
	int n;

	(void)arg;
	for (;;) {
		uint64_t user = 1 + dice_below(&d, USERS);

		n = registry_find(&registry, user, found, COUNT(found));
		count_error(n);
		for (int i = 0; i < n; i++)
			count_if_torn(user, &found[i]);
		count_error(registry_user_workers(&registry, user, &mask));
		count_error(registry_group_workers(&registry, dice_below(&d, GROUPS), &mask));
		if (mask >> WORKERS != 0)
			world->tally.torn++;
	}
	return 0;
}

/* -- the master ----------------------------------------------------------- */

/* A session that is swept: it must be in the model; taken out of it, so that it
 * cannot be told twice. */
static void
gone(uint64_t user, const struct registry_session *s, void *arg)
{
	struct model *m = arg;

	count_if_torn(user, s);
	if (s->slot >= SLOTS || s->serial != m->serials[s->slot]) {
		world->tally.wrong++;
	} else if (m->users[s->slot] == user) {
		m->users[s->slot] = 0;
	} else if (m->change == SLOT && m->index == s->slot && m->to == user) {
		m->change = NONE;
	} else {
		world->tally.wrong++;
	}
}

/* A session that was not told: only if it was being removed. */
static void
check_all_told(struct model *m)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		if (m->users[i] != 0 && !(m->change == SLOT && m->index == i && m->to == 0))
			world->tally.wrong++;
}

/* `now` of `group` follow: as said, or as the change in hand would have it. */
static void
check_count(const struct model *m, uint32_t group, uint64_t now, uint64_t cap)
{
	uint64_t said = m->follows[group] < cap ? m->follows[group] : cap;
	uint64_t to = m->to < cap ? m->to : cap;

	if (now != said && !(m->change == GROUP && m->index == group && now == to))
		world->tally.wrong++;
}

static void
check_follows(unsigned worker)
{
	uint32_t mask;

	for (uint32_t g = 0; g < GROUPS; g++) {
		count_error(registry_group_workers(&registry, g, &mask));
		check_count(&world->models[worker], g, mask >> worker & 1, 1);
	}
}

/* Counts by taking away, one by one. */
static void
check_follows_exactly(unsigned worker)
{
	uint64_t n;
	int rc;

	for (uint32_t g = 0; g < GROUPS; g++) {
		for (n = 0; (rc = registry_follow(&registry, g, worker, -1)) == 0; n++)
			;
		if (rc != -ENOENT)
			count_error(rc);
		check_count(&world->models[worker], g, n, UINT64_MAX);
	}
}

static int
find_left(uint64_t user, const struct registry_session *s, void *arg)
{
	count_if_torn(user, s);
	if (s->worker == *(unsigned *)arg)
		world->tally.wrong++;
	return 0;
}

static void
check_nothing_left(unsigned worker)
{
	struct model *m = &world->models[worker];

	m->change = NONE;
	for (uint32_t i = 0; i < SLOTS; i++)
		m->users[i] = 0;
	for (uint32_t g = 0; g < GROUPS; g++)
		m->follows[g] = 0;
	check_follows(worker);
	count_error(registry_walk(&registry, find_left, &worker));
	count_error(table_check(&registry.sessions));
	count_error(table_check(&registry.groups));
}

/* The worker is dead. */
static void
sweep_and_check(unsigned worker)
{
	if (world->tally.kills % 2 == 0)
		check_follows_exactly(worker);
	else
		check_follows(worker);
	count_error(registry_sweep(&registry, worker, gone, &world->models[worker]));
	check_all_told(&world->models[worker]);
	check_nothing_left(worker);
}

static int
sweep(void *arg)
{
	unsigned worker = *(unsigned *)arg;

	count_error(registry_sweep(&registry, worker, gone, &world->models[worker]));
	return 0;
}

/* -- the tests ------------------------------------------------------------ */

static int
world_setup(void **state)
{
	const uint32_t sessions = WORKERS * SLOTS;

	(void)state;
	world = fenced_alloc(WORLD_BYTES);
	kills_begin(&world->tally);
	return registry_init(&registry, fenced_alloc(registry_space_sessions(sessions)), sessions,
	    fenced_alloc(registry_space_groups(GROUPS)), GROUPS);
}

static int
world_teardown(void **state)
{
	(void)state;
	fenced_free(registry.sessions.shared, registry_space_sessions(WORKERS * SLOTS));
	fenced_free(registry.groups.shared, registry_space_groups(GROUPS));
	fenced_free(world, WORLD_BYTES);
	return 0;
}

static void
worker_dies_at_each_point(void **state)
{
	static const unsigned counts[] = { 1, 2, 7, 40, 150 };
	struct points points = { 0 };
	unsigned worker = 0;

	(void)state;
	points_seen(&points);
	work_some_steps(&worker);
	points_seen(NULL);
	assert_true(points.n >= 20);
	for (unsigned i = 0; i < points.n; i++) {
		for (unsigned k = 0; k < COUNT(counts); k++) {
			assert_true(kill_at(&world->tally, points.name[i], counts[k],
			    work_some_steps, &worker));
			sweep_and_check(worker);
			worker = (worker + 1) % WORKERS;
		}
	}
}

/* What it erased but did not tell of is lost to `gone`; nothing else is. */
static void
master_dies_in_the_sweep(void **state)
{
	static const unsigned counts[] = { 1, 2, 5 };
	struct points points = { 0 };
	unsigned worker = 1, hits = 0;

	(void)state;
	work_some_steps(&worker);
	points_seen(&points);
	sweep(&worker);
	points_seen(NULL);
	check_nothing_left(worker);
	assert_true(points.n >= 15);
	for (unsigned i = 0; i < points.n; i++) {
		for (unsigned k = 0; k < COUNT(counts); k++) {
			work_some_steps(&worker);
			hits += kill_at(&world->tally, points.name[i], counts[k], sweep, &worker);
			sweep(&worker);
			check_nothing_left(worker);
		}
	}
	assert_true(hits >= points.n * 2);
}

static void
death_at_random_instants(void **state)
{
	struct crew crew = { WORKERS + 1, { work_till_killed, work_till_killed,
	    work_till_killed, [READER] = read_till_killed }, { 0 }, { 0 } };
	struct dice d = { .state = 79 };
	unsigned w;

	(void)state;
	for (w = 0; w < WORKERS; w++)
		sweep_and_check(w);
	crew_start(&crew);
	while (kills_go_on(&world->tally)) {
		w = crew_kill_one(&crew, &world->tally, &d);
		if (w != READER)
			sweep_and_check(w);
		crew_replace(&crew, w);
	}
	crew_kill_all(&crew);
	for (w = 0; w < WORKERS; w++)
		sweep_and_check(w);
	assert_int_equal(registry_sessions(&registry), 0);
	assert_int_equal(table_count(&registry.groups), 0);
}

static void
nothing_was_torn_wrong_or_stuck(void **state)
{
	(void)state;
	kills_end(&world->tally, "registry",
	    table_deaths(&registry.sessions) + table_deaths(&registry.groups));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_dies_at_each_point),
		cmocka_unit_test(master_dies_in_the_sweep),
		cmocka_unit_test(death_at_random_instants),
		cmocka_unit_test(nothing_was_torn_wrong_or_stuck),
	};

	return cmocka_run_group_tests_name("registry crash", tests, world_setup, world_teardown);
}
