/*
 * rlock.h - a robust, process-shared lock: take, give, held.
 *
 * The only file that touches pthread_mutex_t. Timed (a SIGSTOPped owner is not
 * dead), without PRIO_INHERIT, at most two held per process, in rising rank.
 *
 * Crash  The kernel tells the next taker that the owner died. rlock_take() then
 *        returns 1 and does NOT mark the lock consistent: the caller repairs
 *        what the lock guards and calls rlock_repaired(). Giving the lock back
 *        before that makes it unrecoverable for all (-ENOTRECOVERABLE).
 * Trust  Ranks and the list of held locks are private to the process: the
 *        asserts never look at bytes that others can write. The mutex itself
 *        is such bytes: see "What it does not defend against" in README.md.
 */
#ifndef KITH_SHM_RLOCK_H
#define KITH_SHM_RLOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum rlock_rank {			/* take in rising order */
	RANK_TABLE = 1,			/* a stripe of a table */
	RANK_RING = 2			/* a ring's pushers: the last one */
};

#define RLOCK_HELD_MAX	2u		/* per process */
#define RLOCK_WAIT_MS	2000		/* the owner is stopped, or spins */

struct rlock {				/* in shared memory */
	pthread_mutex_t		mutex;
	_Atomic uint32_t	deaths;	/* of owners; the holder writes */
};

/* In zeroed shared memory, before the fork. 0 or -errno. */
int	rlock_init(struct rlock *l);

/* 0: taken. 1: taken, and the last owner died holding it. -ETIMEDOUT (after
 * RLOCK_WAIT_MS), -ENOTRECOVERABLE. Asserts that `rank` is above that of any
 * lock held. */
int	rlock_take(struct rlock *l, enum rlock_rank rank);

/* The caller repaired what the lock guards, after a take that returned 1. */
void	rlock_repaired(struct rlock *l);

/* Gives back the lock that was taken last. */
void	rlock_give(struct rlock *l);

/* For asserts: this process holds it. */
int	rlock_held(const struct rlock *l);

#endif
