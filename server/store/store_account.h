/*
 * store_account.h - auth's questions about accounts, passwords and invites.
 */
#ifndef KITH_SERVER_STORE_ACCOUNT_H
#define KITH_SERVER_STORE_ACCOUNT_H

#include "server/store/store_ask.h"

extern const struct store_ask_row store_account_find, store_account_create,
    store_account_check, store_account_set_password, store_account_set_disabled,
    store_account_create_invite;

/* Columns of accounts `a`. */
#define STORE_ACCOUNT_COLUMNS	"a.id, a.name, a.hash, a.admin, a.disabled"
#define STORE_ACCOUNT_NCOLUMNS	5u

/* Steps to the one row of a query for STORE_ACCOUNT_COLUMNS and more, and reads
 * it into w->account. DB_ROW (the row is there until the caller resets),
 * DB_DONE (none), or a failure. `st` may be NULL: a failed store_query(). */
enum db_class	store_account_read(struct store *s, struct db_stmt *st,
		    struct store_ask *w);

/* DB_OK, DB_DONE (none), or a failure. */
enum db_class	store_account_by_id(struct store *s, uint64_t id,
		    struct store_ask *w);

#endif
