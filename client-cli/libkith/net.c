/*
 * net.c - one connection to a server: TCP, TLS, frames in and out.
 */
#include "client-cli/libkith/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "client-cli/libkith/kith.h"
#include "client-cli/libkith/net_lookup.h"
#include "client-cli/libkith/net_tls.h"
#include "protocol/base/wipebuf.h"
#include "protocol/frame.h"
#include "protocol/limits.h"

#define OUTPUT_BYTES_MAX	(1024u * 1024u)
#define READ_BYTES		16384		/* one TLS record */
#define READS_PER_TURN		8
#define CONNECT_MS		1000		/* for an address that is not the last */

enum stage { STAGE_LOOKUP, STAGE_CONNECT, STAGE_HANDSHAKE, STAGE_UP, STAGE_DOWN };

struct net {
	struct event_base	*base;
	const char		*host;			/* the caller's */
	uint16_t		 port;
	struct net_hooks	 hooks;
	void			*arg;
	struct net_tls		*tls;			/* NULL: plain */
	struct net_lookup	*lookup;		/* in STAGE_LOOKUP, or NULL */
	struct addrinfo		*addresses, *next;	/* next: not tried yet */

	enum stage		 stage;
	int			 fd;			/* -1: between addresses */
	SSL			*ssl;			/* NULL if plain, or before TCP is up */
	struct event		 readable, writable;	/* assigned while fd >= 0 */
	struct event		 kick;			/* the first turn, and the flush */
	struct frame_reader	 reader;
	struct wipebuf		 out;			/* not written yet; passwords pass here */
	int			 in_hook;		/* then freeing waits */
	int			 closed;
};

static void	net_try_next(struct net *n, uint32_t code, const char *why);
static void	on_net_readable(evutil_socket_t fd, short what, void *arg);
static void	on_net_writable(evutil_socket_t fd, short what, void *arg);

static void
close_socket(struct net *n)
{
	if (n->fd < 0)
		return;
	event_del(&n->readable);
	event_del(&n->writable);
	net_tls_end(n->ssl);
	n->ssl = NULL;
	close(n->fd);
	n->fd = -1;
}

static void
net_free(struct net *n)
{
	close_socket(n);
	event_del(&n->kick);
	net_lookup_give_up(n->lookup);
	frame_reader_fini(&n->reader);
	if (n->addresses != NULL)
		freeaddrinfo(n->addresses);
	wipebuf_fini(&n->out);
	free(n);
}

/* Around every hook: net_close() inside it frees later. leave_hook() is 0 if the
 * net is gone. */
static void
enter_hook(struct net *n)
{
	n->in_hook++;
}

static int
leave_hook(struct net *n)
{
	if (--n->in_hook == 0 && n->closed) {
		net_free(n);
		return 0;
	}
	return !n->closed;
}

static void
net_down(struct net *n, uint32_t code, const char *why)
{
	close_socket(n);
	n->stage = STAGE_DOWN;
	enter_hook(n);
	n->hooks.down(n->arg, code, why);
	leave_hook(n);
}

static void
net_up(struct net *n)
{
	char key[NET_KEY_MAX] = "";

	event_del(&n->writable);
	if (n->ssl != NULL && net_tls_key(n->ssl, key) < 0) {
		net_down(n, KITH_L_TLS, "the server showed no certificate");
		return;
	}
	n->stage = STAGE_UP;
	enter_hook(n);
	n->hooks.up(n->arg, key);
	if (leave_hook(n) && n->ssl != NULL && SSL_pending(n->ssl) > 0)
		event_active(&n->readable, EV_READ, 1);
}

static void
tls_handshake(struct net *n)
{
	switch (net_tls_handshake(n->ssl)) {
	case NET_TLS_DONE:
		net_up(n);
		break;
	case NET_TLS_WANT_READ:
		break;
	case NET_TLS_WANT_WRITE:
		event_add(&n->writable, NULL);
		break;
	case NET_TLS_CLOSED:
		net_down(n, KITH_L_TLS, "closed by the server");
		break;
	case NET_TLS_FAILED:
		net_down(n, KITH_L_TLS, net_tls_reason(n->tls));
		break;
	}
}

static void
start_tls(struct net *n)
{
	if ((n->ssl = net_tls_start(n->tls, n->fd)) == NULL) {
		net_down(n, KITH_L_TLS, net_tls_reason(n->tls));
		return;
	}
	n->stage = STAGE_HANDSHAKE;
	event_add(&n->readable, NULL);
	tls_handshake(n);
}

static void
connected(struct net *n)
{
	int error = 0, one = 1;
	socklen_t len = sizeof(error);

	event_del(&n->writable);
	if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		net_try_next(n, KITH_L_CONNECT, strerror(error));
		return;
	}
	setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (n->tls != NULL) {
		start_tls(n);
		return;
	}
	event_add(&n->readable, NULL);
	net_up(n);
}

/* Begins to connect to n->next. 0 or a negative errno. */
static int
connect_next(struct net *n)
{
	const struct timeval limit = { CONNECT_MS / 1000, CONNECT_MS % 1000 * 1000 };
	struct addrinfo *ai = n->next;
	int fd;

	n->next = ai->ai_next;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		return -error;
	}
	n->fd = fd;
	n->stage = STAGE_CONNECT;
	event_assign(&n->readable, n->base, fd, EV_READ | EV_PERSIST, on_net_readable, n);
	event_assign(&n->writable, n->base, fd, EV_WRITE, on_net_writable, n);
	event_add(&n->writable, n->next != NULL ? &limit : NULL);
	return 0;
}

/* Tries the next address; after the last, tells `down` what went wrong. */
static void
net_try_next(struct net *n, uint32_t code, const char *why)
{
	int rc;

	close_socket(n);
	while (n->next != NULL) {
		if ((rc = connect_next(n)) == 0)
			return;
		why = strerror(-rc);
	}
	net_down(n, code, why);
}

/* What happened to a read or write: bytes moved, or how it goes on. */
enum moved { MOVED, MUST_WAIT, CLOSED, BROKEN };

static enum moved
after_tls(struct net *n, enum net_tls_result result)
{
	if (result == NET_TLS_WANT_WRITE)
		event_add(&n->writable, NULL);
	switch (result) {
	case NET_TLS_DONE:
		return MOVED;
	case NET_TLS_WANT_READ:
	case NET_TLS_WANT_WRITE:
		return MUST_WAIT;
	case NET_TLS_CLOSED:
		return CLOSED;
	case NET_TLS_FAILED:
		break;
	}
	return BROKEN;
}

static enum moved
after_plain(ssize_t rc, size_t *moved)
{
	*moved = rc > 0 ? (size_t)rc : 0;
	if (rc > 0)
		return MOVED;
	if (rc == 0)
		return CLOSED;
	return errno == EAGAIN || errno == EINTR ? MUST_WAIT : BROKEN;
}

static enum moved
net_read(struct net *n, uint8_t *buf, size_t size, size_t *moved)
{
	if (n->ssl != NULL)
		return after_tls(n, net_tls_read(n->ssl, buf, size, moved));
	return after_plain(recv(n->fd, buf, size, 0), moved);
}

static enum moved
net_write(struct net *n, const uint8_t *buf, size_t size, size_t *moved)
{
	if (n->ssl != NULL)
		return after_tls(n, net_tls_write(n->ssl, buf, size, moved));
	return after_plain(send(n->fd, buf, size, MSG_NOSIGNAL), moved);
}

static const char *
broken_reason(const struct net *n)
{
	return n->ssl != NULL ? net_tls_reason(n->tls) : strerror(errno);
}

/* Hands out the whole frames in buf. 0 if the net is gone or down. */
static int
take_frames(struct net *n, const uint8_t *buf, size_t size)
{
	enum frame_result result;
	const uint8_t *body;
	uint32_t len;

	while ((result = frame_read(&n->reader, &buf, &size, &body, &len)) == FRAME_ONE) {
		enter_hook(n);
		n->hooks.frame(n->arg, body, len);
		if (!leave_hook(n))
			return 0;
	}
	if (result == FRAME_MORE)
		return 1;
	net_down(n, KITH_L_PROTOCOL, result == FRAME_NO_MEMORY ? "out of memory" :
	    "the server sent a frame of impossible size");
	return 0;
}

static void
net_input(struct net *n)
{
	uint8_t buf[READ_BYTES];
	size_t got;

	for (int i = 0; i < READS_PER_TURN; i++) {
		switch (net_read(n, buf, sizeof(buf), &got)) {
		case MOVED:
			if (!take_frames(n, buf, got))
				return;
			break;
		case MUST_WAIT:
			return;
		case CLOSED:
			net_down(n, KITH_L_LOST, "closed by the server");
			return;
		case BROKEN:
			net_down(n, KITH_L_LOST, broken_reason(n));
			return;
		}
	}
	/* poll() does not see what OpenSSL has already decrypted. */
	event_active(&n->readable, EV_READ, 1);
}

/* Writes what the socket takes. */
static enum moved
net_output(struct net *n)
{
	enum moved result;
	size_t put, sent = 0;

	while (sent < n->out.len) {
		result = net_write(n, n->out.data + sent, n->out.len - sent, &put);
		if (result == MUST_WAIT)
			event_add(&n->writable, NULL);
		if (result != MOVED) {
			wipebuf_consume(&n->out, sent);
			return result;
		}
		sent += put;
	}
	wipebuf_fini(&n->out);		/* most of the time nothing waits */
	return MOVED;
}

/* If the server has closed, what it said before must still be read; the read side
 * then tells. */
static void
net_flush(struct net *n)
{
	enum moved result = net_output(n);

	if (result == CLOSED || result == BROKEN)
		event_active(&n->readable, EV_READ, 1);
}

static void
on_net_readable(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)fd;
	(void)what;
	if (n->stage == STAGE_HANDSHAKE)
		tls_handshake(n);
	else
		net_input(n);
}

static void
on_net_writable(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)fd;
	if (n->stage == STAGE_CONNECT) {
		if (what & EV_TIMEOUT)
			net_try_next(n, KITH_L_CONNECT, strerror(ETIMEDOUT));
		else
			connected(n);
	} else if (n->stage == STAGE_HANDSHAKE) {
		tls_handshake(n);
	} else {
		event_active(&n->readable, EV_READ, 1);	/* TLS may have wanted to write to read */
		net_flush(n);
	}
}

static void
on_net_found(void *arg, struct addrinfo *found, const char *why)
{
	struct net *n = arg;

	n->lookup = NULL;
	n->stage = STAGE_CONNECT;
	n->addresses = n->next = found;
	net_try_next(n, KITH_L_CONNECT, why);
}

/* A number needs no question to anybody. */
static void
find_addresses(struct net *n)
{
	struct addrinfo *numeric = net_lookup_number(n->host, n->port);

	if (numeric != NULL) {
		on_net_found(n, numeric, NULL);
		return;
	}
	n->lookup = net_lookup_start(n->base, n->host, n->port, on_net_found, n);
	if (n->lookup == NULL)
		net_down(n, KITH_L_CONNECT, strerror(errno));
}

/* At the end of the first loop turn: begins. Later: writes what was queued. */
static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)fd;
	(void)what;
	if (n->stage == STAGE_UP)
		net_flush(n);
	else if (n->stage == STAGE_LOOKUP && n->lookup == NULL)
		find_addresses(n);
}

struct net *
net_open(struct event_base *base, const struct net_address *address,
    struct net_tls *tls, const struct net_hooks *hooks, void *arg)
{
	struct net *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->base = base;
	n->host = address->host;
	n->port = address->port;
	n->hooks = *hooks;
	n->arg = arg;
	n->tls = address->plain ? NULL : tls;
	n->fd = -1;
	frame_reader_init(&n->reader, FRAME_BYTES_MAX);
	event_assign(&n->kick, base, -1, 0, on_kick, n);
	event_active(&n->kick, EV_TIMEOUT, 1);
	return n;
}

uint32_t
net_waits_for(const struct net *n, const char **what)
{
	static const struct { uint32_t code; const char *text; } rows[] = {
		[STAGE_LOOKUP] = { KITH_L_CONNECT, "the name server does not answer" },
		[STAGE_CONNECT] = { KITH_L_CONNECT, "the host does not answer" },
		[STAGE_HANDSHAKE] = { KITH_L_TLS, "no answer to the handshake" },
		[STAGE_UP] = { KITH_L_NO_ANSWER, "" },
		[STAGE_DOWN] = { KITH_L_LOST, "" },
	};

	*what = rows[n->stage].text;
	return rows[n->stage].code;
}

int
net_send(struct net *n, const uint8_t *frame, size_t len)
{
	int rc = wipebuf_append(&n->out, frame, len, OUTPUT_BYTES_MAX);

	if (rc < 0)
		return rc;
	if (n->stage == STAGE_UP)
		event_active(&n->kick, EV_WRITE, 1);
	return 0;
}

void
net_close(struct net *n)
{
	if (n == NULL || n->closed)
		return;
	if (n->stage == STAGE_UP && net_output(n) == MOVED && n->ssl != NULL)
		SSL_shutdown(n->ssl);
	n->closed = 1;
	close_socket(n);
	event_del(&n->kick);
	net_lookup_give_up(n->lookup);
	n->lookup = NULL;
	if (n->in_hook == 0)
		net_free(n);
}
