/*
 * main.c - kith: the table of subcommands, and the options in front of them.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-cli/cmd/cmd.h"

#define COMMON_OPTIONS	" profile server json plain help "

const struct command *const commands[] = {
	&cmd_join, &cmd_login, &cmd_logout, &cmd_whoami, &cmd_passwd, &cmd_sessions,
	&cmd_send, &cmd_read, &cmd_tail, &cmd_ls, &cmd_unread, &cmd_who, &cmd_group,
	&cmd_hook, &cmd_chat, &cmd_help, &cmd_version,
	NULL
};

enum type { TYPE_STRING, TYPE_NUMBER, TYPE_FLAG };

static const struct option_row {
	char		 letter;	/* or 0 */
	const char	*name;
	enum type	 type;
	size_t		 offset;	/* in struct options */
	const char	*argument;
	const char	*help;
} rows[] = {
#define S(member)	TYPE_STRING, offsetof(struct options, member)
#define N(member)	TYPE_NUMBER, offsetof(struct options, member)
#define F(member)	TYPE_FLAG, offsetof(struct options, member)
	{ 'p', "profile", S(profile), "PROFILE",
	    "the account to use ($KITH_PROFILE, or default)" },
	{ 's', "server", S(server), "SERVER",
	    "reach the profile's server at this address ($KITH_SERVER)" },
	{ 0, "json", F(json), NULL, "one JSON object a line" },
	{ 0, "plain", F(plain), NULL, "one line a record, fields separated by tabs" },
	{ 'h', "help", F(help), NULL, "what a command does" },
	{ 'V', "version", F(version), NULL, NULL },
	{ 0, "name", S(name), "NAME", "your name at the server" },
	{ 0, "password-file", S(password.file), "FILE", "the password is the first line of FILE" },
	{ 0, "password-fd", S(password.fd), "N", "... of file descriptor N" },
	{ 0, "password-command", S(password.command), "COMMAND", "... of what COMMAND prints" },
	{ 0, "new-password-file", S(new_password.file), "FILE", "the same for the new password" },
	{ 0, "new-password-fd", S(new_password.fd), "N", NULL },
	{ 0, "new-password-command", S(new_password.command), "COMMAND", NULL },
	{ 'n', "number", N(number), "N", "how many events" },
	{ 0, "since", N(since), "SEQ", "only events after this number" },
	{ 0, "timeout", N(timeout), "SECONDS", "give up after so long" },
	{ 'l', "lines", F(lines), NULL, "each line of the input is a message" },
	{ 'q', "quiet", F(quiet), NULL, "print nothing, answer by the exit code" },
	{ 0, "no-mark", F(no_mark), NULL, "do not mark as read what is shown" },
	{ 0, "private", F(is_private), NULL, "the group is for the invited, and not listed" },
	{ 0, "topic", S(topic), "TEXT", "what the group is about" },
#undef S
#undef N
#undef F
};
#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))

/* -- help ---------------------------------------------------------------- */

/* Is `name` one of the words of `list`? */
static int
listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)) != NULL; p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return 1;
	return 0;
}

static int
takes(const struct command *c, const char *option)
{
	return listed(c->options, option) || listed(COMMON_OPTIONS, option);
}

static void
print_option(const struct option_row *row)
{
	char letter[8] = "", text[64];

	if (row->help == NULL)
		return;
	if (row->letter != 0)
		snprintf(letter, sizeof(letter), "-%c,", row->letter);
	snprintf(text, sizeof(text), "%3s --%s %s", letter, row->name,
	    row->argument != NULL ? row->argument : "");
	printf("  %-32s %s\n", text, row->help);
}

static void
print_command_help(const struct command *c)
{
	printf("usage: kith %s%s%s\n%s.\n", c->name, c->arguments[0] != '\0' ? " " : "",
	    c->arguments, c->summary);
	if (c->more != NULL)
		printf("\n%s", c->more);
	printf("\noptions:\n");
	for (size_t i = 0; i < N_ROWS; i++)
		if (takes(c, rows[i].name))
			print_option(&rows[i]);
}

static void
print_help(void)
{
	printf("kith: chat with the people of your network.\n\n"
	    "  kith join 'kith://host/INVITE#SHA256:...' --name alice\n"
	    "  kith                                  chat (/help there)\n"
	    "  kith send @bob 'lunch?'               exit 0: it is stored\n"
	    "  make 2>&1 | kith send '#build' -\n"
	    "  kith tail --json '#ops' | ./react     every event once, in order\n\n"
	    "usage: kith [-p PROFILE] [-s SERVER] [--json|--plain] [COMMAND [ARGUMENT...]]\n\n");
	for (const struct command *const *c = commands; *c != NULL; c++)
		printf("  %-10s %-32s %s\n", (*c)->name, (*c)->arguments, (*c)->summary);
	printf("\nkith help COMMAND tells more; so does man kith.\n"
	    "exit: 0 done, 1 failed, 2 usage, 3 not connected, 4 login, 5 not permitted,\n"
	    "      6 no such target, 7 server's key, 8 a limit, 130 interrupted\n");
}

static int
help_run(struct app *app)
{
	const struct command *c;

	if (app->argc == 0) {
		print_help();
		return KITH_EXIT_DONE;
	}
	if ((c = command_find(app->argv[0])) == NULL)
		return usage("%s: no such command (kith help lists them)", app->argv[0]);
	print_command_help(c);
	return KITH_EXIT_DONE;
}

const struct command cmd_help = {
	.name = "help", .arguments = "[COMMAND]", .options = "", .max = 1,
	.summary = "list the commands, or tell about one", .run = help_run,
};

static int
version_run(struct app *app)
{
	(void)app;
	printf("kith %s\n", PACKAGE_VERSION);
	return KITH_EXIT_DONE;
}

const struct command cmd_version = {
	.name = "version", .arguments = "", .options = "",
	.summary = "print the version", .run = version_run,
};

const struct command *
command_find(const char *name)
{
	for (const struct command *const *c = commands; *c != NULL; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

/* -- options ------------------------------------------------------------- */

static int
set_option(struct options *o, const struct option_row *row, const char *value)
{
	char *place = (char *)o + row->offset, *end;
	int64_t number;

	switch (row->type) {
	case TYPE_STRING:
		*(const char **)(void *)place = value;
		return 0;
	case TYPE_FLAG:
		*(int *)(void *)place = 1;
		return 0;
	case TYPE_NUMBER:
		errno = 0;
		number = strtoll(value, &end, 10);
		if (errno != 0 || end == value || *end != '\0' || number < 0)
			return usage("--%s: %s is not a number", row->name, value);
		*(int64_t *)(void *)place = number;
		return 0;
	}
	return 0;
}

/* Every option of every command is read here, in front of the command or behind
 * it; `given` notes which. 0 or an exit code. */
static int
parse_options(int argc, char **argv, struct options *o, int given[N_ROWS])
{
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 2] = ":", *p = shorts + 1;
	int c, rc;

	memset(longs, 0, sizeof(longs));
	for (size_t i = 0; i < N_ROWS; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].type == TYPE_FLAG ? no_argument : required_argument;
		longs[i].val = 256 + (int)i;
		if (rows[i].letter != 0)
			*p++ = rows[i].letter;
		if (rows[i].letter != 0 && rows[i].type != TYPE_FLAG)
			*p++ = ':';
	}
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		size_t i = 0;

		if (c == '?')
			return usage("%s: no such option (kith help)", argv[optind - 1]);
		if (c == ':')
			return usage("%s: its argument is missing", argv[optind - 1]);
		while (i < N_ROWS && c != 256 + (int)i && c != rows[i].letter)
			i++;
		given[i] = 1;
		if ((rc = set_option(o, &rows[i], optarg)) != 0)
			return rc;
	}
	return 0;
}

static int
check_options(const struct command *c, const struct options *o, const int given[N_ROWS])
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (given[i] && !takes(c, rows[i].name))
			return usage("%s: takes no --%s (kith help %s)", c->name, rows[i].name,
			    c->name);
	if (o->json && o->plain)
		return usage("--json or --plain, not both");
	if (!store_profile_name_ok(o->profile))
		return usage("%s: a profile's name has letters, digits, '.', '-', '_'", o->profile);
	return 0;
}

static int
check_arguments(const struct command *c, int argc)
{
	if (argc >= c->min && (c->max < 0 || argc <= c->max))
		return 0;
	return usage("usage: kith %s %s", c->name, c->arguments);
}

static const char *
environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

/* -- main ---------------------------------------------------------------- */

/* A base that also watches regular files, which may be standard input. */
static struct event_base *
make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_require_features(config, EV_FEATURE_FDS) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static int
run(const struct command *c, const struct options *o, int argc, char **argv)
{
	struct app app = { .options = o, .argc = argc, .argv = argv };
	int rc;

	out_init(&app.out, stdout, o->json ? OUT_JSON : o->plain ? OUT_PLAIN : OUT_TEXT);
	if ((app.base = make_base()) == NULL) {
		say("out of memory");
		return KITH_EXIT_FAILED;
	}
	rc = c->run(&app);
	if (out_fini(&app.out) < 0 && rc == KITH_EXIT_DONE) {
		say("standard output: %s", strerror(errno));
		rc = KITH_EXIT_FAILED;
	}
	event_base_free(app.base);
	explicit_bzero(&app.profile, sizeof(app.profile));
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = { .number = -1, .since = -1, .timeout = -1 };
	int given[N_ROWS] = { 0 }, rc;
	const struct command *c;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	o.profile = environment("KITH_PROFILE", "default");
	o.server = environment("KITH_SERVER", NULL);
	if ((rc = parse_options(argc, argv, &o, given)) != 0)
		return rc;
	if (o.version)
		return version_run(NULL);
	argc -= optind;
	argv += optind;
	if (argc == 0)
		c = o.help ? &cmd_help : &cmd_chat;
	else if ((c = command_find(argv[0])) == NULL)
		return usage("%s: no such command (kith help lists them)", argv[0]);
	if (argc > 0 && o.help) {
		print_command_help(c);
		return KITH_EXIT_DONE;
	}
	if (argc > 0) {
		argc--;
		argv++;
	}
	if ((rc = check_options(c, &o, given)) != 0 || (rc = check_arguments(c, argc)) != 0)
		return rc;
	return run(c, &o, argc, argv);
}
