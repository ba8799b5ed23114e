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
#define BROKEN_MS	1000u		/* a request failed, which the proof may not try */
#define LOG_EVERY_MS	10000u		/* an outage that turns into another */
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
	case DB_BROKEN:
		return PROC_HEALTH_BROKEN;
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

/* What a try to connect finds tells more of an outage only if that began so: after another begin
 * it follows from it. */
static bool
tells_more(enum proc_health was, enum proc_health now)
{
	return was != now && (was == PROC_HEALTH_AWAY || was == PROC_HEALTH_UNUSABLE);
}

static void
log_turn(struct store *s, uint64_t now)
{
	struct store_health *h = &s->health;

	if (!h->logged || now - h->turned_ms < LOG_EVERY_MS)
		return;
	h->turned_ms = now;
	log_warn(0, "db.still_away", "state=%s reason=\"%s\"",
	    proc_health_name((enum proc_health)atomic_load(health_word(s))), h->text);
}

static void
health_bad(struct store *s, enum proc_health word, const char *text)
{
	struct store_health *h = &s->health;
	uint64_t now = clock_now_ms();
	bool was_bad = h->bad;

	if (was_bad && !tells_more((enum proc_health)atomic_load(health_word(s)), word))
		return;
	if (!was_bad)
		h->since_ms = now;
	h->bad = true;
	snprintf(h->text, sizeof(h->text), "%s", text);
	atomic_store(health_word(s), word);
	if (was_bad)
		log_turn(s, now);
	else if (s->writer != NULL)
		log_start(s);
}

void
store_health_failed(struct store *s, enum db_class c, const char *text)
{
	enum proc_health word = health_of_class(c);
	uint64_t now = clock_now_ms();

	if (word == PROC_HEALTH_UP ||
	    (c == DB_RETRY && now - s->health.proved_ms < LOCKED_MS))
		return;
	health_bad(s, word, text);
}

void
store_health_refused(struct store *s, const char *text)
{
	health_bad(s, PROC_HEALTH_UNUSABLE, text);
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
	struct store_health *h = &s->health;

	h->proved_ms = clock_now_ms();
	h->doubted = false;
	if (!h->full && (h->broken_ms == 0 || h->proved_ms - h->broken_ms >= BROKEN_MS))
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
