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
void		 db_close(struct db *d);

/* Upgrades the schema under a lock; refuses a newer one. Writer only. */
int		 db_migrate(struct db *d, char *err, size_t errlen);

#endif
