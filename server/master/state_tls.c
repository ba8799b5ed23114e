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
#include "server/conf/served.h"
#include "server/lib/hostname.h"
#include "server/master/state.h"
#include "server/tls/tls.h"

#define KEY_FILE	"tls/key.pem"	/* as conf_keys.c has it */
#define PATH_BYTES_MAX	4096u
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

/* Adds the file to those that have to go before a new key is made. */
static void
add_mark(char *list, size_t cap, const char *file)
{
	size_t n = strlen(list);

	if (access(file, F_OK) == 0)
		snprintf(list + n, cap - n, "%s%s", n > 0 ? " and " : "", file);
}

int
state_check_key(const struct conf *c, char *err, size_t errlen)
{
	char key[PATH_BYTES_MAX], known[PATH_BYTES_MAX], mark[PATH_BYTES_MAX];
	char files[3 * PATH_BYTES_MAX] = "";
	size_t cap = PATH_BYTES_MAX;

	if ((size_t)snprintf(key, cap, "%s/" KEY_FILE, c->state_dir) >= cap ||
	    (size_t)snprintf(known, cap, "%s/" KNOWN_KEY_FILE, c->state_dir) >= cap ||
	    (size_t)snprintf(mark, cap, "%s/" SERVED_FILE, c->state_dir) >= cap)
		return 0;		/* nothing can be made there */
	if (strcmp(c->tls_key, key) != 0 || access(key, F_OK) == 0 || errno != ENOENT)
		return 0;
	add_mark(files, sizeof(files), known);
	add_mark(files, sizeof(files), mark);
	if (*files == '\0')
		return 0;
	add_mark(files, sizeof(files), c->tls_certificate);
	snprintf(err, errlen, "%s is missing, although this server has served before: restore it "
	    "from a backup; or, to begin with a new key, which native clients that know the old "
	    "one will refuse until they are told, remove %s", key, files);
	return -1;
}

int
state_make_certificate(const struct conf *c, char *err, size_t errlen)
{
	struct names *names;
	int rc;

	if (access(c->tls_certificate, F_OK) == 0 && access(c->tls_key, F_OK) == 0)
		return 0;
	if (state_check_key(c, err, errlen) < 0)
		return -1;
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
