/*
 * db_test.c - the contract of db.h, on each driver: SQLite, MariaDB, and MariaDB used as if it were
 * plain MySQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/db/db_driver.h"
#include "server/db/db_event.h"
#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/tmpdir.h"

struct kind {
	const char	*name;
	const char	*database;
	bool		 plain;
};

static const struct kind kinds[] = {
	{ "sqlite", "sqlite", false },
	{ "mariadb", "mysql", false },
	{ "plain mysql", "mysql", true },
};

struct fixture {
	const struct kind	*kind;
	struct conf		 conf;
	struct db		*db;
};

static bool
is_mysql(const struct fixture *f)
{
	return strcmp(f->kind->database, "mysql") == 0;
}

static void
make_conf(struct fixture *f)
{
	static char database[] = "kith_test", root[] = "root";

	f->conf = (struct conf){ .database = (char *)(uintptr_t)f->kind->database };
	if (is_mysql(f)) {
		f->conf.mysql_socket = (char *)(uintptr_t)mariadb_start(NULL);
		f->conf.mysql_user = root;
		f->conf.mysql_database = database;
		mariadb_do("DROP DATABASE IF EXISTS kith_test");
		mariadb_do("CREATE DATABASE kith_test");
	} else {
		f->conf.state_dir = (char *)(uintptr_t)tmpdir();
	}
}

static struct db *
open_db(struct fixture *f, bool writer)
{
	char err[512] = "";
	bool fatal;
	struct db *d = db_open(&f->conf, writer, NULL, &fatal, err, sizeof(err));

	if (d == NULL)
		fail_msg("%s: %s", f->kind->name, err);
	if (f->kind->plain)
		mariadb_make_plain(d);
	return d;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char err[512];

	f->kind = *state;
	make_conf(f);
	f->db = open_db(f, true);
	if (db_migrate(f->db, true, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	db_close(f->db);
	if (!is_mysql(f))
		tmpdir_remove(f->conf.state_dir);
	free(f);
	return 0;
}

static enum db_class
run(struct db *d, const char *sql, int64_t a, int64_t b, int64_t c)
{
	struct db_stmt *s = db_stmt(d, sql);
	enum db_class cls;

	if (s == NULL)
		return db_class(d);
	db_bind_int(s, 0, a);
	db_bind_int(s, 1, b);
	db_bind_int(s, 2, c);
	cls = db_step(s);
	db_reset(s);
	return cls;
}

static enum db_class
add_counter(struct db *d, int64_t id)
{
	return run(d, "INSERT INTO conversations (id, kind, last_seq) VALUES (?, ?, ?)", id, 1, 0);
}

static int64_t
count(struct db *d, const char *sql)
{
	struct db_stmt *s = db_stmt(d, sql);
	int64_t n;

	assert_non_null(s);
	assert_int_equal(db_step(s), DB_ROW);
	n = db_int(s, 0);
	db_reset(s);
	return n;
}

static int64_t
counters(struct db *d)
{
	return count(d, "SELECT COUNT(*) FROM conversations");
}

static int64_t
events(struct db *d)
{
	return count(d, "SELECT COUNT(*) FROM events");
}

/* -- statements ----------------------------------------------------------- */

static void
bytes_come_back_as_they_went(void **state)
{
	struct fixture *f = *state;
	static char text[TEXT_BYTES_MAX];
	static const char emoji[] = "\xf0\x9f\x98\x80";
	const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "plain", 5 }, { "", 0 }, { "a\0b", 3 }, { "\xff\xfe", 2 }, { "'\"\\;--", 6 },
		{ "trailing  ", 10 }, { text, sizeof(text) },
	};
	struct db_event e = { .conversation = 1, .sender = 1, .kind = 1 };
	struct db_stmt *s;
	size_t len;

	for (size_t i = 0; i + 4 <= sizeof(text); i += 4)
		memcpy(text + i, emoji, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e.seq = i + 1;
		e.client_id = i + 1;
		e.body = rows[i].bytes;
		e.body_len = (uint32_t)rows[i].len;
		assert_int_equal(db_put_events(f->db, &e, 1), DB_OK);
	}
	s = db_stmt(f->db, "SELECT body, client_id FROM events WHERE conversation = ?"
	    " ORDER BY seq");
	db_bind_int(s, 0, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(db_step(s), DB_ROW);
		const char *b = db_bytes(s, 0, &len);

		assert_int_equal(len, rows[i].len);
		assert_memory_equal(b, rows[i].bytes, len);
		assert_int_equal(b[len], '\0');
		assert_int_equal(db_int(s, 1), i + 1);
	}
	assert_int_equal(db_step(s), DB_DONE);
	db_reset(s);
	/* The same bytes are found again, whatever they are. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s = db_stmt(f->db, "SELECT seq FROM events WHERE body = ?");
		db_bind_bytes(s, 0, rows[i].bytes, rows[i].len);
		assert_int_equal(db_step(s), DB_ROW);
		assert_int_equal(db_int(s, 0), i + 1);
		assert_int_equal(db_step(s), DB_DONE);
		db_reset(s);
	}
}

static void
null_reads_as_zero_and_is_reported(void **state)
{
	struct fixture *f = *state;
	struct db_event e = { .conversation = 1, .seq = 1, .sender = 1, .kind = 2, .body = "" };
	struct db_stmt *s;

	assert_int_equal(db_put_events(f->db, &e, 1), DB_OK);
	s = db_stmt(f->db, "SELECT client_id, kind FROM events");
	assert_int_equal(db_step(s), DB_ROW);
	assert_true(db_null(s, 0));
	assert_int_equal(db_int(s, 0), 0);
	assert_false(db_null(s, 1));
	db_reset(s);
}

static void
large_numbers_keep_their_bits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(add_counter(f->db, INT64_MAX), DB_DONE);
	assert_int_equal(count(f->db, "SELECT MAX(id) FROM conversations"), INT64_MAX);
}

static void
statements_may_run_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct db_stmt *all;

	for (int i = 1; i <= 5; i++)
		assert_int_equal(add_counter(f->db, i), DB_DONE);
	all = db_stmt(f->db, "SELECT id FROM conversations ORDER BY id");
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(db_step(all), DB_ROW);
		assert_int_equal(counters(f->db), 5);
		assert_int_equal(db_int(all, 0), i);
	}
	assert_int_equal(db_step(all), DB_DONE);
	db_reset(all);
}

static void
sql_that_the_tables_do_not_fit_is_told_with_a_text(void **state)
{
	struct fixture *f = *state;

	assert_null(db_stmt(f->db, "SELECT nothing FROM nowhere"));
	assert_int_equal(db_class(f->db), DB_BROKEN);
	assert_true(strlen(db_text(f->db)) > 0);
}

static void
too_long_is_refused_not_cut(void **state)
{
	struct fixture *f = *state;
	static char long_text[TEXT_BYTES_MAX + 1];
	struct db_event e = { .conversation = 1, .seq = 1, .sender = 1, .kind = 1,
		.body = long_text, .body_len = sizeof(long_text) };

	if (!is_mysql(f))
		return;			/* SQLite's columns have no length; the store checks it */
	assert_int_equal(db_put_events(f->db, &e, 1), DB_ERROR);
	assert_int_equal(events(f->db), 0);
}

/* -- transactions --------------------------------------------------------- */

static void
rollback_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(add_counter(f->db, 1), DB_DONE);
	db_rollback(f->db);
	assert_int_equal(counters(f->db), 0);
	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(add_counter(f->db, 1), DB_DONE);
	assert_int_equal(db_commit(f->db), DB_OK);
	assert_int_equal(counters(f->db), 1);
}

static void
closing_rolls_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(add_counter(f->db, 1), DB_DONE);
	db_close(f->db);
	f->db = open_db(f, true);
	assert_int_equal(counters(f->db), 0);
}

static void
a_reader_sees_what_is_committed(void **state)
{
	struct fixture *f = *state;
	struct db *reader = open_db(f, false);

	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(add_counter(f->db, 1), DB_DONE);
	assert_int_equal(counters(reader), 0);
	assert_int_equal(db_commit(f->db), DB_OK);
	assert_int_equal(counters(reader), 1);
	/* Within a transaction it is one snapshot. */
	assert_int_equal(db_begin(reader), DB_OK);
	assert_int_equal(counters(reader), 1);
	assert_int_equal(add_counter(f->db, 2), DB_DONE);
	assert_int_equal(counters(reader), 1);
	assert_int_equal(db_commit(reader), DB_OK);
	assert_int_equal(counters(reader), 2);
	assert_int_equal(db_tend(reader), DB_OK);
	db_close(reader);
}

static void
a_duplicate_names_its_kind(void **state)
{
	struct fixture *f = *state;
	struct db_event e = { .conversation = 1, .seq = 1, .sender = 1, .client_id = 5, .kind = 1,
		.body = "x", .body_len = 1 };

	assert_int_equal(db_put_events(f->db, &e, 1), DB_OK);
	e.client_id = 6;
	assert_int_equal(db_put_events(f->db, &e, 1), DB_DUPLICATE);
	assert_true(db_duplicate_primary(f->db));
	e.client_id = 5;
	e.seq = 2;
	assert_int_equal(db_put_events(f->db, &e, 1), DB_DUPLICATE);
	assert_false(db_duplicate_primary(f->db));
	/* The class outlives the rollback that it asks for. */
	db_rollback(f->db);
	assert_int_equal(db_class(f->db), DB_DUPLICATE);
	assert_int_equal(events(f->db), 1);
}

/* -- a batch -------------------------------------------------------------- */

static void
counters_rise_by_what_was_taken(void **state)
{
	struct fixture *f = *state;
	struct db_seqs c[] = {
		{ .conversation = 3, .count = 2 }, { .conversation = 7, .count = 1 },
		{ .conversation = CONVERSATION_DIRECT_BIT | 5, .count = 10 },
	};

	assert_int_equal(db_take_seqs(f->db, c, 2), DB_OK);
	assert_int_equal(c[0].last, 2);
	assert_int_equal(c[1].last, 1);
	assert_int_equal(db_take_seqs(f->db, c, 3), DB_OK);
	assert_int_equal(c[0].last, 4);
	assert_int_equal(c[1].last, 2);
	assert_int_equal(c[2].last, 10);
	assert_int_equal(count(f->db, "SELECT kind FROM conversations WHERE id = 3"), 2);
	assert_int_equal(count(f->db, "SELECT kind FROM conversations WHERE id > 7"), 1);
	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(db_take_seqs(f->db, c, 3), DB_OK);
	db_rollback(f->db);
	assert_int_equal(db_take_seqs(f->db, c, 1), DB_OK);
	assert_int_equal(c[0].last, 6);
}

static void
a_full_batch_is_stored(void **state)
{
	struct fixture *f = *state;
	static struct db_event e[DB_BATCH_MAX];
	static struct db_seqs c[DB_BATCH_MAX];
	static char text[TEXT_BYTES_MAX];

	memset(text, '\'', sizeof(text));		/* doubles where text is escaped */
	for (unsigned i = 0; i < DB_BATCH_MAX; i++) {
		c[i] = (struct db_seqs){ .conversation = i + 1, .count = 1 };
		e[i] = (struct db_event){ .conversation = i + 1, .seq = 1, .sender = 1,
			.client_id = i % 3 == 0 ? 0 : i, .time_ms = i, .kind = 1, .body = text,
			.body_len = sizeof(text) };
	}
	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(db_take_seqs(f->db, c, DB_BATCH_MAX), DB_OK);
	assert_int_equal(db_put_events(f->db, e, DB_BATCH_MAX), DB_OK);
	assert_int_equal(db_commit(f->db), DB_OK);
	assert_int_equal(events(f->db), DB_BATCH_MAX);
	/* Sizes may change from batch to batch. */
	for (unsigned n = 1; n <= 5; n += 2) {
		for (unsigned i = 0; i < n; i++) {
			e[i].seq = 10 + n;
			e[i].client_id = n * 100000 + i;
		}
		assert_int_equal(db_put_events(f->db, e, n), DB_OK);
	}
	assert_int_equal(events(f->db), DB_BATCH_MAX + 9);
}

static void
one_duplicate_refuses_the_batch(void **state)
{
	struct fixture *f = *state;
	struct db_event e[8];

	for (unsigned i = 0; i < 8; i++)
		e[i] = (struct db_event){ .conversation = 1, .seq = i + 1, .sender = 1,
			.client_id = i == 7 ? 3 : i + 1, .kind = 1, .body = "", .body_len = 0 };
	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(db_put_events(f->db, e, 8), DB_DUPLICATE);
	db_rollback(f->db);
	assert_int_equal(events(f->db), 0);
}

static void
cursors_only_move_forward(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int64_t seq, want;
		bool moved;
	} rows[] = { { 5, 5, true }, { 3, 5, false }, { 5, 5, false }, { 9, 9, true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct db_stmt *s = db_stmt(f->db, db_sql(f->db, DB_SQL_CURSOR_PUT));

		db_bind_int(s, 0, 1);
		db_bind_int(s, 1, 2);
		db_bind_int(s, 2, 3);
		db_bind_int(s, 3, rows[i].seq);
		assert_int_equal(db_step(s), DB_DONE);
		assert_int_equal(db_changes(f->db) > 0, rows[i].moved);
		db_reset(s);
		assert_int_equal(count(f->db, "SELECT read_seq FROM cursors"), rows[i].want);
	}
}

static void
adding_a_member_twice_is_harmless(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		struct db_stmt *s = db_stmt(f->db, db_sql(f->db, DB_SQL_MEMBER_ADD));

		for (unsigned p = 0; p < 4; p++)
			db_bind_int(s, p, 1);
		assert_int_equal(db_step(s), DB_DONE);
		db_reset(s);
		s = db_stmt(f->db, db_sql(f->db, DB_SQL_INVITE_ADD));
		for (unsigned p = 0; p < 3; p++)
			db_bind_int(s, p, 1);
		assert_int_equal(db_step(s), DB_DONE);
		db_reset(s);
	}
	assert_int_equal(count(f->db, "SELECT COUNT(*) FROM members"), 2);
	assert_int_equal(count(f->db, "SELECT COUNT(*) FROM members WHERE until_seq IS NULL"), 1);
}

/* -- schema and opening --------------------------------------------------- */

static void
migrating_again_does_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t steps = count(f->db, "SELECT COUNT(*) FROM schema_version");
	char err[512];

	assert_int_equal(count(f->db, "SELECT MAX(version) FROM schema_version"), steps);
	assert_int_equal(db_migrate(f->db, true, err, sizeof(err)), 0);
	assert_int_equal(count(f->db, "SELECT COUNT(*) FROM schema_version"), steps);
}

/* What an older kithd left, with what was in it. */
static void
an_older_schema_is_upgraded(void **state)
{
	struct fixture *f = *state;
	const struct db_ops *ops;
	struct db_schema first[] = { { 0 }, { 0 } };
	struct db_ops old;
	char err[512] = "";

	db_close(f->db);
	make_conf(f);			/* an empty one */
	f->db = open_db(f, true);
	ops = f->db->ops;
	old = *ops;
	first[0] = ops->schema[0];
	old.schema = first;
	f->db->ops = &old;
	assert_int_equal(db_migrate(f->db, true, err, sizeof(err)), 0);
	assert_int_equal(count(f->db, "SELECT MAX(version) FROM schema_version"), 1);
	assert_int_equal(run(f->db, "INSERT INTO tokens (user, hash, device_name, created_ms,"
	    " used_ms, revoked_ms) VALUES (?, 'secret', 'desk', ?, 5, ?)", 7, 4, 6), DB_DONE);
	assert_int_equal(add_counter(f->db, 9), DB_DONE);
	f->db->ops = ops;
	assert_int_equal(db_migrate(f->db, true, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_true(count(f->db, "SELECT MAX(version) FROM schema_version") > 1);
	assert_int_equal(count(f->db, "SELECT COUNT(*) FROM tokens WHERE user = 7 AND hook = 0"
	    " AND device_name = 'desk' AND created_ms = 4 AND used_ms = 5 AND revoked_ms = 6"), 1);
	assert_int_equal(count(f->db, "SELECT COUNT(*) FROM conversations WHERE id = 9"), 1);
}

static void
a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	char err[512] = "";
	bool fatal = false;
	struct db_stmt *s = db_stmt(f->db, "INSERT INTO schema_version VALUES (999, 0)");

	assert_int_equal(db_step(s), DB_DONE);
	db_reset(s);
	assert_int_equal(db_migrate(f->db, true, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "999"));
	assert_int_equal(db_class(f->db), DB_BROKEN);
	assert_null(db_open(&f->conf, false, NULL, &fatal, err, sizeof(err)));
	assert_true(fatal);
	assert_non_null(strstr(err, "999"));
}

static void
a_reader_waits_for_the_schema(void **state)
{
	struct fixture *f = *state;
	char err[512] = "";
	bool fatal = true;

	db_close(f->db);
	f->db = NULL;
	make_conf(f);			/* an empty one */
	assert_null(db_open(&f->conf, false, NULL, &fatal, err, sizeof(err)));
	assert_false(fatal);
	f->db = open_db(f, true);
	assert_null(db_open(&f->conf, false, NULL, &fatal, err, sizeof(err)));
	assert_false(fatal);
	assert_int_equal(db_migrate(f->db, true, err, sizeof(err)), 0);
	db_close(open_db(f, false));
}

static void
an_interrupted_migration_is_finished(void **state)
{
	struct fixture *f = *state;
	char err[512] = "";
	struct db_stmt *s;

	if (!is_mysql(f))
		return;			/* one transaction there */
	s = db_stmt(f->db, "DELETE FROM schema_version");
	assert_int_equal(db_step(s), DB_DONE);
	db_reset(s);
	s = db_stmt(f->db, "DROP TABLE events");
	assert_int_equal(db_step(s), DB_DONE);
	db_reset(s);
	assert_int_equal(db_migrate(f->db, true, err, sizeof(err)), 0);
	assert_int_equal(events(f->db), 0);
}

static void
the_sqlite_file_is_private(void **state)
{
	struct fixture *f = *state;
	char path[512];
	struct stat st;

	if (is_mysql(f))
		return;
	snprintf(path, sizeof(path), "%s/kith.db", f->conf.state_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/kith.db-wal", f->conf.state_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static size_t
read_state(const struct fixture *f, const char *name, char *out, size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->conf.state_dir, name);
	assert_non_null(file = fopen(path, "r"));
	len = fread(out, 1, len, file);
	fclose(file);
	return len;
}

static void
put_state(const struct fixture *f, const char *name, const char *bytes, size_t len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->conf.state_dir, name);
	assert_non_null(file = fopen(path, "w"));
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static void
rename_state(const struct fixture *f, const char *from, const char *to)
{
	char a[512], b[512];

	snprintf(a, sizeof(a), "%s/%s", f->conf.state_dir, from);
	snprintf(b, sizeof(b), "%s/%s", f->conf.state_dir, to);
	assert_int_equal(rename(a, b), 0);
}

/* The log belongs to the known one, and has what was committed. */
static void
another_file_is_not_opened(void **state)
{
	struct fixture *f = *state;
	static char copy[1 << 20], wal[1 << 20], now[1 << 20];
	size_t copy_len, wal_len;
	char err[512] = "";
	bool fatal = true;
	uint64_t id[2];

	if (is_mysql(f))
		return;
	db_close(f->db);
	f->db = open_db(f, true);
	db_identity(f->db, id);
	copy_len = read_state(f, "kith.db", copy, sizeof(copy));
	for (int64_t i = 1; i <= 7; i++)
		assert_int_equal(add_counter(f->db, i), DB_DONE);
	rename_state(f, "kith.db", "right");
	put_state(f, "kith.db", copy, copy_len);
	wal_len = read_state(f, "kith.db-wal", wal, sizeof(wal));
	assert_true(wal_len > 0);
	db_close(f->db);
	for (int writer = 0; writer <= 1; writer++) {
		f->db = db_open(&f->conf, writer, id, &fatal, err, sizeof(err));
		assert_null(f->db);
		assert_false(fatal);
		assert_non_null(strstr(err, "another file"));
		assert_int_equal(read_state(f, "kith.db-wal", now, sizeof(now)), wal_len);
		assert_memory_equal(now, wal, wal_len);
		assert_int_equal(read_state(f, "kith.db", now, sizeof(now)), copy_len);
		assert_memory_equal(now, copy, copy_len);
	}
	rename_state(f, "right", "kith.db");
	assert_non_null(f->db = db_open(&f->conf, true, id, &fatal, err, sizeof(err)));
	assert_int_equal(counters(f->db), 7);
}

static void
a_file_that_is_no_database_is_fatal(void **state)
{
	struct fixture *f = *state;
	char path[512], err[512] = "";
	bool fatal = false;
	FILE *file;

	if (is_mysql(f))
		return;
	db_close(f->db);
	f->db = NULL;
	make_conf(f);
	snprintf(path, sizeof(path), "%s/kith.db", f->conf.state_dir);
	assert_non_null(file = fopen(path, "w"));
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	assert_null(db_open(&f->conf, true, NULL, &fatal, err, sizeof(err)));
	assert_true(fatal);
}

static void
an_unsafe_server_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *set, *restore, *name;
	} rows[] = {
		{ "SET GLOBAL innodb_flush_log_at_trx_commit = 2",
		  "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
		  "innodb_flush_log_at_trx_commit is 2" },
		{ "SET GLOBAL max_allowed_packet = 65536",
		  "SET GLOBAL max_allowed_packet = 16777216", "max_allowed_packet is 65536" },
	};
	char err[512] = "";
	bool fatal;

	if (!is_mysql(f))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mariadb_do(rows[i].set);
		fatal = false;
		assert_null(db_open(&f->conf, true, NULL, &fatal, err, sizeof(err)));
		assert_true(fatal);
		assert_non_null(strstr(err, rows[i].name));
		mariadb_do(rows[i].restore);
	}
}

static void
a_wrong_password_is_fatal_an_absent_server_is_not(void **state)
{
	struct fixture *f = *state;
	char err[512] = "", socket[512];
	static char nobody[] = "nobody";
	bool fatal = false;

	if (!is_mysql(f))
		return;
	f->conf.mysql_user = nobody;
	assert_null(db_open(&f->conf, true, NULL, &fatal, err, sizeof(err)));
	assert_true(fatal);
	snprintf(socket, sizeof(socket), "%s.none", f->conf.mysql_socket);
	f->conf.mysql_socket = socket;
	assert_null(db_open(&f->conf, true, NULL, &fatal, err, sizeof(err)));
	assert_false(fatal);
}

static void
write_file(char path[512], const char *text)
{
	FILE *f;

	snprintf(path, 512, "%s/password", tmpdir());
	assert_non_null(f = fopen(path, "w"));
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
the_password_is_the_first_line_and_is_not_kept(void **state)
{
	struct fixture *f = *state;
	static char user[] = "kith";
	char path[512];

	if (!is_mysql(f))
		return;
	mariadb_do("CREATE OR REPLACE USER kith@localhost IDENTIFIED BY 'correct horse'");
	mariadb_do("GRANT ALL ON kith_test.* TO kith@localhost");
	write_file(path, "correct horse\r\nnot this\n");
	db_close(f->db);
	f->conf.mysql_user = user;
	f->conf.mysql_password_file = path;
	f->db = open_db(f, true);
	assert_int_equal(counters(f->db), 0);
	assert_false(mariadb_keeps_password(f->db));
}

/* Root has no password here: a file that cannot be read must not pass for an empty one. */
static void
an_unreadable_password_file_is_fatal(void **state)
{
	struct fixture *f = *state;
	char path[512], line[300], err[512] = "";
	bool fatal = false;

	if (!is_mysql(f))
		return;
	f->conf.mysql_password_file = (char *)(uintptr_t)tmpdir();
	assert_null(db_open(&f->conf, true, NULL, &fatal, err, sizeof(err)));
	assert_true(fatal);
	assert_non_null(strstr(err, f->conf.mysql_password_file));
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	write_file(path, line);
	f->conf.mysql_password_file = path;
	assert_null(db_open(&f->conf, true, NULL, &fatal, err, sizeof(err)));
	assert_true(fatal);
	assert_non_null(strstr(err, "longer than 255 bytes"));
}

/* -- loss ----------------------------------------------------------------- */

static void
kill_connections(void)
{
	mariadb_do("BEGIN NOT ATOMIC FOR r IN (SELECT id FROM information_schema.processlist"
	    " WHERE db = 'kith_test') DO EXECUTE IMMEDIATE CONCAT('KILL CONNECTION ', r.id);"
	    " END FOR; END");
}

static void
a_killed_connection_is_lost_and_nothing_stays(void **state)
{
	struct fixture *f = *state;
	enum db_class c;

	if (!is_mysql(f))
		return;
	assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(add_counter(f->db, 1), DB_DONE);
	kill_connections();
	assert_int_equal(db_commit(f->db), DB_LOST);
	/* It stays lost: no new connection is made behind our back. */
	c = add_counter(f->db, 2);
	assert_int_equal(c, DB_LOST);
	assert_null(db_stmt(f->db, "SELECT 1 FROM conversations"));
	assert_int_equal(db_class(f->db), DB_LOST);
	db_close(f->db);
	f->db = open_db(f, true);
	assert_int_equal(counters(f->db), 0);
}

static void
a_batch_on_a_killed_connection_is_lost(void **state)
{
	struct fixture *f = *state;
	struct db_seqs c = { .conversation = 1, .count = 1 };
	struct db_event e = { .conversation = 1, .seq = 1, .sender = 1, .client_id = 1, .kind = 1,
		.body = "", .body_len = 0 };

	if (!is_mysql(f))
		return;
	assert_int_equal(db_take_seqs(f->db, &c, 1), DB_OK);
	assert_int_equal(db_put_events(f->db, &e, 1), DB_OK);
	kill_connections();
	e.seq = e.client_id = 2;
	assert_int_equal(db_put_events(f->db, &e, 1), DB_LOST);
	assert_int_equal(db_take_seqs(f->db, &c, 1), DB_LOST);
	db_close(f->db);
	f->db = open_db(f, true);
	assert_int_equal(events(f->db), 1);
}

static void
lock_timeout_is_a_retry(void **state)
{
	struct fixture *f = *state;
	struct db_seqs c = { .conversation = 1, .count = 1 };
	struct db *other;

	assert_int_equal(db_take_seqs(f->db, &c, 1), DB_OK);
	other = open_db(f, true);
	assert_int_equal(db_begin(other), DB_OK);
	assert_int_equal(db_take_seqs(other, &c, 1), DB_OK);
	if (is_mysql(f))
		assert_int_equal(db_begin(f->db), DB_OK);
	assert_int_equal(is_mysql(f) ? db_take_seqs(f->db, &c, 1) : db_begin(f->db), DB_RETRY);
	db_rollback(f->db);
	assert_int_equal(db_commit(other), DB_OK);
	assert_int_equal(db_take_seqs(f->db, &c, 1), DB_OK);
	assert_int_equal(c.last, 3);
	db_close(other);
}

#define TEST(f) cmocka_unit_test_prestate_setup_teardown(f, setup, teardown, \
	(void *)(uintptr_t)kind)

static int
run_kind(const struct kind *kind)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_come_back_as_they_went),
		TEST(null_reads_as_zero_and_is_reported),
		TEST(large_numbers_keep_their_bits),
		TEST(statements_may_run_side_by_side),
		TEST(sql_that_the_tables_do_not_fit_is_told_with_a_text),
		TEST(too_long_is_refused_not_cut),
		TEST(rollback_leaves_nothing),
		TEST(closing_rolls_back),
		TEST(a_reader_sees_what_is_committed),
		TEST(a_duplicate_names_its_kind),
		TEST(counters_rise_by_what_was_taken),
		TEST(a_full_batch_is_stored),
		TEST(one_duplicate_refuses_the_batch),
		TEST(cursors_only_move_forward),
		TEST(adding_a_member_twice_is_harmless),
		TEST(migrating_again_does_nothing),
		TEST(an_older_schema_is_upgraded),
		TEST(a_newer_schema_is_refused),
		TEST(a_reader_waits_for_the_schema),
		TEST(an_interrupted_migration_is_finished),
		TEST(the_sqlite_file_is_private),
		TEST(another_file_is_not_opened),
		TEST(a_file_that_is_no_database_is_fatal),
		TEST(an_unsafe_server_is_refused_by_name),
		TEST(a_wrong_password_is_fatal_an_absent_server_is_not),
		TEST(the_password_is_the_first_line_and_is_not_kept),
		TEST(an_unreadable_password_file_is_fatal),
		TEST(a_killed_connection_is_lost_and_nothing_stays),
		TEST(a_batch_on_a_killed_connection_is_lost),
		TEST(lock_timeout_is_a_retry),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}

int
main(void)
{
	int failures = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].database, "mysql") == 0 && !mariadb_there())
			printf("%s: skipped, mariadbd is not installed\n", kinds[i].name);
		else
			failures += run_kind(&kinds[i]);
	}
	return failures == 0 ? 0 : 1;
}
