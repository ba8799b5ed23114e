/*
 * cmd_text.h - the text of a message, as it comes from arguments, a pipe or a
 * file: one rule for line ends, and what the server would refuse.
 */
#ifndef KITH_CLI_CMD_TEXT_H
#define KITH_CLI_CMD_TEXT_H

#include <stddef.h>

/* In place: "\r\n" becomes "\n"; with `strip`, terminal escape sequences such
 * as colours go. Returns the new length. */
size_t	cmd_text_clean(char *text, size_t len, int strip);

/* 0, or an exit code, and told: blank, too long, a NUL in it, not UTF-8. */
int	cmd_text_check(const char *text, size_t len);

#endif
