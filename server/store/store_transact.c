/*
 * store_transact.c - transactions of both store roles, and the connection under them.
 *
 * A lost connection is never repaired: it is closed, a new one made, the work run again.
 * While none can be had, `db` is NULL and `retry_at` says when to try next; work that comes
 * before is refused at once.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/base/clock.h"
#include "protocol/wire.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_cache.h"
#include "shm/point.h"

#define LOG_EVERY_MS	10000u		/* the same failure again */
#define RETRIES_MAX	20u		/* of one transaction: deadlocks, busy */
#define ERR_MAX		512u

int
store_init(struct store *s, struct proc *p, bool writer)
{
	memset(s, 0, sizeof(*s));
	s->p = p;
	s->writer = writer;
	if ((s->cache = store_cache_create()) == NULL ||
	    unpackmem_init(&s->mem, UNPACK_BYTES_MAX) < 0)
		return -ENOMEM;
	return 0;
}

void
store_fini(struct store *s)
{
	db_close(s->db);
	store_cache_destroy(s->cache);
	unpackmem_fini(&s->mem);
}

enum kith_err
store_unpack_request(struct store *s, const uint8_t *body, uint32_t len, Kith__V1__Request **out)
{
	ProtobufCMessage *msg;
	enum kith_err e = wire_unpack(&kith__v1__request__descriptor, body, len, &s->mem, NULL,
	    &msg);

	if (e == KITH_E_OK)
		*out = (Kith__V1__Request *)msg;
	return e;
}

/*
 * Statements.
 */

struct db_stmt *
store_stmt(struct store *s, const char *sql, unsigned n, ...)
{
	struct db_stmt *st = db_stmt(s->db, sql);
	va_list ap;

	if (st == NULL)
		return NULL;
	va_start(ap, n);
	for (unsigned i = 0; i < n; i++) {
		uint64_t v = va_arg(ap, uint64_t);

		/* No number of ours is higher, and it must not become a negative one. */
		db_bind_int(st, i, v <= INT64_MAX ? (int64_t)v : INT64_MAX);
	}
	va_end(ap);
	return st;
}

enum db_class
store_exec(struct store *s, struct db_stmt *st)
{
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	c = db_step(st);
	db_reset(st);
	return c == DB_DONE ? DB_OK : c;
}

/*
 * The connection.
 */

static void
nap(void)
{
	struct timespec t = { 0, 20 * 1000 * 1000 };

	nanosleep(&t, NULL);
}

static void
drop_connection(struct store *s)
{
	db_close(s->db);
	s->db = NULL;
	store_cache_clear(s->cache);
}

/* Migration and lobby: what a writer does before it writes. */
static int
prepare_writer(struct store *s, char *err, size_t errlen, bool *fatal)
{
	if (db_migrate(s->db, err, errlen) < 0) {
		*fatal = db_class(s->db) == DB_ERROR;
		return -1;
	}
	if (db_begin(s->db) == DB_OK && store_group_make_lobby(s, NULL) == DB_OK &&
	    db_commit(s->db) == DB_OK)
		return 0;
	db_rollback(s->db);
	snprintf(err, errlen, "lobby: %s", db_text(s->db));
	return -1;
}

static void
connect_failed(struct store *s, bool fatal, const char *err)
{
	drop_connection(s);
	s->retry_at = clock_now_ms() + STORE_RETRY_MS;
	if (fatal && !s->connected_once) {
		log_error(0, "db.refused", "reason=\"%s\"", err);
		exit(PROC_EX_CONFIG);
	}
	if (!s->away)
		log_error(0, "db.away", "reason=\"%s\"", err);
	s->away = true;
}

enum db_class
store_connect(struct store *s)
{
	char err[ERR_MAX] = "";
	bool fatal = false;

	if (s->db != NULL)
		return DB_OK;
	if (clock_now_ms() < s->retry_at)
		return DB_LOST;
	s->db = db_open(s->p->conf, s->writer, &fatal, err, sizeof(err));
	if (s->db == NULL || (s->writer && prepare_writer(s, err, sizeof(err), &fatal) < 0)) {
		connect_failed(s, fatal, err);
		return DB_LOST;
	}
	stats_add(s->p->stats, STAT_db_connects, 1);
	log_info(0, "db.connected", "database=%s", s->p->conf->database);
	s->away = false;
	s->connected_once = true;
	return DB_OK;
}

void
store_tend(struct store *s)
{
	if (s->db == NULL)
		store_connect(s);
	else if (db_tend(s->db) == DB_LOST)
		drop_connection(s);
}

/*
 * Transactions.
 */

/* Once: begin, work, commit. Rolled back unless it is DB_OK. */
static enum db_class
attempt(struct store *s, store_work *work, void *arg)
{
	enum db_class c;

	s->nnews = 0;
	if ((c = db_begin(s->db)) != DB_OK)
		return c;
	if ((c = work(s, arg)) == DB_OK) {
		KITH_POINT("store.before_commit");
		if ((c = db_commit(s->db)) == DB_OK)
			return DB_OK;
		if (c == DB_LOST)		/* it may have happened */
			s->commit_lost = true;
	}
	if (c != DB_LOST)
		db_rollback(s->db);
	if (s->nnews > 0)
		store_cache_clear(s->cache);
	s->nnews = 0;
	return c;
}

/* Each is counted; a disk that stays full is not logged with each transaction. */
static void
note_failure(struct store *s, enum db_class c)
{
	uint64_t now = clock_now_ms();

	if (c == DB_OK || c == DB_DONE || c == DB_DUPLICATE || s->db == NULL)
		return;
	stats_add(s->p->stats, STAT_db_errors, 1);
	if (c == s->logged && now - s->logged_at < LOG_EVERY_MS)
		return;
	s->logged = c;
	s->logged_at = now;
	log_warn(0, "db.failed", "class=%d text=\"%s\"", c, db_text(s->db));
}

/* The writer has time until the deadline; the reader makes one new connection. */
static bool
worth_another(const struct store *s, enum db_class c, unsigned tries, uint64_t deadline)
{
	if (c != DB_LOST && c != DB_RETRY)
		return false;
	if (c == DB_LOST && !s->writer)
		return tries == 1 && !s->away;
	return tries < RETRIES_MAX && clock_now_ms() < deadline;
}

enum db_class
store_transact(struct store *s, store_work *work, void *arg)
{
	/* Who was away before this began has had the writer's patience already. */
	uint64_t deadline = clock_now_ms() + (s->away ? 0 : STORE_PATIENCE_MS);
	enum db_class c;
	unsigned tries = 0;

	for (;;) {
		if ((c = store_connect(s)) == DB_OK) {
			c = attempt(s, work, arg);
			tries++;
		}
		note_failure(s, c);
		if (c == DB_LOST)
			drop_connection(s);
		if (!worth_another(s, c, tries, deadline))
			break;
		if (s->away)
			nap();
	}
	if (c == DB_OK)
		store_tell_news(s);
	return c;
}

enum kith_err
store_err(enum db_class c)
{
	switch (c) {
	case DB_OK:
	case DB_DONE:
		return KITH_E_OK;
	case DB_LOST:
	case DB_RETRY:
	case DB_FULL:
		return KITH_E_UNAVAILABLE;
	default:
		return KITH_E_INTERNAL;
	}
}
