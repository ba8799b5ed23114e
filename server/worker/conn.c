/*
 * conn.c - a connection's life, its output, and the timeouts. conn_input.c reads.
 */
#include "server/worker/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/lib/netname.h"
#include "server/tls/tls.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define HEARD_SLACK_MS	2000u		/* over the missed beats, for the way */
#define LEAVE_MS	3000u		/* from our decision to close until it is cut */
#define LEAVE_DRAIN_MS	500u		/* the same when the worker stops */

/* -- queues and places ---------------------------------------------------- */

/* From now on it waits at the end of `queue`; NULL: in none. */
static void
wait_in(struct conn *c, struct conn_queue *queue)
{
	if (c->waits_in != NULL)
		TAILQ_REMOVE(c->waits_in, c, by_wait);
	c->waits_in = queue;
	c->waits_ms = c->w->now;
	if (queue != NULL)
		TAILQ_INSERT_TAIL(queue, c, by_wait);
}

/* It has spoken, or is to be asked again only after as long a silence. */
static void
note_spoken(struct conn *c)
{
	c->spoken_ms = c->w->now;
	TAILQ_REMOVE(&c->w->spoken, c, by_spoken);
	TAILQ_INSERT_TAIL(&c->w->spoken, c, by_spoken);
}

void
conn_watch(struct conn *c, enum conn_watch what)
{
	struct worker *w = c->w;

	if (c->state <= CONN_OPEN)
		wait_in(c, what == CONN_WATCH_NONE ? NULL :
		    what == CONN_WATCH_LOGIN ? &w->logging_in : &w->heard);
}

/* Only after the login: the time to log in runs from the accept. */
void
conn_heard(struct conn *c)
{
	if (c->waits_in == &c->w->heard)
		wait_in(c, &c->w->heard);
}

bool
conn_may_be_plain(const struct conn *c)
{
	return c->loopback || c->w->p->conf->plaintext;
}

/* What one host has to itself: an IPv4 address, or an IPv6 network of 64 bits. */
static uint64_t
address_key(const uint8_t address[16])
{
	uint64_t key;

	memcpy(&key, address + (netname_is_v4(address) ? 8 : 0), sizeof(key));
	return key;
}

static bool
over_address_limit(const struct worker *w, const uint8_t address[16], bool loopback)
{
	unsigned max = w->p->conf->connections_per_address;
	const struct index_set *set;

	if (max == 0 || loopback)
		return false;
	set = index_find(&w->addresses, address_key(address));
	return set != NULL && set->n >= max;
}

static struct conn *
make_conn(struct worker *w, int fd, const uint8_t address[16], bool loopback)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->place = w->free_places[w->nfree - 1];
	if (index_add(&w->addresses, address_key(address), c->place) < 0) {
		free(c);
		return NULL;
	}
	w->nfree--;
	w->conns[c->place] = c;
	c->w = w;
	c->serial = ++w->last_serial;
	c->fd = fd;
	memcpy(c->peer, address, sizeof(c->peer));
	memcpy(c->address, address, sizeof(c->address));
	c->loopback = loopback;
	return c;
}

struct conn *
conn_open(struct worker *w, int fd, const uint8_t address[16], bool loopback)
{
	struct conn *c = NULL;

	if (w->nfree > 0 && !over_address_limit(w, address, loopback))
		c = make_conn(w, fd, address, loopback);
	if (c == NULL) {
		stats_add(w->p->stats, STAT_connections_refused, 1);
		close(fd);
		return NULL;
	}
	wait_in(c, &w->logging_in);
	c->spoken_ms = w->now;
	TAILQ_INSERT_TAIL(&w->spoken, c, by_spoken);
	w->nconns++;
	stats_add(w->p->stats, STAT_connections_accepted, 1);
	stats_set(w->p->stats, STAT_connections_open, w->nconns);
	return c;
}

struct conn *
conn_find(struct worker *w, uint32_t place, uint32_t serial)
{
	struct conn *c = place < w->places ? w->conns[place] : NULL;

	return c != NULL && c->serial == serial && c->state != CONN_DEAD ? c : NULL;
}

/* -- the end -------------------------------------------------------------- */

void
conn_finish(struct conn *c)
{
	if (c->state > CONN_OPEN)
		return;
	c->w->conn_ops->ended(c);
	c->state = CONN_CLOSING;
	wait_in(c, &c->w->leaving);
	event_del(&c->readable);
	conn_flush_soon(c);		/* also with nothing to write: so it goes on */
}

/* CLOSING, and all output has left: no more is said. */
static void
linger(struct conn *c)
{
	tls_destroy(c->tls);		/* says close_notify */
	c->tls = NULL;
	c->state = CONN_LINGERING;
	if (shutdown(c->fd, SHUT_WR) < 0)
		conn_kill(c);
	else
		event_add(&c->readable, NULL);
}

void
conn_kill(struct conn *c)
{
	struct worker *w = c->w;

	if (c->state == CONN_DEAD)
		return;
	w->conn_ops->ended(c);
	c->state = CONN_DEAD;
	event_del(&c->readable);
	event_del(&c->writable);
	wait_in(c, NULL);
	TAILQ_REMOVE(&w->spoken, c, by_spoken);
	STAILQ_INSERT_TAIL(&w->dead, c, by_death);
	w->nconns--;
	stats_set(w->p->stats, STAT_connections_open, w->nconns);
}

void
conn_break(struct conn *c)
{
	c->broken = true;
	conn_flush_soon(c);
}

void
conn_log_refused(const struct conn *c, const char *reason)
{
	char address[NETNAME_ADDRESS_MAX];

	log_info(0, "conn.refused", "address=%s reason=\"%s\"",
	    netname_print_address(c->peer, address), reason);
}

static void
free_conn(struct conn *c)
{
	struct worker *w = c->w;

	w->conn_ops->freed(c);
	tls_destroy(c->tls);
	close(c->fd);
	if (c->held != NULL)
		explicit_bzero(c->held, c->held_len);
	free(c->held);
	outbuf_fini(&c->out);
	index_remove(&w->addresses, address_key(c->peer), c->place);
	w->conns[c->place] = NULL;
	w->free_places[w->nfree++] = c->place;
	free(c);
}

/* -- rests of the input --------------------------------------------------- */

void
conn_pause(struct conn *c, unsigned why)
{
	if (c->state > CONN_OPEN)
		return;
	c->paused |= (uint8_t)why;
	event_del(&c->readable);
}

void
conn_resume(struct conn *c, unsigned why)
{
	if (!(c->paused & why))
		return;
	c->paused &= (uint8_t)~why;
	if (c->paused != 0 || c->state != CONN_OPEN)
		return;
	c->rested = true;
	event_add(&c->readable, NULL);
	/* What was held, or lies decrypted in TLS, raises no event by itself. */
	event_active(&c->readable, EV_READ, 0);
}

/* -- output --------------------------------------------------------------- */

size_t
conn_unsent(const struct conn *c)
{
	return outbuf_unsent(&c->out);
}

void
conn_flush_soon(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	STAILQ_INSERT_TAIL(&c->w->dirty, c, by_dirty);
}

void
conn_queue(struct conn *c, const void *bytes, size_t len)
{
	if (c->state != CONN_OPEN || c->broken)
		return;
	if (outbuf_put(&c->out, bytes, len, c->w->p->conf->output_hard) < 0) {
		stats_add(c->w->p->stats, STAT_output_full, 1);
		conn_break(c);
		return;
	}
	/* A client that pipelines requests is not answered faster than it reads. */
	if (conn_unsent(c) > c->w->p->conf->output_soft)
		conn_pause(c, CONN_PAUSE_OUTPUT);
	/* While the last write waits for room there is nothing to try. */
	if (!event_pending(&c->writable, EV_WRITE, NULL))
		conn_flush_soon(c);
}

void
conn_fall_behind(struct conn *c)
{
	if (c->behind)
		return;
	c->behind = true;
	stats_add(c->w->p->stats, STAT_resyncs, 1);
	conn_flush_soon(c);		/* also with nothing to write: so it is told */
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

static void
all_written(struct conn *c)
{
	if (c->state == CONN_CLOSING)
		linger(c);
	else if (c->behind) {
		c->behind = false;
		c->w->conn_ops->caught_up(c);
	}
	conn_resume(c, CONN_PAUSE_OUTPUT);
}

static void
flush_conn(struct conn *c)
{
	enum tls_want want = TLS_OK;
	size_t put = 0;

	if (c->broken)
		want = TLS_FAILED;
	else if (conn_unsent(c) > 0) {
		want = outbuf_write(&c->out, c->tls, c->fd, &put);
		c->write_wants_read = want == TLS_WANT_READ;
	}
	if (want == TLS_CLOSED || want == TLS_FAILED) {
		conn_kill(c);
		return;
	}
	if (put > 0) {
		note_spoken(c);
		if (c->paused & CONN_PAUSE_OUTPUT)
			conn_heard(c);		/* it reads */
		stats_add(c->w->p->stats, STAT_bytes_out, put);
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
			flush_conn(c);
	}
	while ((c = STAILQ_FIRST(&w->dead)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->dead, by_death);
		free_conn(c);
	}
}

/* -- time ----------------------------------------------------------------- */

static void
on_silence(struct conn *c)
{
	/* It is not silent, we do not listen. But if we wait for it to read, it is. */
	if (c->waits_in == &c->w->heard && (c->paused & ~CONN_PAUSE_OUTPUT) != 0) {
		conn_heard(c);
		return;
	}
	/* A client that never said a byte can still be told so, where TLS is not required. */
	if (c->state == CONN_RECOGNISING && conn_may_be_plain(c))
		c->state = CONN_OPEN;
	stats_add(c->w->p->stats, STAT_timeouts, 1);
	c->w->conn_ops->silent(c);
}

/* Each that waits in `queue` for longer than `limit`: fn() takes it out, or to its end. */
static void
check_queue(struct conn_queue *queue, uint64_t limit, void (*fn)(struct conn *c))
{
	struct conn *c;

	while ((c = TAILQ_FIRST(queue)) != NULL && c->w->now - c->waits_ms > limit)
		fn(c);
}

static void
check_spoken(struct worker *w)
{
	uint64_t limit = w->p->conf->heartbeat_ms;
	struct conn *c;

	while ((c = TAILQ_FIRST(&w->spoken)) != NULL && w->now - c->spoken_ms > limit) {
		note_spoken(c);
		if (c->state == CONN_OPEN)
			w->conn_ops->beat(c);
	}
}

void
conn_tick(struct worker *w)
{
	const struct conf *conf = w->p->conf;

	w->handshakes = 0;
	check_queue(&w->logging_in, conf->login_ms, on_silence);
	check_queue(&w->heard, (uint64_t)conf->heartbeat_ms * HEARTBEAT_MISSED_MAX + HEARD_SLACK_MS,
	    on_silence);
	check_queue(&w->leaving, w->draining ? LEAVE_DRAIN_MS : LEAVE_MS, conn_kill);
	check_spoken(w);
}
