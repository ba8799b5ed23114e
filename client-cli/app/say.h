/*
 * say.h - words to the person, on standard error, with control characters
 * shown.
 */
#ifndef KITH_CLI_SAY_H
#define KITH_CLI_SAY_H

/* "kith: FORMAT". */
void	say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same; returns KITH_EXIT_USAGE. */
int	say_usage(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/* `word` should be a target, and is none; returns KITH_EXIT_USAGE. */
int	say_usage_target(const char *word);

#endif
