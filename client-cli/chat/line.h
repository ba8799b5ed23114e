/*
 * line.h - the line at the bottom of the terminal that a person types into, and
 * the space above it. GNU readline inside the libevent loop.
 *
 * Shape  One per process: readline has only one state. Between line_hide() and
 *        the end of the loop turn the line is off the screen, and stdout is
 *        free for whole lines; then the line comes back as it was, cursor and
 *        all. A few rows may stand directly above it, and come and go with it.
 * Trust  Prompts, rows above and completions reach the terminal as they are:
 *        the caller passes clean ones.
 * Limits Pastes that are not marked come like keys: lines that come faster than
 *        anybody types are taken for one paste.
 */
#ifndef KITH_CLI_LINE_H
#define KITH_CLI_LINE_H

struct event_base;

enum line_source {
	LINE_TYPED,
	LINE_AHEAD,	/* before anybody can have read the question */
	LINE_PASTED,	/* of several lines; Enter came after it */
	LINE_BURST	/* the same, and nobody pressed Enter */
};

struct line_hooks {
	/* Enter, by any key that accepts a line. `tag` belongs to the prompt
	 * that was on the screen then: line_set_prompt(). Valid until the
	 * hook returns. */
	void	(*entered)(const char *text, const char *tag,
		    enum line_source source, void *arg);
	/* Ctrl-D on an empty line. */
	void	(*left)(void *arg);
	/* The terminal is gone: nobody has asked for the end. */
	void	(*gone)(void *arg);
	/* Ctrl-C on an empty line; at a question also Esc, and with text. */
	void	(*interrupted)(void *arg);
	/* A marked paste at a question is not put on its line, where it would
	 * pass for an answer; Up brings it back. */
	void	(*paste_refused)(void *arg);
	/* Keys that are no answer to the question: they are off the line. */
	void	(*unanswered)(void *arg);
	/* Ctrl-Z was pressed, and nobody could make the program go on. */
	void	(*not_suspended)(void *arg);
	/* Any key; or the terminal says that it has, or has no longer, the
	 * focus. */
	void	(*key)(void *arg);
	void	(*focus)(int has, void *arg);
	/* The terminal has another size. Nothing of it is known to be right:
	 * draw it all. */
	void	(*resized)(void *arg);
	/* Tab: the next candidate for `word` (index 0, 1, 2 ...), from
	 * malloc(); or NULL. `before` is the line up to the word. */
	char	*(*candidate)(const char *before, const char *word, int index,
		    void *arg);
};

/* Reads ~/.inputrc, and the file `history` (may be NULL). 0 or -ENOMEM. */
int	line_open(struct event_base *base, const struct line_hooks *hooks,
	    void *arg, const char *history);

/* Reads no more keys, forgets those that were typed and takes the line off the
 * screen for good: for a program that is about to end. Harmless if not open. */
void	line_stop(void);

/* Restores the terminal and saves the history. Harmless if not open. */
void	line_close(void);

int	line_is_open(void);

/* `tag` says what the prompt promises: hooks.entered gets it with the text. */
void	line_set_prompt(const char *prompt, const char *tag);

/* The same for a question, which each of `keys` (a constant) answers without
 * Enter: hooks.entered gets the key. */
void	line_ask(const char *prompt, const char *tag, const char *keys);

/* The tag in force; and that of the text on the line, which was begun for it:
 * NULL if there is none. */
const char *line_tag(void);
const char *line_begun(void);

/* What was typed and not handed over: yours, with its tag; or NULL. */
char	*line_draft(const char **tag);

/* The prompt as it is now, "#ops> ", to echo a line after it. */
const char *line_prompt(void);

/* `rows` whole lines above the prompt, or none (""). Only where the terminal
 * can move the cursor up: line_can_move(). */
void	line_set_above(const char *text, int rows);
int	line_can_move(void);

/* The size of the terminal, at least 1 by 1. */
void	line_size(int *rows, int *columns);

void	line_hide(void);

/* Ctrl-C: empties the line; hooks.interrupted if it is empty. */
void	line_interrupt(void);

/* Adds a text to what the Up key brings back. */
void	line_remember(const char *text);

/* Nothing is left on the screen; the line comes back at its top. */
void	line_clear_screen(void);

#endif
