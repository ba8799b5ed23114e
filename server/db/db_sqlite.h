/*
 * db_sqlite.h - what the files of the SQLite driver share.
 */
#ifndef KITH_SERVER_DB_SQLITE_H
#define KITH_SERVER_DB_SQLITE_H

#include <sys/types.h>

#include <sqlite3.h>

#include "server/db/db_driver.h"

#define SQLITE_BUSY_MS	250		/* then the caller tries again */

/* kith.db, kith.db-wal, kith.db-shm. */
enum { SQLITE_FILE_MAIN, SQLITE_FILE_WAL, SQLITE_FILE_SHM, SQLITE_FILES };

struct sqlite_file {
	char		*path;
	dev_t		 dev;		/* of the file that was opened, or */
	ino_t		 ino;		/* ... must be; 0: not known yet */
};

struct sqlite_db {
	struct db	 base;
	sqlite3		*h;
	int		 page_bytes;
	struct sqlite_file files[SQLITE_FILES];
	char		*dir;
	uint64_t	 tended_ms;
	uint64_t	 cut_ms;	/* the writer's last checkpoint */
	bool		 long_wal;	/* it was logged */
};

static inline struct sqlite_db *
sqlite_db(const struct db *d)
{
	return (struct sqlite_db *)d;
}

/* -- db_sqlite.c ---------------------------------------------------------- */

extern const struct db_ops db_sqlite_ops;

/* -- db_sqlite_query.c ---------------------------------------------------- */

/* Notes a failure of the handle. Returns its class. */
enum db_class	db_sqlite_query_failed(struct sqlite_db *d, int rc);
enum db_class	db_sqlite_query_class(int rc);
enum db_class	db_sqlite_query_exec(struct db *d, const char *sql);

/* -- db_sqlite_file.c ----------------------------------------------------- */

/* What the service user may not do to the files, as the administrator sees
 * them: path, owner, mode. Or kith.db is not the one that is known. 0, or -1
 * with err and *fatal. */
int		db_sqlite_file_check(const struct sqlite_db *d,
		    const struct conf *c, bool *fatal, char *err,
		    size_t errlen);

/* The path of kith.db leads to the one that the handle has open. */
bool		db_sqlite_file_is_same(const struct sqlite_db *d);

/* A new handle has the kith.db open that is known; if none is, it is now. To be
 * asked before the first statement, which reads the WAL. 0, or -1 with err. */
int		db_sqlite_file_recognize(struct sqlite_db *d, char *err,
		    size_t errlen);

/* Notes which other files the handle has open. -1: something was moved. */
int		db_sqlite_file_note(struct sqlite_db *d);

/* DB_OK, or DB_UNSAFE: a path leads to another file than the open one, so what
 * is stored now is gone after the next start. A stat() for each file. */
enum db_class	db_sqlite_file_intact(struct db *d);

/* -- db_sqlite_wal.c ------------------------------------------------------ */

/* After each commit of the writer. */
int		db_sqlite_wal_grew(void *arg, sqlite3 *h, const char *name,
		    int pages);
enum db_class	db_sqlite_wal_tend(struct db *d);

/* Makes sure that what a new handle of the writer finds in the WAL is on the
 * disk. 0, or -1 with base.text. */
int		db_sqlite_wal_settle(struct sqlite_db *d);

#endif
