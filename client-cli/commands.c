/*
 * commands.c - the table of kith's commands; help is printed from it.
 */
#include "client-cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/chat/chat_main.h"
#include "client-cli/cmd/cmd_verb.h"

#define PASSWORD_OPTIONS	"password-file password-fd password-command"
#define NEW_PASSWORD_OPTIONS	"new-password-file new-password-fd new-password-command"

static int	run_help(struct app *app);
static int	run_version(struct app *app);

static const struct command table[] = {
	{ "join", "URL", 1, 1, "name " PASSWORD_OPTIONS, cmd_enter_join,
	    "make an account with an invite",
	    "URL is kith://host[:port]/INVITE#SHA256:FINGERPRINT, as `kithctl invite` prints\n"
	    "it; put it in quotes. You choose a name and a password, and stay logged in.\n"
	    "For another server or another account, name each one with -p PROFILE.\n", NULL },
	{ "login", "URL|SERVER NAME", 2, 2, PASSWORD_OPTIONS, cmd_enter_login,
	    "log in to an account that exists", NULL, NULL },
	{ "logout", "", 0, 0, "", cmd_account_logout,
	    "revoke this login and forget the profile", NULL, NULL },
	{ "whoami", "", 0, 0, "", cmd_account_whoami,
	    "show your name, server and device", NULL, NULL },
	{ "passwd", "", 0, 0, PASSWORD_OPTIONS " " NEW_PASSWORD_OPTIONS, cmd_account_passwd,
	    "change the password; ends other logins and all hooks", NULL, NULL },
	{ "sessions", "[list | revoke DEVICE]", 0, CMD_ANY_NUMBER, "", cmd_verb_run,
	    "list the devices that are logged in, or log one out", NULL,
	    cmd_account_session_verbs },

	{ "send", "TARGET [TEXT...|-]", 1, CMD_FREE_TEXT, "lines skip-empty strip timeout", cmd_send,
	    "send a message; exit 0 means that it is stored",
	    "TARGET is @alice, #ops, or several: @alice,@bob,#ops. Without TEXT, or with -,\n"
	    "all of standard input is one message; with --lines each line is one.\n"
	    "Options end at the first word of TEXT; -- ends them, too.\n"
	    "A text over 8000 bytes is refused (exit 8), not cut; it also ends the input.\n"
	    "Without a connection kith keeps trying for --timeout seconds (30). A message\n"
	    "that is sent again is stored only once. With several targets each outcome is\n"
	    "printed, and the exit code is the highest.\n", NULL },
	{ "read", "TARGET", 1, 1, "number since no-mark", cmd_read,
	    "print the last messages of a conversation",
	    "Prints the last 20 events, or all from the first unread one on if there are\n"
	    "more; with -n N the last N; with --since SEQ all after that number, at most N.\n"
	    "What it prints counts as read, except with --no-mark, or when older ones are\n"
	    "unread.\n",
	    NULL },
	{ "tail", "[TARGET...]", 0, CMD_TAIL_TARGETS_MAX, "number no-mark", cmd_tail,
	    "print unread messages, then new ones as they arrive",
	    "Prints those of all conversations, or of the targets. It reconnects by itself,\n"
	    "prints nothing twice and misses nothing. What it prints counts as read, and the\n"
	    "next tail begins after it; not so with --no-mark. With -n N it begins with the\n"
	    "last N events of each conversation, read or not; where that leaves out unread\n"
	    "ones, nothing counts as read.\n", NULL },
	{ "ls", "", 0, 0, "", cmd_list_ls, "list your conversations", NULL, NULL },
	{ "unread", "", 0, 0, "quiet", cmd_list_unread,
	    "list the conversations with unread messages",
	    "With --quiet it prints nothing and exits 0 if something is unread, 1 if not.\n", NULL },
	{ "who", "[@NAME...]", 0, CMD_ANY_NUMBER, "", cmd_list_who,
	    "list who is online, or show the named people", NULL, NULL },

	{ "group", "VERB [#GROUP [@NAME...]]", 1, CMD_ANY_NUMBER, "private topic", cmd_group,
	    "create, join, leave, list, members, invite",
	    "The # of a group may be left out here.\n", cmd_group_verbs },
	{ "hook", "VERB [TARGET NAME|NUMBER]", 1, CMD_ANY_NUMBER, "", cmd_hook,
	    "create, list, revoke addresses that programs post to",
	    "Messages posted there come from you, with the hook's name in front:\n"
	    "  curl -d 'all is well' https://host:5484/v1/hook/...\n"
	    "The URL is a secret: it allows posting to this conversation, and nothing else.\n"
	    "Changing the password revokes all hooks.\n", cmd_hook_verbs },
	{ "chat", "[TARGET]", 0, 1, "", chat_main,
	    "chat on a terminal; the same as kith alone",
	    "Type a message and press Enter. /help lists the commands.\n", NULL },

	{ "help", "[COMMAND]", 0, 1, "", run_help,
	    "list the commands, or tell more about one", NULL, NULL },
	{ "version", "", 0, 0, "", run_version, "print the version", NULL, NULL },
};

const struct command *
commands_at(size_t i)
{
	return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}

const struct command *
commands_find(const char *name)
{
	const struct command *c;

	for (size_t i = 0; (c = commands_at(i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* -- usage ---------------------------------------------------------------- */

#define USAGE_COLUMNS	79
#define USAGE_INDENT	12

/* Breaks the line in front of a word that does not fit. */
static void
print_usage_word(FILE *f, int *column, const char *word)
{
	int len = (int)strlen(word);

	if (*column + 1 + len > USAGE_COLUMNS)
		*column = fprintf(f, "\n%*s", USAGE_INDENT, "") - 1;
	*column += fprintf(f, " %s", word);
}

static void
print_usage_line(FILE *f, const char *name, const char *verb, const char *arguments,
    const char *options)
{
	char word[64];
	size_t row = 0;
	int column = fprintf(f, "usage: kith %s", name);

	if (verb != NULL)
		print_usage_word(f, &column, verb);
	while (options_next_usage(options, &row, word, sizeof(word)))
		print_usage_word(f, &column, word);
	if (arguments[0] != '\0')
		print_usage_word(f, &column, arguments);
	fputc('\n', f);
}

static int
takes_group(const struct command *c)
{
	return strstr(c->arguments, "TARGET") != NULL || strchr(c->arguments, '#') != NULL;
}

void
commands_print_usage(FILE *f, const struct command *c)
{
	if (c->verbs == NULL)
		print_usage_line(f, c->name, NULL, c->arguments, c->options);
	for (const struct cmd_verb *v = c->verbs; v != NULL && v->name != NULL; v++)
		print_usage_line(f, c->name, v->name, v->arguments, v->options);
	if (takes_group(c))
		fprintf(f, "%s.\n", CMD_QUOTE_HINT);
}

/* -- help and version ----------------------------------------------------- */

static void
print_help(const struct command *c)
{
	commands_print_usage(stdout, c);
	printf("\n%s: %s.\n", c->name, c->summary);
	for (const struct cmd_verb *v = c->verbs; v != NULL && v->name != NULL; v++)
		printf("  %-10s %s\n", v->name, v->summary);
	if (c->more != NULL)
		printf("\n%s", c->more);
	printf("\noptions:\n");
	options_print(c->options);
}

static void
print_overview(void)
{
	const struct command *c;

	printf("kith: chat with the people of your network.\n\n"
	    "  kith join 'kith://host/INVITE#SHA256:...' --name alice\n"
	    "  kith                                  chat (/help there)\n"
	    "  kith send @bob 'lunch?'               exit 0: it is stored\n"
	    "  make 2>&1 | kith send '#build' -\n"
	    "  kith tail --json '#ops' | ./react     every event once, in order\n\n"
	    "usage: kith [-p PROFILE] [-s SERVER] [--json|--plain] [COMMAND [ARGUMENT...]]\n\n");
	for (size_t i = 0; (c = commands_at(i)) != NULL; i++)
		printf("  %-9s %s\n", c->name, c->summary);
	printf("\nkith help COMMAND tells more; so does man kith.\n"
	    "exit: 0 done, 1 failed, 2 usage, 3 not connected, 4 login, 5 not permitted,\n"
	    "      6 no such target, 7 server's key, 8 a limit, 9 done, but not told,\n"
	    "      130 interrupted\n");
}

static int
run_help(struct app *app)
{
	const struct command *c;

	if (app->argc == 0) {
		print_overview();
		return KITH_EXIT_DONE;
	}
	if ((c = commands_find(app->argv[0])) == NULL)
		return say_usage("%s: no such command (kith help lists them)", app->argv[0]);
	print_help(c);
	return KITH_EXIT_DONE;
}

static int
run_version(struct app *app)
{
	(void)app;
	printf("kith %s\n", PACKAGE_VERSION);
	return KITH_EXIT_DONE;
}
