/*
 * cmd_read.c - read: prints a part of a conversation's log.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"

#define EVENTS_DEFAULT	20

struct reader {
	struct app	*app;
	Kith__V1__Target target;
	char		 typed[NAME_BYTES_MAX + 2];
	char		 name[NAME_BYTES_MAX + 2];	/* "" until the server tells it */
	uint64_t	 conversation;
	uint64_t	 cursor;			/* read up to here, and */
	uint32_t	 unread;			/* so many of others beyond it */
	int		 backwards;
	int64_t		 left;			/* events still wanted; -1: all */
	uint64_t	 edge;			/* the last page's end, where the next begins */
	int		 more;
	uint64_t	 first, last;			/* printed; 0: none */
	uint32_t	 shown;				/* of the unread ones */
	Kith__V1__Event	**kept;			/* not printed yet, in keep_page()'s order */
	size_t		 n_kept, size;
};

static void	ask_history_page(struct reader *r);

/* -- events until their conversation's name is known ---------------------- */

static int
keep_one(struct reader *r, const Kith__V1__Event *e)
{
	Kith__V1__Event **kept;

	if (r->n_kept == r->size) {
		kept = reallocarray(r->kept, r->size + 256, sizeof(struct Kith__V1__Event *));
		if (kept == NULL)
			return -ENOMEM;
		r->kept = kept;
		r->size += 256;
	}
	if ((r->kept[r->n_kept] = app_event_copy(e)) == NULL)
		return -ENOMEM;
	r->n_kept++;
	return 0;
}

/* Backwards, the newest goes first: kept[] is the log in reverse. */
static int
keep_page(struct reader *r, const Kith__V1__HistoryPage *page)
{
	size_t n = page->n_events;
	int rc = 0;

	for (size_t i = 0; i < n && r->left != 0 && rc == 0; i++) {
		rc = keep_one(r, page->events[r->backwards ? n - 1 - i : i]);
		if (r->left > 0)
			r->left--;
	}
	return rc;
}

static void
drop_kept(struct reader *r)
{
	for (size_t i = 0; i < r->n_kept; i++)
		kith__v1__event__free_unpacked(r->kept[i], NULL);
	r->n_kept = 0;
}

/* Does the server count it as unread, when it is beyond the cursor? */
static int
counts_as_unread(const struct reader *r, const Kith__V1__Event *e)
{
	return e->seq > r->cursor && e->sender != kith_user_id(r->app->kith) &&
	    (e->kind == KITH__V1__EVENT_KIND__MESSAGE ||
	    e->kind == KITH__V1__EVENT_KIND__INVITATION);
}

static void
print_kept(struct reader *r)
{
	for (size_t i = 0; i < r->n_kept; i++) {
		const Kith__V1__Event *e = r->kept[r->backwards ? r->n_kept - 1 - i : i];

		out_event(&r->app->out, r->name, e);
		if (r->first == 0)
			r->first = e->seq;
		r->last = e->seq;
		r->shown += (uint32_t)counts_as_unread(r, e);
	}
	drop_kept(r);
}

/* -- the end: the read cursor --------------------------------------------- */

static void
on_marked(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct reader *r = arg;

	(void)k;
	(void)reply;
	if (why != NULL)
		app_fail(r->app, "the read cursor", why);
	else
		app_finish(r->app, KITH_EXIT_DONE);
}

/* Are there unread messages before the first one printed? The cursor would make them count
 * as read. */
static int
leaves_gap(const struct reader *r)
{
	return r->first > r->cursor + 1 && r->unread > r->shown;
}

static void
tell_gap(const struct reader *r)
{
	uint32_t n = r->unread - r->shown;

	if (r->backwards)
		say("%" PRIu32 "%s older %s unread, so nothing was marked as read: kith read %s",
		    n, r->unread >= UNREAD_MAX ? " or more" : "", n == 1 ? "is" : "are", r->typed);
	else
		say("older ones are unread, so nothing was marked as read: kith read %s",
		    r->typed);
}

/* What was printed is read once it is written out. */
static void
finish_reading(struct reader *r)
{
	struct app *app = r->app;

	if (out_write(&app->out) < 0) {
		app_finish(app, KITH_EXIT_FAILED);
	} else if (app->options->no_mark || r->last <= r->cursor) {
		app_finish(app, KITH_EXIT_DONE);
	} else if (leaves_gap(r)) {
		tell_gap(r);
		app_finish(app, KITH_EXIT_DONE);
	} else {
		app_check(app, kith_mark_read(app->kith, r->conversation, r->last, on_marked, r));
	}
}

/* -- pages, and the name between ------------------------------------------ */

/* Without -n and --since all that is unread is wanted: where the last events do not reach
 * back to it, begin at the cursor. */
static void
begin_at_cursor(struct reader *r)
{
	const struct options *o = r->app->options;

	if (!r->backwards || o->number >= 0 || r->unread == 0 || r->n_kept == 0 ||
	    r->kept[r->n_kept - 1]->seq <= r->cursor + 1)
		return;
	drop_kept(r);
	r->backwards = 0;
	r->left = -1;
	r->edge = r->cursor;
	r->more = 1;
}

static void
go_on(struct reader *r)
{
	if (!r->backwards || !r->more)
		print_kept(r);
	if (r->more)
		ask_history_page(r);
	else
		finish_reading(r);
}

/* The conversation's name and read cursor. Without an answer this user is not in it (any
 * more): the name as typed, and no cursor. */
static void
on_named(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct reader *r = arg;
	const Kith__V1__Conversation *c;

	(void)k;
	if (why != NULL) {
		app_fail(r->app, r->typed, why);
		return;
	}
	snprintf(r->name, sizeof(r->name), "%s", r->typed);
	if (reply->conversations->n_conversations == 1) {
		c = reply->conversations->conversations[0];
		snprintf(r->name, sizeof(r->name), "%c%s", r->typed[0], c->name);
		r->unread = c->unread;
		r->cursor = c->read_seq;
		if (c->since_seq > r->cursor + 1)
			r->cursor = c->since_seq - 1;
	}
	begin_at_cursor(r);
	go_on(r);
}

static void
on_history_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct reader *r = arg;
	const Kith__V1__HistoryPage *page;

	if (why != NULL) {
		app_fail(r->app, r->typed, why);
		return;
	}
	page = reply->history_page;
	if (keep_page(r, page) < 0) {
		app_check(r->app, -ENOMEM);
		return;
	}
	r->conversation = page->conversation;
	r->more = page->more && page->n_events > 0 && r->left != 0;
	if (!r->backwards && r->edge == 0) {
		r->edge = 1;
		r->more = r->left != 0 && page->last_seq > 1;
	} else if (page->n_events > 0) {
		r->edge = page->events[r->backwards ? 0 : page->n_events - 1]->seq;
	}
	if (r->name[0] == '\0')
		app_check(r->app, kith_list_conversations(k, 0, &r->conversation, 1, on_named, r));
	else
		go_on(r);
}

static void
ask_history_page(struct reader *r)
{
	uint32_t limit = r->left >= 0 && r->left < (int64_t)PAGE_EVENTS_MAX ?
	    (uint32_t)r->left : PAGE_EVENTS_MAX;

	uint64_t after = r->backwards ? 0 : r->edge, before = r->backwards ? r->edge : 0;

	/* Forwards from 0: the first event alone, since after 0 means the newest. */
	if (!r->backwards && r->edge == 0)
		before = 2;
	app_check(r->app, kith_history(r->app->kith, &r->target, after, before, limit,
	    on_history_page, r));
}

/* -- the command ---------------------------------------------------------- */

static void
read_ready(struct app *app)
{
	ask_history_page(app->data);
}

int
cmd_read(struct app *app)
{
	const struct options *o = app->options;
	struct reader r = { .app = app };
	const char *bad = "";
	int rc;

	snprintf(r.typed, sizeof(r.typed), "%s", app->argv[0]);
	if (kith_targets_parse(app->argv[0], &r.target, 1, &bad) != 1)
		return say_usage_target(r.typed);
	r.backwards = o->since < 0;
	r.left = o->number >= 0 ? o->number : r.backwards ? EVENTS_DEFAULT : -1;
	r.edge = r.backwards ? 0 : (uint64_t)o->since;
	if (r.left == 0)
		return KITH_EXIT_DONE;
	app->data = &r;
	rc = app_simple(app, read_ready);
	drop_kept(&r);
	free(r.kept);
	return rc;
}
