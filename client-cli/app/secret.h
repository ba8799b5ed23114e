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
 * asks a person; `again`, unless NULL, asks to type it a second time. 0,
 * -ENOTTY (nobody to ask), -EINTR (Ctrl-C), -EINVAL (fd is not a number, two
 * sources, or an empty secret), -E2BIG, -EPIPE (the command failed), -ECANCELED
 * (the second one differs), or the error of open(2). */
int	secret_read(const struct secret_source *source, const char *prompt,
	    const char *again, char out[SECRET_MAX]);

#endif
