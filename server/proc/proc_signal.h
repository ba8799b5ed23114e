/*
 * proc_signal.h - what each signal does to the master and to a role.
 *
 *		master			role
 * TERM		stop			drain, and be replaced
 * INT		stop; again: at once	ignored: ^C is for the master
 * QUIT		stop			ignored
 * HUP		reload			take over what the master handed out
 * USR1		reopen the log		log: reopen; else ignored
 * CHLD		a role has ended	default
 * KILL, STOP, CONT, TSTP, and those of a fault (SEGV, BUS, ILL, ...): default
 * all others	ignored			ignored
 *
 * "Ignored" is a choice: by default most of them end a process without a stop.
 * XFSZ and PIPE then show as errors of write(2). proc.c handles TERM and HUP of
 * a role, logger.c its USR1, master.c the master's.
 */
#ifndef KITH_SERVER_PROC_SIGNAL_H
#define KITH_SERVER_PROC_SIGNAL_H

#include <signal.h>

/* Of the master: the signals it handles go into `handled`, the rest get the
 * effect above. INT and QUIT that were ignored before stay ignored, as a shell
 * leaves them in a job in the background. */
void	proc_signal_master(sigset_t *handled);

/* Of a role, after the fork. */
void	proc_signal_role(void);

#endif
