/*
 * chat_history.c - the chat's commands that show what was said before.
 */
#include "client-cli/chat/chat_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/chat_word.h"
#include "client-cli/chat/line.h"

#define LAST_EVENTS	20
#define LAST_EVENTS_MAX	2000

/* A walk through the log, forwards, page by page. */
struct walk {
	struct asked	*asked;		/* what: the conversation */
	uint64_t	 after;		/* where the next page begins */
	int64_t		 left;		/* events still to be shown */
	int		 more;		/* of what is unread */
	int		 placing;	/* asks where the end is */
};

static void	walk_on(struct walk *w);

static void
walk_show(struct walk *w, const Kith__V1__HistoryPage *page)
{
	struct chat *c = w->asked->chat;

	for (size_t i = 0; i < page->n_events && w->left > 0; i++, w->left--) {
		const Kith__V1__Event *e = page->events[i];

		feed_show(c, w->asked->what, e);
		seen_shown(c, page->conversation, w->after, e->seq);
		w->after = e->seq;
	}
	/* The first one was asked for alone, and may not be for this person. */
	if (w->after == 0) {
		seen_shown(c, page->conversation, 0, 1);
		w->after = 1;
	}
}

static void
walk_end(struct walk *w, int any)
{
	struct chat *c = w->asked->chat;

	if (w->more && seen_gap(c) > 0)
		pane_note(&c->pane, "%llu more are unread: /more, or /read",
		    (unsigned long long)seen_gap(c));
	else if (w->more)
		pane_note(&c->pane, any ? "that was all" : "nothing more is unread in %s",
		    w->asked->what);
	chat_ask_done(w->asked);
}

static void
on_walk_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct walk *w = arg;
	const Kith__V1__HistoryPage *page;
	int first = w->after == 0;

	(void)k;
	if (chat_ask_failed(w->asked, why)) {
		chat_ask_done(w->asked);
		return;
	}
	page = reply->history_page;
	if (w->placing) {
		w->placing = 0;
		w->after = page->last_seq > (uint64_t)w->left ?
		    page->last_seq - (uint64_t)w->left : 0;
		walk_on(w);
		return;
	}
	walk_show(w, page);
	if (w->left > 0 && (first ? page->last_seq > 1 : page->more && page->n_events > 0))
		walk_on(w);
	else
		walk_end(w, page->n_events > 0);
}

static void
walk_on(struct walk *w)
{
	struct kith *k = w->asked->chat->app->kith;
	char word[CHAT_WORD_MAX];
	Kith__V1__Target target;
	const char *bad;
	int rc = -1;

	snprintf(word, sizeof(word), "%s", w->asked->what);
	if (kith_targets_parse(word, &target, 1, &bad) == 1) {
		if (w->placing)
			rc = kith_history(k, &target, 0, 0, 1, on_walk_page, w);
		else if (w->after == 0)		/* after 0 would mean the newest */
			rc = kith_history(k, &target, 0, 2, 1, on_walk_page, w);
		else
			rc = kith_history(k, &target, w->after, 0, w->left < PAGE_EVENTS_MAX ?
			    (uint32_t)w->left : PAGE_EVENTS_MAX, on_walk_page, w);
	}
	if (rc < 0) {
		pane_note(&w->asked->chat->pane, "%s: %s", w->asked->what, strerror(-rc));
		chat_ask_done(w->asked);
	}
}

static struct walk *
walk_new(struct chat *c, int64_t left)
{
	struct walk *w;

	if (c->target[0] == '\0') {
		pane_note(&c->pane, "no conversation yet: /query one first");
		return NULL;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return NULL;
	w->left = left;
	if ((w->asked = chat_ask_new(c, c->target)) == NULL) {
		free(w);
		return NULL;
	}
	w->asked->more = w;
	w->asked->free_more = free;
	return w;
}

void
chat_history_last(struct chat *c, char *args)
{
	char *end = args;
	long n = args[0] != '\0' ? strtol(args, &end, 10) : LAST_EVENTS;
	struct walk *w;

	if (*end != '\0' || n < 1 || n > LAST_EVENTS_MAX) {
		chat_word_usage(c);
		return;
	}
	if ((w = walk_new(c, n)) == NULL)
		return;
	w->placing = 1;
	walk_on(w);
}

void
chat_history_more(struct chat *c, char *args)
{
	int rows, columns;
	struct walk *w;

	(void)args;
	if (seen_gap(c) == 0) {
		pane_note(&c->pane, "nothing more is unread in %s",
		    c->target[0] != '\0' ? c->target : "no conversation");
		return;
	}
	line_size(&rows, &columns);
	if ((w = walk_new(c, rows > 8 ? rows - 4 : 4)) == NULL)
		return;
	w->more = 1;
	w->after = c->seen.to;
	walk_on(w);
}

void
chat_history_read(struct chat *c, char *args)
{
	(void)args;
	seen_all(c);
	pane_note(&c->pane, "%s: all is read", c->target[0] != '\0' ? c->target : "nothing");
}
