/*
 * db_open.c - picks the driver. No other file knows which ones there are.
 */
#include <stdio.h>
#include <string.h>

#include "server/conf/conf.h"
#include "server/db/db.h"
#include "server/db/db_driver.h"

static struct db *
open_driver(const struct conf *c, bool writer, const uint64_t known[2], bool *fatal, char *err,
    size_t errlen)
{
	if (strcmp(c->database, "mysql") != 0)
		return db_sqlite_open(c, writer, known, fatal, err, errlen);
#ifdef HAVE_MYSQL
	return db_mysql_open(c, writer, fatal, err, errlen);
#else
	*fatal = true;
	snprintf(err, errlen, "database mysql: this kithd was built without its driver");
	return NULL;
#endif
}

struct db *
db_open(const struct conf *c, bool writer, const uint64_t known[2], bool *fatal, char *err,
    size_t errlen)
{
	struct db *d;

	*fatal = false;
	d = open_driver(c, writer, known, fatal, err, errlen);
	if (d != NULL && !writer && db_migrate_check(d, fatal, err, errlen) < 0) {
		db_close(d);
		d = NULL;
	}
	return d;
}
