/*
 * store_probe.c - proves at each turn what store_health.h says.
 */
#include "server/store/store_probe.h"

#include "protocol/base/clock.h"
#include "server/store/store.h"
#include "server/store/store_health.h"
#include "server/store/store_query.h"
#include "server/store/store_transact.h"

#define PROBE_MS	1000u
#define RESERVE_BYTES	(256u << 10)

static enum db_class
probe_work(struct store *s, void *unused)
{
	enum db_class c = store_query_run(s, store_query(s, "INSERT INTO cursors"
	    " (user, conversation, device, read_seq) VALUES (0, 0, 0, 1)", ""));

	(void)unused;
	if (c != DB_OK)
		return c;
	return store_query_run(s, store_query(s, "DELETE FROM cursors WHERE user = 0", ""));
}

static enum db_class
probe_store(struct store *s)
{
	enum db_class c = store_transact_once(s, probe_work, NULL);

	if (c == DB_OK)
		store_health_proved(s);
	return c;
}

enum db_class
store_probe_run(struct store *s)
{
	enum db_class c = probe_store(s);

	if (c != DB_OK)
		store_health_failed(s, c, db_text(s->db));
	return c;
}

static void
measure_room(struct store *s)
{
	uint64_t room = db_room(s->db);

	if (room != UINT64_MAX)
		atomic_store(&s->p->shared->slots[s->p->slot].disk_free, room);
	s->health.full = room < RESERVE_BYTES;
	if (s->health.full)
		store_health_failed(s, DB_FULL, "hardly anything is free on the disk");
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
	return !h->full && (h->bad || now - h->proved_ms >= PROBE_MS) ? probe_store(s) : DB_OK;
}

static enum db_class
tend_connection(struct store *s)
{
	enum db_class c = db_tend(s->db);

	if (c == DB_OK && s->writer != NULL)
		return probe_writer(s);
	if (c == DB_OK)
		store_health_proved(s);
	return c;
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
