/*
 * rlock.c - robust mutexes, and what this process holds of them.
 */
#undef NDEBUG				/* a wrong order found late is a deadlock */

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "rlock.h"

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
    "atomics in shared memory must not hide a lock of their own");

/* What this process holds, in the order of taking. Each process has one thread. */
static struct {
	const struct rlock	*lock;
	enum rlock_rank		 rank;
} held[RLOCK_HELD_MAX];
static unsigned nheld;

int
rlock_init(struct rlock *l)
{
	pthread_mutexattr_t attr;
	int rc;

	if ((rc = pthread_mutexattr_init(&attr)) != 0)
		return -rc;
	if ((rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED)) == 0 &&
	    (rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST)) == 0)
		rc = pthread_mutex_init(&l->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return -rc;
}

/* The real-time clock may be set while we wait: only where nothing else exists. */
#ifdef HAVE_PTHREAD_MUTEX_CLOCKLOCK
#define WAIT_CLOCK	CLOCK_MONOTONIC
#define wait_lock(m, t)	pthread_mutex_clocklock(m, WAIT_CLOCK, t)
#else
#define WAIT_CLOCK	CLOCK_REALTIME
#define wait_lock(m, t)	pthread_mutex_timedlock(m, t)
#endif

static int
lock_within(pthread_mutex_t *mutex, long wait_ms)
{
	struct timespec deadline;

	clock_gettime(WAIT_CLOCK, &deadline);
	deadline.tv_sec += wait_ms / 1000;
	deadline.tv_nsec += wait_ms % 1000 * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000;
	}
	return wait_lock(mutex, &deadline);
}

int
rlock_take(struct rlock *l, enum rlock_rank rank)
{
	int rc;

	assert(nheld < RLOCK_HELD_MAX);
	assert(nheld == 0 || held[nheld - 1].rank < rank);

	rc = pthread_mutex_trylock(&l->mutex);	/* nearly always enough: no clock read */
	if (rc == EBUSY)
		rc = lock_within(&l->mutex, RLOCK_WAIT_MS);
	if (rc != 0 && rc != EOWNERDEAD)
		return -rc;
	if (rc == EOWNERDEAD)
		atomic_fetch_add_explicit(&l->deaths, 1, memory_order_relaxed);
	held[nheld].lock = l;
	held[nheld].rank = rank;
	nheld++;
	return rc == EOWNERDEAD;
}

void
rlock_repaired(struct rlock *l)
{
	assert(rlock_held(l));
	pthread_mutex_consistent(&l->mutex);
}

void
rlock_give(struct rlock *l)
{
	assert(nheld > 0 && held[nheld - 1].lock == l);
	nheld--;
	pthread_mutex_unlock(&l->mutex);
}

int
rlock_held(const struct rlock *l)
{
	for (unsigned i = 0; i < nheld; i++)
		if (held[i].lock == l)
			return 1;
	return 0;
}
