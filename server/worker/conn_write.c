/*
 * conn_write.c - a connection's output: one block, one write a turn.
 *
 * What TLS was given once must stay in front until it took it, so nothing is ever
 * dropped from a block: over the hard bound the connection goes.
 */
#include "server/worker/conn_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/conf/conf.h"
#include "server/tls/tls.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define BLOCK_MIN	512u

size_t
conn_unsent(const struct conn *c)
{
	return c->out_len - c->out_at;
}

void
conn_write_soon(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	STAILQ_INSERT_TAIL(&c->w->dirty, c, by_dirty);
}

void
conn_break(struct conn *c)
{
	c->broken = true;
	conn_write_soon(c);
}

static int
make_room(struct conn *c, size_t len)
{
	size_t cap = c->out_cap ? c->out_cap : BLOCK_MIN;
	uint8_t *out;

	if (c->out_cap - c->out_len >= len)
		return 0;
	if (c->out_at > 0) {
		memmove(c->out, c->out + c->out_at, conn_unsent(c));
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	while (cap - c->out_len < len)
		cap *= 2;
	if (cap == c->out_cap)
		return 0;
	if ((out = realloc(c->out, cap)) == NULL)
		return -ENOMEM;
	c->out = out;
	c->out_cap = cap;
	return 0;
}

void
conn_queue(struct conn *c, const void *bytes, size_t len)
{
	if (c->state != CONN_OPEN || c->broken)
		return;
	if (conn_unsent(c) + len > c->w->p->conf->output_hard || make_room(c, len) < 0) {
		stats_add(c->w->p->stats, STAT_output_full, 1);
		conn_break(c);
		return;
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
	/* While the last write waits for room there is nothing to try. */
	if (!event_pending(&c->writable, EV_WRITE, NULL))
		conn_write_soon(c);
}

void
conn_fall_behind(struct conn *c)
{
	if (c->behind)
		return;
	c->behind = true;
	stats_add(c->w->p->stats, STAT_resyncs, 1);
	conn_write_soon(c);		/* also with nothing to write: so it is told */
}

void
conn_queue_live(struct conn *c, const void *bytes, size_t len)
{
	if (conn_unsent(c) + len > c->w->p->conf->output_soft)
		conn_fall_behind(c);
	if (c->behind)
		return;
	conn_queue(c, bytes, len);
	stats_add(c->w->p->stats, STAT_events_delivered, 1);
}

void
conn_queue_hint(struct conn *c, const void *bytes, size_t len)
{
	if (!c->behind && conn_unsent(c) + len <= c->w->p->conf->output_soft)
		conn_queue(c, bytes, len);
}

/* Wiped: it may have held a fresh token. */
static void
free_block(struct conn *c)
{
	if (c->out != NULL)
		explicit_bzero(c->out, c->out_len);
	free(c->out);
	c->out = NULL;
	c->out_at = c->out_len = c->out_cap = 0;
}

static enum tls_want
write_once(struct conn *c, size_t *put)
{
	size_t len = conn_unsent(c);
	ssize_t n;

	if (c->tls != NULL)
		return tls_write(c->tls, c->out + c->out_at, len, put);
	n = send(c->fd, c->out + c->out_at, len, MSG_NOSIGNAL);
	*put = n > 0 ? (size_t)n : 0;
	if (n >= 0)
		return TLS_OK;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
	    TLS_WANT_WRITE : TLS_FAILED;
}

/* What was left out is in the log: the client is told to look there. */
static void
say_resync(struct conn *c)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Resync resync = KITH__V1__RESYNC__INIT;

	c->behind = false;
	reply.body_case = KITH__V1__REPLY__BODY_RESYNC;
	reply.resync = &resync;
	session_reply(c, &reply);
}

static void
all_written(struct conn *c)
{
	free_block(c);
	if (c->state == CONN_CLOSING)
		conn_linger(c);
	else if (c->behind)
		say_resync(c);
	conn_resume(c, CONN_PAUSE_OUTPUT);
}

static void
flush(struct conn *c)
{
	struct worker *w = c->w;
	enum tls_want want = TLS_OK;
	size_t put = 0;

	if (c->broken)
		want = TLS_FAILED;
	else if (conn_unsent(c) > 0) {
		want = write_once(c, &put);
		c->write_wants_read = want == TLS_WANT_READ;
	}
	if (want == TLS_CLOSED || want == TLS_FAILED) {
		conn_kill(c);
		return;
	}
	if (put > 0) {
		c->out_at += put;
		c->spoken_ms = w->now;
		TAILQ_REMOVE(&w->spoken, c, by_spoken);
		TAILQ_INSERT_TAIL(&w->spoken, c, by_spoken);
		stats_add(w->p->stats, STAT_bytes_out, put);
	}
	if (conn_unsent(c) == 0)
		all_written(c);
	else if (!c->write_wants_read)
		event_add(&c->writable, NULL);
}

void
conn_flush_all(struct worker *w)
{
	struct conn *c;

	while ((c = STAILQ_FIRST(&w->dirty)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->dirty, by_dirty);
		c->dirty = false;
		if (c->state == CONN_OPEN || c->state == CONN_CLOSING)
			flush(c);
	}
	while ((c = STAILQ_FIRST(&w->dead)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->dead, by_death);
		conn_free(c);
	}
}
