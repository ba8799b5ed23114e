/*
 * state.c - makes and locks the state directory. Master only.
 */
#include "server/master/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/file.h"
#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/lib/log.h"
#include "server/master/birth.h"

#define LOCK_TRIES	10		/* the file may be removed just as it is opened */

__attribute__((format(printf, 3, 4)))
static int
complain(char *err, size_t errlen, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, errlen, fmt, ap);
	va_end(ap);
	return -1;
}

static int
path_in_state(const struct conf *c, const char *name, char *path, size_t cap)
{
	return (size_t)snprintf(path, cap, "%s/%s", c->state_dir, name) < cap ? 0 : -ENAMETOOLONG;
}

int
state_owner(const struct conf *c, struct state_owner *o, char *err, size_t errlen)
{
	struct passwd *pw;

	*o = (struct state_owner){ .uid = geteuid(), .gid = getegid() };
	if (o->uid != 0)
		return 0;
	errno = 0;
	if ((pw = getpwnam(c->user)) == NULL)
		return complain(err, errlen, "there is no user \"%s\" for kithd to run as: make it "
		    "(useradd --system --user-group %s), or name another one with the option "
		    "`user`", c->user, c->user);
	if (pw->pw_uid == 0)
		return complain(err, errlen, "user: \"%s\" is the superuser: the processes that "
		    "talk to the network need a user without rights", c->user);
	*o = (struct state_owner){ .drops = true, .uid = pw->pw_uid, .gid = pw->pw_gid };
	return 0;
}

/* -- directories ---------------------------------------------------------- */

/* As mkdir -p, each with `mode`. */
static int
make_path(const char *path, mode_t mode)
{
	char *copy = strdup(path), *slash;
	int rc = 0;

	if (copy == NULL)
		return -ENOMEM;
	for (slash = strchr(copy + 1, '/'); rc == 0 && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			rc = -errno;
		*slash = '/';
	}
	if (rc == 0 && mkdir(copy, mode) < 0)
		rc = -errno;
	free(copy);
	return rc;
}

/* By the beginnings of names, so that rotated logs, copies and an editor's leavings count. */
static bool
is_ours(const char *name)
{
	static const char *const exact[] = {
		".", "..", "lost+found", "tls", BIRTH_EMPTY_DIR, "control", SERVED_FILE,
	}, *const begin[] = {
		"kithd.conf", "kithd.pid", "kithd.log", "kith.db", HISTORY_FILE,
	};

	for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++)
		if (strcmp(name, exact[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++)
		if (strncmp(name, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

/* A mistyped -d must not change the owner of /etc or /tmp. */
static bool
holds_only_ours(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	bool ours = dir != NULL;

	while (ours && (e = readdir(dir)) != NULL)
		ours = is_ours(e->d_name);
	if (dir != NULL)
		closedir(dir);
	return ours;
}

/* May it be used? If root owns it and its roles are others, state_make() gives it away. */
static int
check_directory(const struct conf *c, const struct state_owner *o, const struct stat *st,
    char *err, size_t errlen)
{
	if (!S_ISDIR(st->st_mode))
		return complain(err, errlen, "state_dir: %s: not a directory", c->state_dir);
	if (!o->drops && access(c->state_dir, W_OK | X_OK) < 0)
		return complain(err, errlen, "state_dir: %s: %s", c->state_dir, strerror(errno));
	if (!o->drops || st->st_uid == o->uid)
		return 0;
	if (st->st_uid != 0)
		return complain(err, errlen, "state_dir: %s: belongs to another user than %s",
		    c->state_dir, c->user);
	if (!holds_only_ours(c->state_dir))
		return complain(err, errlen, "state_dir: %s: belongs to root and holds files that "
		    "are not kithd's: give it to %s, or use an empty directory", c->state_dir,
		    c->user);
	return 0;
}

int
state_check(const struct conf *c, const struct state_owner *o, char *err, size_t errlen)
{
	struct stat st;

	if (stat(c->state_dir, &st) == 0)
		return check_directory(c, o, &st, err, errlen);
	return errno == ENOENT ? 0 :
	    complain(err, errlen, "state_dir: %s: %s", c->state_dir, strerror(errno));
}

/* Who owns it, and that others cannot look into it. */
static int
own_state(const struct conf *c, const struct state_owner *o, char *err, size_t errlen)
{
	struct stat st;
	mode_t mode;

	if (stat(c->state_dir, &st) < 0)
		return complain(err, errlen, "%s: %s", c->state_dir, strerror(errno));
	if (o->drops && st.st_uid != o->uid && chown(c->state_dir, o->uid, o->gid) < 0)
		return complain(err, errlen, "%s: %s", c->state_dir, strerror(errno));
	mode = st.st_mode & 07777 & ~(mode_t)(S_IWGRP | S_IRWXO);
	if (mode == (st.st_mode & 07777) || (!o->drops && st.st_uid != geteuid()))
		return 0;
	if (chmod(c->state_dir, mode) < 0)
		return complain(err, errlen, "%s: %s", c->state_dir, strerror(errno));
	log_info(0, "state.mode", "directory=%s was=%04o now=%04o", c->state_dir,
	    (unsigned)(st.st_mode & 07777), (unsigned)mode);
	return 0;
}

int
state_make(const struct conf *c, const struct state_owner *o, char *err, size_t errlen)
{
	char empty[4096];
	int rc = make_path(c->state_dir, 0750);

	if (rc < 0 && rc != -EEXIST)
		return complain(err, errlen, "state_dir: %s: %s", c->state_dir, strerror(-rc));
	if (state_check(c, o, err, errlen) < 0 || own_state(c, o, err, errlen) < 0)
		return -1;
	if ((rc = path_in_state(c, BIRTH_EMPTY_DIR, empty, sizeof(empty))) == 0 &&
	    mkdir(empty, 0555) < 0 && errno != EEXIST)
		rc = -errno;
	if (rc < 0)
		return complain(err, errlen, "%s: %s", empty, strerror(-rc));
	return 0;
}

/* -- the lock ------------------------------------------------------------- */

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
	return complain(err, errlen, "pid_file: %s: exists, and is not a pid file of kithd: "
	    "remove it, or name another one", c->pid_file);
}

int
state_check_pid_file(const struct conf *c, char *err, size_t errlen)
{
	struct stat st;
	int fd, rc = 0;

	if (lstat(c->pid_file, &st) < 0)
		return errno == ENOENT ? 0 :
		    complain(err, errlen, "pid_file: %s: %s", c->pid_file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse_pid_file(c, err, errlen);
	fd = open(c->pid_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 :	/* its kithd has just ended */
		    complain(err, errlen, "pid_file: %s: %s", c->pid_file, strerror(errno));
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

int
state_lock(const struct conf *c, char *err, size_t errlen)
{
	char text[24];
	int fd = open_locked(c->pid_file), len;

	if (fd == -EWOULDBLOCK)
		return complain(err, errlen, "a kithd runs in %s already (process %ld holds %s)",
		    c->state_dir, read_pid(c->pid_file), c->pid_file);
	if (fd < 0)
		return complain(err, errlen, "%s: %s", c->pid_file, strerror(-fd));
	if (!holds_only_pid(fd)) {
		close(fd);
		return refuse_pid_file(c, err, errlen);
	}
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len) {
		complain(err, errlen, "%s: %s", c->pid_file, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

void
state_unlock(const struct conf *c, int fd)
{
	struct stat ours, named;

	if (fstat(fd, &ours) == 0 && lstat(c->pid_file, &named) == 0 &&
	    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev)
		unlink(c->pid_file);
	close(fd);
}

/* -- the key that clients know -------------------------------------------- */

int
state_known_key(const struct conf *c, char known[TLS_FINGERPRINT_MAX])
{
	char path[4096];
	ssize_t n;

	if (path_in_state(c, KNOWN_KEY_FILE, path, sizeof(path)) < 0)
		return -ENAMETOOLONG;
	if ((n = file_read(path, known, TLS_FINGERPRINT_MAX)) < 0)
		return (int)n;
	known[strcspn(known, "\n")] = '\0';
	return 0;
}

int
state_set_known_key(const struct conf *c, const char *fingerprint)
{
	char path[4096], known[TLS_FINGERPRINT_MAX];
	int fd, rc;

	if (state_known_key(c, known) == 0 && strcmp(known, fingerprint) == 0)
		return 0;
	if ((rc = path_in_state(c, "tls", path, sizeof(path))) < 0)
		return rc;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	if ((rc = path_in_state(c, KNOWN_KEY_FILE, path, sizeof(path))) < 0)
		return rc;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	rc = dprintf(fd, "%s\n", fingerprint) < 0 ? -errno : 0;
	close(fd);
	return rc;
}
