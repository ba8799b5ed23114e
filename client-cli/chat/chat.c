/*
 * chat.c - the interactive client: shows what comes, sends what is typed.
 */
#include "client-cli/chat/chat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-cli/chat/line.h"
#include "client-cli/cmd/cmd.h"
#include "protocol/base/utf8.h"
#include "protocol/error.h"

#define ANSWER_MS	20000		/* for all but messages, which wait for ever */

static int	chat_run(struct app *app);

const struct command cmd_chat = {
	.name = "chat", .arguments = "[TARGET]", .max = 1, .run = chat_run, .options = "",
	.summary = "talk, on a terminal; the same as kith alone",
	.more = "Type a message and Enter. /help lists what else can be typed.\n",
};

/* -- words above the line ------------------------------------------------- */

void
chat_note(const char *format, ...)
{
	char text[TEXT_BYTES_MAX + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_hide();
	fputs("-- ", stdout);
	out_string(stdout, text, OUT_LINES);
	putchar('\n');
}

/* -- requests ------------------------------------------------------------- */

struct asked *
asked_new(struct chat *c, const char *what)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (a == NULL || (a->what = strdup(what)) == NULL) {
		free(a);
		chat_note("out of memory");
		return NULL;
	}
	a->chat = c;
	LIST_INSERT_HEAD(&c->asked, a, link);
	return a;
}

void
asked_done(struct asked *a)
{
	LIST_REMOVE(a, link);
	free(a->what);
	free(a->text);
	free(a);
}

void
asked_check(struct asked *a, int rc)
{
	if (rc == 0)
		return;
	chat_note("%s: %s", a->what, rc == -EMSGSIZE ? "too large" : strerror(-rc));
	asked_done(a);
}

/* -- sending --------------------------------------------------------------- */

static void
note_outcome(const struct asked *a, const Kith__V1__Outcome *outcome, const char *target)
{
	const Kith__V1__Error *e = outcome->error;

	if (e != NULL && e->code != KITH__V1__ERROR_CODE__OK)
		chat_note("not sent to %s: %s: %s", target,
		    e->text[0] != '\0' ? e->text : kith_err_text((uint32_t)e->code), a->text);
}

/* Success needs no words: the message itself appears, from the log. */
static void
on_sent(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct asked *a = arg;
	char *rest = a->what, *target;

	(void)k;
	a->chat->unsent--;
	if (why != NULL)
		chat_note("not sent to %s: %s: %s", a->what, why->text, a->text);
	for (size_t i = 0; why == NULL && i < reply->sent->n_outcomes; i++)
		if ((target = strsep(&rest, ",")) != NULL)
			note_outcome(a, reply->sent->outcomes[i], target);
	asked_done(a);
}

/* 0 if the server would take it. */
static int
text_is_wrong(const char *text)
{
	size_t len = strlen(text);

	if (len > TEXT_BYTES_MAX)
		chat_note("over %u bytes: not sent", TEXT_BYTES_MAX);
	else if (!utf8_valid(text, len))
		chat_note("not UTF-8: not sent");
	else
		return 0;
	return 1;
}

static void
send_to(struct chat *c, const Kith__V1__Target *targets, size_t n, struct asked *a)
{
	uint64_t id = app_client_ids(c->app, (uint32_t)n);
	int rc;

	if (id == 0)
		return;
	kith_set_timeout(c->app->kith, KITH_FOREVER);
	rc = kith_send(c->app->kith, id, targets, n, a->text, on_sent, a);
	kith_set_timeout(c->app->kith, ANSWER_MS);
	if (rc == 0) {
		c->unsent++;
		c->warned = 0;
		if (c->offline)
			chat_note("waits for the connection: %s %s", a->what, a->text);
	}
	asked_check(a, rc);
}

void
chat_send(struct chat *c, const char *words, const char *text)
{
	Kith__V1__Target targets[TARGETS_MAX];
	const char *bad = "";
	struct asked *a;
	char *copy;
	int n;

	if (text_is_wrong(text) || (a = asked_new(c, words)) == NULL)
		return;
	copy = strdup(words);
	a->text = strdup(text);
	n = copy != NULL && a->text != NULL ?
	    kith_targets_parse(copy, targets, TARGETS_MAX, &bad) : -ENOMEM;
	if (n == -E2BIG)
		chat_note("more than %u targets", TARGETS_MAX);
	else if (n == -EINVAL)
		chat_note("%s: not a target: @NAME for a person, #NAME for a group", bad);
	else if (n > 0)
		send_to(c, targets, (size_t)n, a);
	if (n < 0)
		asked_done(a);
	free(copy);
}

/* -- the line --------------------------------------------------------------- */

static void
show_target(const struct chat *c)
{
	char *prompt = NULL;
	FILE *out;
	size_t len;

	if ((out = open_memstream(&prompt, &len)) == NULL)
		return;
	out_string(out, c->target[0] != '\0' ? c->target : "kith", OUT_WORD);
	fprintf(out, "%s> ", c->offline ? " (offline)" : "");
	if (fclose(out) == 0)
		line_set_prompt(prompt);
	free(prompt);
}

void
chat_set_target(struct chat *c, const char *word)
{
	snprintf(c->target, sizeof(c->target), "%s", word);
	show_target(c);
}

static void
entered(const char *text, void *arg)
{
	struct chat *c = arg;
	const char *start = text + strspn(text, " \t");

	if (text[strspn(text, " \t\n")] == '\0')
		return;
	line_remember(text);
	if (start[0] == '/' && start[1] != '/') {
		printf("%s%s\n", line_prompt(), text);
		chat_command(c, start + 1);
	} else if (c->target[0] == '\0') {
		chat_note("to whom? /msg @NAME TEXT, /query @NAME, or /join #GROUP");
	} else {
		chat_send(c, c->target, start[0] == '/' ? start + 1 : text);
	}
}

void
chat_leave(struct chat *c)
{
	/* With a connection they get a moment at the end, see app.h on drain. */
	if (c->unsent > 0 && c->offline && !c->warned) {
		chat_note("%zu message%s not sent yet; leave again to give %s up", c->unsent,
		    c->unsent == 1 ? " is" : "s are", c->unsent == 1 ? "it" : "them");
		c->warned = 1;
		return;
	}
	app_finish(c->app, KITH_EXIT_DONE);
}

static void
left(void *arg)
{
	chat_leave(arg);
}

/* Commands at the beginning of the line, names everywhere else. */
static char *
candidate(const char *before, const char *word, int index, void *arg)
{
	struct chat *c = arg;
	const char *found = NULL;

	if (word[0] == '/' && before[strspn(before, " \t")] == '\0')
		found = chat_command_match(word, (size_t)index);
	else if (word[0] == '@' || word[0] == '#')
		found = names_match(&c->names, word, (size_t)index);
	return found != NULL ? strdup(found) : NULL;
}

static int
open_line(struct chat *c)
{
	static const struct line_hooks hooks = { entered, left, candidate };
	char path[PATH_MAX];

	if (line_is_open())
		return 0;
	show_target(c);
	return line_open(c->app->base, &hooks, c,
	    store_history_path(c->app->profile.name, path) == 0 ? path : NULL);
}

static void
interrupt(struct app *app)
{
	if (line_is_open())
		line_interrupt();
	else
		app_finish(app, KITH_EXIT_INTERRUPTED);
}

/* -- what comes -------------------------------------------------------------- */

static void
on_event(struct kith *k, const Kith__V1__Event *e, void *arg)
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
on_who(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct chat *c = arg;

	(void)k;
	for (size_t i = 0; why == NULL && i < reply->presences->n_users; i++)
		names_add(&c->names, '@', reply->presences->users[i]->name);
}

/* Where a new session begins: what was asked for, the lobby, the first there is. */
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
greet(struct chat *c)
{
	c->greeted = 1;
	choose_target(c);
	chat_note("%s at %s. Type to talk to %s; /help for more.", c->app->profile.user,
	    c->app->address, c->target[0] != '\0' ? c->target : "somebody after /msg @NAME");
	kith_who(c->app->kith, NULL, 0, 0, on_who, c);
}

static void
set_offline(struct chat *c, const struct kith_failure *why)
{
	int offline = why != NULL;

	if (offline == c->offline)
		return;
	c->offline = offline;
	if (offline)
		chat_note("%s; trying again", why->text);
	else
		chat_note("connected");
	show_target(c);
}

static void
on_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
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
			greet(c);
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
on_ready(struct app *app)
{
	if (open_line(app->data) < 0)
		app_check(app, -ENOMEM);
}

/* -- the command --------------------------------------------------------------- */

static int
check_terminal(const struct app *app)
{
	const char *bad;
	Kith__V1__Target target;
	char word[NAME_BYTES_MAX + 2];

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return usage("the chat needs a terminal; see kith help for the rest");
	if (app->options->json || app->options->plain)
		return usage("the chat is for people: kith tail has --json and --plain");
	if (app->argc == 0)
		return 0;
	snprintf(word, sizeof(word), "%s", app->argv[0]);
	if (kith_targets_parse(word, &target, 1, &bad) != 1)
		return usage_target(app->argv[0]);
	return 0;
}

static int
chat_run(struct app *app)
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
	o.request_ms = ANSWER_MS;
	o.hooks.event = on_event;
	o.hooks.phase = on_phase;
	app->data = &c;
	app->ready = on_ready;
	app->interrupt = interrupt;
	app->drain = 1;
	app->out.brief = 1;
	rc = app_run(app, &o);
	line_close();
	if (c.unsent > 0) {
		say("%zu message%s not known to be stored", c.unsent,
		    c.unsent == 1 ? " is" : "s are");
		rc = rc == KITH_EXIT_DONE ? KITH_EXIT_OFFLINE : rc;
	}
	while (!LIST_EMPTY(&c.asked))
		asked_done(LIST_FIRST(&c.asked));
	names_fini(&c.names);
	return rc;
}
