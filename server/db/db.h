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
struct db_event;		/* db_event.h */
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

/* Upgrades the schema under a lock; refuses a newer one. Writer only. 0, or -1 with err. */
int		 db_migrate(struct db *d, char *err, size_t errlen);

/* The prepared statement of `sql` ('?' places), made at first use and kept; `sql` is a
 * string constant: it is known by its address. Reset, nothing bound. NULL on failure:
 * db_class() says why. */
struct db_stmt	*db_stmt(struct db *d, const char *sql);

/* Places count from 0. Bytes are borrowed until the reset. */
void		 db_bind_int(struct db_stmt *s, unsigned i, int64_t v);
void		 db_bind_bytes(struct db_stmt *s, unsigned i, const void *v, size_t len);	/* also text */

enum db_class	 db_step(struct db_stmt *s);	/* DB_ROW, DB_DONE or a failure */
void		 db_reset(struct db_stmt *s);	/* always, when done with its rows */

int64_t		 db_int(struct db_stmt *s, unsigned column);	/* 0 for NULL */
bool		 db_null(struct db_stmt *s, unsigned column);
/* Valid until the next step or reset; NUL follows; *len may be NULL. */
const char	*db_bytes(struct db_stmt *s, unsigned column, size_t *len);

/* Text that the dialects word differently, of the same places and columns on both:
 * db_stmt(d, db_sql(d, DB_SQL_...)). */
enum db_sql {
	DB_SQL_MEMBER_ADD,	/* conversation, user, since_seq, role: harmless if it is there */
	DB_SQL_INVITE_ADD,	/* conversation, user, role: an invitation; harmless if it is there */
	DB_SQL_CURSOR_PUT,	/* user, conversation, device, read_seq: forward only;
				 * db_changes() is 0 if it did not move */
	DB_SQL_COUNT
};
const char	*db_sql(const struct db *d, enum db_sql which);

/*
 * The two statements of a batch of messages, where the drivers differ most. Both
 * run in a transaction of the caller.
 */
struct db_seqs {			/* numbers wanted from one conversation's counter */
	uint64_t	conversation;
	uint64_t	count;
	uint64_t	last;		/* out: the last one of them */
};

#define DB_BATCH_MAX	512u		/* rows of one call */

/* Raises each counter by `count`, making it if it is missing. Rising ids, none twice. */
enum db_class	 db_take_seqs(struct db *d, struct db_seqs *c, unsigned n);

/* All or, with a failure, to be rolled back. DB_DUPLICATE: see db_duplicate_primary(). */
enum db_class	 db_put_events(struct db *d, const struct db_event *e, unsigned n);

/* The last DB_DUPLICATE was of a primary key: a counter lags behind its events. If
 * not, (sender, client id) or a name stands already. */
bool		 db_duplicate_primary(const struct db *d);

/* Small upkeep while idle, at most every 200 ms: moves the WAL into the database, or keeps
 * the connection from going stale. Not in a transaction. */
enum db_class	 db_tend(struct db *d);

enum db_class	 db_begin(struct db *d);
enum db_class	 db_commit(struct db *d);	/* DB_LOST: it may or may not have happened */
void		 db_rollback(struct db *d);

enum db_class	 db_class(const struct db *d);	/* of the last failure */
const char	*db_text(const struct db *d);	/* its text, for the log */
int64_t		 db_changes(const struct db *d);	/* rows changed by the last statement */
int64_t		 db_last_id(const struct db *d);	/* generated key of the last insert */

#endif
