/*
 * outbuf.c - bytes that wait to leave by a connection.
 */
#include "server/worker/outbuf.h"

#include <errno.h>
#include <sys/socket.h>

#define OUTBUF_MIN	4096u		/* what one turn brings, mostly; freed when it has left */

size_t
outbuf_unsent(const struct outbuf *o)
{
	return o->bytes.len - o->sent;
}

int
outbuf_put(struct outbuf *o, const void *bytes, size_t len, size_t max)
{
	if (outbuf_unsent(o) + len > max)
		return -ENOBUFS;
	if (o->sent > 0 && o->bytes.size - o->bytes.len < len) {
		wipebuf_consume(&o->bytes, o->sent);
		o->sent = 0;
	}
	/* One block at once: growing from small costs a copy and a wipe each time. */
	if (o->bytes.data == NULL && len < OUTBUF_MIN && max >= OUTBUF_MIN &&
	    wipebuf_reserve(&o->bytes, OUTBUF_MIN, max) < 0)
		return -ENOMEM;
	return wipebuf_append(&o->bytes, bytes, len, max + o->sent);
}

enum tls_want
outbuf_write(struct outbuf *o, struct tls *tls, int fd, size_t *put)
{
	const uint8_t *at = o->bytes.data + o->sent;
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
	wipebuf_fini(&o->bytes);
	o->sent = 0;
}
