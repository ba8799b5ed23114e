/*
 * rlock.c - the only place that touches pthread_mutex_t.
 *
 * What this process holds stands in a private array, for the order's asserts. A
 * fork under a lock does not happen: the master forks between turns, holding none.
 */
#include <assert.h>
#include <errno.h>
#include <time.h>

#include "rlock.h"

#define HELD_MAX	2u

static const struct rlock *held[HELD_MAX];
static unsigned nheld;

int
rlock_init(struct rlock *l, enum rlock_rank rank)
{
	pthread_mutexattr_t attr;
	int rc;

	if ((rc = pthread_mutexattr_init(&attr)) != 0)
		return -rc;
	if ((rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED)) == 0 &&
	    (rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST)) == 0)
		rc = pthread_mutex_init(&l->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	l->rank = (uint32_t)rank;
	l->deaths = 0;
	return -rc;
}

/* Waits at most RLOCK_WAIT_MS; on the monotonic clock where the C library can. */
static int
take_timed(pthread_mutex_t *m)
{
#ifdef HAVE_PTHREAD_MUTEX_CLOCKLOCK
	const clockid_t clock = CLOCK_MONOTONIC;
#else
	const clockid_t clock = CLOCK_REALTIME;
#endif
	struct timespec until;

	clock_gettime(clock, &until);
	until.tv_sec += RLOCK_WAIT_MS / 1000;
#ifdef HAVE_PTHREAD_MUTEX_CLOCKLOCK
	return pthread_mutex_clocklock(m, clock, &until);
#else
	return pthread_mutex_timedlock(m, &until);
#endif
}

int
rlock_take(struct rlock *l)
{
	int rc;

	assert(nheld < HELD_MAX);
	assert(nheld == 0 || held[nheld - 1]->rank < l->rank);
	if ((rc = pthread_mutex_trylock(&l->mutex)) == EBUSY)
		rc = take_timed(&l->mutex);
	if (rc != 0 && rc != EOWNERDEAD)
		return -rc;
	held[nheld++] = l;
	if (rc == EOWNERDEAD)
		l->deaths++;
	return rc == EOWNERDEAD;
}

void
rlock_repaired(struct rlock *l)
{
	int rc = pthread_mutex_consistent(&l->mutex);

	assert(rc == 0);
	(void)rc;
}

void
rlock_give(struct rlock *l)
{
	assert(nheld > 0 && held[nheld - 1] == l);
	nheld--;
	pthread_mutex_unlock(&l->mutex);
}

int
rlock_held(const struct rlock *l)
{
	unsigned i;

	for (i = 0; i < nheld; i++)
		if (held[i] == l)
			return 1;
	return 0;
}
