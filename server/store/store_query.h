/*
 * store_query.h - statements: prepared, bound, stepped, reset.
 *
 * A statement may be NULL, which is a failed store_query(): every function here
 * takes it and reports db_class(). One of the functions that reset must follow
 * each store_query().
 */
#ifndef KITH_SERVER_STORE_QUERY_H
#define KITH_SERVER_STORE_QUERY_H

#include "server/store/store_int.h"

/*
 * The prepared statement of `sql`, a string constant (see db_stmt()), with its
 * places bound. `places` has one letter for each: n, a number (uint64_t);
 * t, text (const char *); d, bytes (const ProtobufCBinaryData *). Text and
 * bytes are borrowed until the reset.
 */
struct db_stmt	*store_query(struct store *s, const char *sql,
		    const char *places, ...);

/* Runs a statement that gives no rows; resets it. DB_OK or a failure. */
enum db_class	store_query_run(struct store *s, struct db_stmt *st);

/* Reads the first `n` columns of the first row into uint64_t pointers (NULL
 * reads as 0); resets. DB_OK, DB_DONE (no row), or a failure. */
enum db_class	store_query_row(struct store *s, struct db_stmt *st, unsigned n,
		    ...);

/* For loops over rows: DB_ROW, DB_DONE or a failure. */
enum db_class	store_query_next(struct store *s, struct db_stmt *st);

/* After the loop: resets. `c` is what the last step said; DB_ROW and DB_DONE
 * become DB_OK, a failure is returned. */
enum db_class	store_query_end(struct db_stmt *st, enum db_class c);

/* A column's text, cut to `size` with its NUL. */
void		store_query_copy(struct db_stmt *st, unsigned column, char *out,
		    size_t size);

#endif
