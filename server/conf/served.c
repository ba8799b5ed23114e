/*
 * served.c - the mark of a server that has served before.
 */
#include "server/conf/served.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
served_path(const char *state_dir, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/" SERVED_FILE, state_dir);

	return n >= 0 && n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

bool
served_before(const char *state_dir)
{
	char path[PATH_MAX];
	struct stat st;

	return served_path(state_dir, path) == 0 && lstat(path, &st) == 0;
}

int
served_note(const char *state_dir)
{
	char path[PATH_MAX];
	int rc = served_path(state_dir, path), fd;

	if (rc < 0)
		return rc;
	/* It may be a pipe now, which would make us wait: the directory is the roles'. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
