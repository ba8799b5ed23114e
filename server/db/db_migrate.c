/*
 * db_migrate.c - upgrades the schema to the newest version that was compiled in.
 *
 * SQLite does it in one transaction. MySQL's DDL commits by itself: there a named lock keeps
 * others out, and an interrupted step runs again from its start.
 */
#include <stdio.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/conf/served.h"
#include "server/db/db_driver.h"

#define STATEMENT_MAX	4096u		/* bytes of one statement in etc/schema */

static unsigned
newest_version(const struct db *d)
{
	unsigned i = 0;

	while (d->ops->schema[i].version != 0)
		i++;
	return i;
}

/* The version of the database; unchanged if it has none yet. DB_OK or a failure. */
static enum db_class
read_version(struct db *d, unsigned *version)
{
	struct db_stmt *s = db_stmt(d, "SELECT MAX(version) FROM schema_version");
	enum db_class c;

	if (s == NULL)
		return d->cls;
	c = db_step(s);
	if (c == DB_ROW)
		*version = (unsigned)db_int(s, 0);
	db_reset(s);
	return c == DB_ROW ? DB_OK : c;
}

static int
say_too_new(const struct db *d, unsigned there, char *err, size_t errlen)
{
	snprintf(err, errlen, "the database has schema %u, this kithd knows up to %u: "
	    "install the newer kithd again", there, newest_version(d));
	return -1;
}

int
db_migrate_check(struct db *d, bool *fatal, char *err, size_t errlen)
{
	unsigned there = 0;

	if (read_version(d, &there) != DB_OK) {
		snprintf(err, errlen, "no schema yet: %s", d->text);
		return -1;
	}
	if (there > newest_version(d)) {
		*fatal = true;
		return say_too_new(d, there, err, errlen);
	}
	if (there < newest_version(d)) {
		snprintf(err, errlen, "schema %u waits for its upgrade", there);
		return -1;
	}
	return 0;
}

/* What one start made, no later one silently makes again. */
static int
say_empty(const struct db *d, char *err, size_t errlen)
{
	snprintf(err, errlen, "the database has no schema, although this server has served before "
	    "(%s): restore it from a backup; or, to begin again without accounts and messages, "
	    "remove " SERVED_FILE " from the state directory", d->text);
	return -1;
}

/* Runs one statement after the other. Each ends with ';' at the end of a line. */
static enum db_class
run_schema_text(struct db *d, const char *text)
{
	char one[STATEMENT_MAX];
	enum db_class c = DB_OK;
	const char *end;

	for (; c == DB_OK && (end = strstr(text, ";\n")) != NULL; text = end + 2) {
		size_t len = (size_t)(end - text);

		if (len >= sizeof(one))
			return db_fail(d, DB_ERROR, "a statement of the schema is too long");
		memcpy(one, text, len);
		one[len] = '\0';
		c = d->ops->exec(d, one);
	}
	return c;
}

static enum db_class
apply_schema(struct db *d, const struct db_schema *step)
{
	struct db_stmt *s;
	enum db_class c;

	if ((c = run_schema_text(d, step->text)) != DB_OK)
		return c;
	s = db_stmt(d, "INSERT INTO schema_version (version, applied_ms) VALUES (?, ?)");
	if (s == NULL)
		return d->cls;
	db_bind_int(s, 0, step->version);
	db_bind_int(s, 1, (int64_t)clock_utc_ms());
	c = db_step(s);
	db_reset(s);
	return c == DB_DONE ? DB_OK : c;
}

int
db_migrate(struct db *d, bool make, char *err, size_t errlen)
{
	unsigned there = 0;
	enum db_class c;

	/* The usual case needs no lock. */
	if (read_version(d, &there) == DB_OK && there == newest_version(d))
		return 0;
	if ((c = d->ops->lock_schema(d)) != DB_OK)
		goto failed;
	there = 0;
	if ((c = read_version(d, &there)) != DB_OK && c != DB_BROKEN) {
		d->ops->unlock_schema(d, false);
		goto failed;
	}
	c = DB_OK;				/* without a table: the first step makes it */
	if (there > newest_version(d) || (there == 0 && !make)) {
		d->ops->unlock_schema(d, false);
		db_fail(d, DB_BROKEN, there == 0 ? "no schema" : "newer schema");
		return there == 0 ? say_empty(d, err, errlen) : say_too_new(d, there, err, errlen);
	}
	for (; c == DB_OK && there < newest_version(d); there++)
		c = apply_schema(d, &d->ops->schema[there]);
	if (c == DB_OK)
		c = d->ops->unlock_schema(d, true);
	else
		d->ops->unlock_schema(d, false);
failed:
	if (c != DB_OK)
		snprintf(err, errlen, "schema %u: %s", there, d->text);
	return c == DB_OK ? 0 : -1;
}
