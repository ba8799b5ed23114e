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
#include "shm/point.h"

#define LOG_EVERY_MS	10000u		/* the same failure again */
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

/* Once: begin, work, commit. Rolled back unless it is DB_OK. */
static enum db_class
transact_once(struct store *s, store_work *work, void *arg)
{
	enum db_class c;

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
	if (s->hooks != NULL)
		s->hooks->rolled_back(s);
	return c;
}

/* Each is counted; a disk that stays full is not logged with each transaction. */
static void
transact_note_failure(struct store *s, enum db_class c)
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
	if (c == DB_LOST && s->writer == NULL)
		return tries == 1 && !s->away;
	return tries < RETRIES_MAX && clock_now_ms() < deadline;
}

enum db_class
store_transact(struct store *s, store_work *work, void *arg)
{
	/* When the database was away before, the patience is used up already. */
	uint64_t deadline = clock_now_ms() + (s->away ? 0 : STORE_PATIENCE_MS);
	enum db_class c;
	unsigned tries = 0;

	for (;;) {
		if ((c = store_connect(s)) == DB_OK) {
			c = transact_once(s, work, arg);
			tries++;
		}
		transact_note_failure(s, c);
		if (c == DB_LOST)
			store_disconnect(s);
		if (!worth_another(s, c, tries, deadline))
			break;
		if (s->away)
			transact_nap();
	}
	if (c == DB_OK && s->hooks != NULL)
		s->hooks->committed(s);
	return c;
}
