/*
 * line_paste.h - a paste that the terminal marks (bracketed paste).
 *
 * Shape  It begins with one mark and is read as it comes, between other events,
 *        until the other mark. That one can be lost: a Ctrl-C in the paste
 *        makes the kernel drop what is typed ahead, and a slow line ends. So a
 *        moment of silence ends it, too, and so may the caller: then what has
 *        come is the paste.
 */
#ifndef KITH_CLI_LINE_PASTE_H
#define KITH_CLI_LINE_PASTE_H

struct event_base;

/* `whole` gets each paste, with newlines as line ends. 0 or -ENOMEM. */
int	line_paste_open(struct event_base *base,
	    void (*whole)(const char *text));
void	line_paste_close(void);

/* The first mark came. */
void	line_paste_begin(void);
int	line_paste_is_open(void);

/* Takes what there is to read from the terminal `fd`. */
void	line_paste_read(int fd);

/* Ends it now. */
void	line_paste_finish(void);

/* Forgets it. */
void	line_paste_drop(void);

/* Puts it into the line, as the mark that readline has for it. */
void	line_paste_insert(const char *text);

#endif
