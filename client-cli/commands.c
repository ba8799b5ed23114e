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
	    "put it in quotes. You choose name and password, and are logged in from then on.\n"
	    "To be at several servers, or several people, name each with -p PROFILE.\n" },
	{ "login", "URL|SERVER NAME", 2, 2, PASSWORD_OPTIONS, cmd_account_login,
	    "log in to an account that exists", NULL },
	{ "logout", "", 0, 0, "", cmd_account_logout,
	    "revoke this device's login, and forget it", NULL },
	{ "whoami", "", 0, 0, "", cmd_account_whoami,
	    "name, server and device of the profile, checked at the server", NULL },
	{ "passwd", "", 0, 0, PASSWORD_OPTIONS " " NEW_PASSWORD_OPTIONS, cmd_account_passwd,
	    "change the password; other devices are logged out, hooks end", NULL },
	{ "sessions", "[revoke DEVICE]", 0, 2, "", cmd_account_sessions,
	    "list the devices that are logged in, or log one out", NULL },

	{ "send", "TARGET [TEXT...|-]", 1, -1, "lines timeout", cmd_send,
	    "send a message; exit 0 means stored",
	    "TARGET is @alice, #ops, or several: @alice,@bob,#ops. Without TEXT, or with -,\n"
	    "all of standard input is one message; with --lines each line is one.\n"
	    "A text over 8000 bytes is refused (exit 8), not cut; such a line ends the input.\n"
	    "While there is no connection kith tries on, --timeout seconds (30) in all. A\n"
	    "message sent again is stored once. With several targets each outcome is printed,\n"
	    "and the exit code is the worst one's.\n" },
	{ "read", "TARGET", 1, 1, "number since no-mark", cmd_read,
	    "print a conversation's last messages",
	    "The last 20, or -n N; or with --since SEQ all after that number (at most N).\n"
	    "What is printed counts as read, unless --no-mark is given.\n" },
	{ "tail", "[TARGET...]", 0, CMD_TAIL_TARGETS_MAX, "number no-mark", cmd_tail,
	    "print messages as they come, beginning with the unread",
	    "Of all conversations, or of the targets only. It connects again by itself, shows\n"
	    "nothing twice and misses nothing. What was printed counts as read, so the next\n"
	    "tail goes on behind it; with --no-mark it does not. With -n N it begins with\n"
	    "the last N events of each conversation instead, read or not.\n" },
	{ "ls", "", 0, 0, "", cmd_list_ls, "list your conversations", NULL },
	{ "unread", "", 0, 0, "quiet", cmd_list_unread,
	    "list the conversations with unread messages",
	    "With --quiet nothing is printed: exit 0 if something is unread, 1 if nothing.\n" },
	{ "who", "[@NAME...]", 0, -1, "", cmd_list_who,
	    "list who is online, or tell about some", NULL },

	{ "group", "VERB [#GROUP [@NAME...]]", 1, -1, "private topic", cmd_group,
	    "create, join, leave, list, members, invite",
	    "  kith group create '#ops' [--private] [--topic TEXT]\n"
	    "  kith group join '#ops'\n"
	    "  kith group leave '#ops'\n"
	    "  kith group list                     the public ones, and yours\n"
	    "  kith group members '#ops'\n"
	    "  kith group invite '#ops' @bob @carol\n"
	    "The shell takes # for a comment: quote it, or leave it out.\n" },
	{ "hook", "VERB [TARGET NAME|NUMBER]", 1, 3, "", cmd_hook,
	    "create, list, revoke addresses that programs post to",
	    "  kith hook create '#ops' backup      prints its URL, this once\n"
	    "  kith hook list\n"
	    "  kith hook revoke 12                 its number, as the list has it\n"
	    "What is posted there comes from you, with the hook's name in front:\n"
	    "  curl -d 'all is well' https://host:5484/v1/hook/...\n"
	    "Who has the URL can post to this conversation, and do nothing else. A new\n"
	    "password revokes all hooks.\n" },
	{ "chat", "[TARGET]", 0, 1, "", chat_main,
	    "talk, on a terminal; the same as kith alone",
	    "Type a message and Enter. /help lists what else can be typed.\n" },

	{ "help", "[COMMAND]", 0, 1, "", run_help, "list the commands, or tell about one", NULL },
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
