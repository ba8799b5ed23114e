/*
 * kithctl.h - shared by the files of kithctl. No part of kithd.
 */
#ifndef KITH_SERVER_KITHCTL_H
#define KITH_SERVER_KITHCTL_H

#include <stddef.h>

#include <jansson.h>

/* The exit statuses of kith(1). */
enum {
	EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SERVER, EXIT_DENIED = 5
};

/* kithctl_password.c: the first line of `file`, or of `fd`; if there is neither
 * (NULL and -1), asks for it twice on the terminal. Wipe it after use. 0, or
 * -1: it has said why. */
int	kithctl_password(const char *file, int fd, char *buf, size_t cap);

/* kithctl_connect.c: connects to the socket, or to that of the configuration.
 * A descriptor, or -1 with `err` and the exit status. */
struct kithctl_place {
	const char	*file, *state_dir, *socket;	/* NULL: not given */
};
int	kithctl_connect(const struct kithctl_place *place, int *status,
	    char *err, size_t errlen);

/* kithctl_backup.c: copies the SQLite database while it is in use. The exit
 * status; it has said why. */
int	kithctl_backup(const struct kithctl_place *place, const char *file);

/* kithctl_print.c: prints why on stderr, and returns `status`. */
int	kithctl_fail(int status, const char *text);

/* The same as JSON on stdout. */
int	kithctl_fail_json(int status, const char *text);

/* Prints an answer as one line of ASCII. */
void	kithctl_print_json(const json_t *answer);

/* Print an answer for people. They return the exit status. What others than
 * kithd's master have written is escaped as in the log. */
typedef int kithctl_print(const json_t *answer);
kithctl_print kithctl_print_status, kithctl_print_stats, kithctl_print_sessions,
    kithctl_print_url, kithctl_print_reload, kithctl_print_nothing;

#endif
