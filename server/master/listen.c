/*
 * listen.c - makes the listening sockets.
 */
#include "server/master/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/conf/conf.h"

#define PORT_TRIES	16		/* "*:0": the port that IPv4 got may be taken on IPv6 */


static int
parse_port(const char *text, in_port_t *port)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > 65535)
		return -EINVAL;
	*port = htons((in_port_t)n);
	return 0;
}

static int
parse_v6(const char *host, struct sockaddr_in6 *sin6)
{
	char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 2], *scope;

	if (strlen(host) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, host);
	if ((scope = strchr(copy, '%')) != NULL) {
		*scope++ = '\0';
		if ((sin6->sin6_scope_id = if_nametoindex(scope)) == 0)
			return -EINVAL;
	}
	sin6->sin6_family = AF_INET6;
	return inet_pton(AF_INET6, copy, &sin6->sin6_addr) == 1 ? 0 : -EINVAL;
}

const char *
listen_parse(const char *text, struct listen_spec *spec)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&spec->addr;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&spec->addr;
	const char *colon = strrchr(text, ':');
	char host[LISTEN_TEXT_MAX];
	size_t len;

	memset(spec, 0, sizeof(*spec));
	if (colon == NULL)
		return "must be ADDRESS:PORT";
	if ((len = (size_t)(colon - text)) >= sizeof(host))
		return "the address is too long";
	memcpy(host, text, len);
	host[len] = '\0';

	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		spec->len = sizeof(*sin6);
		if (parse_v6(host + 1, sin6) < 0)
			return "not an IPv6 address";
		return parse_port(colon + 1, &sin6->sin6_port) < 0 ? "not a port" : NULL;
	}
	spec->all = strcmp(host, "*") == 0;
	spec->len = sizeof(*sin);
	sin->sin_family = AF_INET;
	if (!spec->all && inet_pton(AF_INET, host, &sin->sin_addr) != 1)
		return "not an address (IPv6 is written in brackets)";
	return parse_port(colon + 1, &sin->sin_port) < 0 ? "not a port" : NULL;
}

static in_port_t *
port_of(struct listen_spec *spec)
{
	if (spec->addr.ss_family == AF_INET6)
		return &((struct sockaddr_in6 *)&spec->addr)->sin6_port;
	return &((struct sockaddr_in *)&spec->addr)->sin_port;
}

static void
print_spec(struct listen_spec *spec, char text[LISTEN_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?", scope[IF_NAMESIZE + 1] = "";
	unsigned port = ntohs(*port_of(spec));
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&spec->addr;

	if (spec->addr.ss_family != AF_INET6) {
		inet_ntop(AF_INET, &((struct sockaddr_in *)&spec->addr)->sin_addr,
		    host, sizeof(host));
		snprintf(text, LISTEN_TEXT_MAX, "%s:%u", host, port);
		return;
	}
	inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host));
	if (sin6->sin6_scope_id != 0 && if_indextoname(sin6->sin6_scope_id, scope + 1) != NULL)
		scope[0] = '%';
	snprintf(text, LISTEN_TEXT_MAX, "[%s%s]:%u", host, scope, port);
}

/* A bound socket, or -errno. */
static int
bind_one(const struct listen_spec *spec, bool reuseport)
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
open_workers(struct listener *l, const struct listen_spec *spec, unsigned workers)
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
open_spec(struct listeners *l, struct listen_spec *spec)
{
	struct listener *at = &l->at[l->n];
	struct listen_spec bound = *spec;
	int probe, rc;

	if (l->n == PROC_LISTEN_MAX)
		return -ENFILE;
	/* The probe holds the port while the others bind. It has SO_REUSEADDR and never listens:
	 * so only a socket that does listen is in its way, and it in nobody's. */
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

/* IPv4 and, where this machine has it, IPv6 at the same port. */
static int
open_all(struct listeners *l, const struct listen_spec *v4)
{
	struct listen_spec first, second;
	int rc = -EADDRINUSE;

	for (int i = 0; i < PORT_TRIES && rc == -EADDRINUSE; i++) {
		first = *v4;
		if ((rc = open_spec(l, &first)) < 0)
			return rc;
		memset(&second, 0, sizeof(second));
		second.addr.ss_family = AF_INET6;
		second.len = sizeof(struct sockaddr_in6);
		*port_of(&second) = *port_of(&first);
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

int
listen_open(struct listeners *l, const struct conf *c, unsigned workers, char *err, size_t errlen)
{
	struct listen_spec spec;
	int rc;

	memset(l, 0, sizeof(*l));
	l->workers = workers;
	for (unsigned i = 0; i < CONF_LISTEN_MAX && c->listen[i] != NULL; i++) {
		if (listen_parse(c->listen[i], &spec) != NULL)
			rc = -EINVAL;
		else
			rc = spec.all ? open_all(l, &spec) : open_spec(l, &spec);
		if (rc == -ENFILE)
			snprintf(err, errlen, "listen: more than %u addresses (* counts twice)",
			    PROC_LISTEN_MAX);
		else if (rc == -EADDRINUSE)
			snprintf(err, errlen, "listen: another process listens on %s already",
			    c->listen[i]);
		else if (rc < 0)
			snprintf(err, errlen, "listen: %s: %s", c->listen[i], strerror(-rc));
		if (rc < 0) {
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
listen_of_worker(const struct listeners *l, unsigned worker, int fds[PROC_LISTEN_MAX])
{
	for (unsigned i = 0; i < PROC_LISTEN_MAX; i++)
		fds[i] = i < l->n ? l->at[i].fds[worker] : -1;
}

bool
listen_is_specific(const struct listeners *l)
{
	return l->n > 0 && strncmp(l->at[0].text, "0.0.0.0:", 8) != 0 &&
	    strncmp(l->at[0].text, "[::]:", 5) != 0;
}
