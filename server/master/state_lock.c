/*
 * state_lock.c - one kithd to a state directory: its locks, and what must stay while it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/state.h"

#define LOCK_TRIES	10		/* the file may be removed just as it is opened */

#ifndef O_PATH
#define O_PATH		(O_RDONLY | O_NONBLOCK)
#endif

/* -- the pid file --------------------------------------------------------- */

/* Opens and locks the file that the path names now. fd or -errno; -EWOULDBLOCK: taken. */
static int
open_locked(const char *path)
{
	struct stat opened, named;
	int fd, rc;

	for (int try = 0; try < LOCK_TRIES; try++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
		    O_NOCTTY, 0644);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 &&
		    stat(path, &named) == 0 &&
		    opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
			return fd;
		rc = -errno;
		close(fd);
		if (rc == -EWOULDBLOCK)
			return rc;
	}
	return -EAGAIN;
}

/* Empty, or a number and at most a newline: a kithd may have written it. */
static bool
holds_only_pid(int fd)
{
	char text[24];
	struct stat st;
	ssize_t n;
	size_t digits;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (n = pread(fd, text, sizeof(text) - 1, 0)) < 0 || n != st.st_size)
		return false;
	text[n] = '\0';
	digits = strspn(text, "0123456789");
	return n == 0 || digits == (size_t)n ||
	    (digits > 0 && digits == (size_t)n - 1 && text[digits] == '\n');
}

static int
refuse_pid_file(const struct conf *c, char *err, size_t errlen)
{
	return state_refuse(err, errlen, "pid_file: %s: exists, and is not a pid file of kithd: "
	    "remove it, or name another one", c->pid_file);
}

int
state_check_pid_file(const struct conf *c, char *err, size_t errlen)
{
	struct stat st;
	int fd, rc = 0;

	if (lstat(c->pid_file, &st) < 0)
		return errno == ENOENT ? 0 :
		    state_refuse(err, errlen, "pid_file: %s: %s", c->pid_file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse_pid_file(c, err, errlen);
	fd = open(c->pid_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 :	/* its kithd has just ended */
		    state_refuse(err, errlen, "pid_file: %s: %s", c->pid_file, strerror(errno));
	if (!holds_only_pid(fd))
		rc = refuse_pid_file(c, err, errlen);
	close(fd);
	return rc;
}

/* The number in another kithd's pid file, for the error text; 0 if there is none. */
static long
read_pid(const char *path)
{
	char text[24] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

/* Locks the pid file and writes our number into it. fd, or -1 with err. */
static int
take_pid_file(const struct conf *c, char *err, size_t errlen)
{
	char text[24];
	int fd = open_locked(c->pid_file), len;

	if (fd == -EWOULDBLOCK)
		return state_refuse(err, errlen, "a kithd runs in %s already (process %ld holds "
		    "%s)", c->state_dir, read_pid(c->pid_file), c->pid_file);
	if (fd < 0)
		return state_refuse(err, errlen, "%s: %s", c->pid_file, strerror(-fd));
	if (!holds_only_pid(fd)) {
		close(fd);
		return refuse_pid_file(c, err, errlen);
	}
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len) {
		state_refuse(err, errlen, "%s: %s", c->pid_file, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static enum state_path
path_of_ours(int fd, const char *path)
{
	struct stat ours, named;

	if (lstat(path, &named) < 0)
		return errno == ENOENT ? STATE_PATH_GONE : STATE_PATH_OTHER;
	return fstat(fd, &ours) == 0 && ours.st_ino == named.st_ino &&
	    ours.st_dev == named.st_dev ? STATE_PATH_OURS : STATE_PATH_OTHER;
}

/* -- the locks ------------------------------------------------------------ */

/* The directory stays where a pid file may be removed or be another one's. Where directories
 * cannot be locked, the pid file is all there is. */
static int
lock_directory(struct state_lock *l, const struct conf *c, char *err, size_t errlen)
{
	l->dir_fd = open(c->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dir_fd < 0)
		return state_refuse(err, errlen, "%s: %s", c->state_dir, strerror(errno));
	if (flock(l->dir_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	return state_refuse(err, errlen, "a kithd runs in %s already, with another pid file than "
	    "%s, or that was removed", c->state_dir, c->pid_file);
}

int
state_lock(struct state_lock *l, const struct conf *c, char *err, size_t errlen)
{
	if ((l->pid_fd = take_pid_file(c, err, errlen)) < 0)
		return -1;
	return lock_directory(l, c, err, errlen);
}

void
state_unlock(struct state_lock *l, const struct conf *c)
{
	if (l->pid_fd >= 0 && path_of_ours(l->pid_fd, c->pid_file) == STATE_PATH_OURS)
		unlink(c->pid_file);
	for (int *fd = &l->pid_fd; fd != NULL; fd = fd == &l->pid_fd ? &l->dir_fd : NULL) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

/* -- what must stay ------------------------------------------------------- */

enum state_path
state_keep_pid_file(struct state_lock *l, const struct conf *c)
{
	enum state_path now = path_of_ours(l->pid_fd, c->pid_file);
	char err[1024];
	int fd;

	if (now != STATE_PATH_GONE || (fd = take_pid_file(c, err, sizeof(err))) < 0)
		return now;
	close(l->pid_fd);
	l->pid_fd = fd;
	log_warn(0, "state.pid_file", "file=%s reason=\"it was removed\" effect=\"written again\"",
	    c->pid_file);
	return STATE_PATH_OURS;
}

int
state_pin(const struct conf *c, const uint64_t id[2])
{
	char path[4096];
	struct stat st;
	int fd;

	if (id[1] == 0 || (size_t)snprintf(path, sizeof(path), "%s/kith.db", c->state_dir) >=
	    sizeof(path))
		return -1;
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (fstat(fd, &st) == 0 && st.st_dev == id[0] && st.st_ino == id[1]))
		return fd;
	close(fd);
	return -1;
}
