/*
 * rlock.c - robust mutexes, and which of them this process holds.
 */
#undef NDEBUG				/* a wrong order that is not caught is a deadlock */

#include "shm/rlock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
    "atomics in shared memory must not hide a lock of their own");

/* The locks that this process holds, in the order of taking. It has one thread. */
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

/* The real-time clock may be set while we wait, so it is the last resort. The coarse
 * clock is some milliseconds off, and costs a quarter of the exact one. */
#if defined(HAVE_PTHREAD_MUTEX_CLOCKLOCK) && defined(CLOCK_MONOTONIC_COARSE)
#define READ_CLOCK		CLOCK_MONOTONIC_COARSE
#define lock_until(m, t)	pthread_mutex_clocklock(m, CLOCK_MONOTONIC, t)
#elif defined(HAVE_PTHREAD_MUTEX_CLOCKLOCK)
#define READ_CLOCK		CLOCK_MONOTONIC
#define lock_until(m, t)	pthread_mutex_clocklock(m, CLOCK_MONOTONIC, t)
#else
#define READ_CLOCK		CLOCK_REALTIME
#define lock_until(m, t)	pthread_mutex_timedlock(m, t)
#endif

static struct timespec
deadline_in(long wait_ms)
{
	struct timespec t;

	clock_gettime(READ_CLOCK, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += wait_ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

int
rlock_take(struct rlock *l, enum rlock_rank rank)
{
	const struct timespec deadline = deadline_in(RLOCK_WAIT_MS);
	int rc;

	assert(nheld < RLOCK_HELD_MAX);
	assert(nheld == 0 || held[nheld - 1].rank < rank);

	/* Not trylock first: in glibc 2.36 that leaves a lost mutex locked for ever,
	 * so that the next taker would see -ETIMEDOUT instead of -ENOTRECOVERABLE. */
	rc = lock_until(&l->mutex, &deadline);
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
