/*
 * store_health.h - what this process says about its database.
 *
 * An outage is two lines of the log, one at its start and one at its end. They
 * are the writer's, unless only a reader has trouble.
 */
#ifndef KITH_SERVER_STORE_HEALTH_H
#define KITH_SERVER_STORE_HEALTH_H

#include "server/store/store_int.h"

/* Somebody or something failed: it is an outage from now on. DB_RETRY is one
 * once nothing could be stored for a while. What is no failure of the database
 * does nothing. */
void		store_health_failed(struct store *s, enum db_class c,
		    const char *text);

/* It is there and takes no connection: its password, rights, settings or files
 * are not what they must be. */
void		store_health_refused(struct store *s, const char *text);

/* It works: something was stored (writer), or read. */
void		store_health_proved(struct store *s);

/* So little is free that nothing more may be stored: the rest is for bringing
 * what is stored from the WAL into the database. */
bool		store_health_full(const struct store *s);

/* A reader's trouble, once it is clear that the writer has none. */
void		store_health_log_own(struct store *s);

#endif
