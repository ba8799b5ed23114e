/*
 * options.h - every option of every command: one row each, from which parsing
 * and help are made.
 */
#ifndef KITH_CLI_OPTIONS_H
#define KITH_CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "client-cli/app/secret.h"

struct options {
	const char	*profile;	/* never NULL after parsing */
	const char	*server;	/* NULL: the profile's */
	int		 json, plain;

	const char	*name, *topic;
	struct secret_source password, new_password;
	int64_t		 number, since, timeout;	/* -1: not given */
	int		 lines, quiet, no_mark, is_private;
	int		 help, version;
	uint64_t	 given;		/* a bit for each row */
};

/* Reads the options in front of the command and behind it; leaves the rest to
 * optind (getopt(3)). 0, or an exit code, and told. */
int	options_parse(struct options *o, int argc, char **argv);

/* The long name of an option that was given although it is neither in `list`
 * (long names, blanks between) nor one that every command takes; or NULL. */
const char *options_refused(const struct options *o, const char *list);

/* Help for the options in `list`, and for those that every command takes. */
void	options_print(const char *list);

/* The long name in row `i`, or NULL behind the last. */
const char *options_name(size_t i);

#endif
