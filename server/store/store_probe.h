/*
 * store_probe.h - proves at each turn what store_health.h says.
 *
 * The writer proves once a second that a message could be stored, unless
 * messages were: it stores a row and takes it away again, in one transaction.
 * While something is wrong it tries at each turn. A reader asks its connection.
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
