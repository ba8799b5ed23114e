/*
 * cmd_tail.c - tail: every event once and in order, beginning with the unread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/out_wrap.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"

/* Which conversations to show. The server resolves names to ids at the first
 * login; events that come before that wait in `early`. */
struct tail {
	struct app	*app;
	Kith__V1__Target targets[CMD_TAIL_TARGETS_MAX];
	uint64_t	 ids[CMD_TAIL_TARGETS_MAX];
	size_t		 n, n_resolved;
	struct early {
		struct early	*next;
		Kith__V1__Event	*event;
	}		*early, **early_end;
	int		 offline;		/* told so */
};

static int
is_wanted(const struct tail *t, uint64_t conversation)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->ids[i] == conversation)
			return 1;
	return t->n == 0;
}

static void
show(struct tail *t, const Kith__V1__Event *e)
{
	struct app *app = t->app;
	const struct kith_conversation *c = kith_conversation(app->kith, e->conversation);

	if (app->finished || c == NULL || !is_wanted(t, e->conversation))
		return;
	out_event(&app->out, c->name, e);
	/* What was not written was not seen. */
	if (out_write(&app->out) < 0) {
		app_finish(app, KITH_EXIT_FAILED);
		return;
	}
	if (!app->options->no_mark)
		kith_seen(app->kith, e->conversation, e->seq);
}

static void
keep_early(struct tail *t, const Kith__V1__Event *e)
{
	struct early *early = calloc(1, sizeof(*early));

	if (early == NULL || (early->event = app_event_copy(e)) == NULL) {
		free(early);
		app_check(t->app, -ENOMEM);
		return;
	}
	*t->early_end = early;
	t->early_end = &early->next;
}

static void
take_early(struct tail *t)
{
	struct early *early;

	while ((early = t->early) != NULL) {
		t->early = early->next;
		show(t, early->event);
		kith__v1__event__free_unpacked(early->event, NULL);
		free(early);
	}
	t->early_end = &t->early;
}

static void
on_tail_event(struct kith *k, const Kith__V1__Event *e, void *arg)
{
	struct app *app = arg;
	struct tail *t = app->data;

	(void)k;
	if (t->n_resolved < t->n)
		keep_early(t, e);
	else
		show(t, e);
}

/* -- names to ids --------------------------------------------------------- */

static void	resolve_next(struct tail *t);

static void
on_resolved(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct tail *t = arg;

	(void)k;
	if (why != NULL) {
		/* The sigil is still in front. */
		app_fail(t->app, t->targets[t->n_resolved].user - 1, why);
		return;
	}
	t->ids[t->n_resolved++] = reply->history_page->conversation;
	resolve_next(t);
}

static void
resolve_next(struct tail *t)
{
	if (t->n_resolved < t->n)
		app_check(t->app, kith_history(t->app->kith, &t->targets[t->n_resolved], 0, 0, 1,
		    on_resolved, t));
	else
		take_early(t);
}

static void
tail_ready(struct app *app)
{
	resolve_next(app->data);
}

/* The targets are looked up again: another group may have the id of one that is gone. */
static void
on_tail_history(struct kith *k, void *arg)
{
	struct app *app = arg;
	struct tail *t = app->data;

	(void)k;
	say(APP_HISTORY_CHANGED);
	if (t->n_resolved < t->n)
		return;			/* that is under way */
	t->n_resolved = 0;
	resolve_next(t);
}

/* -- the command ---------------------------------------------------------- */

static void
on_tail_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct app *app = arg;
	struct tail *t = app->data;

	if (phase == KITH_WAITING && !t->offline) {
		say("%s; trying again", why->text);
		t->offline = 1;
	} else if (phase == KITH_READY && t->offline) {
		say("connected");
		t->offline = 0;
	}
	app_on_phase(k, phase, why, arg);
}

/* Words, each of which may be several targets. */
static int
read_tail_targets(struct tail *t)
{
	const char *bad = "";
	int n;

	for (int i = 0; i < t->app->argc; i++) {
		n = kith_targets_parse(t->app->argv[i], t->targets + t->n,
		    CMD_TAIL_TARGETS_MAX - t->n, &bad);
		if (n == -E2BIG)
			return say_usage("%s: more than %d targets", bad, CMD_TAIL_TARGETS_MAX);
		if (n < 0)
			return say_usage_target(bad);
		t->n += (size_t)n;
	}
	return 0;
}

int
cmd_tail(struct app *app)
{
	struct tail t = { .app = app, .early_end = &t.early };
	int64_t back = app->options->number;
	struct kith_options o;
	int rc = read_tail_targets(&t);

	if (rc != 0 || (rc = app_load(app)) != 0)
		return rc;
	app_kith_options(app, &o);
	o.follow = 1;
	o.retry_ms = KITH_FOREVER;
	o.hooks.event = on_tail_event;
	o.hooks.phase = on_tail_phase;
	o.hooks.history = on_tail_history;
	if (back >= 0)
		o.back = (uint32_t)(back < KITH_FROM_UNREAD ? back : KITH_FROM_UNREAD - 1);
	if (t.n == 0)
		say("all conversations; for one group, quote its name: kith tail '#ops'");
	app->data = &t;
	app->ready = tail_ready;
	app->out.rows_max = out_wrap_columns(stdout) > 0 ? OUT_ROWS_MAX : 0;
	app->drain = 1;
	rc = app_run(app, &o);
	app->finished = 1;		/* early events are dropped, not shown */
	while (t.early != NULL)
		take_early(&t);
	return rc;
}
