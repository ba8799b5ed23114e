/*
 * kithctl_connect.c - finds kithd's control socket, by kithd's own configuration.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/ctl/kithctl.h"

#define ANSWER_SECONDS	9		/* the server gives up after 7 */

/* A descriptor, or -errno. */
static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval patience = { ANSWER_SECONDS, 0 };
	int fd, rc;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* The process that has the lock of a kithd on the state directory; 0: none. /proc tells without
 * taking it, which a start at that moment would hold against us. */
static long
lock_holder(const char *dir)
{
	char line[256];
	unsigned long inode;
	struct stat st;
	long pid, holder = 0;
	FILE *f;

	if (stat(dir, &st) < 0 || (f = fopen("/proc/locks", "re")) == NULL)
		return 0;
	while (holder == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*u: FLOCK ADVISORY WRITE %ld %*x:%*x:%lu", &pid, &inode) == 2 &&
		    inode == (unsigned long)st.st_ino)
			holder = pid;
	fclose(f);
	return holder;
}

static void
directory_of(const char *path, char *dir, size_t cap)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		snprintf(dir, cap, ".");
	else
		snprintf(dir, cap, "%.*s", slash > path ? (int)(slash - path) : 1, path);
}

/* With a file that has become wrong a running server must still be stopped. */
static void
find_socket(const struct kithctl_place *place, char *path, size_t cap, char *dir, size_t dir_cap)
{
	char err[1024];
	struct conf *c;

	if (place->socket != NULL) {
		snprintf(path, cap, "%s", place->socket);
		directory_of(path, dir, dir_cap);
		return;
	}
	if ((c = conf_load(place->file, place->state_dir, err, sizeof(err))) != NULL) {
		snprintf(path, cap, "%s", c->control_socket);
		snprintf(dir, dir_cap, "%s", c->state_dir);
		conf_destroy(c);
		return;
	}
	snprintf(dir, dir_cap, "%s", place->state_dir != NULL ? place->state_dir :
	    LOCALSTATEDIR "/lib/kith");
	snprintf(path, cap, "%s/control", dir);
	fprintf(stderr, "kithctl: %s; trying %s\n", err, path);
}

static int
explain_no_socket(const char *path, const char *dir, int error, char *err, size_t errlen)
{
	long pid = lock_holder(dir);

	if (pid == 0) {
		snprintf(err, errlen, "no kithd runs there (%s: %s)", path, strerror(error));
		return EXIT_NO_SERVER;
	}
	snprintf(err, errlen, "a kithd runs (process %ld), but its control socket is not there "
	    "(%s: %s): try again in a few seconds; if control_socket was changed in kithd.conf "
	    "meanwhile, name the old one with -s", pid, path, strerror(error));
	return EXIT_FAILED;
}

int
kithctl_connect(const struct kithctl_place *place, int *status, char *err, size_t errlen)
{
	char path[4200], dir[4096];
	int fd;

	find_socket(place, path, sizeof(path), dir, sizeof(dir));
	if ((fd = connect_to(path)) >= 0)
		return fd;
	switch (-fd) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		*status = explain_no_socket(path, dir, -fd, err, errlen);
		break;
	case EACCES:
	case EPERM:
		*status = EXIT_DENIED;
		snprintf(err, errlen, "%s: not permitted: only root and the user that kithd "
		    "runs as may do this", path);
		break;
	case EAGAIN:
	case EINPROGRESS:
		*status = EXIT_FAILED;
		snprintf(err, errlen, "kithd runs, and did not answer (%s): nothing was asked; "
		    "see its log", path);
		break;
	default:
		*status = EXIT_FAILED;
		snprintf(err, errlen, "%s: %s", path, strerror(-fd));
		break;
	}
	return -1;
}
