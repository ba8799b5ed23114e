/*
 * kithctl.c - the administrator's side of kithd's control socket.
 *
 * Speaks to the socket and to nothing else. Exit codes are those of kith(1): 0 done, 1
 * failed (status: it does not serve yet), 2 usage, 3 no kithd there.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "protocol/limits.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SERVER };

#define ANSWER_SECONDS	20		/* the server gives up after 10 */

/* Options that belong to some commands only. */
#define O_ADMIN		1u
#define O_LIFE		2u
#define O_USES		4u
#define O_PASSWORD	8u

struct arguments {
	const char	*state_dir, *socket;
	bool		 json, admin;
	json_int_t	 life_ms, uses;
	const char	*password_file;
	int		 password_fd;		/* -1: not given */
	unsigned	 given;			/* O_... */
	char		**words;
	int		 nwords;
};

struct command {
	const char	*words[2];		/* "user", "add" */
	int		 names;			/* words that follow */
	unsigned	 options;		/* O_... that it takes */
	json_t		*(*make)(const struct arguments *a);	/* the request; NULL: it was told why not */
	int		 (*print)(const json_t *answer);	/* for people; the exit status */
};

static int
fail(int status, const char *text)
{
	fprintf(stderr, "kithctl: %s\n", text);
	return status;
}

/* ------------------------------------------------------------- passwords */

/* One line, without its end. -1: nothing there, or too long. */
static int
read_line(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < cap && (n = read(fd, buf + len, 1)) == 1 && buf[len] != '\n')
		len++;
	if (n < 0 || len == cap)
		return -1;
	if (len > 0 && buf[len - 1] == '\r')
		len--;
	buf[len] = '\0';
	return len > 0 ? 0 : -1;
}

/* Reads from the terminal, without showing what is typed. */
static int
ask(const char *prompt, char *buf, size_t cap)
{
	struct termios shown, hidden;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &shown) < 0) {
		close(fd);
		return -1;
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &hidden);
	dprintf(fd, "%s", prompt);
	rc = read_line(fd, buf, cap);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &shown);
	close(fd);
	return rc;
}

static int
ask_twice(char *buf, size_t cap)
{
	char again[PASSWORD_BYTES_MAX + 2];
	int rc;

	if (ask("New password: ", buf, cap) < 0)
		return fail(-1, "no password: use --password-file, --password-fd or a terminal");
	rc = ask("Again: ", again, sizeof(again)) == 0 && strcmp(buf, again) == 0 ? 0 : -1;
	explicit_bzero(again, sizeof(again));
	return rc < 0 ? fail(-1, "the two differ") : 0;
}

static int
get_password(const struct arguments *a, char *buf, size_t cap)
{
	int fd = a->password_fd, rc;

	if (a->password_file == NULL && fd < 0)
		return ask_twice(buf, cap);
	if (a->password_file != NULL && (fd = open(a->password_file, O_RDONLY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "kithctl: %s: %s\n", a->password_file, strerror(errno));
		return -1;
	}
	rc = read_line(fd, buf, cap);
	if (a->password_file != NULL)
		close(fd);
	return rc < 0 ? fail(-1, "the first line holds no password, or a very long one") : 0;
}

/* ------------------------------------------------------------- requests */

static json_t *
make_plain(const struct arguments *a)
{
	return json_pack("{s:s}", "command", a->words[0]);
}

static json_t *
make_invite(const struct arguments *a)
{
	return json_pack("{s:s, s:b, s:I, s:I}", "command", "invite", "admin", a->admin,
	    "life_ms", a->life_ms, "uses", a->uses);
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

	if (get_password(a, password, sizeof(password)) < 0)
		return NULL;
	if ((request = make_user(a)) != NULL) {
		json_object_set_new(request, "password", json_string(password));
		if (a->given & O_ADMIN)
			json_object_set_new(request, "admin", json_true());
	}
	explicit_bzero(password, sizeof(password));
	return request;
}

/* ------------------------------------------------------------- answers for people */

static json_int_t
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "?";
}

static int
print_status(const json_t *answer)
{
	bool ready = json_is_true(json_object_get(answer, "ready"));
	const json_t *row, *value;
	size_t i;

	printf("kithd %s %s, up %" JSON_INTEGER_FORMAT " s\n", text(answer, "version"),
	    ready ? "serves" : "does not serve yet", number(answer, "uptime_s"));
	printf("name         %s\n", text(answer, "server_name"));
	json_array_foreach(json_object_get(answer, "listen"), i, value)
		printf("listens on   %s\n", json_string_value(value));
	printf("key          %s\n", text(answer, "fingerprint"));
	printf("sessions     %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " users\n\n",
	    number(answer, "sessions"), number(answer, "users_online"));
	printf("%-8s %5s %8s %8s  %s\n", "ROLE", "INDEX", "PID", "RESTARTS", "STATE");
	json_array_foreach(json_object_get(answer, "processes"), i, row)
		printf("%-8s %5d %8d %8d  %s\n", text(row, "role"), (int)number(row, "index"),
		    (int)number(row, "pid"), (int)number(row, "restarts"),
		    json_is_true(json_object_get(row, "ready")) ? "ready" :
		    number(row, "pid") ? "starting" : "away");
	return ready ? EXIT_DONE : EXIT_FAILED;
}

/* The exit status alone: with --json the object was printed already. */
static int
status_of(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "ready")) ? EXIT_DONE : EXIT_FAILED;
}

static int
print_stats(const json_t *answer)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(answer, "stats"), key, value)
		printf("%-22s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(value));
	return EXIT_DONE;
}

static int
print_sessions(const json_t *answer)
{
	const json_t *row;
	char since[32];
	struct tm tm;
	time_t at;
	size_t i;

	printf("%-20s %6s %10s  %s\n", "USER", "WORKER", "DEVICE", "SINCE");
	json_array_foreach(json_object_get(answer, "sessions"), i, row) {
		at = (time_t)(number(row, "since_ms") / 1000);
		if (localtime_r(&at, &tm) == NULL ||
		    strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm) == 0)
			strcpy(since, "?");
		printf("%-20s %6d %10" JSON_INTEGER_FORMAT "  %s%s\n", text(row, "name"),
		    (int)number(row, "worker"), number(row, "device"), since,
		    json_is_true(json_object_get(row, "admin")) ? " admin" : "");
	}
	return EXIT_DONE;
}

static int
print_url(const json_t *answer)
{
	printf("%s\n", text(answer, "url"));
	return EXIT_DONE;
}

static int
print_nothing(const json_t *answer)
{
	(void)answer;
	return EXIT_DONE;
}

/* ------------------------------------------------------------- the table */

static const struct command commands[] = {
	{ { "status", NULL }, 0, 0, make_plain, print_status },
	{ { "stats", NULL }, 0, 0, make_plain, print_stats },
	{ { "sessions", NULL }, 0, 0, make_plain, print_sessions },
	{ { "invite", NULL }, 0, O_ADMIN | O_LIFE | O_USES, make_invite, print_url },
	{ { "user", "add" }, 1, O_ADMIN | O_PASSWORD, make_user_password, print_nothing },
	{ { "user", "passwd" }, 1, O_PASSWORD, make_user_password, print_nothing },
	{ { "user", "disable" }, 1, 0, make_user, print_nothing },
	{ { "user", "enable" }, 1, 0, make_user, print_nothing },
	{ { "reload", NULL }, 0, 0, make_plain, print_nothing },
	{ { "stop", NULL }, 0, 0, make_plain, print_nothing },
};

static const char usage_text[] =
    "usage: kithctl [-d DIR | -s SOCKET] [--json] COMMAND\n"
    "\n"
    "  status                      is it serving, and with which processes\n"
    "  sessions                    who is logged in\n"
    "  stats                       counters\n"
    "  invite [--admin] [--life 24h] [--uses 1]\n"
    "  user add NAME [--admin] [--password-file FILE | --password-fd N]\n"
    "  user passwd NAME [--password-file FILE | --password-fd N]\n"
    "  user disable|enable NAME\n"
    "  reload                      take over configuration and certificate\n"
    "  stop                        returns once kithd is gone\n";

static const struct command *
find_command(const struct arguments *a)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const struct command *c = &commands[i];
		int n = c->words[1] != NULL ? 2 : 1;

		if (a->nwords == n + c->names && strcmp(a->words[0], c->words[0]) == 0 &&
		    (n == 1 || strcmp(a->words[1], c->words[1]) == 0) &&
		    (a->given & ~c->options) == 0)
			return c;
	}
	return NULL;
}

/* ------------------------------------------------------------- arguments */

/* "90s", "30m", "24h", "7d". 0: not one of those. */
static json_int_t
parse_life(const char *s)
{
	static const struct { char unit; json_int_t ms; } units[] = {
		{ 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 },
	};
	char *end;
	long n = strtol(s, &end, 10);

	if (n < 1 || n > 1000000 || end[0] == '\0' || end[1] != '\0')
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (*end == units[i].unit)
			return n * units[i].ms;
	return 0;
}

/* A whole number from `least`, or -1. */
static int
parse_number(const char *s, int least)
{
	char *end;
	long n = strtol(s, &end, 10);

	return *s != '\0' && *end == '\0' && n >= least && n <= 1000000 ? (int)n : -1;
}

_Noreturn static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(EXIT_USAGE);
}

static void
take_option(struct arguments *a, int c)
{
	switch (c) {
	case 'd':
		a->state_dir = optarg;
		break;
	case 's':
		a->socket = optarg;
		break;
	case 'j':
		a->json = true;
		break;
	case 'a':
		a->admin = true;
		a->given |= O_ADMIN;
		break;
	case 'L':
		a->given |= O_LIFE;
		if ((a->life_ms = parse_life(optarg)) == 0)
			usage();
		break;
	case 'U':
		a->given |= O_USES;
		if ((a->uses = parse_number(optarg, 1)) < 0)
			usage();
		break;
	case 'P':
		a->given |= O_PASSWORD;
		a->password_file = optarg;
		break;
	case 'F':
		a->given |= O_PASSWORD;
		if ((a->password_fd = parse_number(optarg, 0)) < 0)
			usage();
		break;
	default:
		usage();
	}
}

static void
parse(struct arguments *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "admin", no_argument, NULL, 'a' },
		{ "life", required_argument, NULL, 'L' },
		{ "uses", required_argument, NULL, 'U' },
		{ "password-file", required_argument, NULL, 'P' },
		{ "password-fd", required_argument, NULL, 'F' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:s:jhV", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage_text, stdout);
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

/* ------------------------------------------------------------- the socket */

static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval patience = { ANSWER_SECONDS, 0 };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
open_server(const struct arguments *a)
{
	char path[4096];
	int fd;

	if (a->socket != NULL)
		snprintf(path, sizeof(path), "%s", a->socket);
	else
		snprintf(path, sizeof(path), "%s/control", a->state_dir);
	if ((fd = connect_to(path)) >= 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		fprintf(stderr, "kithctl: no kithd runs there (%s: %s)\n", path, strerror(errno));
	else
		fprintf(stderr, "kithctl: %s: %s\n", path, strerror(errno));
	return -1;
}

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
	const struct timeval for_ever = { 0, 0 };
	ssize_t n;
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	do
		n = recv(fd, &byte, 1, 0);
	while (n > 0 || (n < 0 && errno == EINTR));
	return EXIT_DONE;
}

static int
tell(const struct arguments *a, const struct command *c, const char *line, int fd)
{
	json_t *answer = json_loads(line, 0, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	int status;

	if (answer == NULL)
		return fail(EXIT_FAILED, "the answer is not JSON");
	if (a->json)
		fputs(line, stdout);
	if (error != NULL)
		status = fail((int)number(answer, "exit"), error);
	else if (a->json)
		status = c->print == print_status ? status_of(answer) : EXIT_DONE;
	else
		status = c->print(answer);
	if (error == NULL && strcmp(c->words[0], "stop") == 0)
		status = wait_until_gone(fd);
	json_decref(answer);
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments a = {
		.state_dir = LOCALSTATEDIR "/lib/kith",
		.life_ms = 24 * 3600 * 1000,
		.uses = 1,
		.password_fd = -1,
	};
	const struct command *c;
	json_t *request;
	char *line;
	int fd, status;

	parse(&a, argc, argv);
	if ((c = find_command(&a)) == NULL)
		usage();
	if ((request = c->make(&a)) == NULL)
		return EXIT_USAGE;
	if ((fd = open_server(&a)) < 0) {
		json_decref(request);
		return EXIT_NO_SERVER;
	}
	line = exchange(fd, request);
	json_decref(request);
	status = line ? tell(&a, c, line, fd) : fail(EXIT_NO_SERVER, "kithd gave no answer");
	free(line);
	close(fd);
	return status;
}
