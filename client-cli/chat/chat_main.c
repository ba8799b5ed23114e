/*
 * chat_main.c - `kith chat`: the line, the prompt, and the events above it.
 */
#include "client-cli/chat/chat_main.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/chat_cmd.h"
#include "client-cli/chat/line.h"

/* -- the line ------------------------------------------------------------- */

static void
on_line_entered(const char *text, void *arg)
{
	struct chat *c = arg;
	const char *start = text + strspn(text, " \t");

	if (text[strspn(text, " \t\n")] == '\0')
		return;
	line_remember(text);
	if (start[0] == '/' && start[1] != '/') {
		printf("%s%s\n", line_prompt(), text);
		chat_cmd_run(c, start + 1);
	} else if (c->target[0] == '\0') {
		line_note("not sent: no target yet. /query @NAME, /join #GROUP, or "
		    "/msg @NAME TEXT");
	} else {
		chat_send(c, c->target, start[0] == '/' ? start + 1 : text);
	}
}

static void
on_line_left(void *arg)
{
	chat_leave(arg);
}

/* Commands at the beginning of the line, names everywhere else. */
static char *
complete_name(const char *before, const char *word, int index, void *arg)
{
	struct chat *c = arg;
	const char *found = NULL;

	if (word[0] == '/' && before[strspn(before, " \t")] == '\0')
		found = chat_cmd_match(word, (size_t)index);
	else if (word[0] == '@' || word[0] == '#')
		found = names_match(&c->names, word, (size_t)index);
	return found != NULL ? strdup(found) : NULL;
}

static int
open_line(struct chat *c)
{
	static const struct line_hooks hooks = { on_line_entered, on_line_left, complete_name };
	char path[PATH_MAX];

	if (line_is_open())
		return 0;
	chat_show_target(c);
	return line_open(c->app->base, &hooks, c,
	    profile_history_path(c->app->profile.name, path) == 0 ? path : NULL);
}

static void
on_interrupt(struct app *app)
{
	if (line_is_open())
		line_interrupt();
	else
		app_finish(app, KITH_EXIT_INTERRUPTED);
}

/* -- what comes ----------------------------------------------------------- */

static void
on_chat_event(struct kith *k, const Kith__V1__Event *e, void *arg)
{
	struct app *app = arg;
	struct chat *c = app->data;
	const struct kith_conversation *conv = kith_conversation(k, e->conversation);

	if (app->finished)
		return;
	line_hide();
	out_event(&app->out, conv->name, e);
	names_add(&c->names, '@', e->sender_name);
	names_add(&c->names, conv->name[0], conv->name + 1);
	kith_seen(k, e->conversation, e->seq);
}

static void
on_names_heard(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct chat *c = arg;

	(void)k;
	for (size_t i = 0; why == NULL && i < reply->presences->n_users; i++)
		names_add(&c->names, '@', reply->presences->users[i]->name);
}

/* The first target: the argument, the lobby, or the first conversation. */
static void
choose_target(struct chat *c)
{
	const struct kith_conversation *conv;
	const char *best = "";

	for (size_t i = 0; (conv = kith_conversation_at(c->app->kith, i)) != NULL; i++) {
		if (conv->name == NULL)
			continue;
		names_add(&c->names, conv->name[0], conv->name + 1);
		if (best[0] == '\0' || strcmp(conv->name, "#lobby") == 0)
			best = conv->name;
	}
	chat_set_target(c, c->app->argc > 0 ? c->app->argv[0] : best);
}

static void
greet_person(struct chat *c)
{
	c->greeted = 1;
	choose_target(c);
	if (c->target[0] != '\0')
		line_note("%s at %s. What you type goes to %s; /help tells more.",
		    c->app->profile.user, c->app->address, c->target);
	else
		line_note("%s at %s. Begin with /query @NAME or /join #GROUP; /help tells more.",
		    c->app->profile.user, c->app->address);
	kith_who(c->app->kith, NULL, 0, 0, on_names_heard, c);
}

static void
set_offline(struct chat *c, const struct kith_failure *why)
{
	int offline = why != NULL;

	if (offline == c->offline)
		return;
	c->offline = offline;
	if (offline)
		line_note("%s; trying again", why->text);
	else
		line_note("connected");
	chat_show_target(c);
}

static void
on_chat_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct app *app = arg;
	struct chat *c = app->data;

	switch (phase) {
	case KITH_WAITING:
		if (open_line(c) == 0)
			set_offline(c, why);
		break;
	case KITH_SYNCING:
		set_offline(c, NULL);
		break;
	case KITH_READY:
		if (!c->greeted)
			greet_person(c);
		break;
	case KITH_ENDED:
		line_close();
		break;
	case KITH_CONNECTING:
		break;
	}
	app_on_phase(k, phase, why, arg);
}

static void
chat_ready(struct app *app)
{
	if (open_line(app->data) < 0)
		app_check(app, -ENOMEM);
}

/* -- the command ---------------------------------------------------------- */

static int
check_terminal(const struct app *app)
{
	const char *bad;
	Kith__V1__Target target;
	char word[NAME_BYTES_MAX + 2];

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

int
chat_main(struct app *app)
{
	struct chat c = { .app = app };
	struct kith_options o;
	int rc = check_terminal(app);

	if (rc != 0 || (rc = app_load(app)) != 0)
		return rc;
	LIST_INIT(&c.asked);
	app_kith_options(app, &o);
	o.follow = 1;
	o.retry_ms = KITH_FOREVER;
	o.request_ms = CHAT_ANSWER_MS;
	o.hooks.event = on_chat_event;
	o.hooks.phase = on_chat_phase;
	app->data = &c;
	app->ready = chat_ready;
	app->interrupt = on_interrupt;
	app->drain = 1;
	app->out.brief = 1;
	rc = app_run(app, &o);
	line_close();
	if (c.unsent > 0) {
		say("%zu message%s may not have been stored", c.unsent,
		    c.unsent == 1 ? "" : "s");
		rc = rc == KITH_EXIT_DONE ? KITH_EXIT_OFFLINE : rc;
	}
	while (!LIST_EMPTY(&c.asked))
		chat_ask_done(LIST_FIRST(&c.asked));
	names_fini(&c.names);
	return rc;
}
