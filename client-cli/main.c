/*
 * main.c - kith: options, the command, one loop, one exit code.
 */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/commands.h"
#include "protocol/base/stdfd.h"

/* For options_parse(). */
static int
find_words(const char *name, struct options_words *words)
{
	const struct command *c = commands_find(name);

	if (c == NULL)
		return 0;
	words->taken = c->options;
	words->fixed = c->max == CMD_FREE_TEXT ? c->min : -1;
	return 1;
}

/* 0 or an exit code. */
static int
check_command_line(const struct command *c, const struct options *o, int argc, char **argv)
{
	const char *refused = options_refused(o, c->options);

	if (refused != NULL)
		return say_usage("%s: does not take --%s (kith help %s)", c->name, refused,
		    c->name);
	if (o->json && o->plain)
		return say_usage("--json or --plain, not both");
	if (!profile_name_ok(o->profile))
		return say_usage("%s: a profile name has only letters, digits, '.', '-' and '_', "
		    "and does not begin with '.'", o->profile);
	if (c->max >= 0 && argc > c->max)
		say("%s: %s: too many arguments", c->name, argv[c->max]);
	else if (argc < c->min)
		say("%s: an argument is missing", c->name);
	else
		return 0;
	commands_print_usage(stderr, c);
	return KITH_EXIT_USAGE;
}

static const char *
environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

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

/* Tells what could not be written. A reader that has gone is no error of ours: as
 * other filters do, kith then dies of SIGPIPE, silently. But what changed something is
 * no filter: who took it for a failure would do it twice. The exit code. */
static int
finish_output(struct app *app, int rc)
{
	int error = out_fini(&app->out);

	if (error == 0)
		return rc;
	if (app->done != NULL) {
		say("%s, but the result could not be written to standard output: %s", app->done,
		    strerror(-error));
		return rc == KITH_EXIT_DONE ? KITH_EXIT_UNTOLD : rc;
	}
	if (error == -EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	say("standard output: %s", strerror(-error));
	return rc == KITH_EXIT_DONE ? KITH_EXIT_FAILED : rc;
}

static int
run_command(const struct command *c, const struct options *o, int argc, char **argv)
{
	struct app app = { .command = c, .options = o, .argc = argc, .argv = argv };
	int rc;

	out_init(&app.out, stdout, o->json ? OUT_JSON : o->plain ? OUT_PLAIN : OUT_TEXT);
	if ((app.base = make_base()) == NULL) {
		say("out of memory");
		return KITH_EXIT_FAILED;
	}
	rc = c->run(&app);
	rc = finish_output(&app, rc);
	event_base_free(app.base);
	explicit_bzero(&app.profile, sizeof(app.profile));
	return rc;
}

/* No connection may get the number of a stream that the caller has closed. Output
 * that nobody can see must fail, not vanish: what was not written is not read. 0 or a
 * negative errno. */
static int
fill_standard_streams(void)
{
	int missing = stdfd_fill(), fd;

	if (missing < 0 || !(missing & 1 << STDOUT_FILENO))
		return missing < 0 ? missing : 0;
	if ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return -errno;
	close(fd);
	return 0;
}

/* kith works in UTF-8 whatever the environment says: texts and names are UTF-8.
 * Readline looks at the environment itself. */
static void
set_locale(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ||
	    setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return;
	setenv(environment("LC_ALL", NULL) != NULL ? "LC_ALL" : "LC_CTYPE", "C.UTF-8", 1);
}

int
main(int argc, char **argv)
{
	struct options o = { .number = -1, .since = -1, .timeout = -1 };
	const struct command *c;
	const char *name;
	int rc;

	if (fill_standard_streams() < 0)
		return KITH_EXIT_FAILED;
	set_locale();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a limit is an error of the write */
	o.profile = environment("KITH_PROFILE", "default");
	o.server = environment("KITH_SERVER", NULL);
	if ((rc = options_parse(&o, &argc, argv, find_words)) != 0)
		return rc;
	name = argc > 0 ? argv[0] : o.version ? "version" : o.help ? "help" : "chat";
	if ((c = commands_find(name)) == NULL)
		return say_usage("%s: no such command (kith help lists them)", name);
	if (o.help || o.version) {
		c = commands_find(o.version ? "version" : "help");
		return run_command(c, &o, argc > 0 && o.help, argv);
	}
	if (argc > 0) {
		argc--;
		argv++;
	}
	if ((rc = check_command_line(c, &o, argc, argv)) != 0)
		return rc;
	return run_command(c, &o, argc, argv);
}
