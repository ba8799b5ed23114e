/*
 * feed.c - the events that arrive, on their way to the screen.
 */
#include "client-cli/chat/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client-cli/app/out_wrap.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/line.h"

#define WAITING_MAX	2000	/* events, of all conversations; older ones go */

struct feed_event {
	TAILQ_ENTRY(feed_event) link;
	Kith__V1__Event	*event;
	uint64_t	 skipped;	/* before it: not shown */
};

void
feed_init(struct feed *f)
{
	memset(f, 0, sizeof(*f));
	TAILQ_INIT(&f->waiting);
}

static void
take_waiting(struct feed *f, struct feed_event *w)
{
	TAILQ_REMOVE(&f->waiting, w, link);
	f->n--;
	kith__v1__event__free_unpacked(w->event, NULL);
	free(w);
}

void
feed_fini(struct feed *f)
{
	while (!TAILQ_EMPTY(&f->waiting))
		take_waiting(f, TAILQ_FIRST(&f->waiting));
	free(f->folded);
	f->folded = NULL;
}

/* -- showing -------------------------------------------------------------- */

static void
show_day(struct chat *c, uint64_t ms)
{
	const struct out *o = &c->app->out;
	char day[48], text[80];
	struct tm tm;
	int number;

	out_local_time(&tm, ms);
	number = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
	if (number == c->feed.day)
		return;
	c->feed.day = number;
	strftime(day, sizeof(day), "%A, %e %B %Y", &tm);
	snprintf(text, sizeof(text), "%s-- %s --%s", o->color ? OUT_DIM : "", day,
	    o->color ? OUT_NORMAL : "");
	pane_print(&c->pane, text, 3);
}

static void
keep_folded(struct chat *c, const char *text, int indent)
{
	struct out_wrap w = { .columns = out_wrap_columns(stdout), .indent = indent,
	    .max = OUT_ROWS_MAX };
	char *copy;

	out_wrap(NULL, text, &w);
	if (w.left_out == 0 || (copy = strdup(text)) == NULL)
		return;
	free(c->feed.folded);
	c->feed.folded = copy;
}

int
feed_show_folded(struct chat *c)
{
	if (c->feed.folded == NULL)
		return 0;
	pane_print_whole(&c->pane, c->feed.folded, 6);
	return 1;
}

void
feed_show(struct chat *c, const char *name, const Kith__V1__Event *e)
{
	char *text;
	int indent;

	show_day(c, e->time_ms);
	if ((text = out_event_line(&c->app->out, name, e, &indent)) == NULL)
		return;
	pane_print(&c->pane, text, indent);
	keep_folded(c, text, indent);
	free(text);
	names_add(&c->names, '@', e->sender_name);
	if (e->kind == KITH__V1__EVENT_KIND__INVITATION &&
	    e->sender != kith_user_id(c->app->kith))
		pane_note(&c->pane, "/join #%s accepts the invitation", e->text);
}

static void
show_arrived(struct chat *c, const Kith__V1__Event *e, uint64_t skipped)
{
	const struct kith_conversation *conv = kith_conversation(c->app->kith, e->conversation);

	if (conv == NULL)
		return;
	if (skipped > 0)
		pane_note(&c->pane, "%s: %llu before these are not shown: /query %s, then /more",
		    conv->name, (unsigned long long)skipped, conv->name);
	feed_show(c, conv->name, e);
	names_add(&c->names, conv->name[0], conv->name + 1);
	seen_shown(c, e->conversation, e->seq - 1, e->seq);
	outbox_stored(c, e);
}

/* -- waiting -------------------------------------------------------------- */

static void
let_wait(struct chat *c, const Kith__V1__Event *e)
{
	struct feed_event *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->event = app_event_copy(e)) == NULL) {
		free(w);
		return;			/* it stays unread, in the log */
	}
	TAILQ_INSERT_TAIL(&c->feed.waiting, w, link);
	if (++c->feed.n > WAITING_MAX)
		take_waiting(&c->feed, TAILQ_FIRST(&c->feed.waiting));
}

void
feed_event(struct chat *c, const Kith__V1__Event *e)
{
	if (c->feed.syncing || c->choosing)
		let_wait(c, e);
	else
		show_arrived(c, e, 0);
}

/* Takes out all but the last FEED_SHOWN of the conversation of `last`, which is its
 * last one. */
static void
skip_older(struct chat *c, struct feed_event *last)
{
	struct feed_event *w = last, *prev;
	uint64_t n = 0, skipped = 0;
	struct feed_event *first = last;

	for (; w != NULL; w = prev) {
		prev = TAILQ_PREV(w, feed_events, link);
		if (w->event->conversation != last->event->conversation)
			continue;
		if (++n <= FEED_SHOWN) {
			first = w;
			continue;
		}
		skipped++;
		outbox_stored(c, w->event);
		take_waiting(&c->feed, w);
	}
	first->skipped = skipped;
}

static int
is_last_of_its_own(const struct feed_event *w)
{
	const struct feed_event *next = w;

	while ((next = TAILQ_NEXT(next, link)) != NULL)
		if (next->event->conversation == w->event->conversation)
			return 0;
	return 1;
}

void
feed_release(struct chat *c, uint64_t conversation, uint64_t shown)
{
	struct feed *f = &c->feed;
	struct feed_event *w, *prev;

	if (conversation != 0) {
		f->opened = conversation;
		f->shown = shown;
	}
	if (f->syncing || c->choosing)
		return;
	if (f->n > FEED_SHOWN)
		for (w = TAILQ_LAST(&f->waiting, feed_events); w != NULL; w = prev) {
			/* What goes is before it: so its predecessor is asked for after. */
			if (is_last_of_its_own(w))
				skip_older(c, w);
			prev = TAILQ_PREV(w, feed_events, link);
		}
	while ((w = TAILQ_FIRST(&f->waiting)) != NULL) {
		if (w->event->conversation == f->opened && w->event->seq <= f->shown)
			outbox_stored(c, w->event);
		else
			show_arrived(c, w->event, w->skipped);
		take_waiting(f, w);
	}
	f->opened = f->shown = 0;
}
