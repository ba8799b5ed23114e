/*
 * line_answer.h - a question that one key answers, without Enter.
 *
 * Shape  The key must be alone: the first one on an empty line, not typed
 *        before anybody can have read the question, and followed by a moment
 *        of silence. What else is typed is taken off the line when silence
 *        follows: so the next key can be the answer. Somebody who types on
 *        without looking up makes one run of keys, and no answer.
 */
#ifndef KITH_CLI_LINE_ANSWER_H
#define KITH_CLI_LINE_ANSWER_H

struct event_base;

/* `typed`: the line holds what was typed, and that is an answer or not.
 * `refused`: Esc was pressed. 0 or -ENOMEM. */
int	line_answer_open(struct event_base *base, void (*typed)(int is_answer),
	    void (*refused)(void));
void	line_answer_close(void);

/* The keys that answer (a constant); NULL: there is no question. */
void	line_answer_expect(const char *keys);
int	line_answer_is_expected(void);

/* Was the first key of what is on the line, or was entered last, too early? */
int	line_answer_is_ahead(void);

/* Readline has taken a key. */
void	line_answer_key(void);

#endif
