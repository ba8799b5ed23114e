/*
 * db_sqlite_file.c - the files under a handle: may they be written, and are they still those
 * that their paths lead to?
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/conf/kith_db.h"
#include "server/db/db_sqlite.h"

static const char *const file_names[SQLITE_FILES] = { "kith.db", "kith.db-wal", "kith.db-shm" };

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

	for (unsigned i = 0; i < SQLITE_FILES; i++)
		if (d->files[i].ino != 0 && stat(d->files[i].path, &st) == 0 &&
		    !is_known(&d->files[i], &st))
			return explain_other(err, errlen);
	return kith_db_check(c, geteuid(), fatal, err, errlen);
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
