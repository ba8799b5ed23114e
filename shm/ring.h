/*
 * ring.h - a process's inbox: byte records passed through shared memory.
 *
 * Any process pushes; one process, the owner, reads. The master makes one ring
 * per process before it forks. Waking the owner is the job of wake.h.
 *
 * Shape  A record is its length (uint32_t, host order), its bytes, and padding
 *        to 8; it may wrap. head and tail count bytes and never wrap.
 * Lock   Pushers hold the ring's robust lock, rank RANK_RING (the last one).
 *        The owner holds none: it alone writes head, the holder writes tail.
 * Crash  tail moves after the bytes are in place: a pusher killed half-way
 *        leaves no half record. The owner reads ahead with a private cursor
 *        and releases (moves head) when the effect is durable: if it is killed
 *        before, its successor reads the same records again. At least once,
 *        never zero times.
 * Trust  The other side may have been taken over. Nothing read from the shared
 *        part is used as a size before it is checked against our own `size`.
 */
#ifndef KITH_SHM_RING_H
#define KITH_SHM_RING_H

#include <stddef.h>
#include <stdint.h>

#define RING_RECORD_MAX	(66u * 1024u)	/* a 64 KiB frame and its ipc head */

struct ring_shared;			/* known to ring.c only */

struct ring {				/* one process's handle, never shared */
	struct ring_shared	*shared;	/* borrowed from the arena */
	uint32_t		 size;		/* data bytes, a power of two */
	uint64_t		 cursor;	/* owner: next record to read */
};

/* One piece of a record, so that head and body need not be joined first. */
struct ring_piece {
	const void	*bytes;
	uint32_t	 len;
};

/* Bytes of arena that a ring of `size` data bytes needs. */
size_t	ring_space(uint32_t size);

/* Makes a ring in `mem`: ring_space(size) zeroed bytes, aligned to 64. Master
 * only, before it forks. 0, -EINVAL (size is not a power of two, or is below 64
 * or over 2^31), or rlock_init()'s error. */
int	ring_init(struct ring *r, void *mem, uint32_t size);

/* Owner, at its start: reads on from the first record not released. */
void	ring_attach(struct ring *r);

/* Appends the pieces as one record. 0, or -EMSGSIZE (0 bytes or over
 * RING_RECORD_MAX, or over size / 2), -ENOBUFS (full: counted as dropped),
 * -ENOTRECOVERABLE, -ETIMEDOUT. */
int	ring_push(struct ring *r, const struct ring_piece *pieces, unsigned n);

/* Copies the record at the cursor into `buf` and moves the cursor, not the
 * head. Owner only; never waits. 0, -EAGAIN (no more records), -EMSGSIZE (over
 * cap: it stays, and *len is its size), -EBADMSG (corrupt: the ring was
 * emptied). */
int	ring_read(struct ring *r, void *buf, uint32_t cap, uint32_t *len);

/* Gives the room of all records before the cursor back. Owner only. */
void	ring_release(struct ring *r);

/* The same, and wipes their bytes: for an inbox that gets passwords. 0, or
 * rlock_take()'s error, and nothing was released. Owner only. */
int	ring_release_wiped(struct ring *r);

/* Discards all records. Owner, at its start. */
void	ring_drop_all(struct ring *r);

int	 ring_empty(const struct ring *r);	/* owner: no record left */

/* Any process, without the lock. */
uint32_t ring_used(const struct ring *r);	/* bytes not released */
uint64_t ring_dropped(const struct ring *r);	/* pushes refused as full */
uint64_t ring_deaths(const struct ring *r);	/* pushers dead with the lock */

#endif
