/*
 * outbuf.h - bytes that wait to leave by a connection: put, count, write once.
 *
 * Memory  One wipebuf, empty while nothing waits: a fresh token may be in it,
 *         so that no byte stays where it was.
 * Order   Bytes that TLS was given once must come first at the next try, so
 *         none is ever taken back.
 */
#ifndef KITH_SERVER_OUTBUF_H
#define KITH_SERVER_OUTBUF_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/base/wipebuf.h"
#include "server/tls/tls.h"

struct outbuf {				/* zeroed: empty */
	struct wipebuf	bytes;
	size_t		sent;		/* of them, from the front */
};

/* Copies. 0, -ENOMEM, or -ENOBUFS: more than `max` bytes would be unsent. */
int	outbuf_put(struct outbuf *o, const void *bytes, size_t len, size_t max);

size_t	outbuf_unsent(const struct outbuf *o);

/* One write to the socket, or one TLS record (`tls` not NULL), of *put bytes.
 * When all have left, the block is given back. */
enum tls_want outbuf_write(struct outbuf *o, struct tls *tls, int fd,
	    size_t *put);

/* Wipes and frees. */
void	outbuf_fini(struct outbuf *o);

#endif
