/*
 * db_mysql.c - the driver for MariaDB and MySQL, by the mysqlclient API: statements, upkeep.
 *
 * db_mysql_open.c connects; db_mysql_batch.c writes batches, in a way that depends on the server.
 */
#include "server/db/db_mysql.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"

#define COLUMN_BYTES	64u		/* a column's first buffer */
#define LOOK_MS		1000u		/* is the server there, and as it must be? */

struct mysql_column {
	char		*bytes;		/* text columns */
	unsigned long	 size, len;	/* of the buffer, of the value */
	long long	 number;	/* whole numbers */
	mysql_bool	 null;
	bool		 is_number;
};

struct mysql_stmt {
	struct db_stmt	 base;
	MYSQL_STMT	*st;
	unsigned	 nplaces, ncolumns;
	MYSQL_BIND	*places;
	long long	*numbers;	/* of the places */
	MYSQL_BIND	*binds;
	struct mysql_column *columns;
	bool		 running;	/* executed and not reset */
};

static struct mysql_db *
my_db(const struct db *d)
{
	return (struct mysql_db *)d;
}

static struct mysql_stmt *
my_stmt(struct db_stmt *s)
{
	return (struct mysql_stmt *)s;
}

static enum db_class
my_exec(struct db *d, const char *sql)
{
	return db_mysql_query(my_db(d), sql, strlen(sql));
}

/* -- statements ----------------------------------------------------------- */

/* Results are read whole, so that several statements may run side by side. They are
 * small: each query has a limit. */

static void
my_finalize(struct db_stmt *base)
{
	struct mysql_stmt *s = my_stmt(base);

	if (s->st != NULL)
		mysql_stmt_close(s->st);
	for (unsigned i = 0; s->columns != NULL && i < s->ncolumns; i++)
		free(s->columns[i].bytes);
	free(s->columns);
	free(s->binds);
	free(s->numbers);
	free(s->places);
	free(s);
}

static bool
my_is_number(enum enum_field_types type)
{
	return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 ||
	    type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR;
}

static int
my_prepare_columns(struct mysql_stmt *s)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(s->st);

	if (meta == NULL)
		return 0;
	s->ncolumns = mysql_num_fields(meta);
	s->binds = calloc(s->ncolumns, sizeof(*s->binds));
	s->columns = calloc(s->ncolumns, sizeof(*s->columns));
	for (unsigned i = 0; s->binds != NULL && s->columns != NULL && i < s->ncolumns; i++)
		s->columns[i].is_number = my_is_number(mysql_fetch_field_direct(meta, i)->type);
	mysql_free_result(meta);
	return s->binds != NULL && s->columns != NULL ? 0 : -1;
}

static int
my_prepare_places(struct mysql_stmt *s)
{
	s->nplaces = (unsigned)mysql_stmt_param_count(s->st);
	s->places = calloc(s->nplaces + 1, sizeof(*s->places));
	s->numbers = calloc(s->nplaces + 1, sizeof(*s->numbers));
	return s->places != NULL && s->numbers != NULL ? 0 : -1;
}

static struct db_stmt *
my_prepare(struct db *d, const char *sql)
{
	struct mysql_stmt *s = calloc(1, sizeof(*s));
	mysql_bool measure = 1;

	if (s == NULL || (s->st = mysql_stmt_init(my_db(d)->h)) == NULL) {
		db_fail(d, DB_RETRY, "out of memory");
		goto fail;
	}
	if (mysql_stmt_prepare(s->st, sql, strlen(sql)) != 0) {
		db_mysql_query_failed_stmt(my_db(d), s->st);
		goto fail;
	}
	mysql_stmt_attr_set(s->st, STMT_ATTR_UPDATE_MAX_LENGTH, &measure);
	if (my_prepare_columns(s) < 0 || my_prepare_places(s) < 0) {
		db_fail(d, DB_RETRY, "out of memory");
		goto fail;
	}
	s->base.db = d;
	s->base.sql = sql;
	db_reset(&s->base);
	return &s->base;
fail:
	if (s != NULL)
		my_finalize(&s->base);
	return NULL;
}

static void
my_bind_int(struct db_stmt *base, unsigned i, int64_t v)
{
	struct mysql_stmt *s = my_stmt(base);

	if (i >= s->nplaces)
		return;
	s->numbers[i] = v;
	s->places[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG,
	    .buffer = &s->numbers[i] };
}

static void
my_bind_bytes(struct db_stmt *base, unsigned i, const void *v, size_t len)
{
	struct mysql_stmt *s = my_stmt(base);

	if (i >= s->nplaces)
		return;
	s->places[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_BLOB,
	    .buffer = (void *)(uintptr_t)v, .buffer_length = len };
	s->places[i].length = &s->places[i].buffer_length;
}

static void
my_bind_null(struct db_stmt *base, unsigned i)
{
	struct mysql_stmt *s = my_stmt(base);

	if (i < s->nplaces)
		s->places[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL };
}

static int
my_grow_column(struct mysql_column *c, unsigned long need)
{
	char *p;

	if (need + 1 <= c->size)
		return 0;
	if (need + 1 < COLUMN_BYTES)
		need = COLUMN_BYTES - 1;
	if ((p = realloc(c->bytes, need + 1)) == NULL)
		return -1;
	c->bytes = p;
	c->size = need + 1;
	return 0;
}

/* The result is stored here already, so the longest value of each column is known. */
static int
my_bind_columns(struct mysql_stmt *s)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(s->st);
	int rc = -1;

	for (unsigned i = 0; meta != NULL && i < s->ncolumns; i++) {
		struct mysql_column *c = &s->columns[i];

		s->binds[i] = (MYSQL_BIND){ .is_null = &c->null, .length = &c->len };
		if (c->is_number) {
			s->binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
			s->binds[i].buffer = &c->number;
			continue;
		}
		if (my_grow_column(c, mysql_fetch_field_direct(meta, i)->max_length) < 0)
			goto out;
		s->binds[i].buffer_type = MYSQL_TYPE_STRING;
		s->binds[i].buffer = c->bytes;
		s->binds[i].buffer_length = c->size;
	}
	rc = meta != NULL && !mysql_stmt_bind_result(s->st, s->binds) ? 0 : -1;
out:
	mysql_free_result(meta);
	return rc;
}

static enum db_class
my_execute(struct mysql_stmt *s)
{
	struct mysql_db *d = my_db(s->base.db);

	if (s->nplaces > 0 && mysql_stmt_bind_param(s->st, s->places))
		return db_mysql_query_failed_stmt(d, s->st);
	if (mysql_stmt_execute(s->st) != 0)
		return db_mysql_query_failed_stmt(d, s->st);
	s->running = true;
	if (s->ncolumns == 0)
		return DB_DONE;
	if (mysql_stmt_store_result(s->st) != 0)
		return db_mysql_query_failed_stmt(d, s->st);
	if (my_bind_columns(s) < 0)
		return db_fail(&d->base, DB_RETRY, "out of memory");
	return DB_ROW;
}

static enum db_class
my_step(struct db_stmt *base)
{
	struct mysql_stmt *s = my_stmt(base);
	enum db_class c;

	if (!s->running && (c = my_execute(s)) != DB_ROW)
		return c;
	switch (mysql_stmt_fetch(s->st)) {
	case 0:
		return DB_ROW;
	case MYSQL_NO_DATA:
		return DB_DONE;
	case MYSQL_DATA_TRUNCATED:
		return db_fail(base->db, DB_ERROR, "a column was cut off");
	default:
		return db_mysql_query_failed_stmt(my_db(base->db), s->st);
	}
}

static void
my_reset(struct db_stmt *base)
{
	struct mysql_stmt *s = my_stmt(base);

	if (s->running && s->ncolumns > 0)
		mysql_stmt_free_result(s->st);
	s->running = false;
	for (unsigned i = 0; i < s->nplaces; i++)
		my_bind_null(base, i);
}

/* Also a number in text: the type of SELECT @@setting depends on the server. */
static int64_t
my_int(struct db_stmt *base, unsigned column)
{
	struct mysql_column *c = &my_stmt(base)->columns[column];

	if (c->null)
		return 0;
	if (c->is_number)
		return c->number;
	c->bytes[c->len] = '\0';
	return strtoll(c->bytes, NULL, 10);
}

static bool
my_null(struct db_stmt *base, unsigned column)
{
	return my_stmt(base)->columns[column].null;
}

static const char *
my_bytes(struct db_stmt *base, unsigned column, size_t *len)
{
	struct mysql_column *c = &my_stmt(base)->columns[column];

	*len = 0;
	if (c->null || c->is_number)
		return "";
	*len = c->len;
	c->bytes[c->len] = '\0';
	return c->bytes;
}

/* The last statement was a prepared one; its numbers are also those of the connection. */
static int64_t
my_changes(const struct db *d)
{
	return (int64_t)mysql_affected_rows(my_db(d)->h);
}

static int64_t
my_last_id(const struct db *d)
{
	return (int64_t)mysql_insert_id(my_db(d)->h);
}

/* -- upkeep --------------------------------------------------------------- */

/* The writer's promise rests on the server's settings, which others may change at any time. */
static enum db_class
my_look(struct mysql_db *d)
{
	bool broken = false;
	char err[256];

	if (!d->base.writer)
		return mysql_ping(d->h) == 0 ? DB_OK :
		    db_mysql_query_failed(d, mysql_errno(d->h), mysql_error(d->h));
	if (db_mysql_setting_check_durable(d, &broken, err, sizeof(err)) == 0)
		return DB_OK;
	return broken ? db_fail(&d->base, DB_UNSAFE, "%s", err) : d->base.cls;
}

static enum db_class
my_tend(struct db *base)
{
	struct mysql_db *d = my_db(base);

	if (clock_now_ms() - d->tended_ms < LOOK_MS)
		return base->tended;
	d->tended_ms = clock_now_ms();
	return base->tended = my_look(d);
}

/* MySQL does not know 0, and waits for its least: a second. */
static void
my_hurry(struct db *base, bool hurry)
{
	struct mysql_db *d = my_db(base);

	if (hurry == d->hurried)
		return;
	d->hurried = hurry;
	my_exec(base, hurry ? "SET SESSION innodb_lock_wait_timeout = 0" :
	    "SET SESSION innodb_lock_wait_timeout = 1");
}

static enum db_class
my_lock_schema(struct db *d)
{
	struct db_stmt *s = db_stmt(d, "SELECT GET_LOCK(CONCAT('kith ', DATABASE()), 4)");
	enum db_class c;

	if (s == NULL)
		return db_class(d);
	c = db_step(s);
	if (c == DB_ROW)
		c = db_int(s, 0) == 1 ? DB_OK :
		    db_fail(d, DB_RETRY, "another process is upgrading the schema");
	db_reset(s);
	return c;
}

static enum db_class
my_unlock_schema(struct db *d, bool keep)
{
	(void)keep;			/* each DDL statement committed itself */
	return my_exec(d, "DO RELEASE_LOCK(CONCAT('kith ', DATABASE()))");
}

static void
my_close(struct db *d)
{
	if (my_db(d)->put != NULL)
		mysql_stmt_close(my_db(d)->put);
	mysql_close(my_db(d)->h);
	wipebuf_fini(&my_db(d)->text.buf);
	free(d);
}

const struct db_ops db_mysql_ops = {
	.schema = db_schema_mysql,
	.sql = {
		[DB_SQL_MEMBER_ADD] =
		    "INSERT INTO members (conversation, user, since_seq, role, invited)"
		    " VALUES (?, ?, ?, ?, 0) ON DUPLICATE KEY UPDATE role = role",
		[DB_SQL_INVITE_ADD] =
		    "INSERT INTO members (conversation, user, since_seq, until_seq, role, invited)"
		    " VALUES (?, ?, 0, 0, ?, 1) ON DUPLICATE KEY UPDATE role = role",
		[DB_SQL_CURSOR_PUT] =
		    "INSERT INTO cursors (user, conversation, device, read_seq) VALUES (?, ?, ?, ?)"
		    " ON DUPLICATE KEY UPDATE read_seq = GREATEST(read_seq, VALUES(read_seq))",
	},
	.begin_write = "START TRANSACTION",
	.begin_read = "START TRANSACTION READ ONLY",
	.close = my_close,
	.exec = my_exec,
	.lock_schema = my_lock_schema,
	.unlock_schema = my_unlock_schema,
	.tend = my_tend,
	.hurry = my_hurry,
	.prepare = my_prepare,
	.finalize = my_finalize,
	.bind_int = my_bind_int,
	.bind_bytes = my_bind_bytes,
	.step = my_step,
	.reset = my_reset,
	.col_int = my_int,
	.col_null = my_null,
	.col_bytes = my_bytes,
	.changes = my_changes,
	.last_id = my_last_id,
	.take_seqs = db_mysql_batch_take_seqs,
	.put_events = db_mysql_batch_put_events,
};
