/*
 * line_suspend.h - Ctrl-Z.
 */
#ifndef KITH_CLI_LINE_SUSPEND_H
#define KITH_CLI_LINE_SUSPEND_H

/* Stops the process, and returns when it goes on. 0: it was not stopped,
 * because nobody could make it go on. */
int	line_suspend(void);

#endif
