/*
 * table_test.c - processes that die while they change a table.
 *
 * Each worker has keys of its own, at most one entry each, and says in shared
 * memory what stands there and what it is about to change. When it died, each of
 * its keys must be as said, or, for the change in hand, as it was or as it was to be.
 *
 * That the test sees faults was tried by putting them in, one at a time: no undo, of
 * links or of values; op set after the change or cleared before the undo; the count
 * put back relatively; the free list not noted; rlock_repaired() left out. Each
 * failed the program, most of them at the first death that mattered.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shm/table.h"
#include "tests/crash/kills.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define STRIPES		4u
#define PER_STRIPE	48u
#define WORKERS		3u
#define KEYS		32u		/* of each worker */
#define STEPS		3000u		/* enough to come to any point often */

struct value {
	uint64_t	key, serial;
	uint64_t	pattern[6];	/* by key and serial */
};

/* What a worker last said; it writes, and who checks after its death. */
struct model {
	_Atomic uint64_t	serial[KEYS];	/* 0: no entry */
	_Atomic uint32_t	changing;	/* index + 1 of the key in hand, or 0 */
	_Atomic uint64_t	to;		/* what serial[] will be then */
};

struct world {
	struct tally		tally;
	_Atomic uint64_t	next_serial;
	struct model		models[WORKERS];
};

#define WORLD_BYTES	((sizeof(struct world) + 63) / 64 * 64)

static struct world *world;
static struct table table;

static uint64_t
key_of(unsigned worker, unsigned index)
{
	return 1 + worker * KEYS + index;
}

static uint64_t
pattern_name(uint64_t key, uint64_t serial)
{
	return serial * 1000 + key;
}

static struct value
value_of(uint64_t key, uint64_t serial)
{
	struct value v = { .key = key, .serial = serial };

	pattern_fill(v.pattern, sizeof(v.pattern), pattern_name(key, serial));
	return v;
}

/* Counts a wrong answer of the table. */
static void
count_error(int rc)
{
	if (rc == -ETIMEDOUT || rc == -ENOTRECOVERABLE)
		world->tally.stuck++;
	else if (rc < 0)
		world->tally.wrong++;
}

/* The serial of the key's entry, 0 if there is none. */
static uint64_t
look_up(uint64_t key)
{
	struct value v;
	int n = table_read(&table, key, &v, 1);
	uint64_t name;

	count_error(n);
	if (n <= 0)
		return 0;
	if (n > 1)
		world->tally.wrong++;
	name = pattern_name(key, v.serial);
	if (v.key != key || !pattern_matches(v.pattern, sizeof(v.pattern), name))
		world->tally.torn++;
	return v.serial;
}

/* -- a worker ------------------------------------------------------------- */

static int
erase(uint64_t key, void *value, void *arg)
{
	(void)key;
	(void)value;
	(void)arg;
	return TABLE_ERASE | TABLE_STOP;
}

static int
rewrite(uint64_t key, void *value, void *arg)
{
	(void)key;
	memcpy(value, arg, sizeof(struct value));
	return TABLE_WRITE | TABLE_STOP;
}

static void
change(uint64_t key, uint64_t from, uint64_t to)
{
	struct value v = value_of(key, to);

	if (to == 0)
		count_error(table_visit_key(&table, key, erase, NULL));
	else if (from == 0)
		count_error(table_add(&table, key, &v));
	else
		count_error(table_visit_key(&table, key, rewrite, &v));
}

static void
step(unsigned worker, struct dice *d)
{
	struct model *m = &world->models[worker];
	unsigned index = (unsigned)dice_below(d, KEYS);
	uint64_t from = m->serial[index];

	m->to = from != 0 && dice_below(d, 2) == 0 ? 0 : ++world->next_serial;
	m->changing = index + 1;
	change(key_of(worker, index), from, m->to);
	m->serial[index] = m->to;
	m->changing = 0;
	look_up(1 + dice_below(d, WORKERS * KEYS));
}

static int
work_some_steps(void *arg)
{
	unsigned worker = *(unsigned *)arg;
	struct dice d = { .state = ++world->next_serial };

	for (unsigned i = 0; i < STEPS; i++)
		step(worker, &d);
	return 0;
}

static int
work_till_killed(void *arg)
{
	while (work_some_steps(arg) == 0)
		;
	return 0;
}

/* The worker is dead. */
static void
check_worker(unsigned worker)
{
	struct model *m = &world->models[worker];

	for (unsigned i = 0; i < KEYS; i++) {
		uint64_t serial = look_up(key_of(worker, i));

		if (serial != m->serial[i] && !(m->changing == i + 1 && serial == m->to))
			world->tally.wrong++;
		m->serial[i] = serial;
	}
	m->changing = 0;
	count_error(table_check(&table));
}

/* -- the tests ------------------------------------------------------------ */

static int
world_setup(void **state)
{
	size_t bytes = table_space(STRIPES, PER_STRIPE, sizeof(struct value));

	(void)state;
	world = fenced_alloc(WORLD_BYTES);
	kills_begin(&world->tally);
	return table_init(&table, fenced_alloc(bytes), STRIPES, PER_STRIPE, sizeof(struct value));
}

static int
world_teardown(void **state)
{
	(void)state;
	fenced_free(table.shared, table_space(STRIPES, PER_STRIPE, sizeof(struct value)));
	fenced_free(world, WORLD_BYTES);
	return 0;
}

/* The points of a worker, and those of the process that repairs after it. */
static void
find_points(struct points *of_change, struct points *of_repair)
{
	static unsigned worker;

	points_seen(of_change);
	work_some_steps(&worker);
	points_seen(of_repair);
	for (unsigned i = 0; i < of_change->n; i++) {
		kill_at(&world->tally, of_change->name[i], 1, work_some_steps, &worker);
		check_worker(worker);
	}
	points_seen(NULL);
}

static void
death_at_each_point(void **state)
{
	static const unsigned counts[] = { 2, 3, 10, 31, 100 };
	struct points of_change = { 0 }, of_repair = { 0 };
	unsigned worker = 1;

	(void)state;
	find_points(&of_change, &of_repair);
	assert_true(of_change.n >= 20);
	for (unsigned i = 0; i < of_change.n; i++) {
		for (unsigned k = 0; k < COUNT(counts); k++) {
			assert_true(kill_at(&world->tally, of_change.name[i], counts[k],
			    work_some_steps, &worker));
			check_worker(worker);
		}
	}
}

static int
check_all_stripes(void *arg)
{
	(void)arg;
	count_error(table_check(&table));
	return 0;
}

/* The second death is in the repair that the first made necessary. */
static void
death_in_the_repair(void **state)
{
	struct points of_change = { 0 }, of_repair = { 0 };
	unsigned worker = 2;

	(void)state;
	find_points(&of_change, &of_repair);
	assert_true(of_repair.n >= 10);
	for (unsigned r = 0; r < of_repair.n; r++) {
		unsigned hits = 0;

		for (unsigned c = 0; c < of_change.n; c++) {
			assert_true(kill_at(&world->tally, of_change.name[c], r + 1,
			    work_some_steps, &worker));
			hits += kill_at(&world->tally, of_repair.name[r], 1,
			    check_all_stripes, NULL);
			check_worker(worker);
		}
		assert_true(hits > 0);
	}
}

static void
death_at_random_instants(void **state)
{
	struct crew crew = { .n = WORKERS };
	struct dice d = { .state = 77 };
	unsigned w;

	(void)state;
	for (w = 0; w < WORKERS; w++)
		crew.main[w] = work_till_killed;
	crew_start(&crew);
	while (kills_go_on(&world->tally)) {
		w = crew_kill_one(&crew, &world->tally, &d);
		check_worker(w);
		crew_replace(&crew, w);
	}
	crew_kill_all(&crew);
	for (w = 0; w < WORKERS; w++)
		check_worker(w);
	assert_int_equal(table_broken(&table), 0);
}

static void
nothing_was_torn_wrong_or_stuck(void **state)
{
	(void)state;
	kills_end(&world->tally, "table", table_deaths(&table));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(death_at_each_point),
		cmocka_unit_test(death_in_the_repair),
		cmocka_unit_test(death_at_random_instants),
		cmocka_unit_test(nothing_was_torn_wrong_or_stuck),
	};

	return cmocka_run_group_tests_name("table crash", tests, world_setup, world_teardown);
}
