/*
 * proc_health.c - could a message be stored, and a login be checked, now?
 */
#include "server/proc/proc_health.h"

#include <stdio.h>

#include "protocol/base/clock.h"

static const struct {
	const char	*name, *text;
} healths[PROC_HEALTH_COUNT] = {
#define ROW(word, name, text)	{ name, text },
	PROC_HEALTHS(ROW)
#undef ROW
};

const char *
proc_health_name(enum proc_health h)
{
	return h < PROC_HEALTH_COUNT ? healths[h].name : "?";
}

static const char *
health_text(enum proc_health h)
{
	return h < PROC_HEALTH_COUNT ? healths[h].text : "?";
}

enum proc_health
proc_health_get(const struct shared *s, unsigned slot)
{
	return (enum proc_health)atomic_load(&s->slots[slot].health);
}

static bool
slot_ready(const struct shared *s, unsigned slot)
{
	return atomic_load(&s->slots[slot].ready) != 0;
}

bool
proc_health_answers(const struct shared *s, unsigned slot)
{
	enum proc_health health = proc_health_get(s, slot);

	return slot_ready(s, slot) ||
	    (health != PROC_HEALTH_UP && health != PROC_HEALTH_STARTING);
}

/* Has it a connection? Others may be unable to work with theirs. */
static bool
slot_reaches(const struct shared *s, unsigned slot)
{
	enum proc_health health = proc_health_get(s, slot);

	return slot_ready(s, slot) && health != PROC_HEALTH_AWAY &&
	    health != PROC_HEALTH_UNUSABLE && health != PROC_HEALTH_STARTING;
}

/* What is wrong with one process; false: nothing. */
static bool
slot_problem(const struct shared *s, unsigned slot, uint64_t now, char *line, size_t len)
{
	const char *role = proc_role_name(proc_slot_role(s, slot));
	uint64_t beat = atomic_load(&s->slots[slot].beat_ms);
	enum proc_health health = proc_health_get(s, slot);
	unsigned index = s->slots[slot].index;

	/* One that waits for its database says so; one that died, or connects, is not ready. */
	if (!proc_health_answers(s, slot))
		snprintf(line, len, "not ready: %s %u", role, index);
	else if (health != PROC_HEALTH_UP)
		snprintf(line, len, "%s %u: %s", role, index, health_text(health));
	else if (now > beat && now - beat > PROC_HANGS_MS)
		snprintf(line, len, "hangs: %s %u", role, index);
	else
		return false;
	return true;
}

bool
proc_health_log(const struct shared *s, char *line, size_t len)
{
	return !slot_problem(s, s->first[ROLE_LOG], clock_now_ms(), line, len);
}

bool
proc_health_all(const struct shared *s, void (*tell)(void *arg, const char *line), void *arg)
{
	uint64_t now = clock_now_ms();
	bool fine = true;
	char line[PROC_HEALTH_LINE_MAX];

	for (unsigned i = 0; i < s->nslots; i++) {
		enum role r = proc_slot_role(s, i);

		if (r == ROLE_MASTER || r == ROLE_LOG ||
		    !slot_problem(s, i, now, line, sizeof(line)))
			continue;
		fine = false;
		if (tell != NULL)
			tell(arg, line);
	}
	return fine;
}

bool
proc_health_reaches(const struct shared *s, enum role r)
{
	for (unsigned i = s->first[r]; i < s->first[r] + s->count[r]; i++)
		if (!slot_reaches(s, i))
			return false;
	return true;
}

bool
proc_health_works(const struct shared *s, enum role r)
{
	for (unsigned i = s->first[r]; i < s->first[r] + s->count[r]; i++)
		if (!slot_ready(s, i) || proc_health_get(s, i) != PROC_HEALTH_UP)
			return false;
	return true;
}
