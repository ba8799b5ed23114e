/*
 * conn_input.c - a connection's input: the first byte, the TLS handshake, and
 * all reading after them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/proc/ipc.h"
#include "server/tls/tls.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define HANDSHAKES_MAX	32u		/* steps a turn, of up to half a millisecond each */
#define TLS_FIRST_BYTE	0x16		/* handshake (RFC 8446, 5.1) */

/* -- giving it on --------------------------------------------------------- */

/* Keeps a copy of what was not taken. */
static void
hold_input(struct conn *c, const uint8_t *at, size_t len)
{
	if (len == 0)
		return;
	if ((c->held = malloc(len)) == NULL) {
		conn_kill(c);
		return;
	}
	memcpy(c->held, at, len);
	c->held_len = len;
}

static void
give_input(struct conn *c, const uint8_t *at, size_t len)
{
	c->rested = false;
	c->w->conn_ops->input(c, &at, &len);
	if (c->state == CONN_OPEN)
		hold_input(c, at, len);
}

/* Held input comes first, and once after each rest even if there is none. */
static void
give_held(struct conn *c)
{
	uint8_t *held = c->held;
	size_t len = c->held_len;

	c->held = NULL;
	c->held_len = 0;
	give_input(c, held, len);
	if (held != NULL)
		explicit_bzero(held, len);
	free(held);
}

/* -- reading -------------------------------------------------------------- */

static enum tls_want
read_plain(struct conn *c, uint8_t *buf, size_t cap, size_t *got)
{
	ssize_t n = recv(c->fd, buf, cap, 0);

	*got = n > 0 ? (size_t)n : 0;
	if (n > 0)
		return TLS_OK;
	if (n == 0)
		return TLS_CLOSED;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
	    TLS_WANT_READ : TLS_FAILED;
}

static void
read_conn(struct conn *c)
{
	uint8_t *input = c->w->input;
	enum tls_want want;
	size_t got;

	want = c->tls != NULL ? tls_read(c->tls, input, sizeof(c->w->input), &got) :
	    read_plain(c, input, sizeof(c->w->input), &got);
	c->read_wants_write = want == TLS_WANT_WRITE;
	if (want == TLS_WANT_WRITE)
		event_add(&c->writable, NULL);
	if (want == TLS_CLOSED || want == TLS_FAILED) {
		conn_kill(c);		/* cut or ended: frames have their own length */
		return;
	}
	if (got == 0)
		return;
	conn_heard(c);
	stats_add(c->w->p->stats, STAT_bytes_in, got);
	give_input(c, input, got);
	explicit_bzero(input, got);	/* it may have held a password */
	if (c->state == CONN_OPEN && c->paused == 0 && c->tls != NULL && tls_pending(c->tls) > 0)
		event_active(&c->readable, EV_READ, 0);
}

static void
take_input(struct conn *c)
{
	if (c->state == CONN_OPEN && c->paused == 0 && (c->held != NULL || c->rested))
		give_held(c);
	if (c->state == CONN_OPEN && c->paused == 0)
		read_conn(c);
}

/* -- TLS or plain --------------------------------------------------------- */

static void
end_handshake(struct conn *c)
{
	c->state = CONN_OPEN;
	if (!c->w->conn_ops->agreed(c, tls_alpn(c->tls)))
		conn_kill(c);
	else
		event_active(&c->readable, EV_READ, 0);	/* TLS may have read further */
}

/* A step of it. Over the turn's budget, the event comes again in the next. */
static void
step_handshake(struct conn *c)
{
	enum tls_want want = c->read_wants_write ? TLS_WANT_WRITE : TLS_WANT_READ;

	if (c->w->handshakes < HANDSHAKES_MAX) {
		c->w->handshakes++;
		want = tls_handshake(c->tls);
	}
	c->read_wants_write = want == TLS_WANT_WRITE;
	switch (want) {
	case TLS_OK:
		end_handshake(c);
		break;
	case TLS_WANT_READ:
		break;
	case TLS_WANT_WRITE:
		event_add(&c->writable, NULL);
		break;
	case TLS_CLOSED:
	case TLS_FAILED:
		stats_add(c->w->p->stats, STAT_tls_failed, 1);
		conn_log_refused(c, want == TLS_CLOSED ? "left during TLS" : "TLS failed");
		conn_kill(c);
		break;
	}
}

/* Looks at the first byte without taking it. */
static void
look_at_first_byte(struct conn *c)
{
	uint8_t first;
	ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_kill(c);
	} else if (first == TLS_FIRST_BYTE) {
		c->state = CONN_HANDSHAKE;
		if ((c->tls = tls_accept(c->w->tls, c->fd)) == NULL)
			conn_kill(c);
		else
			step_handshake(c);
	} else if (conn_may_be_plain(c)) {
		c->state = CONN_OPEN;
		read_conn(c);
	} else {
		stats_add(c->w->p->stats, STAT_tls_failed, 1);
		conn_log_refused(c, "not TLS");
		c->w->conn_ops->refuse_plain(c, first);
		conn_kill(c);
	}
}

/* -- events --------------------------------------------------------------- */

/* After our last word: what still comes is thrown away. Closing with unread input would
 * be a reset, and could take the last word with it. */
static void
discard_input(struct conn *c)
{
	ssize_t n = recv(c->fd, c->w->input, sizeof(c->w->input), 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_kill(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	c->w->now = c->w->clock();
	ipc_wake_due(c->w->p, c->w->now);
	switch (c->state) {
	case CONN_RECOGNISING:
		look_at_first_byte(c);
		break;
	case CONN_HANDSHAKE:
		step_handshake(c);
		break;
	case CONN_OPEN:
		if (c->write_wants_read)
			conn_flush_soon(c);
		take_input(c);
		break;
	case CONN_LINGERING:
		discard_input(c);
		break;
	case CONN_CLOSING:
	case CONN_DEAD:
		break;
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	c->w->now = c->w->clock();
	if (c->read_wants_write && c->state == CONN_HANDSHAKE)
		step_handshake(c);
	else if (c->read_wants_write)
		take_input(c);
	if (c->state != CONN_DEAD)
		conn_flush_soon(c);
}

void
conn_start_input(struct conn *c)
{
	struct event_base *base = c->w->p->base;

	event_assign(&c->readable, base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, base, c->fd, EV_WRITE, on_writable, c);
	event_add(&c->readable, NULL);
}
