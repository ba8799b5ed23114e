/*
 * master.h - the parent of all roles: binds, makes shared memory, forks,
 * restarts, reloads, stops. It reads no byte of a client, and allocates next to
 * nothing after the start.
 *
 * Start   Roles start in the order of enum role, each when those before it are
 *         ready. A role that exits with PROC_EX_CONFIG before the server first
 *         served ends the start.
 * Death   A process that had become ready is restarted at once (after 0.1 s if
 *         it lived less than 1 s). One that had not is restarted after 0.1 s,
 *         doubling to 30 s. The registry is swept of a dead worker's sessions,
 *         and every process is woken: the dead one may have pushed a record
 *         without the wake-up.
 * Hang    No beat for WATCHDOG_MS (before it is ready: 60 times that): SIGKILL,
 *         then as above.
 * Stop    SIGTERM, SIGINT: the roles stop in the opposite order; each has
 *         conf->drain_ms, then gets SIGKILL.
 * Reload  SIGHUP: the new configuration, key and certificate are read and
 *         checked completely before the old ones are dropped. SIGUSR1: reopens
 *         the log file.
 */
#ifndef KITH_SERVER_MASTER_H
#define KITH_SERVER_MASTER_H

#include "server/proc/proc.h"

#define WATCHDOG_MS	10000u

struct conf;

struct master_args {
	struct conf		*conf;	/* borrowed; changed by reloads */
	const struct proc_role	*roles;	/* proc_roles, or a test's own */
	bool			terminal;	/* a person sees stderr */
	/* The server serves; may be NULL */
	void			(*ready)(void);
	unsigned		watchdog_ms;	/* 0: WATCHDOG_MS */
};

/* Runs the server. Returns the exit status: 0 after a stop; 1 if the start
 * failed, with the reason on stderr; PROC_EX_CONFIG if a role refused the
 * configuration. */
int	master_run(const struct master_args *args);

/* `kithd init`: makes what a start would make (state directory, key,
 * certificate) and a kithd.conf, and prints the fingerprint. Returns the exit
 * status. */
int	master_init(const struct conf *c);

#endif
