/*
 * names.h - the names that Tab completes: users and groups heard of so far.
 *
 * Trust  Names come from the server, and completion prints them as they are. A
 *        name with a control character is left out.
 */
#ifndef KITH_CLI_NAMES_H
#define KITH_CLI_NAMES_H

#include <stddef.h>

struct names {			/* all zero is empty */
	char	**list;		/* sorted, each once, with sigil: "@alice" */
	size_t	 n, size;
};

#define NAMES_MAX	20000	/* no more are added then */

void	names_fini(struct names *names);

/* Adds a copy of sigil and name; does nothing if it is there or unclean, or if
 * there is no memory. */
void	names_add(struct names *names, char sigil, const char *name);

/* The name `word`, sigil and all, in either case; or NULL. */
const char *names_find(const struct names *names, const char *word);

/* The index-th of those that begin with `word`, in either case; or NULL.
 * A word without a sigil matches both kinds. */
const char *names_match(const struct names *names, const char *word,
	    size_t index);

#endif
