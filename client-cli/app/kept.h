/*
 * kept.h - a text that outlives the program, for each program that runs.
 *
 * Shape   $XDG_STATE_HOME/kith/PROFILE/unsent-N, 0600. N counts from 0; each
 *         program takes the first that no other one has. It is removed when it
 *         is empty.
 * Lock    flock() for as long as the program lives. A file without a lock was
 *         left by one that has ended, however it did.
 * Crash   Of a process: the old or the new text, since one write() is made for
 *         each. Of a write that fails: the old one. Of the machine: perhaps
 *         neither; readers check what they read.
 *         A program may still be ending while the next one begins: kept_look()
 *         looks for its file again.
 * Limits  KEPT_FILES programs of one profile, KEPT_BYTES_MAX each: what is
 *         beyond is not kept.
 */
#ifndef KITH_CLI_KEPT_H
#define KITH_CLI_KEPT_H

#include <limits.h>
#include <stddef.h>

#define KEPT_FILES	16
#define KEPT_BYTES_MAX	(1u << 20)

struct kept {			/* fd -1: nothing can be kept */
	int	fd, n;
	int	others;		/* another program has a file, too */
	char	path[PATH_MAX];
	char	*text;		/* in the file now */
	size_t	len;
};

/* Takes a file, and into it what others have left: then in `text`. 0, or a
 * negative errno; -EMFILE: all are taken. */
int	kept_open(struct kept *k, const char *profile);
void	kept_close(struct kept *k);

/* Takes what was left since then: it is at the end of `text`. */
void	kept_look(struct kept *k, const char *profile);

/* 0 or a negative errno; -EFBIG. */
int	kept_write(struct kept *k, const char *text, size_t len);

#endif
