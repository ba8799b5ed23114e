/*
 * kith_db.h - may kith.db and its files be used as they are?
 *
 * The store asks it each time before it opens the database, and kithd -t and a
 * start ask it in advance, with the rights on files that the store will have.
 */
#ifndef KITH_SERVER_KITH_DB_H
#define KITH_SERVER_KITH_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct conf;

/* What `uid` may not do to the files, as the administrator sees them: path,
 * owner, mode. Or kith.db is missing, empty or something else, although this
 * server has served. Reads kith.db: not while this process has it open, whose
 * locks that would end. 0, or -1 with err and *fatal. */
int	kith_db_check(const struct conf *c, uid_t uid, bool *fatal, char *err,
	    size_t errlen);

#endif
