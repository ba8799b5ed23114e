/*
 * db.h - one interface to SQLite and MySQL/MariaDB, with one set of queries.
 *
 * The queries are written once, in store_*.c. Where the dialects differ, the
 * driver has a named fragment (enum db_sql).
 *
 * Process  The store's processes only. Calls block.
 * Crash    Never an automatic reconnect. On DB_LOST the caller closes, opens
 *          again and replays its batch; the unique key makes that safe.
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
	DB_DUPLICATE,	/* refused by a unique key: roll back */
	DB_RETRY,	/* deadlock, lock timeout, busy: roll back and redo */
	DB_LOST,	/* connection gone, or COMMIT's outcome unknown */
	DB_UNSAFE,	/* what it stores may be lost: other files are in the
			 * place of the open ones, or the server's settings
			 * have changed. To be treated as DB_LOST. */
	DB_FULL,	/* disk or table space full */
	DB_READONLY,
	DB_BROKEN,	/* a table, a column or a right is missing, or the data
			 * are damaged: whatever is asked, it fails */
	DB_ERROR	/* our fault: bad SQL, constraint; logged with text */
};

/* -- opening -------------------------------------------------------------- */

/* NULL with err. `known`: the db_identity() that it must have, or NULL or 0, 0.
 * Another database is left alone, and so is the log of the known one. *fatal:
 * waiting will not help (wrong password, newer schema, a setting that makes
 * commits less than durable, which err names with its value). */
struct db	*db_open(const struct conf *c, bool writer,
		    const uint64_t known[2], bool *fatal, char *err,
		    size_t errlen);
void		 db_close(struct db *d);	/* frees its statements, too */

/* Upgrades the schema under a lock. Refuses a newer one, and an empty database
 * unless it may `make` one. Writer only. 0, or -1 with err. */
int		 db_migrate(struct db *d, bool make, char *err, size_t errlen);

/* Upkeep at each turn; does something at most every 200 ms. Checkpoints the
 * WAL, asks a server whether it is there and still promises what db_open()
 * checked. Not in a transaction. DB_OK, or what is wrong now. */
enum db_class	 db_tend(struct db *d);

/* The handle cannot be used any more: close it. */
bool		 db_gone(enum db_class c);

/* Pages that db_open() found damaged or incomplete in the log of a server that
 * did not stop in order, and that belong to complete transactions. */
uint32_t	 db_dropped(const struct db *d);

/* From now on, waits for nobody's lock on a row, or for a second. */
void		 db_hurry(struct db *d, bool hurry);

/* Bytes free for it; UINT64_MAX: unknown. */
uint64_t	 db_room(struct db *d);

/* Differs for another database, also one with the same name. 0, 0: unknown. */
void		 db_identity(const struct db *d, uint64_t id[2]);

/* -- statements ----------------------------------------------------------- */

/* The prepared statement of `sql` ('?' places), made at its first use and kept:
 * reset, nothing bound. `sql` is a string constant, known by its address. NULL
 * on failure: db_class() says why. */
struct db_stmt	*db_stmt(struct db *d, const char *sql);

/* Places count from 0; one that is not bound is NULL. Bytes, also of text, are
 * borrowed until the reset. */
void		 db_bind_int(struct db_stmt *s, unsigned i, int64_t v);
void		 db_bind_bytes(struct db_stmt *s, unsigned i, const void *v,
		    size_t len);

/* DB_ROW, DB_DONE or a failure. Reset it when done with its rows. */
enum db_class	 db_step(struct db_stmt *s);
void		 db_reset(struct db_stmt *s);

int64_t		 db_int(struct db_stmt *s, unsigned column);	/* NULL: 0 */
bool		 db_null(struct db_stmt *s, unsigned column);

/* Valid until the next step or reset. A NUL follows. `len` may be NULL. */
const char	*db_bytes(struct db_stmt *s, unsigned column, size_t *len);

/* Text that the dialects word differently, with the same places and columns:
 * db_stmt(d, db_sql(d, DB_SQL_...)). */
enum db_sql {
	/* conversation, user, since_seq, role; no change if it is there */
	DB_SQL_MEMBER_ADD,
	/* conversation, user, role: an invitation; no change if it is there */
	DB_SQL_INVITE_ADD,
	/* user, conversation, device, read_seq: moves forward only;
	 * db_changes() is 0 if it did not move */
	DB_SQL_CURSOR_PUT,
	DB_SQL_COUNT
};
const char	*db_sql(const struct db *d, enum db_sql which);

/* -- batches -------------------------------------------------------------- */

/* The two statements of a batch of messages, where the drivers differ most.
 * Both run in the caller's transaction. */

#define DB_BATCH_MAX	512u		/* rows of one call */

struct db_seqs {			/* numbers wanted from one counter */
	uint64_t	conversation;
	uint64_t	count;
	uint64_t	last;		/* out: the last one of them */
};

/* Raises each counter by `count`; makes it if it is missing. Ids in rising
 * order, none twice. */
enum db_class	 db_take_seqs(struct db *d, struct db_seqs *c, unsigned n);

/* Numbers taken by transactions that this handle committed. */
uint64_t	 db_taken_seqs(const struct db *d);

/* Stores all rows. After a failure, roll back. DB_DUPLICATE: see
 * db_duplicate_primary(). */
enum db_class	 db_put_events(struct db *d, const struct db_event *e,
		    unsigned n);

/* The last DB_DUPLICATE was of a primary key: a counter lags behind its events.
 * Otherwise (sender, client id) or a name exists already. */
bool		 db_duplicate_primary(const struct db *d);

/* -- transactions --------------------------------------------------------- */

enum db_class	 db_begin(struct db *d);
enum db_class	 db_commit(struct db *d);	/* db_gone(): unknown */
void		 db_rollback(struct db *d);

/* -- results -------------------------------------------------------------- */

enum db_class	 db_class(const struct db *d);	/* the last failure */
const char	*db_text(const struct db *d);	/* its text, for the log */
int64_t		 db_changes(const struct db *d);	/* last statement */
int64_t		 db_last_id(const struct db *d);	/* last insert */

#endif
