/*
 * kithctl.h - shared by the files of kithctl. No part of kithd.
 */
#ifndef KITH_SERVER_KITHCTL_H
#define KITH_SERVER_KITHCTL_H

#include <stddef.h>

#include <jansson.h>

/* The exit statuses of kith(1). */
enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SERVER };

/* kithctl_password.c: the first line of `file`, or of `fd`; if there is neither
 * (NULL and -1), asks for it twice on the terminal. Wipe it after use. 0, or
 * -1: it has said why. */
int	kithctl_password(const char *file, int fd, char *buf, size_t cap);

/* kithctl_print.c: prints why on stderr, and returns `status`. */
int	kithctl_fail(int status, const char *text);

/* Print an answer for people. They return the exit status. */
typedef int kithctl_print(const json_t *answer);
kithctl_print kithctl_print_status, kithctl_print_stats, kithctl_print_sessions,
    kithctl_print_url, kithctl_print_nothing;

#endif
