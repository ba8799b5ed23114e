/*
 * wipebuf.h - a growing buffer that leaves no copy of its bytes behind.
 *
 * For bytes that may hold a password or a token. A block that the buffer
 * leaves is wiped before it is freed, so no realloc().
 *
 * Shape  data[0] to data[len - 1] are its bytes; room for `size`. All zero is
 *        an empty buffer. Doubles from 256 bytes, so that a peer pins at most
 *        twice what it has sent.
 * Bound  The caller's `max`, at each call.
 */
#ifndef KITH_PROTOCOL_BASE_WIPEBUF_H
#define KITH_PROTOCOL_BASE_WIPEBUF_H

#include <stddef.h>
#include <stdint.h>

struct wipebuf {
	uint8_t	*data;
	size_t	 len, size;
};

/* Makes room for `more` bytes after `len`; moves the data. 0, -ENOBUFS (more
 * than `max` in all) or -ENOMEM. On errors nothing changes. */
int	wipebuf_reserve(struct wipebuf *b, size_t more, size_t max);

/* The same, and copies them in. */
int	wipebuf_append(struct wipebuf *b, const void *bytes, size_t n,
	    size_t max);

/* Drops the first `n` bytes (at most len), and moves the rest to the front. */
void	wipebuf_consume(struct wipebuf *b, size_t n);

/* Drops all bytes and keeps the memory. */
void	wipebuf_clear(struct wipebuf *b);

/* Frees the memory; the buffer is empty again. */
void	wipebuf_fini(struct wipebuf *b);

#endif
