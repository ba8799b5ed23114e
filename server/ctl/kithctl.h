/*
 * kithctl.h - shared by the files of kithctl; no part of kithd.
 */
#ifndef KITH_SERVER_KITHCTL_H
#define KITH_SERVER_KITHCTL_H

#include <stddef.h>

#include <jansson.h>

/* As kith(1): DESIGN 8. */
enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SERVER };

/* Tells why, and returns `status`. */
int	ctl_fail(int status, const char *text);

/* A password: the first line of `file`, else of `fd`, else (NULL, -1) asked for twice on the
 * terminal. Wipe it after use. 0 or -1: it was told why not. */
int	ctl_password(const char *file, int fd, char *buf, size_t cap);

/* Answers for people. They return the exit status. */
typedef int ctl_print(const json_t *answer);
ctl_print ctl_print_status, ctl_print_stats, ctl_print_sessions, ctl_print_url, ctl_print_nothing;

#endif
