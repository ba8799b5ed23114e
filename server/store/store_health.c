/*
 * store_health.c - what this process says about its database, and how it knows.
 */
#include "server/store/store_health.h"

#include <inttypes.h>
#include <stdio.h>

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/proc/proc_health.h"

#define LOCKED_MS	1000u		/* nothing was stored for so long */
#define OWN_TROUBLE_MS	3000u		/* the writer would have noticed by then */

static enum proc_health
health_of_class(enum db_class c)
{
	switch (c) {
	case DB_LOST:
		return PROC_HEALTH_AWAY;
	case DB_UNSAFE:
		return PROC_HEALTH_UNSAFE;
	case DB_FULL:
		return PROC_HEALTH_DISK_FULL;
	case DB_READONLY:
		return PROC_HEALTH_READ_ONLY;
	case DB_RETRY:
		return PROC_HEALTH_LOCKED;
	case DB_ERROR:
		return PROC_HEALTH_FAILING;
	default:
		return PROC_HEALTH_UP;
	}
}

static _Atomic uint32_t *
health_word(const struct store *s)
{
	return &s->p->shared->slots[s->p->slot].health;
}

static void
log_start(struct store *s)
{
	struct store_health *h = &s->health;

	h->logged = true;
	log_error(0, "db.away", "state=%s reason=\"%s\" effect=\"%s\"",
	    proc_health_name((enum proc_health)atomic_load(health_word(s))), h->text,
	    s->writer != NULL ? "nothing is stored" : "nothing is read");
}

void
store_health_failed(struct store *s, enum db_class c, const char *text)
{
	struct store_health *h = &s->health;
	enum proc_health word = health_of_class(c);
	uint64_t now = clock_now_ms();

	if (word == PROC_HEALTH_UP || (c == DB_RETRY && now - h->proved_ms < LOCKED_MS))
		return;
	if (h->bad)
		return;
	h->bad = true;
	h->since_ms = now;
	snprintf(h->text, sizeof(h->text), "%s", text);
	atomic_store(health_word(s), word);
	if (s->writer != NULL)
		log_start(s);
}

static void
health_up(struct store *s)
{
	struct store_health *h = &s->health;

	atomic_store(health_word(s), PROC_HEALTH_UP);
	if (h->bad && h->logged)
		log_info(0, "db.back", "after_ms=%" PRIu64, clock_now_ms() - h->since_ms);
	h->bad = h->logged = false;
}

void
store_health_proved(struct store *s)
{
	s->health.proved_ms = clock_now_ms();
	if (!s->health.full)
		health_up(s);
}

bool
store_health_full(const struct store *s)
{
	return s->health.full;
}

/* The writer's own outage is told by the writer. */
void
store_health_log_own(struct store *s)
{
	const struct store_health *h = &s->health;
	unsigned writer = s->p->shared->first[ROLE_WRITER];

	if (h->bad && !h->logged && clock_now_ms() - h->since_ms >= OWN_TROUBLE_MS &&
	    proc_health_get(s->p->shared, writer) == PROC_HEALTH_UP)
		log_start(s);
}
