/*
 * store_probe.c - proves at each turn what store_health.h says.
 */
#include "server/store/store_probe.h"

#include <inttypes.h>
#include <stdio.h>

#include "protocol/base/clock.h"
#include "protocol/message.pb-c.h"
#include "server/db/db_event.h"
#include "server/store/store.h"
#include "server/store/store_health.h"
#include "server/store/store_query.h"
#include "server/store/store_transact.h"

#define PROBE_MS	1000u
#define RESERVE_BYTES	(256u << 10)

/* Opens each table, and reads no row of it. */
#define PROBE_TABLES	"SELECT 1 FROM accounts CROSS JOIN tokens CROSS JOIN invites"		\
			" CROSS JOIN conversations CROSS JOIN chat_groups CROSS JOIN members"	\
			" CROSS JOIN cursors CROSS JOIN history WHERE accounts.id = 0"
#define PROBE_EVENTS	"SELECT " DB_EVENT_NAMES " FROM events WHERE conversation = 0"

/* No conversation and no user has this number. */
#define PROBE_ID	0u

static enum db_class
probe_read(struct store *s, void *unused)
{
	enum db_class c = store_query_run(s, store_query(s, PROBE_TABLES, ""));

	(void)unused;
	return c != DB_OK ? c : store_query_run(s, store_query(s, PROBE_EVENTS, ""));
}

/* A message, as a batch stores it. */
static enum db_class
probe_message(struct store *s)
{
	struct db_seqs seq = { .conversation = PROBE_ID, .count = 1 };
	struct db_event e = { .conversation = PROBE_ID, .sender = PROBE_ID, .client_id = 1,
	    .kind = KITH__V1__EVENT_KIND__MESSAGE, .body = "" };
	enum db_class c = probe_read(s, NULL);

	if (c != DB_OK || (c = db_take_seqs(s->db, &seq, 1)) != DB_OK)
		return c;
	e.seq = seq.last;
	return db_put_events(s->db, &e, 1);
}

/* By the statements of a batch, and taken back: no number and no row of it stays. Its places may
 * be locked by somebody, or in another server's proof: that is no outage. */
static enum db_class
probe_rolled_back(struct store *s)
{
	enum db_class c;

	db_hurry(s->db, true);
	if ((c = db_begin(s->db)) != DB_OK)
		return c;
	c = probe_message(s);
	if (c != DB_LOST)
		db_rollback(s->db);
	return c == DB_RETRY || c == DB_DUPLICATE ? DB_OK : c;
}

/* What is committed, and leaves nothing. */
static enum db_class
probe_commit(struct store *s, void *unused)
{
	enum db_class c = store_query_run(s, store_query(s, "INSERT INTO cursors"
	    " (user, conversation, device, read_seq) VALUES (0, 0, 0, 1)", ""));

	(void)unused;
	if (c != DB_OK)
		return c;
	return store_query_run(s, store_query(s, "DELETE FROM cursors WHERE user = 0", ""));
}

static bool
is_due(const struct store_health *h, uint64_t last_ms, uint64_t now)
{
	return h->bad || h->doubted || now - last_ms >= PROBE_MS;
}

/* Messages that were stored tell of the disk; of tables that they did not need they do not. */
static enum db_class
probe_store(struct store *s)
{
	struct store_health *h = &s->health;
	uint64_t now = clock_now_ms();
	enum db_class c = DB_OK;

	if (is_due(h, h->looked_ms, now)) {
		h->looked_ms = now;
		c = probe_rolled_back(s);
		db_hurry(s->db, false);
	}
	if (c == DB_OK && is_due(h, h->proved_ms, now) &&
	    (c = store_transact_once(s, probe_commit, NULL)) == DB_OK)
		store_health_proved(s);
	return c;
}

enum db_class
store_probe_run(struct store *s)
{
	enum db_class c;

	s->health.doubted = true;
	if ((c = probe_store(s)) != DB_OK)
		store_health_failed(s, c, db_text(s->db));
	return c;
}

static void
measure_room(struct store *s)
{
	uint64_t room = db_room(s->db);
	char text[128];

	if (room != UINT64_MAX)
		atomic_store(&s->p->shared->slots[s->p->slot].disk_free, room);
	s->health.full = room < RESERVE_BYTES;
	snprintf(text, sizeof(text), "%" PRIu64 " KiB are free on the disk of the state directory, "
	    "and at least %u must be", room >> 10, RESERVE_BYTES >> 10);
	if (s->health.full)
		store_health_failed(s, DB_FULL, text);
}

static enum db_class
probe_reader(struct store *s)
{
	enum db_class c;

	if (!is_due(&s->health, s->health.proved_ms, clock_now_ms()))
		return DB_OK;
	if ((c = store_transact_once(s, probe_read, NULL)) == DB_OK)
		store_health_proved(s);
	return c;
}

static enum db_class
probe_writer(struct store *s)
{
	struct store_health *h = &s->health;
	uint64_t now = clock_now_ms();

	if (h->bad || now - h->measured_ms >= PROBE_MS) {
		h->measured_ms = now;
		measure_room(s);
	}
	return h->full ? DB_OK : probe_store(s);
}

static enum db_class
tend_connection(struct store *s)
{
	enum db_class c = db_tend(s->db);

	if (c != DB_OK)
		return c;
	return s->writer != NULL ? probe_writer(s) : probe_reader(s);
}

void
store_probe_tend(struct store *s)
{
	enum db_class c = store_connect(s);

	if (c == DB_OK && (c = tend_connection(s)) == DB_LOST) {
		/* Closed meanwhile: no outage, if there is another one at once. */
		store_disconnect(s);
		if ((c = store_connect(s)) == DB_OK)
			c = tend_connection(s);
	}
	if (s->db != NULL && c != DB_OK)
		store_health_failed(s, c, db_text(s->db));
	if (s->db != NULL && db_gone(c))
		store_disconnect(s);
	if (s->writer == NULL)
		store_health_log_own(s);
}
