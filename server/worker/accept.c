/*
 * accept.c - new connections, from sockets that the master made and keeps open.
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

/* Out of descriptors: free the reserve, accept and close one client so that it sees the refusal
 * and the socket does not stay readable, then pause accepting. */
static void
out_of_descriptors(struct worker *w, int listener)
{
	static const struct timeval pause = { 0, PAUSE_MS * 1000 };
	unsigned i;

	close(w->reserve_fd);
	w->reserve_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (w->reserve_fd >= 0)
		close(w->reserve_fd);
	w->reserve_fd = open("/", O_RDONLY | O_CLOEXEC);
	stats_add(w->p->stats, STAT_connections_refused, 1);
	for (i = 0; i < w->nlistening; i++)
		event_del(&w->listening[i]);
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

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	unsigned i;

	(void)fd;
	(void)what;
	for (i = 0; i < w->nlistening && !w->draining; i++)
		event_add(&w->listening[i], NULL);
}

int
accept_start(struct worker *w)
{
	struct proc *p = w->p;
	unsigned i;

	w->reserve_fd = open("/", O_RDONLY | O_CLOEXEC);
	event_assign(&w->pause, p->base, -1, 0, on_pause_over, w);
	for (i = 0; i < PROC_LISTEN_MAX && p->listening->fds[i] >= 0; i++) {
		event_assign(&w->listening[i], p->base, p->listening->fds[i], EV_READ | EV_PERSIST,
		    on_acceptable, w);
		if (event_add(&w->listening[i], NULL) < 0)
			return -ENOMEM;
		w->nlistening++;
	}
	return 0;
}

void
accept_stop(struct worker *w)
{
	unsigned i;

	for (i = 0; i < w->nlistening; i++)
		event_del(&w->listening[i]);
	event_del(&w->pause);
	if (w->reserve_fd >= 0)
		close(w->reserve_fd);
	w->reserve_fd = -1;
	w->nlistening = 0;
}
