/*
 * line.h - the line at the bottom of the terminal that a person types into, and
 * the space above it. GNU readline inside the libevent loop.
 *
 * Shape  One per process: readline has only one state. Between line_hide() and
 *        the end of the loop turn the line is off the screen, and stdout is
 *        free for whole lines; then the line comes back as it was, cursor and
 *        all.
 * Trust  Prompts and completions reach the terminal as they are: the caller
 *        passes clean ones.
 */
#ifndef KITH_CLI_LINE_H
#define KITH_CLI_LINE_H

struct event_base;

struct line_hooks {
	/* Enter. The text is off the screen, and valid until the hook returns.
	 * */
	void	(*entered)(const char *text, void *arg);
	/* Ctrl-D or Ctrl-C on an empty line, or the terminal is gone. */
	void	(*left)(void *arg);
	/* Tab: the next candidate for `word` (index 0, 1, 2 ...), from
	 * malloc(); or NULL. `before` is the line up to the word. */
	char	*(*candidate)(const char *before, const char *word, int index,
		    void *arg);
};

/* Reads ~/.inputrc, and the file `history` (may be NULL). 0 or -ENOMEM. */
int	line_open(struct event_base *base, const struct line_hooks *hooks,
	    void *arg, const char *history);

/* Restores the terminal and saves the history. Harmless if not open. */
void	line_close(void);

int	line_is_open(void);

void	line_set_prompt(const char *prompt);

/* The prompt as it is now, "#ops> ", to echo a line after it. */
const char *line_prompt(void);

void	line_hide(void);

/* Prints "-- text" above the line, with control characters shown. */
void	line_note(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/* Ctrl-C: empties the line, or leaves if it is empty. */
void	line_interrupt(void);

/* Adds a text to what the Up key brings back. */
void	line_remember(const char *text);

void	line_clear_screen(void);

#endif
