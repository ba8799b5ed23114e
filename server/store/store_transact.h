/*
 * store_transact.h - transactions of both store roles.
 *
 * The work may run several times (deadlock, lost connection), so each run sets
 * all of its results. It returns
 *   DB_OK	commit, then tell the news that it noted
 *   DB_DONE	roll back: refused, for a reason that it left in `arg`
 *   others	the failure of a call, unchanged
 */
#ifndef KITH_SERVER_STORE_TRANSACT_H
#define KITH_SERVER_STORE_TRANSACT_H

#include "server/store/store_int.h"

typedef enum db_class store_work(struct store *s, void *arg);

/* DB_OK, DB_DONE, DB_DUPLICATE (rolled back; the caller knows what it means),
 * or, when STORE_PATIENCE_MS is over, the failure: counted, and noted as an
 * outage (store_health.h) or logged. In the reader it is one snapshot. */
enum db_class	store_transact(struct store *s, store_work *work, void *arg);

/* A single try on the connection that is there: begin, work, commit. Rolled
 * back unless it is DB_OK; a lost connection is left to the caller. */
enum db_class	store_transact_once(struct store *s, store_work *work,
		    void *arg);

/* The writer's request at hand was in the inbox when this process started: its
 * predecessor may have handled it. */
bool		store_transact_replaying(const struct store *s);

#endif
