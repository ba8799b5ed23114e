/*
 * db_sqlite.c - the embedded driver: statements and batches.
 *
 * db_sqlite_open.c opens STATE/kith.db and its settings, db_sqlite_file.c looks after its files,
 * db_sqlite_wal.c after the WAL.
 */
#include "server/db/db_sqlite.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "protocol/base/utf8.h"
#include "server/db/db_event.h"

struct sqlite_stmt {
	struct db_stmt	 base;
	sqlite3_stmt	*st;
	int		 bind_rc;	/* first failed bind, returned by the next step */
};

static struct sqlite_stmt *
lite_stmt(struct db_stmt *s)
{
	return (struct sqlite_stmt *)s;
}

/* -- statements ----------------------------------------------------------- */

static struct db_stmt *
lite_prepare(struct db *d, const char *sql)
{
	struct sqlite_stmt *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL) {
		db_fail(d, DB_RETRY, "out of memory");
		return NULL;
	}
	rc = sqlite3_prepare_v3(sqlite_db(d)->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->st, NULL);
	if (rc != SQLITE_OK) {
		db_sqlite_query_failed(sqlite_db(d), rc);
		free(s);
		return NULL;
	}
	s->base.db = d;
	s->base.sql = sql;
	return &s->base;
}

static void
lite_finalize(struct db_stmt *s)
{
	sqlite3_finalize(lite_stmt(s)->st);
	free(s);
}

static void
lite_note_bind(struct db_stmt *s, int rc)
{
	if (rc != SQLITE_OK && lite_stmt(s)->bind_rc == SQLITE_OK)
		lite_stmt(s)->bind_rc = rc;
}

static void
lite_bind_int(struct db_stmt *s, unsigned i, int64_t v)
{
	lite_note_bind(s, sqlite3_bind_int64(lite_stmt(s)->st, (int)i + 1, v));
}

/* Text is bound as text, so that it is readable in SQLite's shell, anything else (hashes) as a
 * blob. The same bytes always get the same type, so they compare equal. */
static void
lite_bind_bytes(struct db_stmt *s, unsigned i, const void *v, size_t len)
{
	sqlite3_stmt *st = lite_stmt(s)->st;

	if (utf8_valid(v, len))
		lite_note_bind(s, sqlite3_bind_text(st, (int)i + 1, len > 0 ? v : "", (int)len,
		    SQLITE_STATIC));
	else
		lite_note_bind(s, sqlite3_bind_blob(st, (int)i + 1, v, (int)len, SQLITE_STATIC));
}

static enum db_class
lite_step(struct db_stmt *s)
{
	int rc = lite_stmt(s)->bind_rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(lite_stmt(s)->st);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return db_sqlite_query_class(rc);
	return db_sqlite_query_failed(sqlite_db(s->db), rc);
}

static void
lite_reset(struct db_stmt *s)
{
	sqlite3_reset(lite_stmt(s)->st);
	sqlite3_clear_bindings(lite_stmt(s)->st);
	lite_stmt(s)->bind_rc = SQLITE_OK;
}

static int64_t
lite_int(struct db_stmt *s, unsigned column)
{
	return sqlite3_column_int64(lite_stmt(s)->st, (int)column);
}

static bool
lite_null(struct db_stmt *s, unsigned column)
{
	return sqlite3_column_type(lite_stmt(s)->st, (int)column) == SQLITE_NULL;
}

static const char *
lite_bytes(struct db_stmt *s, unsigned column, size_t *len)
{
	const unsigned char *v = sqlite3_column_text(lite_stmt(s)->st, (int)column);

	*len = v != NULL ? (size_t)sqlite3_column_bytes(lite_stmt(s)->st, (int)column) : 0;
	return v != NULL ? (const char *)v : "";
}

static int64_t
lite_changes(const struct db *d)
{
	return sqlite3_changes(sqlite_db(d)->h);
}

static int64_t
lite_last_id(const struct db *d)
{
	return sqlite3_last_insert_rowid(sqlite_db(d)->h);
}

/* -- a batch -------------------------------------------------------------- */

static enum db_class
lite_take_seqs(struct db *d, struct db_seqs *c, unsigned n)
{
	struct db_stmt *s = db_stmt(d,
	    "INSERT INTO conversations (id, kind, last_seq) VALUES (?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET last_seq = last_seq + excluded.last_seq"
	    " RETURNING last_seq");
	enum db_class cls = s != NULL ? DB_DONE : d->cls;

	for (unsigned i = 0; i < n && cls == DB_DONE; i++) {
		lite_bind_int(s, 0, (int64_t)c[i].conversation);
		lite_bind_int(s, 1, db_kind_of(c[i].conversation));
		lite_bind_int(s, 2, (int64_t)c[i].count);
		if ((cls = lite_step(s)) == DB_ROW) {
			c[i].last = (uint64_t)lite_int(s, 0);
			cls = lite_step(s);
		}
		lite_reset(s);
	}
	return cls == DB_DONE ? DB_OK : cls;
}

#define BIND_NUMBER(name)	lite_bind_int(s, DB_EVENT_##name, (int64_t)e->name);
#define BIND_OPTIONAL(name)	if (e->name != 0) BIND_NUMBER(name)
#define BIND_BYTES(name)	lite_bind_bytes(s, DB_EVENT_##name, e->name, e->name##_len);
#define BIND(type, name)	BIND_##type(name)

static enum db_class
lite_put_events(struct db *d, const struct db_event *e, unsigned n)
{
	struct db_stmt *s = db_stmt(d,
	    "INSERT INTO events (" DB_EVENT_NAMES ") VALUES (" DB_EVENT_PLACES ")");
	enum db_class cls = s != NULL ? DB_DONE : d->cls;

	for (unsigned i = 0; i < n && cls == DB_DONE; i++, e++) {
		DB_EVENT_COLUMNS(BIND, )
		cls = lite_step(s);
		lite_reset(s);
	}
	return cls == DB_DONE ? DB_OK : cls;
}

/* -- the schema's lock, the end ------------------------------------------- */

/* -- opening -------------------------------------------------------------- */

static enum db_class
lite_lock_schema(struct db *d)
{
	return db_sqlite_query_exec(d, "BEGIN EXCLUSIVE");
}

static enum db_class
lite_unlock_schema(struct db *d, bool keep)
{
	if (keep)
		return db_sqlite_query_exec(d, "COMMIT");
	db_rollback(d);
	return DB_OK;
}

static void
lite_close(struct db *d)
{
	/* Also what is in a WAL that somebody removed; not into a kith.db that is another one. */
	if (d->writer && sqlite_db(d)->h != NULL && db_sqlite_file_is_same(sqlite_db(d)))
		sqlite3_wal_checkpoint_v2(sqlite_db(d)->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
		    NULL);
	sqlite3_close_v2(sqlite_db(d)->h);
	for (unsigned i = 0; i < SQLITE_FILES; i++)
		free(sqlite_db(d)->files[i].path);
	free(sqlite_db(d)->dir);
	free(d);
}

static uint64_t
lite_room(struct db *d)
{
	struct statvfs fs;

	if (statvfs(sqlite_db(d)->dir, &fs) < 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static void
lite_identity(const struct db *d, uint64_t id[2])
{
	const struct sqlite_file *f = &sqlite_db(d)->files[SQLITE_FILE_MAIN];

	id[0] = f->dev;
	id[1] = f->ino;
}

const struct db_ops db_sqlite_ops = {
	.schema = db_schema_sqlite,
	.sql = {
		[DB_SQL_MEMBER_ADD] =
		    "INSERT INTO members (conversation, user, since_seq, role, invited)"
		    " VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
		[DB_SQL_INVITE_ADD] =
		    "INSERT INTO members (conversation, user, since_seq, until_seq, role, invited)"
		    " VALUES (?, ?, 0, 0, ?, 1) ON CONFLICT DO NOTHING",
		[DB_SQL_CURSOR_PUT] =
		    "INSERT INTO cursors (user, conversation, device, read_seq) VALUES (?, ?, ?, ?)"
		    " ON CONFLICT DO UPDATE SET read_seq = excluded.read_seq"
		    " WHERE excluded.read_seq > read_seq",
	},
	.begin_write = "BEGIN IMMEDIATE",
	.begin_read = "BEGIN",
	.close = lite_close,
	.exec = db_sqlite_query_exec,
	.lock_schema = lite_lock_schema,
	.unlock_schema = lite_unlock_schema,
	.tend = db_sqlite_wal_tend,
	.intact = db_sqlite_file_intact,
	.room = lite_room,
	.identity = lite_identity,
	.prepare = lite_prepare,
	.finalize = lite_finalize,
	.bind_int = lite_bind_int,
	.bind_bytes = lite_bind_bytes,
	.step = lite_step,
	.reset = lite_reset,
	.col_int = lite_int,
	.col_null = lite_null,
	.col_bytes = lite_bytes,
	.changes = lite_changes,
	.last_id = lite_last_id,
	.take_seqs = lite_take_seqs,
	.put_events = lite_put_events,
};
