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
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/file.h"
#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/lib/log.h"
#include "server/master/birth.h"

int
state_refuse(char *err, size_t errlen, const char *fmt, ...)
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
		return state_refuse(err, errlen, "there is no user \"%s\" for kithd to run as: "
		    "make it (useradd --system --user-group %s), or name another one with the option "
		    "`user`", c->user, c->user);
	if (pw->pw_uid == 0)
		return state_refuse(err, errlen, "user: \"%s\" is the superuser: the processes "
		    "that talk to the network need a user without rights", c->user);
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
		return state_refuse(err, errlen, "state_dir: %s: not a directory", c->state_dir);
	if (!o->drops && access(c->state_dir, W_OK | X_OK) < 0)
		return state_refuse(err, errlen, "state_dir: %s: %s", c->state_dir,
		    strerror(errno));
	if (!o->drops || st->st_uid == o->uid)
		return 0;
	if (st->st_uid != 0)
		return state_refuse(err, errlen, "state_dir: %s: belongs to another user than %s",
		    c->state_dir, c->user);
	if (!holds_only_ours(c->state_dir))
		return state_refuse(err, errlen, "state_dir: %s: belongs to root and holds files "
		    "that are not kithd's: give it to %s, or use an empty directory", c->state_dir,
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
	    state_refuse(err, errlen, "state_dir: %s: %s", c->state_dir, strerror(errno));
}

/* Who owns it, and that others cannot look into it. */
static int
own_state(const struct conf *c, const struct state_owner *o, char *err, size_t errlen)
{
	struct stat st;
	mode_t mode;

	if (stat(c->state_dir, &st) < 0)
		return state_refuse(err, errlen, "%s: %s", c->state_dir, strerror(errno));
	if (o->drops && st.st_uid != o->uid && chown(c->state_dir, o->uid, o->gid) < 0)
		return state_refuse(err, errlen, "%s: %s", c->state_dir, strerror(errno));
	mode = st.st_mode & 07777 & ~(mode_t)(S_IWGRP | S_IRWXO);
	if (mode == (st.st_mode & 07777) || (!o->drops && st.st_uid != geteuid()))
		return 0;
	if (chmod(c->state_dir, mode) < 0)
		return state_refuse(err, errlen, "%s: %s", c->state_dir, strerror(errno));
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
		return state_refuse(err, errlen, "state_dir: %s: %s", c->state_dir, strerror(-rc));
	if (state_check(c, o, err, errlen) < 0 || own_state(c, o, err, errlen) < 0)
		return -1;
	if ((rc = path_in_state(c, BIRTH_EMPTY_DIR, empty, sizeof(empty))) == 0 &&
	    mkdir(empty, 0555) < 0 && errno != EEXIST)
		rc = -errno;
	if (rc < 0)
		return state_refuse(err, errlen, "%s: %s", empty, strerror(-rc));
	return 0;
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
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return -errno;
	rc = dprintf(fd, "%s\n", fingerprint) < 0 ? -errno : 0;
	close(fd);
	return rc;
}
