/* wake.c - eventfd per process, and the sleep flag that saves most writes to it. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wake.h"

int
wake_init(struct wake *w, void *mem)
{
	w->shared = mem;
	atomic_init(&w->shared->asleep, 0);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return w->fd < 0 ? -errno : 0;
}

void
wake_fini(struct wake *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void
wake_sleep(struct wake *w)
{
	atomic_store_explicit(&w->shared->asleep, 1, memory_order_relaxed);
	/* The caller's look at the ring must not pass the store: with the waker's
	 * fence, one of both sees the other. */
	atomic_thread_fence(memory_order_seq_cst);
}

void
wake_awake(struct wake *w)
{
	uint64_t count;

	atomic_store_explicit(&w->shared->asleep, 0, memory_order_relaxed);
	if (read(w->fd, &count, sizeof(count)) < 0)
		return;			/* EAGAIN: nobody wrote */
}

void
wake_notify(struct wake *w)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->shared->asleep, memory_order_relaxed))
		wake_kick(w);
}

void
wake_kick(struct wake *w)
{
	const uint64_t one = 1;

	if (write(w->fd, &one, sizeof(one)) < 0)
		return;			/* EAGAIN: the count is full, it is awake already */
}
