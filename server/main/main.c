/*
 * main.c - kithd's arguments; everything else is in libkithd.a.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/stdfd.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/master/check.h"
#include "server/master/daemon.h"
#include "server/master/master.h"

struct arguments {
	const char	*file, *state_dir;
	bool		 deaf;			/* standard error was closed */
	char		 listen[2048];		/* all -l, by blanks */
	bool		 foreground, check, dump, init;
};

static const char kithd_usage[] =
    "usage: kithd [-f] [-c FILE] [-d DIR] [-l ADDRESS:PORT]...\n"
    "       kithd init [-c FILE] [-d DIR]\n"
    "       kithd -t | -T [-c FILE] [-d DIR] [-l ADDRESS:PORT]...\n"
    "       kithd -V\n"
    "\n"
    "  -f  stay in the foreground      -d  the state directory\n"
    "  -t  check the configuration     -c  the configuration file (DIR/kithd.conf)\n"
    "  -T  print the configuration     -l  listen on this address; may be repeated\n"
    "\n"
    "kithd -f -d DIR creates what is missing in DIR, and serves. See kithd(8).\n";

_Noreturn static void
usage(void)
{
	fputs(kithd_usage, stderr);
	exit(2);
}

static void
add_listen(struct arguments *a, const char *address)
{
	size_t len = strlen(a->listen);

	if ((size_t)snprintf(a->listen + len, sizeof(a->listen) - len, "%s%s", len ? " " : "",
	    address) >= sizeof(a->listen) - len)
		usage();
}

static void
parse_arguments(struct arguments *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "fc:d:l:tTVh", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			a->foreground = true;
			break;
		case 'c':
			a->file = optarg;
			break;
		case 'd':
			a->state_dir = optarg;
			break;
		case 'l':
			add_listen(a, optarg);
			break;
		case 't':
			a->check = true;
			break;
		case 'T':
			a->dump = true;
			break;
		case 'V':
			puts("kithd " PACKAGE_VERSION);
			exit(0);
		case 'h':
			fputs(kithd_usage, stdout);
			exit(0);
		default:
			usage();
		}
	}
	a->init = optind < argc && strcmp(argv[optind], "init") == 0;
	if (optind + (a->init ? 1 : 0) != argc)
		usage();
}

static struct conf *
load(const struct arguments *a)
{
	char err[1024] = "";
	struct conf *c = conf_load(a->file, a->state_dir, err, sizeof(err));
	bool unseen = (!a->foreground || a->deaf) && !a->check && !a->dump && !a->init;

	if (c != NULL && ((*a->listen && conf_set(c, "listen", a->listen, err, sizeof(err)) < 0) ||
	    (unseen && c->log_to == LOG_TO_STDERR &&
	    conf_set(c, "log_to", "syslog", err, sizeof(err)) < 0))) {
		conf_destroy(c);
		c = NULL;
	}
	if (c == NULL)
		log_complain(err);
	return c;
}

static void
in_background(void)
{
	daemon_report(0);
}

static int
run_master(const struct arguments *a, struct conf *c)
{
	struct master_args args = { .conf = c, .roles = proc_roles,
	    .terminal = isatty(STDERR_FILENO) };
	int status;

	if (a->foreground)
		return master_run(&args);
	daemon_detach();
	args.ready = in_background;
	status = master_run(&args);
	daemon_report(status);		/* if it never served, the first process still waits */
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct conf *c;
	int status = stdfd_fill();

	if (status < 0)
		return 1;
	a.deaf = status & 1 << STDERR_FILENO;
	parse_arguments(&a, argc, argv);
	if ((c = load(&a)) == NULL)
		return PROC_EX_CONFIG;
	if (a.dump)
		status = conf_dump(c, STDOUT_FILENO) < 0;
	else if (a.check)
		status = check_print(c);
	else if (a.init)
		status = master_init(c);
	else
		status = run_master(&a, c);
	conf_destroy(c);
	return status;
}
