/*
 * check.h - all that can be wrong with a configuration on this machine, found
 * before anything depends on it.
 *
 * kithd -t, a start and a reload call the same function and say the same words.
 * What it passes, a start takes, except for what only a try can tell: whether
 * the database can be reached and holds what it should, and whether another
 * process has the port by then.
 */
#ifndef KITH_SERVER_CHECK_H
#define KITH_SERVER_CHECK_H

#include <stddef.h>

/* A certificate that ends within this time is told of. */
#define CERTIFICATE_WARN_S	(21 * 24 * 3600)

struct conf;
struct notes;
struct state_owner;

/* Changes nothing. Collects what is allowed, but probably not meant. 0, or the
 * exit status of a start, with err: PROC_EX_CONFIG, or 1 for what may pass by
 * itself. */
int	check_all(const struct conf *c, const struct state_owner *o,
	    struct notes *notes, char *err, size_t errlen);

/* May a start use kith.db as it is? A reload does not ask. 0, or the exit
 * status with err. */
int	check_kith_db(const struct conf *c, const struct state_owner *o,
	    char *err, size_t errlen);

/* Can the log role open its file? 0, or -1 with err. */
int	check_log_file(const struct conf *c, const struct state_owner *o,
	    char *err, size_t errlen);

/* kithd -t: looks for the owner, checks, and prints. The exit status. */
int	check_print(const struct conf *c);

#endif
