/*
 * names.h - the names that Tab completes: users and groups heard of so far.
 *
 * Trust  Names are the server's, and completion prints them as they are: one with
 *        a control character is not taken up.
 */
#ifndef KITH_CLI_NAMES_H
#define KITH_CLI_NAMES_H

#include <stddef.h>

struct names {
	char	**list;			/* sorted, each once, with its sigil: "@alice" */
	size_t	 n, size;
};

#define NAMES_MAX	20000		/* then no more are taken up */

void	names_fini(struct names *names);

/* Adds sigil and name, copied; nothing if it is there, unclean, or memory is short. */
void	names_add(struct names *names, char sigil, const char *name);

/* The index-th of those that begin with `word` in either case, or NULL. An empty
 * word and a lone sigil match all of their kind. */
const char *names_match(const struct names *names, const char *word, size_t index);

#endif
