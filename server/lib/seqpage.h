/*
 * seqpage.h - a few bytes that one process rewrites and others read, without a
 * lock.
 *
 * Shape  A sequence counter, a length, and the bytes as 64-bit words. The
 *        counter is odd during a write. A reader that saw it odd, or saw it
 *        change, reads again.
 * Lock   None: one writer (the master), any number of readers.
 * Crash  A writer killed half-way leaves the counter odd, and readers get
 *        -EAGAIN. The writer is the master, whose death ends all readers.
 * Trust  The length is checked against the reader's own `cap`.
 */
#ifndef KITH_SERVER_SEQPAGE_H
#define KITH_SERVER_SEQPAGE_H

#include <stddef.h>
#include <stdint.h>

struct seqpage;

/* Bytes of zeroed memory, aligned to 8, for a page of up to `cap` bytes. */
size_t	seqpage_space(uint32_t cap);

/* Replaces the content. `len` is at most the `cap` of seqpage_space(). */
void	seqpage_write(struct seqpage *s, const void *bytes, uint32_t len);

/* Copies one whole version. 0, -EAGAIN (still being written after a second),
 * -EMSGSIZE (over cap). */
int	seqpage_read(const struct seqpage *s, void *buf, uint32_t cap,
	    uint32_t *len);

#endif
