/*
 * wake.h - "look at your ring": an eventfd per process and its sleep flag.
 *
 * Sleeper  wake_sleep(): flag = 1, full fence, look at the ring once more (the caller
 *          does), sleep in epoll with a bound of WAKE_SLEEP_MAX_MS;
 *          wake_awake() on return: flag = 0, eventfd drained.
 * Waker    after a push: full fence, flag read, eventfd written if it is 1.
 * Crash    Only the sleeper writes the flag, so a waker killed between push and
 *          write costs at most WAKE_SLEEP_MAX_MS; the master kicks all after
 *          each death (prototypes.md 2).
 */
#ifndef KITH_SHM_WAKE_H
#define KITH_SHM_WAKE_H

#include <stdatomic.h>
#include <stdint.h>

#define WAKE_SLEEP_MAX_MS	250

struct wake_shared {
	_Alignas(64) _Atomic uint32_t	asleep;
};

struct wake {				/* handle; fd inherited by all processes */
	struct wake_shared	*shared;
	int			 fd;	/* eventfd, non-blocking, close-on-exec */
};

/* Master, before the fork. `mem`: sizeof(struct wake_shared) zeroed bytes,
 * aligned to 64. 0 or -errno. */
int	wake_init(struct wake *w, void *mem);
void	wake_fini(struct wake *w);	/* closes this process's descriptor */

/* Owner only. */
void	wake_sleep(struct wake *w);	/* then check the ring, then sleep */
void	wake_awake(struct wake *w);	/* also once at its start, after a death in its sleep */

/* Any process. */
void	wake_notify(struct wake *w);	/* after a push: wakes it if it sleeps */
void	wake_kick(struct wake *w);	/* always */

#endif
