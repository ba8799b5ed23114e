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
#define LOST_MS		1000u		/* nothing was stored for so long */
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

/* A connection that was closed meanwhile is no outage: the next turn has another one. */
enum db_class
store_probe_run(struct store *s)
{
	enum db_class c = store_transact_once(s, probe_work, NULL);

	if (c == DB_OK)
		store_health_proved(s);
	else if (!db_gone(c) || clock_now_ms() - s->health.proved_ms >= LOST_MS)
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
	return !h->full && (h->bad || now - h->proved_ms >= PROBE_MS) ? store_probe_run(s) : DB_OK;
}

/* A connection that was closed meanwhile is no outage if there is another one at once. */
static enum db_class
tend_connection(struct store *s)
{
	enum db_class c = db_tend(s->db);

	if (c != DB_LOST)
		return c;
	store_disconnect(s);
	return store_connect(s) == DB_OK ? db_tend(s->db) : DB_LOST;
}

void
store_probe_tend(struct store *s)
{
	enum db_class c = store_connect(s);

	if (c == DB_OK && (c = tend_connection(s)) == DB_OK) {
		if (s->writer != NULL)
			c = probe_writer(s);
		else
			store_health_proved(s);
	} else if (s->db != NULL)
		store_health_failed(s, c, db_text(s->db));
	if (s->db != NULL && db_gone(c))
		store_disconnect(s);
	if (s->writer == NULL)
		store_health_log_own(s);
}
