/*
 * chat.c - the interactive client: sends what is typed to the target in the prompt.
 */
#include "client-cli/chat/chat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/line.h"
#include "protocol/base/utf8.h"
#include "protocol/error.h"

/* -- sending -------------------------------------------------------------- */

static void
note_outcome(const struct asked *a, const Kith__V1__Outcome *outcome, const char *target)
{
	const Kith__V1__Error *e = outcome->error;

	if (e != NULL && e->code != KITH__V1__ERROR_CODE__OK)
		line_note("not sent to %s: %s: %s", target,
		    e->text[0] != '\0' ? e->text : kith_err_text((uint32_t)e->code), a->text);
}

/* Success is not told: the message itself appears, from the log. */
static void
on_chat_sent(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	char *rest = a->what, *target;

	(void)k;
	a->chat->unsent--;
	if (why != NULL)
		line_note("not sent to %s: %s: %s", a->what, why->text, a->text);
	for (size_t i = 0; why == NULL && i < reply->sent->n_outcomes; i++)
		if ((target = strsep(&rest, ",")) != NULL)
			note_outcome(a, reply->sent->outcomes[i], target);
	chat_ask_done(a);
}

/* 0: the server would take it. */
static int
text_is_wrong(const char *text)
{
	size_t len = strlen(text);

	if (len > TEXT_BYTES_MAX)
		line_note("not sent: over %u bytes", TEXT_BYTES_MAX);
	else if (!utf8_valid(text, len))
		line_note("not sent: it is not UTF-8");
	else
		return 0;
	return 1;
}

static void
send_to_targets(struct chat *c, const Kith__V1__Target *targets, size_t n, struct asked *a)
{
	uint64_t id = kith_client_ids(c->app->kith, (unsigned)n);
	int rc;

	kith_set_timeout(c->app->kith, KITH_FOREVER);
	rc = kith_send(c->app->kith, id, targets, n, a->text, on_chat_sent, a);
	kith_set_timeout(c->app->kith, CHAT_ANSWER_MS);
	if (rc == 0) {
		c->unsent++;
		c->warned = 0;
		if (c->offline)
			line_note("waits for the connection: %s %s", a->what, a->text);
	}
	chat_ask_check(a, rc);
}

void
chat_send(struct chat *c, const char *words, const char *text)
{
	Kith__V1__Target targets[TARGETS_MAX];
	const char *bad = "";
	struct asked *a;
	char *copy;
	int n;

	if (text_is_wrong(text) || (a = chat_ask_new(c, words)) == NULL)
		return;
	copy = strdup(words);
	a->text = strdup(text);
	n = copy != NULL && a->text != NULL ?
	    kith_targets_parse(copy, targets, TARGETS_MAX, &bad) : -ENOMEM;
	if (n == -E2BIG)
		line_note("not sent: more than %u targets", TARGETS_MAX);
	else if (n == -EINVAL)
		line_note("not sent: %s is not a target (@NAME for a person, #NAME for a group)",
		    bad);
	else if (n > 0)
		send_to_targets(c, targets, (size_t)n, a);
	if (n < 0)
		chat_ask_done(a);
	free(copy);
}

/* -- the target, and the end ---------------------------------------------- */

void
chat_show_target(const struct chat *c)
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
	chat_show_target(c);
}

void
chat_leave(struct chat *c)
{
	/* With a connection they get a moment at the end: app.h, drain. */
	if (c->unsent > 0 && c->offline && !c->warned) {
		line_note("%zu message%s not sent yet; leave again to give %s up", c->unsent,
		    c->unsent == 1 ? " is" : "s are", c->unsent == 1 ? "it" : "them");
		c->warned = 1;
		return;
	}
	app_finish(c->app, KITH_EXIT_DONE);
}
