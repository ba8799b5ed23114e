/*
 * tty_guard.c - gives the terminal back as it was, however the program ends.
 */
#include "client-cli/app/tty_guard.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fatal_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS,
	SIGTRAP, SIGXCPU, SIGXFSZ, SIGALRM, SIGUSR1, SIGUSR2
};
#define N_FATAL	(sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/* Global, because a signal handler has no argument. */
static struct {
	volatile sig_atomic_t	 active;
	int			 fd;
	struct termios		 before;
	const char		*undo;
	int			 at_exit;
	char			 caught[N_FATAL];
} guard;

/* Async-signal-safe. */
static void
guard_restore(void)
{
	if (!guard.active)
		return;
	guard.active = 0;
	tcsetattr(guard.fd, TCSANOW, &guard.before);
	if (guard.undo[0] != '\0' && write(guard.fd, guard.undo, strlen(guard.undo)) < 0)
		return;
}

static void
on_fatal(int number)
{
	guard_restore();
	raise(number);			/* SA_RESETHAND: now it has its usual effect */
}

void
tty_guard_set(int fd, const char *undo)
{
	struct sigaction action = { .sa_handler = on_fatal, .sa_flags = SA_RESETHAND }, old;

	if (tcgetattr(fd, &guard.before) < 0)
		return;
	guard.fd = fd;
	guard.undo = undo;
	guard.active = 1;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < N_FATAL; i++) {
		guard.caught[i] = sigaction(fatal_signals[i], NULL, &old) == 0 &&
		    !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL &&
		    sigaction(fatal_signals[i], &action, NULL) == 0;
	}
	if (!guard.at_exit)
		guard.at_exit = atexit(guard_restore) == 0;
}

void
tty_guard_clear(void)
{
	guard.active = 0;
	for (size_t i = 0; i < N_FATAL; i++)
		if (guard.caught[i])
			signal(fatal_signals[i], SIG_DFL);
	memset(guard.caught, 0, sizeof(guard.caught));
}
