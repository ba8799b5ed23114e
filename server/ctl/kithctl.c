/*
 * kithctl.c - the administrator's side of kithd's control socket.
 *
 * Talks to the socket and to nothing else. The exit statuses are those of kith(1): 0
 * done, 1 failed or no answer (status: it does not serve), 2 usage, 3 no kithd there, 5 not
 * permitted.
 */
#include "server/ctl/kithctl.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <jansson.h>

#include "protocol/base/stdfd.h"
#include "protocol/limits.h"

#define LIFE_NUMBER_MAX	100000000	/* keeps milliseconds below 2^63; kithd has the limit */

/* Options that belong to some commands only. */
#define O_ADMIN		1u
#define O_LIFE		2u
#define O_USES		4u
#define O_PASSWORD	8u
#define O_WEB		16u

struct arguments {
	struct kithctl_place place;
	bool		 json, admin, web;
	json_int_t	 life_ms, uses;
	const char	*password_file;
	int		 password_fd;		/* -1: not given */
	unsigned	 given;			/* O_... */
	const char	*wrong, *wrong_word;	/* what is, first; NULL: nothing */
	char		**words;
	int		 nwords;
};

struct command {
	const char	*words[2];		/* "user", "add" */
	int		 names;			/* words that follow */
	unsigned	 options;		/* O_... that it takes */
	/* The request; NULL: it was told why not. Not set: kithctl_backup(). */
	json_t		*(*make)(const struct arguments *a);
	kithctl_print	*print;
};

/* -- requests ------------------------------------------------------------- */

static json_t *
make_plain(const struct arguments *a)
{
	return json_pack("{s:s}", "command", a->words[0]);
}

static json_t *
make_invite(const struct arguments *a)
{
	return json_pack("{s:s, s:b, s:b, s:I, s:I}", "command", "invite", "admin", a->admin,
	    "web", a->web, "life_ms", a->life_ms, "uses", a->uses);
}

/* "user add NAME" is the command user_add. */
static json_t *
make_user(const struct arguments *a)
{
	char name[32];

	snprintf(name, sizeof(name), "user_%s", a->words[1]);
	return json_pack("{s:s, s:s}", "command", name, "name", a->words[2]);
}

static json_t *
make_user_password(const struct arguments *a)
{
	char password[PASSWORD_BYTES_MAX + 2];
	json_t *request;

	if (kithctl_password(a->password_file, a->password_fd, password,
	    sizeof(password)) < 0)
		return NULL;
	if ((request = make_user(a)) != NULL) {
		json_object_set_new(request, "password", json_string(password));
		if (a->given & O_ADMIN)
			json_object_set_new(request, "admin", json_true());
	}
	explicit_bzero(password, sizeof(password));
	return request;
}

/* -- the table ------------------------------------------------------------ */

static const struct command commands[] = {
	{ { "status", NULL }, 0, 0, make_plain, kithctl_print_status },
	{ { "stats", NULL }, 0, 0, make_plain, kithctl_print_stats },
	{ { "sessions", NULL }, 0, 0, make_plain, kithctl_print_sessions },
	{ { "invite", NULL }, 0, O_ADMIN | O_LIFE | O_USES | O_WEB, make_invite, kithctl_print_url },
	{ { "user", "add" }, 1, O_ADMIN | O_PASSWORD, make_user_password, kithctl_print_nothing },
	{ { "user", "passwd" }, 1, O_PASSWORD, make_user_password, kithctl_print_nothing },
	{ { "user", "disable" }, 1, 0, make_user, kithctl_print_nothing },
	{ { "user", "enable" }, 1, 0, make_user, kithctl_print_nothing },
	{ { "reload", NULL }, 0, 0, make_plain, kithctl_print_reload },
	{ { "reopen", NULL }, 0, 0, make_plain, kithctl_print_nothing },
	{ { "backup", NULL }, 1, 0, NULL, NULL },	/* without the server */
	{ { "stop", NULL }, 0, 0, make_plain, kithctl_print_nothing },
};

static const char kithctl_usage[] =
    "usage: kithctl [-c FILE] [-d DIR] [-s SOCKET] [--json] COMMAND\n"
    "\n"
    "  status                      show whether it serves, and its processes\n"
    "  sessions                    list who is logged in\n"
    "  stats                       show the counters\n"
    "  invite [--web] [--admin] [--life 24h] [--uses 1]\n"
    "  user add NAME [--admin] [--password-file FILE | --password-fd N]\n"
    "  user passwd NAME [--password-file FILE | --password-fd N]\n"
    "  user disable|enable NAME\n"
    "  reload                      reload configuration and certificate\n"
    "  reopen                      open the log file again, after it was renamed\n"
    "  backup FILE                 copy the SQLite database, in use or not\n"
    "  stop                        stop kithd; returns once it is gone\n";

/* Of how many words its name is. */
static int
command_words(const struct command *c)
{
	return c->words[1] != NULL ? 2 : 1;
}

/* The command that the words begin with, however it goes on. */
static const struct command *
find_command(const struct arguments *a)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const struct command *c = &commands[i];
		int n = command_words(c);

		if (a->nwords >= n && strcmp(a->words[0], c->words[0]) == 0 &&
		    (n == 1 || strcmp(a->words[1], c->words[1]) == 0))
			return c;
	}
	return NULL;
}

static void
note_wrong(struct arguments *a, const char *what, const char *word)
{
	if (a->wrong != NULL)
		return;
	a->wrong = what;
	a->wrong_word = word;
}

/* `c` is what find_command() found. */
static void
check_command(struct arguments *a, const struct command *c)
{
	int n = c != NULL ? command_words(c) : 0;

	if (c == NULL)
		note_wrong(a, a->nwords == 0 ? "a command is missing" : "no such command",
		    a->nwords == 0 ? NULL : a->words[a->nwords > 1]);
	else if (a->nwords < n + c->names)
		note_wrong(a, "needs an argument", c->words[n - 1]);
	else if (a->nwords > n + c->names)
		note_wrong(a, "one argument too many", a->words[n + c->names]);
	else if ((a->given & ~c->options) != 0)
		note_wrong(a, "takes no such option", c->words[n - 1]);
}

/* -- arguments ------------------------------------------------------------ */

/* "90s", "30m", "24h", "7d". 0: anything else. */
static json_int_t
parse_life(const char *s)
{
	static const struct { char unit; json_int_t ms; } units[] = {
		{ 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 },
	};
	char *end;
	long n = strtol(s, &end, 10);

	if (n < 1 || n > LIFE_NUMBER_MAX || end[0] == '\0' || end[1] != '\0')
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (*end == units[i].unit)
			return n * units[i].ms;
	return 0;
}

/* A whole number from `least`, or -1. */
static int
option_number(const char *s, int least)
{
	char *end;
	long n = strtol(s, &end, 10);

	return *s != '\0' && *end == '\0' && n >= least && n <= INT_MAX ? (int)n : -1;
}

static void
take_option(struct arguments *a, int c)
{
	switch (c) {
	case 'c':
		a->place.file = optarg;
		break;
	case 'd':
		a->place.state_dir = optarg;
		break;
	case 's':
		a->place.socket = optarg;
		break;
	case 'j':
		a->json = true;
		break;
	case 'a':
		a->admin = true;
		a->given |= O_ADMIN;
		break;
	case 'W':
		a->web = true;
		a->given |= O_WEB;
		break;
	case 'L':
		a->given |= O_LIFE;
		if ((a->life_ms = parse_life(optarg)) == 0)
			note_wrong(a, "--life takes a time such as 30m, 24h or 7d", optarg);
		break;
	case 'U':
		a->given |= O_USES;
		if ((a->uses = option_number(optarg, 1)) < 0)
			note_wrong(a, "--uses takes a whole number from 1", optarg);
		break;
	case 'P':
		a->given |= O_PASSWORD;
		a->password_file = optarg;
		break;
	case 'F':
		a->given |= O_PASSWORD;
		if ((a->password_fd = option_number(optarg, 0)) < 0)
			note_wrong(a, "--password-fd takes a number", optarg);
		break;
	default:		/* getopt_long() has said why */
		note_wrong(a, "no such option, or its argument is missing", NULL);
	}
}

static void
parse_options(struct arguments *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "admin", no_argument, NULL, 'a' },
		{ "web", no_argument, NULL, 'W' },
		{ "life", required_argument, NULL, 'L' },
		{ "uses", required_argument, NULL, 'U' },
		{ "password-file", required_argument, NULL, 'P' },
		{ "password-fd", required_argument, NULL, 'F' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:d:s:jhV", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(kithctl_usage, stdout);
			exit(EXIT_DONE);
		}
		if (c == 'V') {
			puts("kithctl " PACKAGE_VERSION);
			exit(EXIT_DONE);
		}
		take_option(a, c);
	}
	a->words = argv + optind;
	a->nwords = argc - optind;
}

/* -- one exchange --------------------------------------------------------- */

/* Sends the request and reads one line. Yours, or NULL. */
static char *
exchange(int fd, const json_t *request)
{
	char *out = json_dumps(request, JSON_COMPACT), *line = NULL;
	size_t len = out ? strlen(out) : 0, cap = 0;
	FILE *f = NULL;
	int copy;

	if (out == NULL)
		return NULL;
	out[len] = '\n';		/* in the NUL's place */
	if (send(fd, out, len + 1, MSG_NOSIGNAL) == (ssize_t)len + 1 && (copy = dup(fd)) >= 0) {
		if ((f = fdopen(copy, "r")) == NULL)
			close(copy);
		else if (getline(&line, &cap, f) <= 0) {
			free(line);
			line = NULL;
		}
	}
	explicit_bzero(out, len);
	free(out);
	if (f != NULL)
		fclose(f);
	return line;
}

/* After "stop": the connection ends with the process. */
static int
wait_until_gone(int fd)
{
	const struct timeval forever = { 0, 0 };
	ssize_t n;
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	do
		n = recv(fd, &byte, 1, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	return EXIT_DONE;
}

/* -- one request ---------------------------------------------------------- */

static int
show_answer(const struct arguments *a, const struct command *c, const char *line, int fd)
{
	json_t *answer = json_loads(line, 0, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	int status;

	if (answer == NULL)
		return kithctl_fail(EXIT_FAILED, "the answer is not JSON");
	if (a->json)
		kithctl_print_json(answer);
	if (error != NULL)
		status = kithctl_fail((int)json_integer_value(json_object_get(answer, "exit")),
		    error);
	else if (a->json)
		status = json_is_false(json_object_get(answer, "ready")) ? EXIT_FAILED : EXIT_DONE;
	else
		status = c->print(answer);
	if (error == NULL && strcmp(c->words[0], "stop") == 0)
		status = wait_until_gone(fd);
	json_decref(answer);
	return status;
}

static int
fail_either(const struct arguments *a, int status, const char *text)
{
	if (a->json)
		kithctl_fail_json(status, text);
	return kithctl_fail(status, text);
}

static int
fail_usage(const struct arguments *a)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s", a->wrong_word != NULL ? a->wrong_word : "",
	    a->wrong_word != NULL ? ": " : "", a->wrong);
	fail_either(a, EXIT_USAGE, text);
	fputs(kithctl_usage, stderr);
	return EXIT_USAGE;
}

static int
ask_server(const struct arguments *a, const struct command *c, const json_t *request)
{
	char err[1024], *line;
	int status, fd = kithctl_connect(&a->place, &status, err, sizeof(err));

	if (fd < 0)
		return fail_either(a, status, err);
	line = exchange(fd, request);
	status = line != NULL ? show_answer(a, c, line, fd) :
	    fail_either(a, EXIT_FAILED, "kithd runs, and did not answer; what "
	    "it has not begun by now it will not do; see its log");
	free(line);
	close(fd);
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments a = {
		.life_ms = INVITE_LIFE_MS,
		.uses = INVITE_USES,
		.password_fd = -1,
	};
	const struct command *c;
	json_t *request;
	int status;

	if (stdfd_fill() < 0)
		return EXIT_FAILED;
	parse_options(&a, argc, argv);
	c = find_command(&a);
	check_command(&a, c);
	if (a.wrong != NULL)
		return fail_usage(&a);
	if (c->make == NULL)
		return kithctl_backup(&a.place, a.words[1]);
	if ((request = c->make(&a)) == NULL)
		return EXIT_USAGE;
	status = ask_server(&a, c, request);
	json_decref(request);
	return status;
}
