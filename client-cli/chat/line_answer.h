/*
 * line_answer.h - a question that one key answers, without Enter.
 *
 * Shape  The key must be alone: the first one on an empty line, not typed
 *        before anybody can have read the question, and followed by a moment
 *        of silence. What was typed ahead is no answer: it is a line like any
 *        other, and Enter ends it.
 */
#ifndef KITH_CLI_LINE_ANSWER_H
#define KITH_CLI_LINE_ANSWER_H

struct event_base;

/* `answered`: the line holds one of the keys, and nothing else. `refused`: Esc
 * was pressed. 0 or -ENOMEM. */
int	line_answer_open(struct event_base *base, void (*answered)(void),
	    void (*refused)(void));
void	line_answer_close(void);

/* The keys that answer (a constant); NULL: there is no question. */
void	line_answer_expect(const char *keys);
int	line_answer_is_expected(void);

/* Readline has taken a key. */
void	line_answer_key(void);

#endif
