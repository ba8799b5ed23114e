/*
 * line_paste.h - a paste that the terminal marks (bracketed paste).
 */
#ifndef KITH_CLI_LINE_PASTE_H
#define KITH_CLI_LINE_PASTE_H

/* After the mark of its beginning: all up to the mark of its end, with LF for
 * every line end. Yours; NULL: no memory. */
char	*line_paste_read(void);

/* Puts it where the cursor is, as readline does. */
void	line_paste_insert(const char *text);

#endif
