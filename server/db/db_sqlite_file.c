/*
 * db_sqlite_file.c - the files under a handle: may they be written, and are they still those
 * that their paths lead to?
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/db/db_sqlite.h"

static const char *const file_names[SQLITE_FILES] = { "kith.db", "kith.db-wal", "kith.db-shm" };

/* After a chroot there is no list of users: then root is known, and the service user. */
static const char *
user_name(const struct conf *c, uid_t uid, char *number, size_t len)
{
	struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		return pw->pw_name;
	if (uid == 0)
		return "root";
	if (uid == geteuid() && c->user != NULL && *c->user != '\0')
		return c->user;
	snprintf(number, len, "user %lu", (unsigned long)uid);
	return number;
}

/* The administrator's path of a file in the state directory, or of that ("."). */
static void
shown_path(const struct conf *c, const char *name, char *out, size_t len)
{
	const char *dir = c->state_shown != NULL ? c->state_shown : c->state_dir;

	if (strcmp(name, ".") == 0)
		snprintf(out, len, "%s", dir);
	else
		snprintf(out, len, "%s/%s", dir, name);
}

/* st may be NULL: nothing is known of the file. */
static int
explain(const struct conf *c, const char *name, int error, const struct stat *st, char *err,
    size_t errlen)
{
	char path[320], owner[32], us[32];

	shown_path(c, name, path, sizeof(path));
	if (st != NULL && (error == EACCES || error == EPERM))
		snprintf(err, errlen, "%s belongs to %s with mode %04o, and %s may not read and "
		    "write it: %s (use chown)", path, user_name(c, st->st_uid, owner, sizeof(owner)),
		    (unsigned)st->st_mode & 07777, user_name(c, geteuid(), us, sizeof(us)),
		    strerror(error));
	else
		snprintf(err, errlen, "%s: %s", path, strerror(error));
	return -1;
}

/* A database that was here and is gone or empty was lost. Only the first start makes one. */
static int
explain_missing(const struct conf *c, const char *what, bool *fatal, char *err, size_t errlen)
{
	char path[320], mark[320];

	shown_path(c, "kith.db", path, sizeof(path));
	shown_path(c, SERVED_FILE, mark, sizeof(mark));
	*fatal = true;
	snprintf(err, errlen, "%s %s, although this server has served before: restore it from a "
	    "backup; or, to begin again without accounts and messages, remove %s", path, what, mark);
	return -1;
}

/* SQLite would play a WAL that was left here into any kith.db, and then delete it. Messages that
 * were acknowledged may be in that WAL alone, and belong into the file that kithd began with. */
static int
explain_other(char *err, size_t errlen)
{
	snprintf(err, errlen, "another file is in the place of the kith.db that kithd began with: "
	    "put that back; or, to take this one over, stop kithd, remove kith.db-wal and "
	    "kith.db-shm, and start it");
	return -1;
}

static bool
is_known(const struct sqlite_file *f, const struct stat *st)
{
	return st->st_ino == f->ino && st->st_dev == f->dev;
}

int
db_sqlite_file_check(const struct sqlite_db *d, const struct conf *c, bool *fatal, char *err,
    size_t errlen)
{
	struct stat st;

	for (unsigned i = 0; i < SQLITE_FILES; i++) {
		if (stat(d->files[i].path, &st) < 0) {
			if (errno == ENOENT && i == SQLITE_FILE_MAIN && served_before(c->state_dir))
				return explain_missing(c, "is missing", fatal, err, errlen);
			if (errno == ENOENT)
				continue;
			return explain(c, file_names[i], errno, NULL, err, errlen);
		}
		if (d->files[i].ino != 0 && !is_known(&d->files[i], &st))
			return explain_other(err, errlen);
		if (faccessat(AT_FDCWD, d->files[i].path, R_OK | W_OK, AT_EACCESS) < 0) {
			*fatal = true;
			return explain(c, file_names[i], errno, &st, err, errlen);
		}
		if (i == SQLITE_FILE_MAIN && st.st_size == 0 && served_before(c->state_dir))
			return explain_missing(c, "is empty", fatal, err, errlen);
	}
	if (faccessat(AT_FDCWD, d->dir, W_OK | X_OK, AT_EACCESS) < 0 && stat(d->dir, &st) == 0) {
		*fatal = true;
		return explain(c, ".", errno, &st, err, errlen);
	}
	return 0;
}

int
db_sqlite_file_recognize(struct sqlite_db *d, char *err, size_t errlen)
{
	struct sqlite_file *f = &d->files[SQLITE_FILE_MAIN];
	struct stat st;
	int moved = 0;

	if (f->ino == 0 && stat(f->path, &st) == 0) {
		f->dev = st.st_dev;
		f->ino = st.st_ino;
	}
	sqlite3_file_control(d->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved || !db_sqlite_file_is_same(d) ? explain_other(err, errlen) : 0;
}

int
db_sqlite_file_note(struct sqlite_db *d)
{
	struct stat st;

	if (!db_sqlite_file_is_same(d))
		return -1;
	for (unsigned i = SQLITE_FILE_WAL; i < SQLITE_FILES; i++) {
		if (stat(d->files[i].path, &st) < 0)
			return -1;
		d->files[i].dev = st.st_dev;
		d->files[i].ino = st.st_ino;
	}
	return 0;
}

bool
db_sqlite_file_is_same(const struct sqlite_db *d)
{
	const struct sqlite_file *f = &d->files[SQLITE_FILE_MAIN];
	struct stat st;

	return f->ino != 0 && stat(f->path, &st) == 0 && is_known(f, &st);
}

enum db_class
db_sqlite_file_intact(struct db *base)
{
	const struct sqlite_db *d = sqlite_db(base);
	struct stat st;

	for (unsigned i = 0; i < SQLITE_FILES; i++) {
		if (stat(d->files[i].path, &st) < 0)
			return db_fail(base, DB_UNSAFE, "%s was removed under the running server: "
			    "%s", file_names[i], strerror(errno));
		if (!is_known(&d->files[i], &st))
			return db_fail(base, DB_UNSAFE, "%s was replaced under the running server",
			    file_names[i]);
	}
	return DB_OK;
}
