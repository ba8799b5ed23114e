/*
 * chat_main.c - `kith chat`: the line, the connection, and the end.
 */
#include "client-cli/chat/chat_main.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/chat_cmd.h"
#include "client-cli/chat/chat_enter.h"
#include "client-cli/chat/chat_leave.h"
#include "client-cli/chat/chat_list.h"
#include "client-cli/chat/line.h"
#include "client-cli/chat/outbox_keep.h"
#include "client-cli/chat/question.h"
#include "client-cli/chat/target.h"
#include "protocol/base/clock.h"

#define KEY_TRY_MS	2000	/* a key tries to connect, but not more often */

/* -- the line ------------------------------------------------------------- */

static void
on_line_entered(const char *text, const char *tag, enum line_source source,
    void *arg)
{
	chat_enter_line(arg, text, tag, source);
}

static void
on_line_left(void *arg)
{
	chat_leave(arg);
}

static void
on_line_gone(void *arg)
{
	struct chat *c = arg;

	app_killed(c->app, SIGHUP);
}

static void
on_line_interrupted(void *arg)
{
	struct chat *c = arg;

	if (c->question != NULL) {
		question_drop(c);
		pane_note(&c->pane, "not sent; Up brings the text back");
		target_show(c);
		return;
	}
	chat_leave_asked(c);
}

static void
on_line_paste_refused(void *arg)
{
	struct chat *c = arg;

	pane_note(&c->pane, "the paste was not taken, answer the question first; "
	    "then Up brings it back");
}

static void
on_line_unanswered(void *arg)
{
	question_hint(arg);
}

static void
on_line_not_suspended(void *arg)
{
	struct chat *c = arg;

	pane_note(&c->pane, "not suspended: kith was not started by a shell that could "
	    "continue it");
}

static void
on_line_key(void *arg)
{
	struct chat *c = arg;
	uint64_t now = clock_now_ms();

	c->keys = 1;
	c->asked_again = 0;
	if (c->app->finished)
		return;
	outbox_keep_key(c);
	/* The text that was begun for another target is gone. */
	if (c->question == NULL && line_begun() == NULL && strcmp(line_tag(), target_word(c)) != 0)
		target_show(c);
	if (c->app->kith == NULL)
		return;
	seen_key(c);
	if (c->offline && !c->ended && now - c->tried_at >= KEY_TRY_MS) {
		c->tried_at = now;
		kith_reconnect(c->app->kith);
	}
}

static void
on_line_focus(int has, void *arg)
{
	struct chat *c = arg;

	if (!c->app->finished)
		seen_focus(c, has);
}

static void
on_line_resized(void *arg)
{
	struct chat *c = arg;

	pane_repaint(&c->pane);
	outbox_show(c);
}

static char *
on_line_tab(const char *before, const char *word, int index, void *arg)
{
	return chat_cmd_complete(arg, before, word, (size_t)index);
}

static int
open_line(struct chat *c)
{
	static const struct line_hooks hooks = {
		on_line_entered, on_line_left, on_line_gone, on_line_interrupted,
		on_line_paste_refused, on_line_unanswered, on_line_not_suspended, on_line_key,
		on_line_focus, on_line_resized, on_line_tab
	};
	char path[PATH_MAX];

	if (line_is_open())
		return 0;
	target_show(c);
	return line_open(c->app->base, &hooks, c,
	    profile_history_path(c->app->profile.name, path) == 0 ? path : NULL);
}

static void
on_chat_interrupt(struct app *app)
{
	if (line_is_open())
		line_interrupt();
	else
		app_finish(app, KITH_EXIT_INTERRUPTED);
}

/* Whatever ends the program stops the keyboard first: what is typed from now on is for
 * the shell. */
static void
on_chat_leaving(struct app *app)
{
	outbox_keep_line(app->data);
	/* Nobody sees the end: what waits is on disk, and the next chat may begin now. */
	if (app->rc == 128 + SIGHUP || app->rc == 128 + SIGTERM)
		app->drain = 0;
	line_stop();
}

static void
on_chat_closing(struct app *app)
{
	kith_abandon_sends(app->kith);
}

/* -- the connection ------------------------------------------------------- */

static void
on_chat_event(struct kith *k, const Kith__V1__Event *e, void *arg)
{
	struct app *app = arg;

	(void)k;
	if (!app->finished)
		feed_event(app->data, e);
}

static void
on_chat_history(struct kith *k, void *arg)
{
	struct app *app = arg;
	struct chat *c = app->data;

	(void)k;
	if (app->finished)
		return;
	pane_note(&c->pane, APP_HISTORY_CHANGED);
	/* Its number may be another conversation's now, and what was read may come again. */
	if (c->target[0] != '\0' && !c->choosing)
		target_choose(c, c->target);
}

/* The time of day, since a countdown would have to wake up each second. */
static void
set_status(struct chat *c, const struct kith_failure *why)
{
	char *text = NULL, at[16] = "";
	time_t next = time(NULL) + (time_t)(kith_wait_ms(c->app->kith) + 999) / 1000;
	struct tm tm;
	size_t len;
	FILE *file;

	free(c->status);
	c->status = NULL;
	if (why == NULL || (file = open_memstream(&text, &len)) == NULL)
		return;
	if (localtime_r(&next, &tm) != NULL)
		strftime(at, sizeof(at), "%H:%M:%S", &tm);
	fputs("~ ", file);
	out_string(file, why->text, OUT_WORD);
	fprintf(file, "; next try at %s, or with any key", at);
	if (fclose(file) == 0)
		c->status = text;
	else
		free(text);
}

static void
set_offline(struct chat *c, const struct kith_failure *why)
{
	int offline = why != NULL, changed = offline != c->offline;

	c->offline = offline;
	if (changed && !offline)
		outbox_keep_leaving(c);
	c->feed.syncing |= offline;
	set_status(c, why);
	if (changed && offline)
		pane_note(&c->pane, "%s; trying again", why->text);
	else if (changed)
		pane_note(&c->pane, "connected");
	target_show(c);
}

static void
on_chat_ready(struct chat *c)
{
	c->feed.syncing = 0;
	outbox_keep_look(c);
	if (!c->greeted) {
		c->greeted = 1;
		pane_note(&c->pane, "%s at %s; /help lists the commands", c->app->profile.user,
		    c->app->address);
		chat_list_learn_names(c);
		chat_list_unread_elsewhere(c);
		target_check_first(c);
	} else {
		feed_release(c, 0, 0);
		outbox_release(c);
	}
	target_show(c);
}

/* Not into the shell in the middle of a word: somebody may be typing. */
static int
wait_for_leave(struct chat *c, const struct kith_failure *why)
{
	struct app *app = c->app;

	if (!line_is_open() || app->finished || why->code == KITH_L_KEY_UNKNOWN ||
	    !(c->keys || c->greeted))
		return 0;
	c->ended = 1;
	c->offline = 0;
	c->final = *why;
	set_status(c, NULL);
	chat_leave_tell_ended(c, NULL);
	outbox_fail_all(c, why->text);
	if (c->choosing)
		target_refused(c, why->text);
	target_show(c);
	return 1;
}

static void
on_chat_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct app *app = arg;
	struct chat *c = app->data;

	switch (phase) {
	case KITH_WAITING:
		set_offline(c, why);
		break;
	case KITH_SYNCING:
		set_offline(c, NULL);
		break;
	case KITH_READY:
		on_chat_ready(c);
		break;
	case KITH_ENDED:
		if (wait_for_leave(c, why))
			return;
		line_close();
		break;
	case KITH_CONNECTING:		/* closed for the question of the key */
		if (open_line(c) < 0)
			app_check(app, -ENOMEM);
		break;
	}
	app_on_phase(k, phase, why, arg);
}

/* -- the command ---------------------------------------------------------- */

static int
check_terminal(const struct app *app)
{
	const char *bad;
	Kith__V1__Target target;
	char word[CHAT_WORD_MAX];

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return say_usage("the chat needs a terminal; kith help lists commands that do not");
	if (app->options->json || app->options->plain)
		return say_usage("the chat has no --json or --plain: use kith tail");
	if (app->argc == 0)
		return 0;
	snprintf(word, sizeof(word), "%s", app->argv[0]);
	if (kith_targets_parse(word, &target, 1, &bad) != 1)
		return say_usage_target(app->argv[0]);
	return 0;
}

static void
on_hangup(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	app_killed(arg, (int)number);
}

/* Under nohup(1) it stays ignored. */
static struct event *
watch_hangup(struct app *app)
{
	struct sigaction now;
	struct event *ev;

	if (sigaction(SIGHUP, NULL, &now) < 0 || now.sa_handler == SIG_IGN)
		return NULL;
	if ((ev = evsignal_new(app->base, SIGHUP, on_hangup, app)) != NULL)
		event_add(ev, NULL);
	return ev;
}

static void
set_up_app(struct chat *c, struct kith_options *o)
{
	struct app *app = c->app;

	app_kith_options(app, o);
	o->follow = 1;
	o->back = 0;			/* older ones are shown when they are asked for */
	o->retry_ms = KITH_FOREVER;
	o->request_ms = CHAT_ANSWER_MS;
	o->hooks.event = on_chat_event;
	o->hooks.phase = on_chat_phase;
	o->hooks.history = on_chat_history;
	app->data = c;
	app->interrupt = on_chat_interrupt;
	app->leaving = on_chat_leaving;
	app->closing = on_chat_closing;
	app->drain = 1;
	app->out.brief = 1;
}

static void
set_up_chat(struct chat *c)
{
	pane_init(&c->pane);
	outbox_init(&c->outbox);
	feed_init(&c->feed);
	seen_init(&c->seen);
	LIST_INIT(&c->asked);
	c->feed.syncing = 1;
	c->kept.fd = -1;
	c->run = chat_cmd_run;
	c->leaves = outbox_keep_leaving;
}

static int
chat_end(struct chat *c, int rc)
{
	size_t lost = outbox_unsent(c, 0);

	line_close();
	outbox_tell_lost(c);
	outbox_keep_close(c);
	while (!LIST_EMPTY(&c->asked))
		chat_ask_done(LIST_FIRST(&c->asked));
	question_drop(c);
	outbox_fini(&c->outbox);
	feed_fini(&c->feed);
	pane_fini(&c->pane);
	names_fini(&c->names);
	free(c->status);
	return lost > 0 && rc == KITH_EXIT_DONE ? KITH_EXIT_OFFLINE : rc;
}

int
chat_main(struct app *app)
{
	struct chat c = { .app = app };
	struct event *hangup;
	struct kith_options o;
	int rc = check_terminal(app);

	if (rc != 0 || (rc = app_load(app)) != 0)
		return rc;
	set_up_chat(&c);
	set_up_app(&c, &o);
	target_begin(&c, app->argc > 0 ? app->argv[0] : NULL);
	hangup = watch_hangup(app);
	if (open_line(&c) < 0) {
		say("%s", strerror(ENOMEM));
		rc = KITH_EXIT_FAILED;
	} else {
		outbox_keep_open(&c);
		rc = app_run(app, &o);
	}
	if (hangup != NULL)
		event_free(hangup);
	return chat_end(&c, rc);
}
