/*
 * tty_guard.h - gives the terminal back as it was, however the program ends.
 *
 * Shape  One terminal at a time. Between set and clear, exit() and every fatal
 *        signal restore it; a signal that has a handler, or is ignored, is left
 *        alone.
 */
#ifndef KITH_CLI_TTY_GUARD_H
#define KITH_CLI_TTY_GUARD_H

/* Remembers how `fd` is now. `undo` is a constant that is written then, too:
 * what switches off what was switched on. */
void	tty_guard_set(int fd, const char *undo);
void	tty_guard_clear(void);

#endif
