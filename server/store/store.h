/*
 * store.h - the handle of a store role and the connection under it.
 *
 * A lost connection is never repaired: it is closed and a new one is made.
 * While none can be had, `db` is NULL and `retry_at` says when to try next.
 */
#ifndef KITH_SERVER_STORE_H
#define KITH_SERVER_STORE_H

#include "server/store/store_int.h"

/* In the caller's memory. `hooks`: NULL for the reader. 0 or -ENOMEM. */
int		store_init(struct store *s, struct proc *p,
		    const struct store_hooks *hooks);
void		store_fini(struct store *s);

/* Connects, if it is time to try: DB_OK or DB_LOST. The writer also migrates
 * the schema. At the very first start a wrong setting ends the process
 * (PROC_EX_CONFIG). */
enum db_class	store_connect(struct store *s);
void		store_disconnect(struct store *s);

/* A server that starts before its database is not ready before it has it.
 * Later a role is, and says that the database is away. */
bool		store_serves(struct proc *p);

/* What a client is told of a failure. KITH_E_OK for DB_OK and DB_DONE. */
enum kith_err	store_err(enum db_class c);

/* Unpacks into s->mem, which drops the request that was there. */
enum kith_err	store_unpack_request(struct store *s, const uint8_t *body,
		    uint32_t len, Kith__V1__Request **out);

/* An empty string for messages: the strings of protobuf-c are not const. */
extern char	store_empty[];

#endif
