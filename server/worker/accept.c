/*
 * accept.c - new connections, from sockets that the master made and keeps open.
 *
 * The kernel deals them to all workers alike, also to one that hangs. So each worker has the
 * sockets of the others, too, and accepts from those whose worker's beat is late. It does no harm
 * if that one was only busy: then two accept.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/lib/log.h"
#include "server/lib/netname.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define ACCEPTS_MAX	64		/* a turn: those who are in come first */
#define PAUSE_MS	100		/* when descriptors ran out */
/* Three times as long as a worker sleeps. */
#define LATE_MS		(3u * WAKE_SLEEP_MAX_MS)
#define UNSENT_MAX	65536		/* of a connection, in the kernel */

/* As IPv6; IPv4 mapped (RFC 4291, 2.5.5.2), a Unix socket as ::1. */
static bool
address_of(const struct sockaddr_storage *sa, uint8_t address[16])
{
	const struct sockaddr_in6 *sin6 = (const void *)sa;
	const struct sockaddr_in *sin = (const void *)sa;

	memset(address, 0, 16);
	switch (sa->ss_family) {
	case AF_INET:
		netname_map_v4(address, &sin->sin_addr);
		return netname_is_loopback(address);
	case AF_INET6:
		memcpy(address, &sin6->sin6_addr, 16);
		return netname_is_loopback(address);
	default:
		address[15] = 1;
		return true;
	}
}

struct conn *
accept_conn(struct worker *w, int fd, const uint8_t address[16], bool loopback)
{
	struct conn *c = conn_open(w, fd, address, loopback);

	if (c != NULL) {
		session_init(&c->session);
		conn_start_input(c);
	}
	return c;
}

static int
accept_from(struct worker *w, unsigned worker)
{
	int rc = 0;

	if (w->accepting[worker])
		return 0;
	w->accepting[worker] = true;
	for (unsigned i = 0; i < PROC_LISTEN_MAX && w->p->listening->fds[worker][i] >= 0; i++)
		if (event_add(&w->listening[worker][i], NULL) < 0)
			rc = -ENOMEM;
	return rc;
}

static void
accept_no_longer_from(struct worker *w, unsigned worker)
{
	if (!w->accepting[worker])
		return;
	w->accepting[worker] = false;
	for (unsigned i = 0; i < PROC_LISTEN_MAX && w->p->listening->fds[worker][i] >= 0; i++)
		event_del(&w->listening[worker][i]);
}

static void
accept_from_none(struct worker *w)
{
	for (unsigned i = 0; i < REGISTRY_WORKERS_MAX; i++)
		accept_no_longer_from(w, i);
}

/* Out of descriptors: free the reserve, accept and close one client so that it sees the refusal
 * and the socket does not stay readable, then pause accepting. */
static void
out_of_descriptors(struct worker *w, int listener)
{
	static const struct timeval pause = { 0, PAUSE_MS * 1000 };

	close(w->reserve_fd);
	w->reserve_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (w->reserve_fd >= 0)
		close(w->reserve_fd);
	w->reserve_fd = open("/", O_RDONLY | O_CLOEXEC);
	stats_add(w->p->stats, STAT_connections_refused, 1);
	accept_from_none(w);
	event_add(&w->pause, &pause);
}

static void
on_acceptable(evutil_socket_t listener, short what, void *arg)
{
	struct worker *w = arg;
	struct sockaddr_storage sa;
	socklen_t len;
	uint8_t address[16];
	bool loopback;
	int fd, i, one = 1, unsent = UNSENT_MAX;

	(void)what;
	w->now = w->clock();
	for (i = 0; i < ACCEPTS_MAX; i++) {
		len = sizeof(sa);
		fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		/* One write a turn is what Nagle would do, only sooner. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
#ifdef TCP_NOTSENT_LOWAT
		/* Else the kernel would take megabytes for a client that does not read. */
		setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
#endif
		loopback = address_of(&sa, address);
		accept_conn(w, fd, address, loopback);
	}
	if (i < ACCEPTS_MAX && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM)) {
		log_warn(0, "accept.full", "errno=%d open=%u", errno, w->nconns);
		out_of_descriptors(w, listener);
	}
}

/* -- listening ------------------------------------------------------------ */

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (!w->draining)
		accept_from(w, w->p->index);
}

/* Its beat is late: it is stopped, hangs, works for long, or is not there. */
static bool
is_late(const struct worker *w, unsigned worker)
{
	const struct shared *s = w->p->shared;
	uint64_t beat = atomic_load_explicit(&s->slots[s->first[ROLE_WORKER] + worker].beat_ms,
	    memory_order_relaxed);

	return w->now > beat && w->now - beat > LATE_MS;
}

void
accept_tend(struct worker *w)
{
	if (event_pending(&w->pause, EV_TIMEOUT, NULL))
		return;
	for (unsigned i = 0; i < w->p->shared->count[ROLE_WORKER]; i++) {
		if (i == w->p->index)
			continue;
		if (is_late(w, i))
			accept_from(w, i);
		else
			accept_no_longer_from(w, i);
	}
}

int
accept_start(struct worker *w)
{
	struct proc *p = w->p;
	int fd;

	w->reserve_fd = open("/", O_RDONLY | O_CLOEXEC);
	event_assign(&w->pause, p->base, -1, 0, on_pause_over, w);
	for (unsigned i = 0; i < REGISTRY_WORKERS_MAX; i++)
		for (unsigned j = 0; j < PROC_LISTEN_MAX; j++)
			if ((fd = p->listening->fds[i][j]) >= 0)
				event_assign(&w->listening[i][j], p->base, fd,
				    EV_READ | EV_PERSIST, on_acceptable, w);
	return accept_from(w, p->index);
}

void
accept_stop(struct worker *w)
{
	accept_from_none(w);
	event_del(&w->pause);
	if (w->reserve_fd >= 0)
		close(w->reserve_fd);
	w->reserve_fd = -1;
}
