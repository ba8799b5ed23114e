/*
 * commands.c - the table of kith's commands; help is printed from it.
 */
#include "client-cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/chat/chat_main.h"

#define PASSWORD_OPTIONS	"password-file password-fd password-command"
#define NEW_PASSWORD_OPTIONS	"new-password-file new-password-fd new-password-command"

static int	run_help(struct app *app);
static int	run_version(struct app *app);

static const struct command table[] = {
	{ "join", "URL", 1, 1, "name " PASSWORD_OPTIONS, cmd_account_join,
	    "make an account with an invite",
	    "URL is kith://host[:port]/INVITE#SHA256:FINGERPRINT, as `kithctl invite` prints it;\n"
	    "put it in quotes. You choose a name and a password, and stay logged in.\n"
	    "For another server or another account, name each one with -p PROFILE.\n" },
	{ "login", "URL|SERVER NAME", 2, 2, PASSWORD_OPTIONS, cmd_account_login,
	    "log in to an account that exists", NULL },
	{ "logout", "", 0, 0, "", cmd_account_logout,
	    "revoke this login and forget the profile", NULL },
	{ "whoami", "", 0, 0, "", cmd_account_whoami,
	    "show your name, server and device", NULL },
	{ "passwd", "", 0, 0, PASSWORD_OPTIONS " " NEW_PASSWORD_OPTIONS, cmd_account_passwd,
	    "change the password; ends other logins and all hooks", NULL },
	{ "sessions", "[revoke DEVICE]", 0, 2, "", cmd_account_sessions,
	    "list the devices that are logged in, or log one out", NULL },

	{ "send", "TARGET [TEXT...|-]", 1, -1, "lines timeout", cmd_send,
	    "send a message; exit 0 means that it is stored",
	    "TARGET is @alice, #ops, or several: @alice,@bob,#ops. Without TEXT, or with -,\n"
	    "all of standard input is one message; with --lines each line is one.\n"
	    "A text over 8000 bytes is refused (exit 8), not cut; such a line ends the input.\n"
	    "Without a connection kith keeps trying for --timeout seconds (30). A message that\n"
	    "is sent again is stored only once. With several targets each outcome is printed,\n"
	    "and the exit code is the highest.\n" },
	{ "read", "TARGET", 1, 1, "number since no-mark", cmd_read,
	    "print the last messages of a conversation",
	    "Prints the last 20, or N with -n N; with --since SEQ all after that number, at\n"
	    "most N. What it prints counts as read, except with --no-mark.\n" },
	{ "tail", "[TARGET...]", 0, CMD_TAIL_TARGETS_MAX, "number no-mark", cmd_tail,
	    "print unread messages, then new ones as they arrive",
	    "Prints those of all conversations, or of the targets. It reconnects by itself,\n"
	    "prints nothing twice and misses nothing. What it prints counts as read, and the\n"
	    "next tail begins after it; not so with --no-mark. With -n N it begins with the\n"
	    "last N events of each conversation, read or not.\n" },
	{ "ls", "", 0, 0, "", cmd_list_ls, "list your conversations", NULL },
	{ "unread", "", 0, 0, "quiet", cmd_list_unread,
	    "list the conversations with unread messages",
	    "With --quiet it prints nothing and exits 0 if something is unread, 1 if not.\n" },
	{ "who", "[@NAME...]", 0, -1, "", cmd_list_who,
	    "list who is online, or show the named people", NULL },

	{ "group", "VERB [#GROUP [@NAME...]]", 1, -1, "private topic", cmd_group,
	    "create, join, leave, list, members, invite",
	    "  kith group create '#ops' [--private] [--topic TEXT]\n"
	    "  kith group join '#ops'\n"
	    "  kith group leave '#ops'\n"
	    "  kith group list                     public groups, and yours\n"
	    "  kith group members '#ops'\n"
	    "  kith group invite '#ops' @bob @carol\n"
	    "The shell takes # for a comment: quote it, or leave it out.\n" },
	{ "hook", "VERB [TARGET NAME|NUMBER]", 1, 3, "", cmd_hook,
	    "create, list, revoke addresses that programs post to",
	    "  kith hook create '#ops' backup      prints the URL, only this once\n"
	    "  kith hook list\n"
	    "  kith hook revoke 12                 the number is in the list\n"
	    "Messages posted there come from you, with the hook's name in front:\n"
	    "  curl -d 'all is well' https://host:5484/v1/hook/...\n"
	    "The URL is a secret: it allows posting to this conversation, and nothing else.\n"
	    "Changing the password revokes all hooks.\n" },
	{ "chat", "[TARGET]", 0, 1, "", chat_main,
	    "chat on a terminal; the same as kith alone",
	    "Type a message and press Enter. /help lists the commands.\n" },

	{ "help", "[COMMAND]", 0, 1, "", run_help,
	    "list the commands, or tell more about one", NULL },
	{ "version", "", 0, 0, "", run_version, "print the version", NULL },
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

/* -- help and version ----------------------------------------------------- */

void
commands_print_help(const struct command *c)
{
	printf("usage: kith %s%s%s\n%s.\n", c->name, c->arguments[0] != '\0' ? " " : "",
	    c->arguments, c->summary);
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
		printf("  %-10s %-32s %s\n", c->name, c->arguments, c->summary);
	printf("\nkith help COMMAND tells more; so does man kith.\n"
	    "exit: 0 done, 1 failed, 2 usage, 3 not connected, 4 login, 5 not permitted,\n"
	    "      6 no such target, 7 server's key, 8 a limit, 130 interrupted\n");
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
	commands_print_help(c);
	return KITH_EXIT_DONE;
}

static int
run_version(struct app *app)
{
	(void)app;
	printf("kith %s\n", PACKAGE_VERSION);
	return KITH_EXIT_DONE;
}
