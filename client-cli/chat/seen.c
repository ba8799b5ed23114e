/*
 * seen.c - which messages the person at the terminal has seen.
 */
#include "client-cli/chat/seen.h"

#include <string.h>

#include "client-cli/chat/chat.h"
#include "protocol/base/clock.h"

/* A window can keep the focus for a night. */
#define FOCUS_COUNTS_MS	(5 * 60 * 1000)

void
seen_init(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	s->focus = -1;
}

static void	on_seen_marked(struct kith *k, const struct kith_failure *why,
		    const Kith__V1__Reply *reply, void *arg);

static int
somebody_looks(const struct seen *s)
{
	return s->focus == 1 && clock_now_ms() - s->key_at < FOCUS_COUNTS_MS;
}

static void
ask_mark(struct chat *c)
{
	struct seen *s = &c->seen;

	if (s->conversation == 0 || s->wanted <= s->marked || s->asking || c->app->kith == NULL)
		return;
	s->marked = s->wanted;
	s->asking = kith_mark_read(c->app->kith, s->conversation, s->marked, on_seen_marked,
	    c) == 0;
}

static void
mark_seen(struct chat *c)
{
	c->seen.wanted = c->seen.to;
	ask_mark(c);
}

/* A mark that failed is asked for again with the next one. */
static void
on_seen_marked(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct chat *c = arg;

	(void)k;
	(void)reply;
	c->seen.asking = 0;
	if (why != NULL)
		c->seen.marked = 0;
	else
		ask_mark(c);
}

void
seen_begin(struct chat *c, uint64_t conversation, uint64_t read_seq)
{
	struct seen *s = &c->seen;

	s->conversation = conversation;
	s->to = s->wanted = s->marked = read_seq;
	s->low = s->high = 0;
}

void
seen_shown(struct chat *c, uint64_t conversation, uint64_t after, uint64_t upto)
{
	struct seen *s = &c->seen;

	if (conversation != s->conversation || c->pane.failed || upto <= s->to)
		return;
	if (after <= s->to) {
		s->to = upto;
	} else if (s->high > 0 && after <= s->high && upto >= s->low) {
		s->low = after < s->low ? after : s->low;
		s->high = upto > s->high ? upto : s->high;
	} else {
		s->low = after;
		s->high = upto;
	}
	if (s->high > 0 && s->low <= s->to) {
		s->to = s->high > s->to ? s->high : s->to;
		s->low = s->high = 0;
	}
	if (somebody_looks(s))
		mark_seen(c);
}

uint64_t
seen_gap(const struct chat *c)
{
	const struct seen *s = &c->seen;

	return s->high > 0 ? s->low - s->to : 0;
}

void
seen_all(struct chat *c)
{
	struct seen *s = &c->seen;

	if (s->high > s->to)
		s->to = s->high;
	s->low = s->high = 0;
	mark_seen(c);
}

void
seen_key(struct chat *c)
{
	c->seen.key_at = clock_now_ms();
	mark_seen(c);
}

void
seen_focus(struct chat *c, int has)
{
	c->seen.focus = has;
	if (has)
		seen_key(c);
}
