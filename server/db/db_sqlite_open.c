/*
 * db_sqlite_open.c - opens STATE/kith.db: WAL, synchronous=FULL.
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

#include "server/conf/conf.h"
#include "server/conf/served.h"
#include "server/db/db_sqlite.h"

#define CACHE_KIB	"8192"
#define WAL_KEPT	"67108864"	/* bytes the file keeps after a reset */

/* Locks and the shared index do not work reliably over these. */
static const struct {
	long		 magic;
	const char	*name;
} network_fs[] = {
	{ 0x6969, "nfs" }, { 0x517b, "smb" }, { 0xff534d42, "cifs" }, { 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" }, { 0x5346414f, "afs" }, { 0x73757245, "coda" },
	{ 0x564c, "ncp" }, { 0x00c36400, "ceph" },
};

static int
refuse_network_fs(const struct conf *c, char *err, size_t errlen)
{
	const char *dir = c->state_shown != NULL ? c->state_shown : c->state_dir;
	struct statfs fs;

	if (statfs(c->state_dir, &fs) < 0) {
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
	if (rc != SQLITE_ROW && db_sqlite_query_class(rc) == DB_BROKEN) {
		*fatal = true;
		snprintf(err, errlen, "%s is damaged (%s): restore it from a backup",
		    d->files[SQLITE_FILE_MAIN].path, sqlite3_errmsg(d->h));
	} else if (rc != SQLITE_ROW) {
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
	sqlite3_busy_timeout(d->h, SQLITE_BUSY_MS);
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
		if (db_sqlite_query_exec(&d->base, settings[i]) != DB_OK) {
			snprintf(err, errlen, "%s: %s", settings[i], d->base.text);
			return -1;
		}
	}
	return 0;
}

/* A new file survives a power cut only if its name does. */
static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

static int
lite_open_file(struct sqlite_db *d, const struct conf *c, bool *fatal, char *err, size_t errlen)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	mode_t mask;
	int rc;

	if (db_sqlite_file_check(d, c, fatal, err, errlen) < 0)
		return -1;
	if (d->base.writer && d->files[SQLITE_FILE_MAIN].ino == 0 && !served_before(c->state_dir))
		flags |= SQLITE_OPEN_CREATE;
	mask = umask(077);
	rc = sqlite3_open_v2(d->files[SQLITE_FILE_MAIN].path, &d->h, flags, NULL);
	umask(mask);
	if (rc == SQLITE_OK)
		return db_sqlite_file_recognize(d, err, errlen);
	snprintf(err, errlen, "kith.db: %s: %s", sqlite3_errstr(rc),
	    strerror(d->h != NULL ? sqlite3_system_errno(d->h) : ENOMEM));
	return -1;
}

static int
lite_read_page_bytes(struct sqlite_db *d)
{
	struct db_stmt *s = db_stmt(&d->base, "PRAGMA page_size");

	if (s == NULL || db_step(s) != DB_ROW)
		return -1;
	d->page_bytes = (int)db_int(s, 0);
	db_reset(s);
	return d->page_bytes > 0 ? 0 : -1;
}

static struct sqlite_db *
lite_create(const struct conf *c, bool writer, const uint64_t known[2])
{
	static const char *const suffixes[SQLITE_FILES] = { "", "-wal", "-shm" };
	struct sqlite_db *d = calloc(1, sizeof(*d));
	bool complete;

	if (d == NULL)
		return NULL;
	d->base.ops = &db_sqlite_ops;
	d->base.writer = writer;
	if (known != NULL) {
		d->files[SQLITE_FILE_MAIN].dev = known[0];
		d->files[SQLITE_FILE_MAIN].ino = known[1];
	}
	complete = (d->dir = strdup(c->state_dir)) != NULL;
	for (unsigned i = 0; complete && i < SQLITE_FILES; i++)
		complete = asprintf(&d->files[i].path, "%s/kith.db%s", c->state_dir,
		    suffixes[i]) > 0;
	if (complete)
		return d;
	db_close(&d->base);
	return NULL;
}

/* Makes the handle safe to use: what it will find is on the disk, and is that of its path. */
static int
lite_prove(struct sqlite_db *d, char *err, size_t errlen)
{
	if (lite_read_page_bytes(d) < 0 || (d->base.writer && db_sqlite_wal_settle(d) < 0)) {
		snprintf(err, errlen, "%s", d->base.text);
		return -1;
	}
	if (d->base.writer && sync_dir(d->dir) < 0) {
		snprintf(err, errlen, "fsync of the state directory: %s", strerror(errno));
		return -1;
	}
	if (db_sqlite_file_note(d) < 0) {
		snprintf(err, errlen, "kith.db: removed or replaced while it was opened");
		return -1;
	}
	return 0;
}

struct db *
db_sqlite_open(const struct conf *c, bool writer, const uint64_t known[2], bool *fatal, char *err,
    size_t errlen)
{
	struct sqlite_db *d;

	if (refuse_network_fs(c, err, errlen) < 0) {
		*fatal = true;
		return NULL;
	}
	if ((d = lite_create(c, writer, known)) == NULL) {
		snprintf(err, errlen, "out of memory");
		return NULL;
	}
	if (lite_open_file(d, c, fatal, err, errlen) < 0 ||
	    lite_configure(d, fatal, err, errlen) < 0 || lite_prove(d, err, errlen) < 0) {
		db_close(&d->base);
		return NULL;
	}
	if (writer)
		sqlite3_wal_hook(d->h, db_sqlite_wal_grew, d);
	else
		sqlite3_wal_autocheckpoint(d->h, 0);
	return &d->base;
}
