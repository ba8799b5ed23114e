/*
 * line_burst.h - lines that come faster than anybody types: a paste that is not
 * marked.
 *
 * Shape  A line waits for a moment. If no other key comes it is a line, else
 *        all that comes until the terminal is quiet is one text.
 *        A terminal that marks pastes may also pass some on without marks: of a
 *        multiplexer, of a program that types. So nothing is taken for typing
 *        because an earlier paste was marked.
 */
#ifndef KITH_CLI_LINE_BURST_H
#define KITH_CLI_LINE_BURST_H

struct event_base;

/* `whole` gets the text and the tag of its first line; `rest` returns what is
 * in the editor at the end, from malloc(), or NULL. 0 or -ENOMEM. */
int	line_burst_open(struct event_base *base,
	    void (*whole)(const char *text, const char *tag, int several),
	    char *(*rest)(void));
void	line_burst_close(void);

/* A line was accepted, by a key: '\r', '\n' or another. */
void	line_burst_add(const char *text, const char *tag, int key);

/* A key came. 1: it belongs to a burst. */
int	line_burst_goes_on(void);

/* Hands over what there is, now. */
void	line_burst_finish(void);

int	line_burst_is_open(void);
/* Its text so far, with the line ends that came, and the tag; or NULL. Valid
 * until the next call. */
const char *line_burst_text(const char **tag);
void	line_burst_drop(void);

#endif
