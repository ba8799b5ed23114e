/* kills.c - see kills.h. */
#include "tests/crash/kills.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shm/point.h"

#define HANG_SECONDS	300
#define MOMENT_NS_MAX	1000000	/* some hundred changes, so that any is hit */

static struct points *noted;

static uint64_t
kills_wanted(void)
{
	const char *value = getenv("KITH_CRASH_KILLS");

	return value != NULL ? strtoull(value, NULL, 10) : KILLS_DEFAULT;
}

void
kills_begin(struct tally *t)
{
	memset(t, 0, sizeof(*t));
	alarm(HANG_SECONDS);
}

void
kills_end(const struct tally *t, const char *module, uint64_t deaths_holding)
{
	printf("%s: %ju kills, of these %ju at named points; %ju owners died holding a lock; "
	    "torn %ju, wrong %ju, stuck %ju\n",
	    module, (uintmax_t)t->kills, (uintmax_t)t->kills_at_points, (uintmax_t)deaths_holding,
	    (uintmax_t)t->torn, (uintmax_t)t->wrong, (uintmax_t)t->stuck);
	alarm(0);
	assert_int_equal(t->torn, 0);
	assert_int_equal(t->wrong, 0);
	assert_int_equal(t->stuck, 0);
	assert_true(t->kills >= kills_wanted());
	assert_true(deaths_holding > 0);
}

static void
note_point(const char *name)
{
	for (unsigned i = 0; i < noted->n; i++)
		if (strcmp(noted->name[i], name) == 0)
			return;
	assert_true(noted->n < POINTS_MAX);
	noted->name[noted->n++] = name;
}

void
points_seen(struct points *p)
{
	noted = p;
	point_watch(p != NULL ? note_point : NULL);
}

struct armed {
	const char	*point;
	unsigned	 count;
	child_main	*fn;
	void		*arg;
};

static int
run_armed(void *arg)
{
	const struct armed *a = arg;

	point_watch(NULL);
	point_arm(a->point, a->count);
	return a->fn(a->arg);
}

bool
kill_at(struct tally *t, const char *point, unsigned count, child_main *fn, void *arg)
{
	struct armed a = { .point = point, .count = count, .fn = fn, .arg = arg };
	int status = child_run(run_armed, &a);

	if (!child_was_killed(status)) {
		assert_int_equal(status, 0);
		return false;
	}
	t->kills++;
	t->kills_at_points++;
	return true;
}

bool
kills_go_on(const struct tally *t)
{
	return t->kills < kills_wanted() && t->torn + t->wrong + t->stuck == 0;
}

void
crew_start(struct crew *c)
{
	assert_true(c->n <= CREW_MAX);
	for (unsigned i = 0; i < c->n; i++) {
		c->index[i] = i;
		crew_replace(c, i);
	}
}

unsigned
crew_kill_one(struct crew *c, struct tally *t, struct dice *d)
{
	unsigned i = (unsigned)dice_below(d, c->n);
	struct timespec moment = { .tv_nsec = (long)dice_below(d, MOMENT_NS_MAX) };

	nanosleep(&moment, NULL);
	child_kill(c->pid[i]);
	t->kills++;
	return i;
}

void
crew_replace(struct crew *c, unsigned i)
{
	c->pid[i] = child_start(c->main[i], &c->index[i]);
}

void
crew_kill_all(struct crew *c)
{
	for (unsigned i = 0; i < c->n; i++)
		child_kill(c->pid[i]);
}
