/*
 * kith_db.c - may kith.db and its files be used as they are?
 */
#include "server/conf/kith_db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/conf/served.h"

/* The first bytes of every SQLite database. */
static const char magic[16] = "SQLite format 3";

/* kith.db first. */
static const char *const file_names[] = { "kith.db", "kith.db-wal", "kith.db-shm" };

/* After a chroot there is no list of users: then root is known, and the service user. */
static const char *
kith_db_user(const struct conf *c, uid_t uid, uid_t us, char *name, size_t len)
{
	struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(name, len, "%s", pw->pw_name);
	else if (uid == 0)
		snprintf(name, len, "root");
	else if (uid == us && c->user != NULL && *c->user != '\0')
		snprintf(name, len, "%s", c->user);
	else
		snprintf(name, len, "user %lu", (unsigned long)uid);
	return name;
}

/* The administrator's path of a file in the state directory, or of that ("."). */
static void
kith_db_shown(const struct conf *c, const char *name, char *out, size_t len)
{
	const char *dir = c->state_shown != NULL ? c->state_shown : c->state_dir;

	if (strcmp(name, ".") == 0)
		snprintf(out, len, "%s", dir);
	else
		snprintf(out, len, "%s/%s", dir, name);
}

/* st may be NULL: nothing is known of the file. */
static int
kith_db_explain(const struct conf *c, uid_t us, const char *name, int error, const struct stat *st,
    char *err, size_t errlen)
{
	char path[320], owner[32], our_name[32];

	kith_db_shown(c, name, path, sizeof(path));
	if (st != NULL && (error == EACCES || error == EPERM))
		snprintf(err, errlen, "%s belongs to %s with mode %04o, and %s may not read and "
		    "write it: %s (use chown)", path,
		    kith_db_user(c, st->st_uid, us, owner, sizeof(owner)),
		    (unsigned)st->st_mode & 07777,
		    kith_db_user(c, us, us, our_name, sizeof(our_name)), strerror(error));
	else
		snprintf(err, errlen, "%s: %s", path, strerror(error));
	return -1;
}

/* A database that was here and is gone or empty was lost. Only the first start makes one. */
static int
refuse_lost(const struct conf *c, const char *what, bool *fatal, char *err, size_t errlen)
{
	char path[320], mark[320];

	kith_db_shown(c, "kith.db", path, sizeof(path));
	kith_db_shown(c, SERVED_FILE, mark, sizeof(mark));
	*fatal = true;
	snprintf(err, errlen, "%s %s, although this server has served before: restore it from a "
	    "backup; or, to begin again without accounts and messages, remove %s", path, what, mark);
	return -1;
}

static bool
is_sqlite(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[sizeof(magic)];
	bool is;

	if (fd < 0)
		return true;		/* its rights were looked at; SQLite will tell */
	is = pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    memcmp(head, magic, sizeof(magic)) == 0;
	close(fd);
	return is;
}

/* kith.db is there, and may be read. */
static int
check_content(const struct conf *c, const char *path, const struct stat *st, bool *fatal, char *err,
    size_t errlen)
{
	char shown[320];

	if (st->st_size == 0)
		return served_before(c->state_dir) ?
		    refuse_lost(c, "is empty", fatal, err, errlen) : 0;
	if (is_sqlite(path))
		return 0;
	*fatal = true;
	kith_db_shown(c, "kith.db", shown, sizeof(shown));
	snprintf(err, errlen, "%s is damaged, or is no database of SQLite: restore it "
	    "from a backup", shown);
	return -1;
}

int
kith_db_check(const struct conf *c, uid_t uid, bool *fatal, char *err, size_t errlen)
{
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof(file_names) / sizeof(*file_names); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->state_dir, file_names[i]);
		if (stat(path, &st) < 0) {
			if (errno == ENOENT && i == 0 && served_before(c->state_dir))
				return refuse_lost(c, "is missing", fatal, err, errlen);
			if (errno == ENOENT)
				continue;
			return kith_db_explain(c, uid, file_names[i], errno, NULL, err, errlen);
		}
		if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0) {
			*fatal = true;
			return kith_db_explain(c, uid, file_names[i], errno, &st, err, errlen);
		}
		if (i == 0 && check_content(c, path, &st, fatal, err, errlen) < 0)
			return -1;
	}
	if (faccessat(AT_FDCWD, c->state_dir, W_OK | X_OK, AT_EACCESS) < 0 &&
	    stat(c->state_dir, &st) == 0) {
		*fatal = true;
		return kith_db_explain(c, uid, ".", errno, &st, err, errlen);
	}
	return 0;
}
