/*
 * proc_signal.c - what each signal does to the master and to a role.
 */
#include "server/proc/proc_signal.h"

#include <stdbool.h>
#include <stddef.h>

static const int master_handles[] = { SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 };

/* Left as they are: nobody can catch them, or there is nothing better to do. */
static const int by_default[] = {
	SIGKILL, SIGSTOP, SIGCONT, SIGTSTP, SIGCHLD, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
	SIGTRAP, SIGSYS,
};

/* Its loop handles them once it runs (proc.c); HUP is blocked until then. */
static const int role_handles[] = { SIGTERM, SIGHUP };

#define COUNT(list)	(sizeof(list) / sizeof(*(list)))

static bool
signal_among(int sig, const int *list, size_t n)
{
	while (n-- > 0)
		if (list[n] == sig)
			return true;
	return false;
}

/* glibc keeps two real-time signals for itself and refuses to change them. */
static void
ignore_others(const int *handled, size_t n)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (!signal_among(sig, by_default, COUNT(by_default)) &&
		    !signal_among(sig, handled, n))
			signal(sig, SIG_IGN);
}

void
proc_signal_master(sigset_t *handled)
{
	sigemptyset(handled);
	for (size_t i = 0; i < COUNT(master_handles); i++) {
		sigaddset(handled, master_handles[i]);
		if (master_handles[i] != SIGINT && master_handles[i] != SIGQUIT)
			signal(master_handles[i], SIG_DFL);	/* our parent may ignore it */
	}
	ignore_others(master_handles, COUNT(master_handles));
}

void
proc_signal_role(void)
{
	sigset_t later;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	ignore_others(role_handles, COUNT(role_handles));
	/* A reload waits until proc_run() can handle it. */
	sigemptyset(&later);
	sigaddset(&later, SIGHUP);
	sigprocmask(SIG_SETMASK, &later, NULL);
}
