/*
 * chat_group.c - the chat's commands about groups.
 */
#include "client-cli/chat/chat_group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/chat_word.h"
#include "client-cli/chat/target.h"
#include "protocol/error.h"

/* -- join, create --------------------------------------------------------- */

static void
on_group_joined(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	char word[CHAT_WORD_MAX];

	(void)k;
	if (why != NULL) {
		target_refused(a->chat, why->text);
	} else {
		snprintf(word, sizeof(word), "%s", a->what);
		if (reply->joined->conversation != NULL)
			snprintf(word, sizeof(word), "#%s", reply->joined->conversation->name);
		pane_note(&a->chat->pane, "%s %s", a->done, word);
		target_choose(a->chat, word);
	}
	chat_ask_done(a);
}

/* The group becomes the target when it is answered; so the answer is waited for. */
static void
enter_group(struct chat *c, const char *name, const char *done, int create, int is_public)
{
	char word[CHAT_WORD_MAX];
	struct asked *a;
	int rc;

	snprintf(word, sizeof(word), "#%s", name);
	if ((a = chat_ask_new(c, word)) == NULL)
		return;
	if ((a->done = strdup(done)) == NULL) {
		chat_ask_check(a, -ENOMEM);
		return;
	}
	target_expect(c, word);
	kith_set_timeout(c->app->kith, KITH_FOREVER);
	rc = create ? kith_create_group(c->app->kith, name, "", is_public, on_group_joined, a) :
	    kith_join_group(c->app->kith, name, on_group_joined, a);
	kith_set_timeout(c->app->kith, CHAT_ANSWER_MS);
	if (rc < 0) {
		target_refused(c, strerror(-rc));
		chat_ask_done(a);
	}
}

void
chat_group_join(struct chat *c, char *args)
{
	char *word = chat_word_cut(&args);
	const char *name;

	if (word[0] == '\0' || args[0] != '\0')
		chat_word_usage(c);
	else if ((name = chat_word_name(c, word, '#')) != NULL)
		enter_group(c, name, "joined", 0, 0);
}

void
chat_group_create(struct chat *c, char *args)
{
	char *word = chat_word_cut(&args);
	int is_private = strcmp(args, "private") == 0;
	const char *name;

	if (word[0] == '\0' || (args[0] != '\0' && !is_private))
		chat_word_usage(c);
	else if ((name = chat_word_name(c, word, '#')) != NULL)
		enter_group(c, name, is_private ? "created the private group" :
		    "created the group", 1, !is_private);
}

/* -- leave ---------------------------------------------------------------- */

static void
on_group_left(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	struct chat *c = a->chat;
	int was_target = a->unread;

	(void)k;
	(void)reply;
	if (chat_ask_failed(a, why)) {
		if (was_target)
			target_refused(c, why->text);
	} else {
		pane_note(&c->pane, "left %s", a->what);
		if (was_target)
			target_none(c);
	}
	chat_ask_done(a);
}

void
chat_group_leave(struct chat *c, char *args)
{
	const char *name = chat_word_group(c, chat_word_cut(&args));
	char word[CHAT_WORD_MAX];
	struct asked *a;
	int rc;

	if (name == NULL)
		return;
	snprintf(word, sizeof(word), "#%s", name);
	if ((a = chat_ask_new(c, word)) == NULL)
		return;
	a->unread = strcasecmp(word, c->target) == 0;
	if (a->unread) {
		target_expect(c, "");
		kith_set_timeout(c->app->kith, KITH_FOREVER);
	}
	rc = kith_leave_group(c->app->kith, word + 1, on_group_left, a);
	kith_set_timeout(c->app->kith, CHAT_ANSWER_MS);
	if (rc < 0 && a->unread)
		target_refused(c, strerror(-rc));
	chat_ask_check(a, rc);
}

/* -- invite --------------------------------------------------------------- */

struct invitation {
	struct asked	*asked;		/* what: "@bob" */
	char		 group[CHAT_WORD_MAX];
};

static void
on_group_invited(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct invitation *i = arg;
	struct chat *c = i->asked->chat;

	(void)k;
	(void)reply;
	if (why == NULL)
		pane_note(&c->pane, "invited %s to %s", i->asked->what, i->group);
	else if (why->code == KITH_E_NO_SUCH_USER)
		pane_note(&c->pane, "%s: %s", i->asked->what, why->text);
	else
		pane_note(&c->pane, "%s not invited: %s: %s", i->asked->what, i->group, why->text);
	chat_ask_done(i->asked);
}

static void
invite_one(struct chat *c, const char *group, const char *user)
{
	struct invitation *i = calloc(1, sizeof(*i));
	char word[CHAT_WORD_MAX];
	int rc;

	snprintf(word, sizeof(word), "@%s", user);
	if (i == NULL || (i->asked = chat_ask_new(c, word)) == NULL) {
		free(i);
		return;
	}
	i->asked->more = i;
	i->asked->free_more = free;
	snprintf(i->group, sizeof(i->group), "#%s", group);
	rc = kith_invite(c->app->kith, group, user, on_group_invited, i);
	chat_ask_check(i->asked, rc);
}

void
chat_group_invite(struct chat *c, char *args)
{
	const char *users[TARGETS_MAX], *group = "", *name;
	size_t n = 0;
	char *word;

	while (*(word = chat_word_cut(&args)) != '\0') {
		if (word[0] == '#')
			group = word;
		else if (n == TARGETS_MAX || (name = chat_word_name(c, word, '@')) == NULL)
			return;
		else
			users[n++] = name;
	}
	if (n == 0)
		chat_word_usage(c);
	else if ((group = chat_word_group(c, group)) != NULL)
		for (size_t i = 0; i < n; i++)
			invite_one(c, group, users[i]);
}
