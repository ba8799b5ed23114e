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
	int		 skip_empty, strip;
	int		 help, version;
	uint64_t	 given;		/* a bit for each row */
};

/* How the words of a command are read; the first word is its name. */
struct options_words {
	const char	*taken;		/* options that it takes: long names */
	int		 fixed;		/* arguments before free text; -1: none
					   follows */
};

/* Reads the options before and after the command, and moves the other words
 * down to argv[0]; *argc becomes their number. Options end at "--", and at the
 * first word of free text: behind its fixed arguments a command's text begins
 * with the first word that is no option of this command. `find` returns 0 if
 * there is no such command. 0, or an exit code, and told. */
int	options_parse(struct options *o, int *argc, char **argv,
	    int (*find)(const char *command, struct options_words *words));

/* The long name of an option that was given although it is neither in `list`
 * (long names, blanks between) nor one that every command takes; or NULL. */
const char *options_refused(const struct options *o, const char *list);

/* Help for the options in `list`, and for those that every command takes. */
void	options_print(const char *list);

/* "[--name NAME]" into `out` for the next option in `list`, from row *i on;
 * *i moves behind it. 0: there is none. */
int	options_next_usage(const char *list, size_t *i, char *out,
	    size_t size);

/* The long name in row `i`, or NULL behind the last. */
const char *options_name(size_t i);

#endif
