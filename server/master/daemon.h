/*
 * daemon.h - kithd in the background.
 *
 * The first process waits at the other end of a pipe: what the daemon says on stderr until
 * it serves is what the user sees, and its outcome is the exit status.
 */
#ifndef KITH_SERVER_DAEMON_H
#define KITH_SERVER_DAEMON_H

/* Returns in the daemon alone, whose stderr is the pipe. The first process waits and exits. */
void	daemon_detach(void);

/* Tells the first process to exit with `status`, and lets go of the pipe. Once only. */
void	daemon_report(int status);

#endif
