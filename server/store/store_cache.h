/*
 * store_cache.h - names and standing, so that the database is not asked again.
 *
 * Names of users and groups never change, so both roles keep them. Standing and
 * `disabled` are kept by the writer alone, which makes every change itself and
 * forgets what it changed.
 *
 * Shape   Each kind is an array of places. A key has one place, and the last
 *         key to come has it. A miss costs a query, never more. About 5 MB if
 *         all places are used.
 * Crash   Nothing outlives the process. A rollback with news clears it all.
 * Limits  One writer: with another one on the same database, standing and
 *         `disabled` could be stale.
 */
#ifndef KITH_SERVER_STORE_CACHE_H
#define KITH_SERVER_STORE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/limits.h"
#include "server/db/db.h"
#include "server/rules/conv.h"

struct store;
struct store_cache;

struct store_name {			/* an account or a group */
	uint64_t	id;
	bool		flag;	/* account: disabled (writer); group: public */
	char		name[NAME_BYTES_MAX + 1];
};

struct store_cache	*store_cache_create(void);	/* NULL: no memory */
void			 store_cache_destroy(struct store_cache *c);
void			 store_cache_clear(struct store_cache *c);

/* DB_OK, DB_DONE (there is none), or the database's failure. `name` is
 * prepared. */
enum db_class	store_cache_user(struct store *s, uint64_t id,
		    struct store_name *out);
enum db_class	store_cache_user_named(struct store *s, const char *name,
		    struct store_name *out);
enum db_class	store_cache_group(struct store *s, uint64_t id,
		    struct store_name *out);
enum db_class	store_cache_group_named(struct store *s, const char *name,
		    struct store_name *out);

/* The standing of `user` in a group. DB_OK or a failure. */
enum db_class	store_cache_standing(struct store *s, uint64_t group,
		    uint64_t user, enum conv_standing *out);

/* After a change. */
void		store_cache_forget_user(struct store *s, uint64_t id);
void		store_cache_forget_standing(struct store *s, uint64_t group,
		    uint64_t user);

#endif
