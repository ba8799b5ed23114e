/*
 * wake.c - the sleep flag and the eventfd.
 *
 * Sleeper: flag = 1, fence, read the ring. Waker: push, fence, read the flag. At least
 * one of the two reads sees the other's store. Without a full fence on both sides both
 * may miss it (on x86, too), and the record waits for the timeout.
 */
#include "shm/wake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shm/point.h"

_Static_assert(sizeof(struct wake_shared) == 64, "one cache line per sleeper");

int
wake_init(struct wake *w, void *mem)
{
	w->shared = mem;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->fd == -1 ? -errno : 0;
}

void
wake_fini(struct wake *w)
{
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
}

void
wake_sleep(struct wake *w)
{
	atomic_store_explicit(&w->shared->asleep, 1, memory_order_relaxed);
	KITH_POINT("wake.sleep.flag");
	atomic_thread_fence(memory_order_seq_cst);
}

void
wake_awake(struct wake *w)
{
	uint64_t kicks;

	atomic_store_explicit(&w->shared->asleep, 0, memory_order_relaxed);
	KITH_POINT("wake.awake.flag");
	while (read(w->fd, &kicks, sizeof(kicks)) == -1 && errno == EINTR)
		;
}

void
wake_notify(struct wake *w)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->shared->asleep, memory_order_relaxed) != 0)
		wake_kick(w);
}

void
wake_kick(struct wake *w)
{
	const uint64_t one = 1;

	/* EAGAIN: the counter is full, so the sleeper is awake already. */
	KITH_POINT("wake.kick.write");
	while (write(w->fd, &one, sizeof(one)) == -1 && errno == EINTR)
		;
}
