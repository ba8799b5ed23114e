/*
 * db_sqlite.c - the embedded driver: STATE/kith.db, WAL, synchronous=FULL.
 *
 * Checkpoints of the WAL are the reader's work, every 200 ms (db_tend): that makes the writer 1.4
 * times as fast. The writer checkpoints only beyond WAL_PAGES, so that the file stays bounded
 * when no reader runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sqlite3.h>

#include "protocol/base/clock.h"
#include "protocol/base/utf8.h"
#include "server/conf/conf.h"
#include "server/db/db_driver.h"
#include "server/db/db_event.h"

#define BUSY_MS		2000
#define CACHE_KIB	"8192"
#define WAL_PAGES	8000		/* then the writer checkpoints by itself */
#define WAL_BYTES_MAX	(256 << 20)	/* then it waits for readers and cuts the file */
#define WAL_KEPT	"67108864"	/* bytes the file keeps after a reset */
#define TEND_MS		200

struct sqlite_db {
	struct db	 base;
	sqlite3		*h;
	int		 page_bytes;
	uint64_t	 tended_ms;
};

struct sqlite_stmt {
	struct db_stmt	 base;
	sqlite3_stmt	*st;
	int		 bind_rc;	/* first failed bind, returned by the next step */
};

/* Locks and the shared index do not work reliably over these. */
static const struct {
	long		 magic;
	const char	*name;
} network_fs[] = {
	{ 0x6969, "nfs" }, { 0x517b, "smb" }, { 0xff534d42, "cifs" }, { 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" }, { 0x5346414f, "afs" }, { 0x73757245, "coda" },
	{ 0x564c, "ncp" }, { 0x00c36400, "ceph" },
};

static struct sqlite_db *
lite_db(const struct db *d)
{
	return (struct sqlite_db *)d;
}

static struct sqlite_stmt *
lite_stmt(struct db_stmt *s)
{
	return (struct sqlite_stmt *)s;
}

/* An I/O error counts as a lost connection. After a failed fsync nobody knows what is on the
 * disk, so the handle is dropped and the file is read again. */
static enum db_class
lite_class(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return DB_OK;
	case SQLITE_ROW:
		return DB_ROW;
	case SQLITE_DONE:
		return DB_DONE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_INTERRUPT:
		return DB_RETRY;
	case SQLITE_FULL:
	case SQLITE_READONLY:
		return DB_FULL;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
		return DB_LOST;
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    rc == SQLITE_CONSTRAINT_ROWID ? DB_DUPLICATE : DB_ERROR;
	default:
		return DB_ERROR;
	}
}

static enum db_class
lite_failed(struct sqlite_db *d, int rc)
{
	db_fail(&d->base, lite_class(rc), "sqlite %d: %s", rc, sqlite3_errmsg(d->h));
	d->base.primary = rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID;
	return d->base.cls;
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
	rc = sqlite3_prepare_v3(lite_db(d)->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->st, NULL);
	if (rc != SQLITE_OK) {
		lite_failed(lite_db(d), rc);
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
		return lite_class(rc);
	return lite_failed(lite_db(s->db), rc);
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
	return sqlite3_changes(lite_db(d)->h);
}

static int64_t
lite_last_id(const struct db *d)
{
	return sqlite3_last_insert_rowid(lite_db(d)->h);
}

static enum db_class
lite_exec(struct db *d, const char *sql)
{
	int rc = sqlite3_exec(lite_db(d)->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? DB_OK : lite_failed(lite_db(d), rc);
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

/* -- the WAL -------------------------------------------------------------- */

/* After each commit of the writer. If it fails, because of a reader, the next one tries again. */
static int
lite_wal_grew(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct sqlite_db *d = arg;

	if (pages >= WAL_BYTES_MAX / d->page_bytes)
		sqlite3_wal_checkpoint_v2(h, name, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	else if (pages >= WAL_PAGES)
		sqlite3_wal_checkpoint_v2(h, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

static enum db_class
lite_tend(struct db *d)
{
	uint64_t now = clock_now_ms();
	int rc;

	if (d->writer || now - lite_db(d)->tended_ms < TEND_MS)
		return DB_OK;
	lite_db(d)->tended_ms = now;
	rc = sqlite3_wal_checkpoint_v2(lite_db(d)->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (lite_class(rc) == DB_OK || lite_class(rc) == DB_RETRY)
		return DB_OK;
	return lite_failed(lite_db(d), rc);
}

/* -- opening -------------------------------------------------------------- */

static enum db_class
lite_lock_schema(struct db *d)
{
	return lite_exec(d, "BEGIN EXCLUSIVE");
}

static enum db_class
lite_unlock_schema(struct db *d, bool keep)
{
	if (keep)
		return lite_exec(d, "COMMIT");
	db_rollback(d);
	return DB_OK;
}

static void
lite_close(struct db *d)
{
	sqlite3_close_v2(lite_db(d)->h);
	free(d);
}

static const struct db_ops lite_ops = {
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
	.exec = lite_exec,
	.lock_schema = lite_lock_schema,
	.unlock_schema = lite_unlock_schema,
	.tend = lite_tend,
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

static int
refuse_network_fs(const char *dir, char *err, size_t errlen)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0) {
		snprintf(err, errlen, "%s: %s", dir, strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < sizeof(network_fs) / sizeof(network_fs[0]); i++) {
		if ((unsigned long)network_fs[i].magic != ((unsigned long)fs.f_type & 0xffffffff))
			continue;
		snprintf(err, errlen, "%s is on a network file system (%s), where SQLite's "
		    "locks do not hold: use a local disk, or database mysql", dir,
		    network_fs[i].name);
		return -1;
	}
	return 0;
}

/* Sets a setting and reads it back. 0, or -1 with its name and value in err. */
static int
lite_require(struct sqlite_db *d, const char *set, const char *get, const char *want,
    bool *fatal, char *err, size_t errlen)
{
	sqlite3_stmt *st = NULL;
	const char *is = "";
	int rc, result = -1;

	rc = sqlite3_exec(d->h, set, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(d->h, get, -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		is = (const char *)sqlite3_column_text(st, 0);
	if (rc != SQLITE_ROW) {
		*fatal = lite_class(rc) == DB_ERROR;	/* not a database, or a broken one */
		snprintf(err, errlen, "%s: %s", get, sqlite3_errmsg(d->h));
	} else if (strcmp(is, want) != 0) {
		*fatal = true;
		snprintf(err, errlen, "%s is %s, but must be %s for what is acknowledged to be "
		    "on disk", get, is, want);
	} else {
		result = 0;
	}
	sqlite3_finalize(st);
	return result;
}

static int
lite_configure(struct sqlite_db *d, bool *fatal, char *err, size_t errlen)
{
	static const char *const settings[] = {
		"PRAGMA temp_store=MEMORY",	/* there may be no /tmp after the chroot */
		"PRAGMA cache_size=-" CACHE_KIB,
		"PRAGMA journal_size_limit=" WAL_KEPT,
		"PRAGMA trusted_schema=OFF",
	};

	sqlite3_extended_result_codes(d->h, 1);
	sqlite3_busy_timeout(d->h, BUSY_MS);
	sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* A reader waits until a writer has made the file a WAL database. */
	if (lite_require(d, d->base.writer ? "PRAGMA journal_mode=WAL" : "", "PRAGMA journal_mode",
	    "wal", fatal, err, errlen) < 0) {
		*fatal = *fatal && d->base.writer;
		return -1;
	}
	if (lite_require(d, "PRAGMA synchronous=FULL", "PRAGMA synchronous", "2", fatal, err,
	    errlen) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (lite_exec(&d->base, settings[i]) != DB_OK) {
			snprintf(err, errlen, "%s: %s", settings[i], d->base.text);
			return -1;
		}
	}
	return 0;
}

/* A new file survives a power cut only if its name does. */
static void
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static int
lite_open_file(struct sqlite_db *d, const char *path, char *err, size_t errlen)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	mode_t mask;
	int rc;

	if (d->base.writer)
		flags |= SQLITE_OPEN_CREATE;
	mask = umask(077);
	rc = sqlite3_open_v2(path, &d->h, flags, NULL);
	umask(mask);
	if (rc != SQLITE_OK)
		snprintf(err, errlen, "%s: %s", path, sqlite3_errstr(rc));
	return rc == SQLITE_OK ? 0 : -1;
}

static int
lite_read_page_bytes(struct sqlite_db *d)
{
	struct db_stmt *s = db_stmt(&d->base, "PRAGMA page_size");

	if (s == NULL || lite_step(s) != DB_ROW)
		return -1;
	d->page_bytes = (int)lite_int(s, 0);
	lite_reset(s);
	return d->page_bytes > 0 ? 0 : -1;
}

struct db *
db_sqlite_open(const struct conf *c, bool writer, bool *fatal, char *err, size_t errlen)
{
	char path[PATH_MAX];
	struct sqlite_db *d;

	if (refuse_network_fs(c->state_dir, err, errlen) < 0) {
		*fatal = true;
		return NULL;
	}
	if ((size_t)snprintf(path, sizeof(path), "%s/kith.db", c->state_dir) >= sizeof(path) ||
	    (d = calloc(1, sizeof(*d))) == NULL) {
		snprintf(err, errlen, "%s: path too long, or out of memory", c->state_dir);
		return NULL;
	}
	d->base.ops = &lite_ops;
	d->base.writer = writer;
	if (lite_open_file(d, path, err, errlen) < 0 || lite_configure(d, fatal, err, errlen) < 0)
		goto fail;
	if (lite_read_page_bytes(d) < 0) {
		snprintf(err, errlen, "page_size: %s", d->base.text);
		goto fail;
	}
	if (writer) {
		sync_dir(c->state_dir);
		sqlite3_wal_hook(d->h, lite_wal_grew, d);
	} else {
		sqlite3_wal_autocheckpoint(d->h, 0);
	}
	return &d->base;
fail:
	db_close(&d->base);
	return NULL;
}
