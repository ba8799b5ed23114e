/*
 * chat_list.c - the chat's commands that list.
 */
#include "client-cli/chat/chat_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/chat_word.h"
#include "client-cli/chat/target.h"

#define ELSEWHERE_MAX	10	/* conversations that are named */

/* -- tables --------------------------------------------------------------- */

/* Rows between begin and end go to the pane. */
struct table {
	FILE	*file, *before;
	char	*text;
	size_t	 len;
};

static int
table_begin(struct chat *c, struct table *t)
{
	memset(t, 0, sizeof(*t));
	if ((t->file = open_memstream(&t->text, &t->len)) == NULL)
		return -1;
	t->before = c->app->out.file;
	c->app->out.file = t->file;
	return 0;
}

static void
table_end(struct chat *c, struct table *t)
{
	char *rest, *row;

	out_flush(&c->app->out);
	c->app->out.file = t->before;
	if (fclose(t->file) == 0)
		for (rest = t->text; (row = strsep(&rest, "\n")) != NULL;)
			if (row[0] != '\0')
				pane_print(&c->pane, row, 2);
	free(t->text);
}

static void
list_end(const struct asked *a, int any, int more)
{
	if (!any)
		pane_note(&a->chat->pane, "%s: none", a->what);
	if (more)
		pane_note(&a->chat->pane, "... and more: kith %s lists them all", a->command);
}

static struct asked *
list_ask(struct chat *c, const char *what, const char *command)
{
	struct asked *a = chat_ask_new(c, what);

	if (a != NULL)
		a->command = command;
	return a;
}

/* -- groups and members --------------------------------------------------- */

static void
on_list_groups(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	struct chat *c = a->chat;
	const Kith__V1__Conversations *page;
	struct table t;

	(void)k;
	if (!chat_ask_failed(a, why) && table_begin(c, &t) == 0) {
		page = reply->conversations;
		for (size_t i = 0; i < page->n_conversations; i++) {
			out_row_group(&c->app->out, page->conversations[i]);
			names_add(&c->names, '#', page->conversations[i]->name);
		}
		table_end(c, &t);
		list_end(a, page->n_conversations > 0, page->more);
	}
	chat_ask_done(a);
}

void
chat_list_groups(struct chat *c, char *args)
{
	struct asked *a = list_ask(c, "groups", "group list");

	(void)args;
	if (a != NULL)
		chat_ask_check(a, kith_list_groups(c->app->kith, 0, on_list_groups, a));
}

static void
on_list_members(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	struct chat *c = a->chat;
	const Kith__V1__Members *page;
	struct table t;

	(void)k;
	if (!chat_ask_failed(a, why) && table_begin(c, &t) == 0) {
		page = reply->members;
		for (size_t i = 0; i < page->n_members; i++) {
			out_row_member(&c->app->out, page->members[i]);
			names_add(&c->names, '@', page->members[i]->name);
		}
		table_end(c, &t);
		list_end(a, page->n_members > 0, page->more);
	}
	chat_ask_done(a);
}

void
chat_list_members(struct chat *c, char *args)
{
	const char *group = chat_word_group(c, chat_word_cut(&args));
	char word[CHAT_WORD_MAX];
	struct asked *a;

	if (group == NULL)
		return;
	snprintf(word, sizeof(word), "#%s", group);
	if ((a = list_ask(c, word, "group members")) != NULL)
		chat_ask_check(a, kith_list_members(c->app->kith, group, 0, on_list_members, a));
}

/* -- people --------------------------------------------------------------- */

static void
on_list_who(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct asked *a = arg;
	struct chat *c = a->chat;
	const Kith__V1__Presences *page;
	struct table t;

	(void)k;
	if (!chat_ask_failed(a, why) && table_begin(c, &t) == 0) {
		page = reply->presences;
		for (size_t i = 0; i < page->n_users; i++) {
			out_row_presence(&c->app->out, page->users[i]);
			names_add(&c->names, '@', page->users[i]->name);
		}
		table_end(c, &t);
		list_end(a, page->n_users > 0, page->more);
	}
	chat_ask_done(a);
}

void
chat_list_who(struct chat *c, char *args)
{
	char *word = chat_word_cut(&args), *name = NULL, what[CHAT_WORD_MAX] = "who";
	struct asked *a;

	if (word[0] != '\0') {
		if ((name = (char *)chat_word_name(c, word, '@')) == NULL)
			return;
		snprintf(what, sizeof(what), "@%s", name);
	}
	if (c->offline)
		pane_note(&c->pane, "%s: waits for the connection", what);
	if ((a = list_ask(c, what, "who")) != NULL)
		chat_ask_check(a, kith_who(c->app->kith, &name, name != NULL, 0, on_list_who, a));
}

/* -- conversations -------------------------------------------------------- */

static void
on_list_conversations(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	struct chat *c = a->chat;
	const Kith__V1__Conversations *page;
	struct table t;
	int any = 0;

	(void)k;
	if (!chat_ask_failed(a, why) && table_begin(c, &t) == 0) {
		page = reply->conversations;
		for (size_t i = 0; i < page->n_conversations; i++) {
			if (a->unread && page->conversations[i]->unread == 0)
				continue;
			out_row_conversation(&c->app->out, page->conversations[i]);
			any = 1;
		}
		table_end(c, &t);
		list_end(a, any, page->more);
	}
	chat_ask_done(a);
}

static void
ask_chat_list(struct chat *c, const char *what, int unread)
{
	struct asked *a = list_ask(c, what, what);

	if (a == NULL)
		return;
	a->unread = unread;
	chat_ask_check(a, kith_list_conversations(c->app->kith, 0, NULL, 0,
	    on_list_conversations, a));
}

void
chat_list_conversations(struct chat *c, char *args)
{
	(void)args;
	ask_chat_list(c, "ls", 0);
}

void
chat_list_unread(struct chat *c, char *args)
{
	(void)args;
	ask_chat_list(c, "unread", 1);
}

/* -- at the beginning ----------------------------------------------------- */

static void
on_unread_elsewhere(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct chat *c = arg;
	const Kith__V1__Conversations *page;
	char *text = NULL;
	size_t len, n = 0;
	FILE *file;

	(void)k;
	if (why != NULL || (file = open_memstream(&text, &len)) == NULL)
		return;
	page = reply->conversations;
	for (size_t i = 0; i < page->n_conversations; i++) {
		const Kith__V1__Conversation *one = page->conversations[i];
		char word[CHAT_WORD_MAX], unread[16];

		snprintf(word, sizeof(word), "%c%s",
		    one->kind == KITH__V1__CONVERSATION_KIND__GROUP ? '#' : '@', one->name);
		if (one->unread == 0 || strcasecmp(word, target_word(c)) == 0 ||
		    n++ >= ELSEWHERE_MAX)
			continue;
		out_unread_text(unread, one->unread);
		fprintf(file, "%s%s %s", n > 1 ? ", " : "", word, unread);
	}
	if (fclose(file) == 0 && n > 0)
		pane_note(&c->pane, "unread elsewhere: %s%s (/query opens one)", text,
		    n > ELSEWHERE_MAX || page->more ? " and more, see /unread" : "");
	free(text);
}

void
chat_list_unread_elsewhere(struct chat *c)
{
	(void)kith_list_conversations(c->app->kith, 0, NULL, 0, on_unread_elsewhere, c);
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

static void
on_groups_heard(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct chat *c = arg;

	(void)k;
	for (size_t i = 0; why == NULL && i < reply->conversations->n_conversations; i++)
		names_add(&c->names, '#', reply->conversations->conversations[i]->name);
}

/* A request that cannot be made costs completions, and nothing else. */
void
chat_list_learn_names(struct chat *c)
{
	const struct kith_conversation *conv;

	for (size_t i = 0; (conv = kith_conversation_at(c->app->kith, i)) != NULL; i++)
		if (conv->name != NULL)
			names_add(&c->names, conv->name[0], conv->name + 1);
	(void)kith_who(c->app->kith, NULL, 0, 0, on_names_heard, c);
	(void)kith_list_groups(c->app->kith, 0, on_groups_heard, c);
}
