/*
 * store_probe.h - proves at each turn what store_health.h says.
 *
 * The writer proves once a second that a message could be stored: it stores one
 * by the statements of a batch and rolls that back; then, unless messages were
 * stored, it commits a row that it takes away again. A reader opens the tables.
 * While something is wrong, or a request failed, they try at each turn.
 */
#ifndef KITH_SERVER_STORE_PROBE_H
#define KITH_SERVER_STORE_PROBE_H

#include "server/store/store_int.h"

/* Each turn: upkeep of the connection, or a try to get one; and the proof. */
void		store_probe_tend(struct store *s);

/* The writer's proof, on the connection that is there, without a retry; tells
 * a failure. */
enum db_class	store_probe_run(struct store *s);

#endif
