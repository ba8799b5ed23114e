/*
 * store_transact.c - transactions of both store roles.
 *
 * When the connection is lost, a new one is made and the work runs again. Work
 * that comes while there is none is refused at once.
 */
#include "server/store/store_transact.h"

#include <time.h>

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_health.h"
#include "shm/point.h"

#define LOG_EVERY_MS	10000u		/* the same failure again */
#define LOCK_PATIENCE_MS 900u		/* for a row that somebody holds */
#define HURRY_MS	10000u		/* after that failed: without waiting */
#define RETRIES_MAX	20u		/* of one transaction: deadlocks, busy */

bool
store_transact_replaying(const struct store *s)
{
	return s->writer->replay_end != 0 &&
	    s->p->shared->rings[s->p->slot].cursor <= s->writer->replay_end;
}

static void
transact_nap(void)
{
	struct timespec t = { 0, 20 * 1000 * 1000 };

	nanosleep(&t, NULL);
}

enum db_class
store_transact_once(struct store *s, store_work *work, void *arg)
{
	enum db_class c = db_begin(s->db);

	s->begin_failed = c != DB_OK;
	if (c != DB_OK)
		return c;
	if ((c = work(s, arg)) == DB_OK) {
		KITH_POINT("store.before_commit");
		if ((c = db_commit(s->db)) == DB_OK)
			return DB_OK;
		if (db_gone(c))		/* it may have happened */
			s->commit_lost = true;
	}
	if (c != DB_LOST)
		db_rollback(s->db);
	if (s->hooks != NULL)
		s->hooks->rolled_back(s);
	return c;
}

/* Each is counted; what stays wrong is not logged with each transaction. Outages have lines of
 * their own. */
static void
transact_note_failure(struct store *s, enum db_class c)
{
	uint64_t now = clock_now_ms();

	if (c == DB_OK || c == DB_DONE || c == DB_DUPLICATE || s->db == NULL)
		return;
	stats_add(s->p->stats, STAT_db_errors, 1);
	if (c == DB_UNSAFE || (s->begin_failed && c == DB_RETRY))
		store_health_failed(s, c, db_text(s->db));
	if ((c != DB_RETRY && c != DB_ERROR) || s->health.bad ||
	    (c == s->logged && now - s->logged_at < LOG_EVERY_MS))
		return;
	s->logged = c;
	s->logged_at = now;
	log_warn(0, "db.failed", "class=%d text=\"%s\"", c, db_text(s->db));
}

/* The writer has time until the deadline; the reader makes one new connection. A row that
 * somebody holds is worth one wait, and none soon after: others are behind it. */
static bool
worth_another(const struct store *s, enum db_class c, unsigned tries, uint64_t deadline)
{
	uint64_t now = clock_now_ms();

	if (!db_gone(c) && c != DB_RETRY)
		return false;
	if (db_gone(c) && s->writer == NULL)
		return tries == 1 && !s->away;
	if (c == DB_RETRY && !s->begin_failed)
		return now >= s->hurried_until && tries < RETRIES_MAX &&
		    now + STORE_PATIENCE_MS - LOCK_PATIENCE_MS < deadline;
	return tries < RETRIES_MAX && now < deadline;
}

/* It was tried for long enough: an outage, unless one row was locked, or one request wrong: the
 * next proof tells whether it was that request alone. */
static void
transact_gave_up(struct store *s, enum db_class c)
{
	if (c == DB_RETRY && !s->begin_failed)
		s->hurried_until = clock_now_ms() + HURRY_MS;
	if (c == DB_BROKEN)
		s->health.broken_ms = clock_now_ms();
	if (c == DB_ERROR)
		s->health.doubted = true;
	else if (s->db != NULL && c != DB_RETRY)
		store_health_failed(s, c, db_text(s->db));
}

enum db_class
store_transact(struct store *s, store_work *work, void *arg)
{
	/* When the database was away before, the patience is used up already. */
	uint64_t deadline = clock_now_ms() + (s->health.bad ? 0 : STORE_PATIENCE_MS);
	enum db_class c;
	unsigned tries = 0;
	bool again;

	if (store_health_full(s))
		return DB_FULL;
	do {
		if ((c = store_connect(s)) == DB_OK) {
			db_hurry(s->db, clock_now_ms() < s->hurried_until);
			c = store_transact_once(s, work, arg);
			tries++;
		}
		transact_note_failure(s, c);
		again = worth_another(s, c, tries, deadline);
		if (!again)
			transact_gave_up(s, c);
		if (db_gone(c))
			store_disconnect(s);
		if (again && s->db == NULL && clock_now_ms() < s->retry_at)
			transact_nap();
	} while (again);
	if (c == DB_OK && s->hooks != NULL)
		s->hooks->committed(s);
	return c;
}
