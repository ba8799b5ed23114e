/*
 * line_suspend.c - Ctrl-Z.
 *
 * SIGSTOP always stops. SIGTSTP, with its default action, does nothing in an orphaned
 * process group, where no parent is a shell that could continue it (POSIX, 2.4.3): a
 * command of a terminal multiplexer, of ssh -t, of a terminal window.
 */
#include "client-cli/chat/line_suspend.h"

#include <signal.h>

/* Global: a signal has no other place. */
static volatile sig_atomic_t continued;

static void
note_continued(int number)
{
	(void)number;
	continued = 1;
}

int
line_suspend(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL }, note = { .sa_handler = note_continued };
	struct sigaction stop_before, continue_before;

	sigemptyset(&usual.sa_mask);
	sigemptyset(&note.sa_mask);
	continued = 0;
	sigaction(SIGCONT, &note, &continue_before);
	sigaction(SIGTSTP, &usual, &stop_before);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &stop_before, NULL);
	sigaction(SIGCONT, &continue_before, NULL);
	return continued;
}
