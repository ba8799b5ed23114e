/*
 * pane.h - what stands above the line: everything that the chat shows.
 *
 * Shape  Texts of one or more lines, wrapped here and set in, never by the
 *        terminal. The last ones are kept, to be drawn again when the terminal
 *        has another size. One text takes at most OUT_ROWS_MAX rows.
 * Trust  Texts are harmless: out_string().
 */
#ifndef KITH_CLI_PANE_H
#define KITH_CLI_PANE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/queue.h>

struct pane_text;

struct pane {			/* all zero, then pane_init() */
	TAILQ_HEAD(pane_texts, pane_text) texts;
	size_t	bytes;
	int	failed;		/* something was not written */
};

void	pane_init(struct pane *p);
void	pane_fini(struct pane *p);

/* Shows `text`; rows after the first are set in. 0: it is on the terminal;
 * -EIO: perhaps it is not. */
int	pane_print(struct pane *p, const char *text, int indent);

/* The same without the limit of rows. */
int	pane_print_whole(struct pane *p, const char *text, int indent);

/* "-- text"; control characters are shown. */
void	pane_note(struct pane *p, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* Draws the screen again, after its size has changed. */
void	pane_repaint(struct pane *p);

/* Empties the screen. */
void	pane_clear(struct pane *p);

#endif
