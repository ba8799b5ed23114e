/*
 * cmd_text.h - the text of a message, as it comes from arguments, a pipe, a
 * file or a paste: one rule for line ends, and what the server would refuse.
 */
#ifndef KITH_CLI_CMD_TEXT_H
#define KITH_CLI_CMD_TEXT_H

#include <stddef.h>

/* In place: "\r\n" and "\r" become "\n", wherever a text comes from. Returns
 * the new length. */
size_t	cmd_text_lf(char *text, size_t len);

/* The same; with `strip`, terminal escape sequences such as colours go, too. */
size_t	cmd_text_clean(char *text, size_t len, int strip);

/* 0, or an exit code, and told: blank, too long, a NUL in it, not UTF-8.
 * `where` ("line 7: ", or "") precedes what is told; `advice` follows "send it
 * in parts". */
int	cmd_text_check(const char *where, const char *text, size_t len,
	    const char *advice);

#endif
