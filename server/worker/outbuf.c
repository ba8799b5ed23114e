/*
 * outbuf.c - bytes that wait to leave by a connection.
 */
#include "server/worker/outbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BLOCK_MIN	512u

size_t
outbuf_unsent(const struct outbuf *o)
{
	return o->len - o->sent;
}

/* A new block with what is unsent; the old one is wiped. */
static int
outbuf_move(struct outbuf *o, size_t size)
{
	uint8_t *block = malloc(size);
	size_t unsent = outbuf_unsent(o);

	if (block == NULL)
		return -ENOMEM;
	if (unsent > 0)
		memcpy(block, o->block + o->sent, unsent);
	outbuf_fini(o);
	*o = (struct outbuf){ .block = block, .len = unsent, .size = size };
	return 0;
}

int
outbuf_put(struct outbuf *o, const void *bytes, size_t len, size_t max)
{
	size_t need = outbuf_unsent(o) + len, size = o->size > 0 ? o->size : BLOCK_MIN;
	int rc;

	if (need > max)
		return -ENOBUFS;
	while (size < need)
		size *= 2;
	if (o->size - o->len < len && (rc = outbuf_move(o, size)) < 0)
		return rc;
	memcpy(o->block + o->len, bytes, len);
	o->len += len;
	return 0;
}

enum tls_want
outbuf_write(struct outbuf *o, struct tls *tls, int fd, size_t *put)
{
	const uint8_t *at = o->block + o->sent;
	enum tls_want want = TLS_OK;
	ssize_t n;

	*put = 0;
	if (tls != NULL)
		want = tls_write(tls, at, outbuf_unsent(o), put);
	else if ((n = send(fd, at, outbuf_unsent(o), MSG_NOSIGNAL)) >= 0)
		*put = (size_t)n;
	else
		want = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
		    TLS_WANT_WRITE : TLS_FAILED;
	o->sent += *put;
	if (outbuf_unsent(o) == 0)
		outbuf_fini(o);
	return want;
}

void
outbuf_fini(struct outbuf *o)
{
	if (o->block != NULL)
		explicit_bzero(o->block, o->len);
	free(o->block);
	*o = (struct outbuf){ .block = NULL };
}
