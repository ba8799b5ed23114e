/*
 * conn.c - a connection's life, its input, and the timeouts. conn_write.c has the output.
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
#include "server/tls/tls.h"
#include "server/web/web.h"
#include "server/worker/conn_write.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define READ_MAX	TLS_RECORD_BYTES	/* of one connection and turn */
#define HANDSHAKES_MAX	32u		/* steps a turn, of up to half a millisecond each */
#define TLS_FIRST_BYTE	0x16		/* handshake (RFC 8446, 5.1) */
#define HEARD_SLACK_MS	2000u		/* over the missed beats, for the way */
#define LEAVE_MS	3000u		/* from our decision to close until it is cut */
#define LEAVE_DRAIN_MS	500u		/* the same when the worker stops */

/* The read buffer of all connections: what is not taken is copied out. */
static uint8_t input[READ_MAX];

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

/* -- queues and places ------------------------------------------------------- */

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

/* What one host has to itself: an IPv4 address, or an IPv6 network of 64 bits. */
static uint64_t
address_key(const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint64_t key;

	memcpy(&key, address + (memcmp(address, mapped, sizeof(mapped)) == 0 ? 8 : 0), sizeof(key));
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
make(struct worker *w, int fd, const uint8_t address[16], bool loopback)
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
		c = make(w, fd, address, loopback);
	if (c == NULL) {
		stats_add(w->p->stats, STAT_connections_refused, 1);
		close(fd);
		return NULL;
	}
	frame_reader_init(&c->reader, FRAME_BYTES_MAX_LOGIN);
	session_init(&c->session);
	event_assign(&c->readable, w->p->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, w->p->base, fd, EV_WRITE, on_writable, c);
	event_add(&c->readable, NULL);
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

void
conn_door_changed(struct conn *c)
{
	if (!c->door->beats)
		wait_in(c, NULL);
	else if (c->waits_in == NULL)
		wait_in(c, &c->w->logging_in);
}

void
conn_logged_in(struct conn *c)
{
	if (!c->door->beats)
		return;
	wait_in(c, &c->w->heard);
	c->logged_in = true;
	c->reader.max = FRAME_BYTES_MAX;
}

/* -- the end ----------------------------------------------------------------- */

void
conn_close(struct conn *c, enum kith_err why)
{
	if (c->state > CONN_OPEN)
		return;
	if (c->door == NULL) {		/* in which language? */
		conn_kill(c);
		return;
	}
	if (c->door->bye != NULL)
		c->door->bye(c, why);
	else
		door_say_closing(c, why);
	conn_finish(c);
}

void
conn_finish(struct conn *c)
{
	if (c->state > CONN_OPEN)
		return;
	session_end(c);
	c->state = CONN_CLOSING;
	wait_in(c, &c->w->leaving);
	event_del(&c->readable);
	conn_write_soon(c);		/* also with nothing to write: so it goes on */
}

void
conn_linger(struct conn *c)
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
	session_end(c);
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
conn_free(struct conn *c)
{
	struct worker *w = c->w;

	if (c->door != NULL && c->door->end != NULL)
		c->door->end(c);
	tls_destroy(c->tls);
	close(c->fd);
	frame_reader_fini(&c->reader);
	if (c->held != NULL)
		explicit_bzero(c->held, c->held_len);
	free(c->held);
	free(c->out);
	index_remove(&w->addresses, address_key(c->peer), c->place);
	w->conns[c->place] = NULL;
	w->free_places[w->nfree++] = c->place;
	free(c);
}

/* -- input ------------------------------------------------------------------- */

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
	if (c->paused == CONN_PAUSE_CALL && c->state == CONN_OPEN && c->door->resume != NULL)
		c->door->resume(c);
	if (c->paused != 0 || c->state != CONN_OPEN)
		return;
	event_add(&c->readable, NULL);
	/* What was held, or lies decrypted in TLS, raises no event by itself. */
	event_active(&c->readable, EV_READ, 0);
}

/* Keeps a copy of what the paused door did not take. */
static void
hold(struct conn *c, const uint8_t *at, size_t len)
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

/* `len` is at least 1. */
static void
give_to_door(struct conn *c, const uint8_t *at, size_t len)
{
	if (c->door == NULL && door_enter(c, door_by_byte(c->w, at[0])) < 0) {
		stats_add(c->w->p->stats, STAT_frames_bad, 1);
		conn_kill(c);
		return;
	}
	c->door->input(c, &at, &len);
	if (c->state == CONN_OPEN)
		hold(c, at, len);
}

/* Held input first. */
static void
give_held(struct conn *c)
{
	uint8_t *held = c->held;
	size_t len = c->held_len;

	c->held = NULL;
	c->held_len = 0;
	give_to_door(c, held, len);
	explicit_bzero(held, len);
	free(held);
}

static enum tls_want
plain_read(struct conn *c, size_t *got)
{
	ssize_t n = recv(c->fd, input, sizeof(input), 0);

	*got = n > 0 ? (size_t)n : 0;
	if (n > 0)
		return TLS_OK;
	if (n == 0)
		return TLS_CLOSED;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
	    TLS_WANT_READ : TLS_FAILED;
}

static void
read_some(struct conn *c)
{
	enum tls_want want;
	size_t got;

	want = c->tls ? tls_read(c->tls, input, sizeof(input), &got) : plain_read(c, &got);
	c->read_wants_write = want == TLS_WANT_WRITE;
	if (want == TLS_WANT_WRITE)
		event_add(&c->writable, NULL);
	if (want == TLS_CLOSED || want == TLS_FAILED) {
		conn_kill(c);		/* cut or ended: frames have their own length */
		return;
	}
	if (got == 0)
		return;
	if (c->logged_in)		/* the time to log in runs from the accept */
		wait_in(c, &c->w->heard);
	stats_add(c->w->p->stats, STAT_bytes_in, got);
	give_to_door(c, input, got);
	explicit_bzero(input, got);	/* it may have held a password */
	if (c->state == CONN_OPEN && c->paused == 0 && c->tls && tls_pending(c->tls) > 0)
		event_active(&c->readable, EV_READ, 0);
}

/* What was held comes before what is new. */
static void
take_input(struct conn *c)
{
	if (c->state == CONN_OPEN && c->paused == 0 && c->door != NULL && c->door->more != NULL)
		c->door->more(c);
	if (c->state == CONN_OPEN && c->paused == 0 && c->held != NULL)
		give_held(c);
	if (c->state == CONN_OPEN && c->paused == 0)
		read_some(c);
}

/* -- finding out what it is ---------------------------------------------------- */

/* The handshake is done; without ALPN the first byte tells the door. */
static void
shake_hands(struct conn *c)
{
	const char *alpn = tls_alpn(c->tls);

	c->state = CONN_OPEN;
	if (*alpn != '\0' && door_enter(c, door_by_alpn(c->w, alpn)) < 0)
		conn_kill(c);
	else
		event_active(&c->readable, EV_READ, 0);	/* TLS may have read further */
}

/* A step of it. Over the turn's budget, the event comes again in the next. */
static void
handshake(struct conn *c)
{
	enum tls_want want = c->read_wants_write ? TLS_WANT_WRITE : TLS_WANT_READ;

	if (c->w->handshakes < HANDSHAKES_MAX) {
		c->w->handshakes++;
		want = tls_handshake(c->tls);
	}
	c->read_wants_write = want == TLS_WANT_WRITE;
	switch (want) {
	case TLS_OK:
		shake_hands(c);
		break;
	case TLS_WANT_READ:
		break;
	case TLS_WANT_WRITE:
		event_add(&c->writable, NULL);
		break;
	case TLS_CLOSED:
	case TLS_FAILED:
		stats_add(c->w->p->stats, STAT_tls_failed, 1);
		conn_kill(c);
		break;
	}
}

static bool
may_be_plain(const struct conn *c)
{
	return c->loopback || c->w->p->conf->plaintext;
}

/* The first byte, without taking it. */
static void
recognise(struct conn *c)
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
			handshake(c);
	} else if (may_be_plain(c)) {
		c->state = CONN_OPEN;
		read_some(c);
	} else {
		stats_add(c->w->p->stats, STAT_tls_failed, 1);
		if (door_by_byte(c->w, first) == &door_http)
			web_say_https(c->fd);
		conn_kill(c);
	}
}

/* After our last word: what still comes is thrown away. Closing with unread input would
 * be a reset, and could take the last word with it. */
static void
linger(struct conn *c)
{
	ssize_t n = recv(c->fd, input, sizeof(input), 0);

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
	switch (c->state) {
	case CONN_RECOGNISING:
		recognise(c);
		break;
	case CONN_HANDSHAKE:
		handshake(c);
		break;
	case CONN_OPEN:
		if (c->write_wants_read)
			conn_write_soon(c);
		take_input(c);
		break;
	case CONN_LINGERING:
		linger(c);
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
		handshake(c);
	else if (c->read_wants_write)
		take_input(c);
	if (c->state != CONN_DEAD)
		conn_write_soon(c);
}

/* -- time -------------------------------------------------------------------- */

static void
on_silent(struct conn *c)
{
	/* It is not silent, we do not listen. */
	if (c->logged_in && c->paused != 0) {
		wait_in(c, &c->w->heard);
		return;
	}
	/* Whoever never said a byte where TLS is not required is told in native frames. */
	if (c->state == CONN_RECOGNISING && may_be_plain(c)) {
		c->state = CONN_OPEN;
		door_enter(c, &door_native);
	}
	stats_add(c->w->p->stats, STAT_timeouts, 1);
	conn_close(c, KITH_E_TIMEOUT);
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
send_beat(struct conn *c)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Ping ping = KITH__V1__PING__INIT;

	reply.body_case = KITH__V1__REPLY__BODY_PING;
	reply.ping = &ping;
	session_reply(c, &reply);
}

static void
check_spoken(struct worker *w)
{
	uint64_t limit = w->p->conf->heartbeat_ms;
	struct conn *c;

	while ((c = TAILQ_FIRST(&w->spoken)) != NULL && w->now - c->spoken_ms > limit) {
		c->spoken_ms = w->now;
		TAILQ_REMOVE(&w->spoken, c, by_spoken);
		TAILQ_INSERT_TAIL(&w->spoken, c, by_spoken);
		if (c->state == CONN_OPEN && c->session.state == S_READY && c->door->beats)
			send_beat(c);
	}
}

void
conn_tick(struct worker *w)
{
	const struct conf *conf = w->p->conf;

	w->handshakes = 0;
	check_queue(&w->logging_in, conf->login_ms, on_silent);
	check_queue(&w->heard, (uint64_t)conf->heartbeat_ms * HEARTBEAT_MISSED_MAX + HEARD_SLACK_MS,
	    on_silent);
	check_queue(&w->leaving, w->draining ? LEAVE_DRAIN_MS : LEAVE_MS, conn_kill);
	check_spoken(w);
}
