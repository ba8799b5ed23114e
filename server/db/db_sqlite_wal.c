/*
 * db_sqlite_wal.c - the write-ahead log: checkpoints, and what a new handle finds in it.
 *
 * Checkpoints are the reader's work, every 200 ms (db_tend): that makes the writer 1.4 times as
 * fast. The writer checkpoints only beyond WAL_PAGES, so that the file stays bounded when no
 * reader runs. All are PASSIVE: they wait for nobody. While somebody keeps an old snapshot open,
 * the file grows, and is cut when it is used from its beginning again.
 */
#include <string.h>

#include "protocol/base/clock.h"
#include "server/db/db_sqlite.h"
#include "server/lib/log.h"

#define WAL_PAGES	8000		/* then the writer checkpoints by itself */
#define WAL_LONG	(64 << 20)	/* bytes; then somebody hinders the checkpoints */
#define TEND_MS		200
#define LOOK_MS		1000		/* the writer, which also looks after each commit */
#define WAL_HEADER	32		/* bytes of the file's, and */
#define WAL_FRAME	24		/* ... of a page's header */

/* -- checkpoints ---------------------------------------------------------- */

static void
note_long_wal(struct sqlite_db *d, int pages)
{
	bool is_long = pages >= WAL_LONG / d->page_bytes;

	if (is_long && !d->long_wal)
		log_warn(0, "db.wal", "pages=%d reason=\"somebody keeps an old snapshot of kith.db "
		    "open (a backup?), so the WAL grows until that ends\"", pages);
	if (is_long || pages < WAL_PAGES)
		d->long_wal = is_long;
}

int
db_sqlite_wal_grew(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct sqlite_db *d = arg;
	uint64_t now;

	note_long_wal(d, pages);
	if (pages < WAL_PAGES || (now = clock_now_ms()) - d->cut_ms < TEND_MS)
		return SQLITE_OK;
	d->cut_ms = now;
	sqlite3_wal_checkpoint_v2(h, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

/* A checkpoint that fails leaves the handle as it was: the pages are still in the WAL. */
static enum db_class
tend_checkpoint(struct sqlite_db *d)
{
	int rc = sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	enum db_class c = db_sqlite_query_class(rc);

	if (c == DB_OK || c == DB_RETRY)
		return DB_OK;
	c = c == DB_LOST ? DB_ERROR : c;
	return db_fail(&d->base, c, "checkpoint: sqlite %d: %s", rc, sqlite3_errmsg(d->h));
}

enum db_class
db_sqlite_wal_tend(struct db *base)
{
	struct sqlite_db *d = sqlite_db(base);
	uint64_t now = clock_now_ms();
	enum db_class c;

	if (now - d->tended_ms < (base->writer ? LOOK_MS : TEND_MS))
		return base->tended;
	d->tended_ms = now;
	if ((c = db_sqlite_file_intact(base)) == DB_OK && !base->writer)
		c = tend_checkpoint(d);
	return base->tended = c;
}

/* -- a new handle --------------------------------------------------------- */

struct wal_scan {
	sqlite3_file	*file;
	sqlite3_int64	 end;		/* of the last frame of this round */
	uint32_t	 committed;	/* frames up to the last commit among them */
};

static uint32_t
word_at(const unsigned char *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] :
	    (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* By its checksum, over words whose order its first number tells. */
static bool
header_is_whole(const unsigned char head[WAL_HEADER])
{
	bool big = head[3] & 1;
	uint32_t a = 0, b = 0;

	for (unsigned at = 0; at < 24; at += 8) {
		a += word_at(head + at, big) + b;
		b += word_at(head + at + 4, big) + a;
	}
	return a == word_at(head + 24, true) && b == word_at(head + 28, true);
}

static sqlite3_file *
wal_file(struct sqlite_db *d)
{
	sqlite3_file *f = NULL;

	if (sqlite3_file_control(d->h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f) != SQLITE_OK)
		return NULL;
	return f != NULL && f->pMethods != NULL ? f : NULL;
}

/* The file is used from its beginning again and again. The frames of a round have the salts of
 * the header; or, if that is damaged, those of the first frame. */
static int
scan_wal(struct sqlite_db *d, struct wal_scan *s)
{
	unsigned char head[WAL_HEADER], frame[WAL_FRAME], salts[8];
	sqlite3_int64 size = 0, at = WAL_HEADER, step = WAL_FRAME + d->page_bytes;
	int rc = s->file->pMethods->xFileSize(s->file, &size);

	if (rc != SQLITE_OK || size < WAL_HEADER + step)
		return rc;
	rc = s->file->pMethods->xRead(s->file, head, sizeof(head), 0);
	memcpy(salts, head + 16, sizeof(salts));
	if (rc == SQLITE_OK && !header_is_whole(head) &&
	    (rc = s->file->pMethods->xRead(s->file, frame, sizeof(frame), at)) == SQLITE_OK)
		memcpy(salts, frame + 8, sizeof(salts));
	for (uint32_t n = 1; rc == SQLITE_OK && at + WAL_FRAME <= size; n++, at += step) {
		rc = s->file->pMethods->xRead(s->file, frame, sizeof(frame), at);
		if (rc != SQLITE_OK || memcmp(frame + 8, salts, sizeof(salts)) != 0)
			continue;
		s->end = at + step < size ? at + step : size;
		if (memcmp(frame + 4, "\0\0\0", 4) != 0)	/* the last one of a transaction */
			s->committed = n;
	}
	return rc;
}

/* Writes the same bytes once more, so that they are synced with all others: after a failed
 * fsync() the kernel believes that they are on the disk. */
static int
rewrite_wal(const struct wal_scan *s)
{
	unsigned char bytes[65536];
	int rc = SQLITE_OK;

	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < s->end; at += (int)sizeof(bytes)) {
		int n = s->end - at < (int)sizeof(bytes) ? (int)(s->end - at) : (int)sizeof(bytes);

		rc = s->file->pMethods->xRead(s->file, bytes, n, at);
		if (rc == SQLITE_OK)
			rc = s->file->pMethods->xWrite(s->file, bytes, n, at);
	}
	return rc == SQLITE_OK ? s->file->pMethods->xSync(s->file, SQLITE_SYNC_NORMAL) : rc;
}

static int
settle_failed(struct sqlite_db *d, const char *what, int rc)
{
	db_fail(&d->base, db_sqlite_query_class(rc), "%s: sqlite %d: %s", what, rc,
	    sqlite3_errstr(rc));
	return -1;
}

int
db_sqlite_wal_settle(struct sqlite_db *d)
{
	struct wal_scan s = { 0 };
	int rc, frames = 0;

	/* Nobody else may append meanwhile. */
	if (db_sqlite_query_exec(&d->base, "BEGIN IMMEDIATE") != DB_OK)
		return -1;
	if ((s.file = wal_file(d)) == NULL)
		rc = SQLITE_INTERNAL;
	else if ((rc = scan_wal(d, &s)) == SQLITE_OK)
		rc = rewrite_wal(&s);
	db_rollback(&d->base);
	if (rc != SQLITE_OK)
		return settle_failed(d, "kith.db-wal", rc);
	rc = sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, NULL);
	if (rc != SQLITE_OK && db_sqlite_query_class(rc) != DB_RETRY)
		return settle_failed(d, "checkpoint", rc);
	if (rc == SQLITE_OK && frames >= 0 && s.committed > (uint32_t)frames)
		d->base.dropped = s.committed - (uint32_t)frames;
	/* The file begins again, if nobody reads from it. */
	sqlite3_busy_timeout(d->h, 0);
	sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(d->h, SQLITE_BUSY_MS);
	return 0;
}
