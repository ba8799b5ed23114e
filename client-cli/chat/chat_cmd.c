/*
 * chat_cmd.c - what can be typed after a slash, as a table.
 */
#include "client-cli/chat/chat_cmd.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat_group.h"
#include "client-cli/chat/chat_history.h"
#include "client-cli/chat/chat_leave.h"
#include "client-cli/chat/chat_list.h"
#include "client-cli/chat/chat_word.h"
#include "client-cli/chat/target.h"

#define SETS	CHAT_CMD_SETS
#define USES	CHAT_CMD_USES
#define NOW	CHAT_CMD_NOW
#define ALONE	CHAT_CMD_ALONE

static void	do_help(struct chat *c, char *args);
static void	do_msg(struct chat *c, char *args);
static void	do_query(struct chat *c, char *args);
static void	do_full(struct chat *c, char *args);
static void	do_resend(struct chat *c, char *args);
static void	do_drop(struct chat *c, char *args);
static void	do_reconnect(struct chat *c, char *args);
static void	do_whoami(struct chat *c, char *args);
static void	do_clear(struct chat *c, char *args);
static void	do_quit(struct chat *c, char *args);

static const struct chat_row {
	const char	*name;			/* with its slash */
	const char	*arguments;
	unsigned	 traits;
	const char	*help;			/* NULL: another name of the row above */
	void		(*run)(struct chat *c, char *args);
} slash_rows[] = {
	{ "/help",	"",			NOW | ALONE,	"this list",		do_help },
	{ "/msg",	"@NAME[,#GROUP...] TEXT", ALONE,	"send a message",	do_msg },
	{ "/query",	"@NAME|#GROUP [TEXT]",	SETS | ALONE,
	    "talk to them from now on", do_query },
	{ "/join",	"#GROUP",		SETS,	"join a group, and talk to it",
	    chat_group_join },
	{ "/leave",	"[#GROUP]",		SETS,	"leave a group",	chat_group_leave },
	{ "/part",	"[#GROUP]",		SETS,	NULL,			chat_group_leave },
	{ "/create",	"#GROUP [private]",	SETS,	"make a group",		chat_group_create },
	{ "/invite",	"@NAME ... [#GROUP]",	USES,	"invite people to a group",
	    chat_group_invite },
	{ "/groups",	"",			0,	"list the public groups, and yours",
	    chat_list_groups },
	{ "/names",	"[#GROUP]",		USES,	"list a group's members",
	    chat_list_members },
	{ "/who",	"[@NAME]",		0,	"list who is online",	chat_list_who },
	{ "/ls",	"",			0,	"list your conversations",
	    chat_list_conversations },
	{ "/unread",	"",			0,	"list those with unread messages",
	    chat_list_unread },
	{ "/more",	"",			USES,	"show the next unread messages",
	    chat_history_more },
	{ "/read",	"",			USES,	"take all as read",	chat_history_read },
	{ "/history",	"[N]",			USES,	"show the last N messages, up to 2000",
	    chat_history_last },
	{ "/full",	"",			NOW | ALONE,	"show the last long message whole",
	    do_full },
	{ "/resend",	"[N]",			NOW,	"send what failed again", do_resend },
	{ "/drop",	"[N]",			NOW | ALONE,	"forget what failed",	do_drop },
	{ "/reconnect",	"",			NOW,	"try to connect now",	do_reconnect },
	{ "/whoami",	"",			NOW | ALONE,	"your name, and the server's", do_whoami },
	{ "/clear",	"",			NOW | ALONE,	"empty the screen",	do_clear },
	{ "/quit",	"",			NOW | ALONE,	"leave (Ctrl-D does, too)", do_quit },
	{ "/exit",	"",			NOW | ALONE,	NULL,			do_quit },
};
#define N_ROWS	(sizeof(slash_rows) / sizeof(slash_rows[0]))

/* -- finding a command ---------------------------------------------------- */

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

static void
tell_candidates(struct chat *c, const char *name, size_t len)
{
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < N_ROWS; i++)
		if (strncasecmp(slash_rows[i].name + 1, name, len) == 0 && at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, " %s",
			    slash_rows[i].name);
	pane_note(&c->pane, "/%.*s: which?%s (nothing was done)", (int)len, name, list);
}

static void
set_usage(struct chat *c, const struct chat_row *row)
{
	snprintf(c->usage, sizeof(c->usage), "%s %s: %s", row->name, row->arguments,
	    row->help != NULL ? row->help : row[-1].help);
}

static size_t
name_length(const char *command)
{
	return strcspn(command, " \t\n");
}

/* A copy of what follows the name, without blanks around it. */
static char *
copy_arguments(const char *command)
{
	const char *from = command + name_length(command);
	char *args = strdup(from + strspn(from, " \t\n"));

	for (size_t end = args != NULL ? strlen(args) : 0;
	    end > 0 && isspace((unsigned char)args[end - 1]);)
		args[--end] = '\0';
	return args;
}

static void
run_row(struct chat *c, const struct chat_row *row, char *args)
{
	if (row->arguments[0] == '\0' && args[0] != '\0') {
		pane_note(&c->pane, "%s takes no argument: nothing was done", row->name);
	} else if (c->ended && !(row->traits & ALONE)) {
		chat_leave_tell_ended(c, row->name);
	} else {
		set_usage(c, row);
		row->run(c, args);
	}
}

void
chat_cmd_run(struct chat *c, const char *command)
{
	size_t len = name_length(command);
	const struct chat_row *row;
	char *args;
	int many;

	row = find_slash(command, len, &many);
	if (row == NULL && many && len > 0) {
		tell_candidates(c, command, len);
	} else if (row == NULL) {
		pane_note(&c->pane, "/%.*s: no such command, nothing was sent "
		    "(/help lists the commands; // sends a slash)", (int)len, command);
	} else if ((args = copy_arguments(command)) != NULL) {
		run_row(c, row, args);
		free(args);
	}
}

/* -- before it runs ------------------------------------------------------- */

/* The target that a command with CHAT_CMD_SETS makes; 0: it makes none. */
static int
target_made(const struct chat *c, const struct chat_row *row, const char *arg,
    char word[CHAT_WORD_MAX])
{
	if (row->run == chat_group_leave) {
		snprintf(word, CHAT_WORD_MAX, "%s%s", arg[0] == '#' || arg[0] == '\0' ? "" : "#",
		    arg);
		if (arg[0] != '\0' && strcasecmp(word, target_word(c)) != 0)
			return 0;	/* another group than the one in the prompt */
		word[0] = '\0';
		return 1;
	}
	snprintf(word, CHAT_WORD_MAX, "%s%s",
	    row->run == do_query || arg[0] == '#' ? "" : "#", arg);
	return arg[0] != '\0';
}

unsigned
chat_cmd_traits(const struct chat *c, const char *command, char word[CHAT_WORD_MAX])
{
	const struct chat_row *row;
	char *args = copy_arguments(command), *rest = args;
	unsigned traits;
	int many;

	row = find_slash(command, name_length(command), &many);
	traits = row != NULL ? row->traits : NOW;	/* what is refused does not wait */
	word[0] = '\0';
	if (args != NULL && (traits & SETS) && !target_made(c, row, chat_word_cut(&rest), word))
		traits &= ~SETS;
	free(args);
	return traits;
}

/* -- completion ----------------------------------------------------------- */

/* Of the names in the arguments of the command in `before`: '@', '#', or 0, both. */
static char
kind_completed(const char *before)
{
	const char *start = before + strspn(before, " \t");
	const struct chat_row *row;
	int many, person, group;

	if (start[0] != '/' || (row = find_slash(start + 1, name_length(start + 1), &many)) == NULL)
		return 0;
	person = strchr(row->arguments, '@') != NULL;
	group = strchr(row->arguments, '#') != NULL;
	return person == group ? 0 : person ? '@' : '#';
}

char *
chat_cmd_complete(const struct chat *c, const char *before, const char *word, size_t index)
{
	int first = before[strspn(before, " \t")] == '\0';
	char kind = kind_completed(before);
	const char *name;

	if (first && word[0] == '/') {
		for (size_t i = 0; i < N_ROWS; i++)
			if (strncasecmp(slash_rows[i].name, word, strlen(word)) == 0 &&
			    index-- == 0)
				return strdup(slash_rows[i].name);
		return NULL;
	}
	if (word[0] == '\0' && before[strspn(before, " \t")] != '/')
		return NULL;
	for (size_t i = 0; (name = names_match(&c->names, word, i)) != NULL; i++)
		if ((kind == 0 || name[0] == kind) && index-- == 0)
			return strdup(name);
	return NULL;
}

/* -- talking -------------------------------------------------------------- */

static void
do_msg(struct chat *c, char *args)
{
	size_t len = strcspn(args, " \t\n");
	char *text = args + len + strspn(args + len, " \t\n"), word[CHAT_WORD_MAX];

	args[len] = '\0';
	if (args[0] == '\0' || text[0] == '\0')
		chat_word_usage(c);
	else if (strchr(args, ',') != NULL)
		outbox_say(c, args, text);
	else if (chat_word_target(c, args, word) == 0)
		outbox_say(c, word, text);
}

static void
do_query(struct chat *c, char *args)
{
	size_t len = strcspn(args, " \t\n");
	char *text = args + len + strspn(args + len, " \t\n"), word[CHAT_WORD_MAX];

	args[len] = '\0';
	if (args[0] == '\0' || strchr(args, ',') != NULL) {
		chat_word_usage(c);
	} else if (chat_word_target(c, args, word) == 0) {
		if (!c->ended)
			target_choose(c, word);
		else if (text[0] == '\0')
			chat_leave_tell_ended(c, "/query");
		if (text[0] != '\0')
			outbox_say(c, word, text);	/* once it is chosen */
	}
}

/* -- what failed ---------------------------------------------------------- */

/* "": all of them, as number 0. */
static int
failed_number(const char *args, unsigned *number)
{
	char *end;
	unsigned long n = strtoul(args, &end, 10);

	*number = (unsigned)n;
	return *end == '\0' && n <= UINT_MAX && (args[0] == '\0' || n > 0);
}

static void
tell_failed(struct chat *c, const char *args, size_t n, const char *done)
{
	if (n == 0)
		pane_note(&c->pane, "nothing that failed%s%s",
		    args[0] != '\0' ? " has the number " : "", args);
	else
		pane_note(&c->pane, "%zu message%s %s", n, n == 1 ? "" : "s", done);
}

static void
do_resend(struct chat *c, char *args)
{
	unsigned number;
	size_t n = failed_number(args, &number) ? outbox_resend(c, number, target_word(c)) : 0;

	tell_failed(c, args, n, "sent again");
}

static void
do_drop(struct chat *c, char *args)
{
	unsigned number;
	size_t n = failed_number(args, &number) ? outbox_drop(c, number) : 0;

	tell_failed(c, args, n, "forgotten");
}

/* -- kith itself ---------------------------------------------------------- */

static void
do_help(struct chat *c, char *args)
{
	char text[160], usage_text[64];

	(void)args;
	for (size_t i = 0; i < N_ROWS; i++) {
		if (slash_rows[i].help == NULL)
			continue;
		snprintf(usage_text, sizeof(usage_text), "%s %s", slash_rows[i].name,
		    slash_rows[i].arguments);
		snprintf(text, sizeof(text), "  %-30s %s", usage_text, slash_rows[i].help);
		pane_print(&c->pane, text, 4);
	}
	pane_print(&c->pane, "A line that does not begin with a slash is sent to the target in the "
	    "prompt. //text sends \"/text\". Tab completes commands, @names and #groups. Ctrl-C "
	    "empties the line; Up brings back earlier lines.", 0);
}

static void
do_full(struct chat *c, char *args)
{
	(void)args;
	if (!feed_show_folded(c))
		pane_note(&c->pane, "no message was too long");
}

static void
do_reconnect(struct chat *c, char *args)
{
	(void)args;
	if (c->offline)
		kith_reconnect(c->app->kith);
	else
		pane_note(&c->pane, "connected to %s", c->app->address);
}

static void
do_whoami(struct chat *c, char *args)
{
	(void)args;
	pane_note(&c->pane, "%s at %s%s, profile %s", c->app->profile.user, c->app->address,
	    c->app->admin ? " (administrator)" : "", c->app->profile.name);
}

static void
do_clear(struct chat *c, char *args)
{
	(void)args;
	pane_clear(&c->pane);
}

static void
do_quit(struct chat *c, char *args)
{
	(void)args;
	chat_leave(c);
}
