/*
 * listen.c - makes the listening sockets.
 */
#include "server/master/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/conf/conf.h"

#define PORT_TRIES	16		/* "*:0": the port that IPv4 got may be taken on IPv6 */

static in_port_t *
port_of(struct netname_listen *spec)
{
	if (spec->addr.ss_family == AF_INET6)
		return &((struct sockaddr_in6 *)&spec->addr)->sin6_port;
	return &((struct sockaddr_in *)&spec->addr)->sin_port;
}

static void
print_spec(struct netname_listen *spec, char text[NETNAME_LISTEN_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?", scope[IF_NAMESIZE + 1] = "";
	unsigned port = ntohs(*port_of(spec));
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&spec->addr;

	if (spec->addr.ss_family != AF_INET6) {
		inet_ntop(AF_INET, &((struct sockaddr_in *)&spec->addr)->sin_addr,
		    host, sizeof(host));
		snprintf(text, NETNAME_LISTEN_MAX, "%s:%u", host, port);
		return;
	}
	inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host));
	if (sin6->sin6_scope_id != 0 && if_indextoname(sin6->sin6_scope_id, scope + 1) != NULL)
		scope[0] = '%';
	snprintf(text, NETNAME_LISTEN_MAX, "[%s%s]:%u", host, scope, port);
}

/* A bound socket, or -errno. */
static int
bind_one(const struct netname_listen *spec, bool reuseport)
{
	int on = 1, rc, fd;

	fd = socket(spec->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Connections of a kithd that just ended may linger. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) ||
	    (spec->addr.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind(fd, (const struct sockaddr *)&spec->addr, spec->len) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static void
close_listener(struct listener *l, unsigned workers)
{
	for (unsigned i = 0; i < workers; i++) {
		if (l->fds[i] >= 0)
			close(l->fds[i]);
		l->fds[i] = -1;
	}
}

static int
open_workers(struct listener *l, const struct netname_listen *spec, unsigned workers)
{
	int rc = 0;

	for (unsigned i = 0; i < workers; i++)
		l->fds[i] = -1;
	for (unsigned i = 0; i < workers && rc == 0; i++) {
		if ((l->fds[i] = bind_one(spec, true)) < 0)
			rc = l->fds[i];
		else if (listen(l->fds[i], LISTEN_BACKLOG) < 0)
			rc = -errno;
	}
	if (rc < 0)
		close_listener(l, workers);
	return rc;
}

/* Adds one address. `spec` gets the real port. 0 or -errno. */
static int
open_spec(struct listeners *l, struct netname_listen *spec)
{
	struct listener *at = &l->at[l->n];
	struct netname_listen bound = *spec;
	int probe, rc;

	if (l->n == PROC_LISTEN_MAX)
		return -ENFILE;
	/* The probe holds the port while the others bind. It has SO_REUSEADDR and never
	 * listens: it conflicts only with sockets that are listening, and blocks nobody. */
	if ((probe = bind_one(spec, false)) < 0)
		return probe;
	bound.len = sizeof(bound.addr);
	if (getsockname(probe, (struct sockaddr *)&bound.addr, &bound.len) < 0) {
		rc = -errno;
	} else {
		*port_of(spec) = *port_of(&bound);
		rc = open_workers(at, spec, l->workers);
	}
	close(probe);
	if (rc == 0) {
		print_spec(spec, at->text);
		l->n++;
	}
	return rc;
}

static void
make_any6(struct netname_listen *spec, in_port_t port)
{
	memset(spec, 0, sizeof(*spec));
	spec->addr.ss_family = AF_INET6;
	spec->len = sizeof(struct sockaddr_in6);
	*port_of(spec) = port;
}

/* IPv4 and, where this machine has it, IPv6 at the same port. */
static int
open_all(struct listeners *l, const struct netname_listen *v4)
{
	struct netname_listen first, second;
	int rc = -EADDRINUSE;

	for (int i = 0; i < PORT_TRIES && rc == -EADDRINUSE; i++) {
		first = *v4;
		if ((rc = open_spec(l, &first)) < 0)
			return rc;
		make_any6(&second, *port_of(&first));
		rc = open_spec(l, &second);
		if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)
			return 0;
		if (rc < 0)
			close_listener(&l->at[--l->n], l->workers);
		first = *v4;
		if (*port_of(&first) != 0)
			break;
	}
	return rc;
}

/* -- the check ------------------------------------------------------------ */

static void
explain_listen(const char *text, int rc, char *err, size_t errlen)
{
	if (rc == -ENFILE)
		snprintf(err, errlen, "listen: more than %u addresses (* counts twice)",
		    PROC_LISTEN_MAX);
	else if (rc == -EADDRINUSE)
		snprintf(err, errlen, "listen: another process listens on %s already", text);
	else if (rc == -EADDRNOTAVAIL)
		snprintf(err, errlen, "listen: %s: this machine does not have the address", text);
	else
		snprintf(err, errlen, "listen: %s: %s", text, strerror(-rc));
}

static bool
is_any(const struct netname_listen *spec)
{
	const struct sockaddr_in6 *sin6 = (const void *)&spec->addr;
	const struct sockaddr_in *sin = (const void *)&spec->addr;

	return spec->addr.ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr) :
	    sin->sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool
same_address(const struct netname_listen *a, const struct netname_listen *b)
{
	const struct sockaddr_in6 *a6 = (const void *)&a->addr, *b6 = (const void *)&b->addr;
	const struct sockaddr_in *a4 = (const void *)&a->addr, *b4 = (const void *)&b->addr;

	if (a->addr.ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr) &&
	    a6->sin6_scope_id == b6->sin6_scope_id;
}

/* Would a connection to one be one to the other? IPv6 sockets take no IPv4. */
static bool
overlap(struct netname_listen *a, struct netname_listen *b)
{
	return a->addr.ss_family == b->addr.ss_family && *port_of(a) == *port_of(b) &&
	    *port_of(a) != 0 && (is_any(a) || is_any(b) || same_address(a, b));
}

/* What one word of the option stands for: one address or two. Their number, or -errno. */
static int
specs_of(const char *text, struct netname_listen specs[2])
{
	int fd, n = 1;

	if (netname_parse_listen(text, &specs[0]) != NULL)
		return -EINVAL;
	if (specs[0].all)
		make_any6(&specs[n++], *port_of(&specs[0]));
	if ((fd = bind_one(&specs[0], false)) >= 0)
		close(fd);
	return fd >= 0 || fd == -EADDRINUSE ? n : fd;
}

int
listen_check(const struct conf *c, char *err, size_t errlen)
{
	struct netname_listen specs[PROC_LISTEN_MAX + 1];
	const char *of[PROC_LISTEN_MAX + 1];
	unsigned n = 0;
	int got;

	for (unsigned i = 0; i < CONF_LISTEN_MAX && c->listen[i] != NULL; i++) {
		got = n < PROC_LISTEN_MAX ? specs_of(c->listen[i], &specs[n]) : -ENFILE;
		if (got < 0) {
			explain_listen(c->listen[i], got, err, errlen);
			return got == -ENFILE ? PROC_EX_CONFIG : 1;
		}
		for (; got > 0; got--, n++) {
			of[n] = c->listen[i];
			for (unsigned j = 0; j < n; j++) {
				if (of[j] == of[n] || !overlap(&specs[j], &specs[n]))
					continue;
				snprintf(err, errlen, "listen: %s and %s take the same "
				    "connections: leave one of them out", of[j], of[n]);
				return PROC_EX_CONFIG;
			}
		}
	}
	if (n > PROC_LISTEN_MAX)
		explain_listen("", -ENFILE, err, errlen);
	return n > PROC_LISTEN_MAX ? PROC_EX_CONFIG : 0;
}

/* -- all ------------------------------------------------------------------ */

int
listen_open(struct listeners *l, const struct conf *c, unsigned workers, char *err, size_t errlen)
{
	struct netname_listen spec;
	int rc;

	memset(l, 0, sizeof(*l));
	l->workers = workers;
	for (unsigned i = 0; i < CONF_LISTEN_MAX && c->listen[i] != NULL; i++) {
		if (netname_parse_listen(c->listen[i], &spec) != NULL)
			rc = -EINVAL;
		else
			rc = spec.all ? open_all(l, &spec) : open_spec(l, &spec);
		if (rc < 0) {
			explain_listen(c->listen[i], rc, err, errlen);
			listen_close(l);
			return -1;
		}
	}
	return 0;
}

void
listen_close(struct listeners *l)
{
	while (l->n > 0)
		close_listener(&l->at[--l->n], l->workers);
}

void
listen_give(const struct listeners *l, int fds[REGISTRY_WORKERS_MAX][PROC_LISTEN_MAX])
{
	for (unsigned worker = 0; worker < REGISTRY_WORKERS_MAX; worker++)
		for (unsigned i = 0; i < PROC_LISTEN_MAX; i++)
			fds[worker][i] = worker < l->workers && i < l->n ?
			    l->at[i].fds[worker] : -1;
}

bool
listen_is_specific(const struct listeners *l)
{
	return l->n > 0 && strncmp(l->at[0].text, "0.0.0.0:", 8) != 0 &&
	    strncmp(l->at[0].text, "[::]:", 5) != 0;
}
