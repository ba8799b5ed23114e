/*
 * state_tls.c - the certificate of a first start: which names it is for. Master only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/lib/hostname.h"
#include "server/master/state.h"
#include "server/tls/tls.h"

#define NAMES_MAX	64u
#define NAME_MAX_BYTES	254u

struct names {
	unsigned	 n;
	const char	*list[NAMES_MAX];
	char		 text[NAMES_MAX][NAME_MAX_BYTES];
};

static void
add_host_name(struct names *names, const char *name)
{
	if (*name == '\0' || strlen(name) >= NAME_MAX_BYTES || names->n == NAMES_MAX)
		return;
	for (unsigned i = 0; i < names->n; i++)
		if (strcasecmp(names->list[i], name) == 0)
			return;
	strcpy(names->text[names->n], name);
	names->list[names->n] = names->text[names->n];
	names->n++;
}

/* As in a URL: with brackets, if they are needed there. */
static void
add_host(struct names *names, char *host)
{
	if (*host == '[') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	add_host_name(names, host);
}

static void
add_address(struct names *names, const struct sockaddr *sa)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)(const void *)sa;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)(const void *)sa;
	char text[INET6_ADDRSTRLEN] = "";

	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &sin->sin_addr, text, sizeof(text));
	else if (sa->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
		inet_ntop(AF_INET6, &sin6->sin6_addr, text, sizeof(text));
	add_host_name(names, text);
}

static void
collect_names(const struct conf *c, struct names *names)
{
	struct ifaddrs *all = NULL;
	char host[NETNAME_HOST_MAX];

	if (hostname_parse(c->server_name, host) == 0)
		add_host(names, host);
	if (hostname_own(host))
		add_host(names, host);
	add_host_name(names, "localhost");
	if (getifaddrs(&all) < 0)
		return;			/* the name is enough */
	for (struct ifaddrs *a = all; a != NULL; a = a->ifa_next)
		if (a->ifa_addr != NULL && (a->ifa_flags & IFF_UP))
			add_address(names, a->ifa_addr);
	freeifaddrs(all);
}

/* Makes the directory of `file` if it is missing. Not its parents. */
static int
make_parent(const char *file)
{
	char *dir = strdup(file), *slash;
	int rc = 0;

	if (dir == NULL)
		return -ENOMEM;
	if ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			rc = -errno;
	}
	free(dir);
	return rc;
}

int
state_make_certificate(const struct conf *c, char *err, size_t errlen)
{
	struct names *names;
	int rc;

	if (access(c->tls_certificate, F_OK) == 0 && access(c->tls_key, F_OK) == 0)
		return 0;
	if ((rc = make_parent(c->tls_certificate)) < 0 || (rc = make_parent(c->tls_key)) < 0) {
		snprintf(err, errlen, "%s, %s: %s", c->tls_certificate, c->tls_key, strerror(-rc));
		return -1;
	}
	if ((names = calloc(1, sizeof(*names))) == NULL) {
		snprintf(err, errlen, "%s", strerror(ENOMEM));
		return -1;
	}
	collect_names(c, names);
	rc = tls_make_certificate(c->tls_certificate, c->tls_key, names->list, names->n,
	    err, errlen);
	free(names);
	return rc;
}
