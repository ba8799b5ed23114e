/*
 * chat_cmd.c - what can be typed after a slash, as a table.
 */
#include "client-cli/chat/chat_cmd.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/line.h"

#define HISTORY_EVENTS	20

static void	do_help(struct chat *c, char *args);
static void	do_join(struct chat *c, char *args);
static void	do_leave(struct chat *c, char *args);
static void	do_msg(struct chat *c, char *args);
static void	do_query(struct chat *c, char *args);
static void	do_who(struct chat *c, char *args);
static void	do_names(struct chat *c, char *args);
static void	do_history(struct chat *c, char *args);
static void	do_groups(struct chat *c, char *args);
static void	do_create(struct chat *c, char *args);
static void	do_invite(struct chat *c, char *args);
static void	do_ls(struct chat *c, char *args);
static void	do_unread(struct chat *c, char *args);
static void	do_whoami(struct chat *c, char *args);
static void	do_clear(struct chat *c, char *args);
static void	do_quit(struct chat *c, char *args);

static const struct chat_row {
	const char	*name;			/* with its slash */
	const char	*arguments;
	const char	*help;			/* NULL: another name of the row above */
	void		(*run)(struct chat *c, char *args);
} slash_rows[] = {
	{ "/help",	"",			"this list",			do_help },
	{ "/msg",	"@NAME[,#GROUP...] TEXT", "send a message",		do_msg },
	{ "/query",	"TARGET [TEXT]",	"talk to TARGET from now on",	do_query },
	{ "/join",	"#GROUP",		"join a group, and talk to it",	do_join },
	{ "/leave",	"[#GROUP]",		"leave a group",		do_leave },
	{ "/part",	"",			NULL,				do_leave },
	{ "/create",	"#GROUP [private]",	"make a group",			do_create },
	{ "/invite",	"@NAME [#GROUP]",	"invite somebody to a group",	do_invite },
	{ "/groups",	"",			"list the public groups, and yours",	do_groups },
	{ "/names",	"[#GROUP]",		"list a group's members",	do_names },
	{ "/who",	"[@NAME]",		"list who is online",		do_who },
	{ "/ls",	"",			"list your conversations",	do_ls },
	{ "/unread",	"",			"list those with unread messages", do_unread },
	{ "/history",	"[N]",			"show the last N messages again", do_history },
	{ "/whoami",	"",			"your name, and the server's",	do_whoami },
	{ "/clear",	"",			"empty the screen",		do_clear },
	{ "/quit",	"",			"leave (Ctrl-D does, too)",	do_quit },
	{ "/exit",	"",			NULL,				do_quit },
};
#define N_ROWS	(sizeof(slash_rows) / sizeof(slash_rows[0]))

/* -- finding a command ---------------------------------------------------- */

const char *
chat_cmd_match(const char *word, size_t index)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strncasecmp(slash_rows[i].name, word, strlen(word)) == 0 && index-- == 0)
			return slash_rows[i].name;
	return NULL;
}

/* By its name, or by a beginning that no other has. NULL: none, or *many. */
static const struct chat_row *
find_slash(const char *name, size_t len, int *many)
{
	const struct chat_row *found = NULL;

	*many = 0;
	for (size_t i = 0; i < N_ROWS; i++) {
		if (strncasecmp(slash_rows[i].name + 1, name, len) != 0)
			continue;
		if (slash_rows[i].name[len + 1] == '\0')
			return &slash_rows[i];
		*many += found != NULL && found->run != slash_rows[i].run;
		found = &slash_rows[i];
	}
	return *many || len == 0 ? NULL : found;
}

void
chat_cmd_run(struct chat *c, const char *text)
{
	size_t len = strcspn(text, " \t\n");
	const struct chat_row *row;
	char *args;
	int many;

	row = find_slash(text, len, &many);
	if (row == NULL) {
		line_note("/%.*s: %s (/help lists the commands; // sends a slash)", (int)len, text,
		    many ? "more than one command begins like this, nothing was sent" :
		    "no such command, nothing was sent");
		return;
	}
	if ((args = strdup(text + len + strspn(text + len, " \t\n"))) == NULL)
		return;
	for (size_t end = strlen(args); end > 0 && isspace((unsigned char)args[end - 1]);)
		args[--end] = '\0';
	row->run(c, args);
	free(args);
}

/* Cuts the first word off *args; "" if there is none. */
static char *
cut_word(char **args)
{
	char *word = *args;

	*args += strcspn(*args, " \t\n");
	if (**args != '\0')
		*(*args)++ = '\0';
	*args += strspn(*args, " \t\n");
	return word;
}

/* The group in the arguments, or the one in the prompt; NULL: none, and told. */
static const char *
group_or_current(const struct chat *c, const char *word)
{
	if (word[0] != '\0')
		return app_without_sigil(word, '#');
	if (c->target[0] == '#')
		return c->target + 1;
	line_note("no group: name one, or /query a group first");
	return NULL;
}

/* -- answers -------------------------------------------------------------- */

/* Prints the rows since the last table above the line. */
static void
show_table(const struct asked *a, int any, int more)
{
	line_hide();
	out_flush(&a->chat->app->out);
	if (!any)
		line_note("%s: none", a->what);
	if (more)
		line_note("... and more: kith %s lists them all", a->what);
}

static void
on_chat_done(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;

	(void)k;
	(void)reply;
	if (!chat_ask_failed(a, why))
		line_note("%s: done", a->what);
	chat_ask_done(a);
}

/* -- talking -------------------------------------------------------------- */

static void
do_msg(struct chat *c, char *args)
{
	char *target = cut_word(&args);

	if (args[0] == '\0')
		line_note("usage: /msg @NAME TEXT");
	else
		chat_send(c, target, args);
}

static int
is_target(const char *word)
{
	return (word[0] == '@' || word[0] == '#') && word[1] != '\0' &&
	    strchr(word, ',') == NULL && strlen(word) <= NAME_BYTES_MAX + 1;
}

static void
do_query(struct chat *c, char *args)
{
	char *target = cut_word(&args);

	if (!is_target(target)) {
		line_note("usage: /query @NAME, or /query #GROUP");
		return;
	}
	chat_set_target(c, target);
	if (args[0] != '\0')
		chat_send(c, target, args);
}

/* -- groups --------------------------------------------------------------- */

static void
on_chat_joined(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	char word[NAME_BYTES_MAX + 2];

	(void)k;
	if (!chat_ask_failed(a, why)) {
		const Kith__V1__Conversation *conv = reply->joined->conversation;

		snprintf(word, sizeof(word), "#%s",
		    conv != NULL ? conv->name : app_without_sigil(a->what, '#'));
		chat_set_target(a->chat, word);
	}
	chat_ask_done(a);
}

static void
do_join(struct chat *c, char *args)
{
	struct asked *a;

	if (args[0] == '\0')
		line_note("usage: /join #GROUP (/groups lists them)");
	else if ((a = chat_ask_new(c, args)) != NULL)
		chat_ask_check(a, kith_join_group(c->app->kith, app_without_sigil(args, '#'),
		    on_chat_joined, a));
}

static void
do_create(struct chat *c, char *args)
{
	char *name = cut_word(&args);
	int is_private = strcmp(args, "private") == 0;
	struct asked *a;

	if (name[0] == '\0' || (args[0] != '\0' && !is_private))
		line_note("usage: /create #GROUP [private]");
	else if ((a = chat_ask_new(c, name)) != NULL)
		chat_ask_check(a, kith_create_group(c->app->kith, app_without_sigil(name, '#'), "",
		    !is_private, on_chat_joined, a));
}

static void
do_leave(struct chat *c, char *args)
{
	const char *group = group_or_current(c, args);
	struct asked *a;

	if (group != NULL && (a = chat_ask_new(c, group)) != NULL)
		chat_ask_check(a, kith_leave_group(c->app->kith, group, on_chat_done, a));
}

static void
do_invite(struct chat *c, char *args)
{
	const char *user = app_without_sigil(cut_word(&args), '@'), *group;
	struct asked *a;

	if (user[0] == '\0')
		line_note("usage: /invite @NAME [#GROUP]");
	else if ((group = group_or_current(c, args)) != NULL && (a = chat_ask_new(c, user)) != NULL)
		chat_ask_check(a, kith_invite(c->app->kith, group, user, on_chat_done, a));
}

static void
on_chat_groups(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	const Kith__V1__Conversations *page;

	(void)k;
	if (!chat_ask_failed(a, why)) {
		page = reply->conversations;
		for (size_t i = 0; i < page->n_conversations; i++) {
			out_row_group(&a->chat->app->out, page->conversations[i]);
			names_add(&a->chat->names, '#', page->conversations[i]->name);
		}
		show_table(a, page->n_conversations > 0, page->more);
	}
	chat_ask_done(a);
}

static void
do_groups(struct chat *c, char *args)
{
	struct asked *a = chat_ask_new(c, "group list");

	(void)args;
	if (a != NULL)
		chat_ask_check(a, kith_list_groups(c->app->kith, 0, on_chat_groups, a));
}

static void
on_chat_members(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	const Kith__V1__Members *page;

	(void)k;
	if (!chat_ask_failed(a, why)) {
		page = reply->members;
		for (size_t i = 0; i < page->n_members; i++) {
			out_row_member(&a->chat->app->out, page->members[i]);
			names_add(&a->chat->names, '@', page->members[i]->name);
		}
		show_table(a, page->n_members > 0, page->more);
	}
	chat_ask_done(a);
}

static void
do_names(struct chat *c, char *args)
{
	const char *group = group_or_current(c, args);
	struct asked *a;

	if (group != NULL && (a = chat_ask_new(c, "group members")) != NULL)
		chat_ask_check(a, kith_list_members(c->app->kith, group, 0, on_chat_members, a));
}

/* -- people and conversations --------------------------------------------- */

static void
on_chat_who(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct asked *a = arg;
	const Kith__V1__Presences *page;

	(void)k;
	if (!chat_ask_failed(a, why)) {
		page = reply->presences;
		for (size_t i = 0; i < page->n_users; i++) {
			out_row_presence(&a->chat->app->out, page->users[i]);
			names_add(&a->chat->names, '@', page->users[i]->name);
		}
		show_table(a, page->n_users > 0, page->more);
	}
	chat_ask_done(a);
}

static void
do_who(struct chat *c, char *args)
{
	char *name = (char *)app_without_sigil(args, '@');
	struct asked *a = chat_ask_new(c, args[0] != '\0' ? args : "who");

	if (a != NULL)
		chat_ask_check(a, kith_who(c->app->kith, &name, name[0] != '\0', 0,
		    on_chat_who, a));
}

static void
on_chat_conversations(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	const Kith__V1__Conversations *page;
	int any = 0;

	(void)k;
	if (!chat_ask_failed(a, why)) {
		page = reply->conversations;
		for (size_t i = 0; i < page->n_conversations; i++) {
			if (a->unread && page->conversations[i]->unread == 0)
				continue;
			out_row_conversation(&a->chat->app->out, page->conversations[i]);
			any = 1;
		}
		show_table(a, any, page->more);
	}
	chat_ask_done(a);
}

static void
show_conversations(struct chat *c, const char *what, int unread)
{
	struct asked *a = chat_ask_new(c, what);

	if (a == NULL)
		return;
	a->unread = unread;
	chat_ask_check(a, kith_list_conversations(c->app->kith, 0, NULL, 0,
	    on_chat_conversations, a));
}

static void
do_ls(struct chat *c, char *args)
{
	(void)args;
	show_conversations(c, "ls", 0);
}

static void
do_unread(struct chat *c, char *args)
{
	(void)args;
	show_conversations(c, "unread", 1);
}

static void
on_chat_history(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct asked *a = arg;
	const Kith__V1__HistoryPage *page;

	(void)k;
	if (!chat_ask_failed(a, why)) {
		page = reply->history_page;
		line_hide();
		for (size_t i = 0; i < page->n_events; i++)
			out_event(&a->chat->app->out, a->what, page->events[i]);
	}
	chat_ask_done(a);
}

static void
do_history(struct chat *c, char *args)
{
	Kith__V1__Target target;
	char word[NAME_BYTES_MAX + 2];
	const char *bad;
	struct asked *a;
	int n = args[0] != '\0' ? atoi(args) : HISTORY_EVENTS;

	snprintf(word, sizeof(word), "%s", c->target);
	if (kith_targets_parse(word, &target, 1, &bad) != 1)
		line_note("no conversation yet: /query TARGET first");
	else if (n < 1 || n > (int)PAGE_EVENTS_MAX)
		line_note("usage: /history [N], N from 1 to %u", PAGE_EVENTS_MAX);
	else if ((a = chat_ask_new(c, c->target)) != NULL)
		chat_ask_check(a, kith_history(c->app->kith, &target, 0, 0, (uint32_t)n,
		    on_chat_history, a));
}

/* -- kith itself ---------------------------------------------------------- */

static void
do_help(struct chat *c, char *args)
{
	char usage_text[64];

	(void)c;
	(void)args;
	line_hide();
	for (size_t i = 0; i < N_ROWS; i++) {
		if (slash_rows[i].help == NULL)
			continue;
		snprintf(usage_text, sizeof(usage_text), "%s %s", slash_rows[i].name,
		    slash_rows[i].arguments);
		printf("  %-30s %s\n", usage_text, slash_rows[i].help);
	}
	printf("A line that does not begin with a slash is sent to the target in the prompt.\n"
	    "//text sends \"/text\". Tab completes commands, @names and #groups.\n"
	    "Ctrl-C empties the line; Up brings back earlier lines.\n");
}

static void
do_whoami(struct chat *c, char *args)
{
	(void)args;
	line_note("%s at %s%s, profile %s", c->app->profile.user, c->app->address,
	    c->app->admin ? " (administrator)" : "", c->app->profile.name);
}

static void
do_clear(struct chat *c, char *args)
{
	(void)c;
	(void)args;
	line_clear_screen();
}

static void
do_quit(struct chat *c, char *args)
{
	(void)args;
	chat_leave(c);
}
