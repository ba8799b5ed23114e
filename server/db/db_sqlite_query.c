/*
 * db_sqlite_query.c - runs SQL without rows, and classifies errors.
 */
#include "server/db/db_sqlite.h"

/* An I/O error counts as a lost connection. After a failed fsync nobody knows what is on the
 * disk, so the handle is dropped and the file is read again. */
enum db_class
db_sqlite_query_class(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return DB_OK;
	case SQLITE_ROW:
		return DB_ROW;
	case SQLITE_DONE:
		return DB_DONE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_INTERRUPT:
		return DB_RETRY;
	case SQLITE_FULL:
		return DB_FULL;
	case SQLITE_READONLY:
		return DB_READONLY;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
		return DB_LOST;
	/* Our statements are constants: one that cannot be compiled misses its table. */
	case SQLITE_ERROR:
	case SQLITE_SCHEMA:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return DB_BROKEN;
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    rc == SQLITE_CONSTRAINT_ROWID ? DB_DUPLICATE : DB_ERROR;
	default:
		return DB_ERROR;
	}
}

enum db_class
db_sqlite_query_failed(struct sqlite_db *d, int rc)
{
	db_fail(&d->base, db_sqlite_query_class(rc), "sqlite %d: %s", rc, sqlite3_errmsg(d->h));
	d->base.primary = rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID;
	return d->base.cls;
}

enum db_class
db_sqlite_query_exec(struct db *d, const char *sql)
{
	int rc = sqlite3_exec(sqlite_db(d)->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? DB_OK : db_sqlite_query_failed(sqlite_db(d), rc);
}
