/*
 * db.h - a small driver interface: SQLite and MySQL/MariaDB behind one set of queries.
 *
 * Runs in the store's processes only; blocking. The queries are written once in
 * store_*.c; where the dialects differ, the driver has a named fragment.
 * Never an automatic reconnect: on DB_LOST the caller closes, opens anew, and
 * replays its batch (the unique key makes that safe).
 */
#ifndef KITH_SERVER_DB_H
#define KITH_SERVER_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct db;
struct db_stmt;

enum db_class {
	DB_OK,
	DB_ROW,
	DB_DONE,
	DB_DUPLICATE,			/* a unique key refused it; the transaction is to be rolled back */
	DB_RETRY,			/* deadlock, lock timeout, busy: roll back and redo */
	DB_LOST,			/* connection gone, or COMMIT's outcome unknown */
	DB_FULL,			/* disk or table space full, read-only */
	DB_ERROR			/* ours: bad SQL, constraint; logged with its text */
};

/* NULL with err; `fatal` tells that waiting will not help (wrong durability setting:
 * named with its value; newer schema; wrong password). */
struct db	*db_open(const struct conf *c, bool writer, bool *fatal, char *err, size_t errlen);
void		 db_close(struct db *d);		/* also frees its statements */

/* Upgrades the schema under a lock; refuses a newer one. Writer only. */
int		 db_migrate(struct db *d, char *err, size_t errlen);

/* The prepared statement of `sql` ('?' places), made at first use and kept; `sql` is a
 * string constant: it is known by its address. Reset, nothing bound. NULL on failure:
 * db_class() says why. */
struct db_stmt	*db_stmt(struct db *d, const char *sql);

/* Places count from 0. Bytes are copied at db_step(), or kept until the reset. */
void		 db_bind_int(struct db_stmt *s, unsigned i, int64_t v);
void		 db_bind_bytes(struct db_stmt *s, unsigned i, const void *v, size_t len);	/* also text */
void		 db_bind_null(struct db_stmt *s, unsigned i);

enum db_class	 db_step(struct db_stmt *s);	/* DB_ROW, DB_DONE or a failure */
void		 db_reset(struct db_stmt *s);	/* always, when done with its rows */

int64_t		 db_int(struct db_stmt *s, unsigned column);	/* 0 for NULL */
bool		 db_null(struct db_stmt *s, unsigned column);
/* Valid until the next step or reset; NUL follows; *len may be NULL. */
const char	*db_bytes(struct db_stmt *s, unsigned column, size_t *len);

enum db_class	 db_begin(struct db *d);
enum db_class	 db_commit(struct db *d);	/* DB_LOST: it may or may not have happened */
void		 db_rollback(struct db *d);

enum db_class	 db_class(const struct db *d);	/* of the last failure */
const char	*db_text(const struct db *d);	/* its text, for the log */
int64_t		 db_changes(const struct db *d);	/* rows changed by the last statement */
int64_t		 db_last_id(const struct db *d);	/* generated key of the last insert */

#endif
