/*
 * kills.h - deaths at named points and at random instants, counted.
 *
 * A crash test is a program in two parts. First each point that its code passes
 * is found by running it once, and a child is killed there, at several hits.
 * Then children that all work at the same time are killed at random instants,
 * until KITH_CRASH_KILLS deaths (default KILLS_DEFAULT) are reached for the
 * program. After each death the test checks what must hold; the model that it
 * checks against is in shared memory and survives the child.
 */
#ifndef KITH_TESTS_CRASH_KILLS_H
#define KITH_TESTS_CRASH_KILLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/crash/harness.h"

#define KILLS_DEFAULT	1000u
#define POINTS_MAX	64u

struct points {
	unsigned	 n;
	const char	*name[POINTS_MAX];
};

/* All 0 at the end but the first two. In shared memory: children count too. */
struct tally {
	_Atomic uint64_t	kills, kills_at_points;
	/* values or records that nobody wrote */
	_Atomic uint64_t	torn;
	/* against the model: lost, doubled, half done */
	_Atomic uint64_t	wrong;
	/* locks that could not be taken, or no progress */
	_Atomic uint64_t	stuck;
};

/* Ends the program, and so its children, when it hangs. */
void	 kills_begin(struct tally *t);

/* Prints the tally and asserts its zeros. As a test: cmocka's group teardown
 * may fail without the program doing so. */
void	 kills_end(const struct tally *t, const char *module,
	    uint64_t deaths_holding);

/* Notes each point that this process passes, once, until points_seen(NULL). */
void	 points_seen(struct points *p);

/* Runs fn(arg) in a child that dies at the count-th hit of `point`. False: it
 * never came there, and ended with 0. */
bool	 kill_at(struct tally *t, const char *point, unsigned count,
	    child_main *fn, void *arg);

/* More to kill at random? Not after a first fault. */
bool	 kills_go_on(const struct tally *t);

/* Children that all work at the same time. */
#define CREW_MAX	8u
struct crew {
	unsigned	 n;
	/* each gets the address of its index */
	child_main	*main[CREW_MAX];
	unsigned	 index[CREW_MAX];
	pid_t		 pid[CREW_MAX];
};

void	 crew_start(struct crew *c);	/* n and main are set */

/* Lets them work for a moment, then kills one: its index. */
unsigned crew_kill_one(struct crew *c, struct tally *t, struct dice *d);

/* the one that was killed */
void	 crew_replace(struct crew *c, unsigned i);
void	 crew_kill_all(struct crew *c);

#endif
