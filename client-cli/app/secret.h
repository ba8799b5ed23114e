/*
 * secret.h - where a password comes from: a file, a descriptor, a command, or
 * the person at the terminal. Never an argument, never the environment.
 */
#ifndef KITH_CLI_SECRET_H
#define KITH_CLI_SECRET_H

#include <stddef.h>

struct secret_source {		/* at most one is set; none: ask */
	const char	*file, *fd, *command;
};

#define SECRET_MAX	512

/* The first line, without its newline, into `out`: wipe it after use. `prompt`
 * asks a person. 0, -ENOTTY (nobody to ask), -EINTR (Ctrl-C), -EINVAL (two
 * sources), -EDOM (fd is not a number), -ENODATA (it is empty), -E2BIG, -EPIPE
 * (the command failed), or the error of open(2) or read(2). */
int	secret_read(const struct secret_source *source, const char *prompt,
	    char out[SECRET_MAX]);

#endif
