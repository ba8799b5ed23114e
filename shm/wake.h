/*
 * wake.h - "look at your ring": an eventfd per process and its sleep flag.
 *
 * Sleeper  wake_sleep() sets the flag, then a full fence. The caller looks at
 *          the ring once more and sleeps in epoll, at most WAKE_SLEEP_MAX_MS.
 *          wake_awake() clears the flag and drains the eventfd.
 * Waker    After its pushes, of one turn at most (ipc.h): a full fence, then it
 *          reads the flag and writes to the eventfd if the flag is set. A
 *          sleeper that is awake by then costs it nothing.
 * Crash    Only the sleeper writes the flag, so a waker killed, or stopped,
 *          between a push and its write costs at most WAKE_SLEEP_MAX_MS. The
 *          master kicks all processes after each death.
 */
#ifndef KITH_SHM_WAKE_H
#define KITH_SHM_WAKE_H

#include <stdatomic.h>
#include <stdint.h>

#define WAKE_SLEEP_MAX_MS	250

struct wake_shared {
	_Alignas(64) _Atomic uint32_t	asleep;
};

struct wake {				/* handle; children inherit the fd */
	struct wake_shared	*shared;
	int			 fd;	/* eventfd, non-blocking, cloexec */
};

/* Master, before the fork. `mem`: sizeof(struct wake_shared) zeroed bytes,
 * aligned to 64. 0 or -errno. */
int	wake_init(struct wake *w, void *mem);
void	wake_fini(struct wake *w);	/* closes this process's descriptor */

/* Owner only. wake_awake() also at its start: its predecessor may have died
 * asleep. */
void	wake_sleep(struct wake *w);	/* then check the ring, then sleep */
void	wake_awake(struct wake *w);

/* Any process. */
void	wake_notify(struct wake *w);	/* after its pushes */
void	wake_kick(struct wake *w);	/* always */

#endif
