/*
 * daemon.h - kithd in the background.
 *
 * The first process waits at the other end of a pipe: it shows what the daemon
 * writes to stderr until it serves, and exits with the daemon's outcome.
 */
#ifndef KITH_SERVER_DAEMON_H
#define KITH_SERVER_DAEMON_H

/* Returns only in the daemon, whose stderr is the pipe. The first process waits
 * and exits. */
void	daemon_detach(void);

/* Tells the first process to exit with `status`, and closes the pipe. Call it
 * once. */
void	daemon_report(int status);

#endif
