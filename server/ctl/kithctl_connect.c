/*
 * kithctl_connect.c - finds kithd's control socket, by kithd's own configuration.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/ctl/kithctl.h"

#define ANSWER_SECONDS	20		/* the server gives up after 10 */

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

/* With a file that has become wrong a running server must still be stopped. */
static void
find_socket(const struct kithctl_place *place, char *path, size_t cap)
{
	char err[1024];
	struct conf *c;

	if (place->socket != NULL) {
		snprintf(path, cap, "%s", place->socket);
		return;
	}
	if ((c = conf_load(place->file, place->state_dir, err, sizeof(err))) != NULL) {
		snprintf(path, cap, "%s", c->control_socket);
		conf_destroy(c);
		return;
	}
	snprintf(path, cap, "%s/control", place->state_dir != NULL ? place->state_dir :
	    LOCALSTATEDIR "/lib/kith");
	fprintf(stderr, "kithctl: %s; trying %s\n", err, path);
}

int
kithctl_connect(const struct kithctl_place *place, int *status, char *err, size_t errlen)
{
	char path[4200];
	int fd;

	find_socket(place, path, sizeof(path));
	if ((fd = connect_to(path)) >= 0)
		return fd;
	switch (-fd) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		*status = EXIT_NO_SERVER;
		snprintf(err, errlen, "no kithd runs there (%s: %s)", path, strerror(-fd));
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
		snprintf(err, errlen, "kithd runs, and did not answer (%s); see its log", path);
		break;
	default:
		*status = EXIT_FAILED;
		snprintf(err, errlen, "%s: %s", path, strerror(-fd));
		break;
	}
	return -1;
}
