/*
 * question.h - asks before a text is sent that may not be meant so: many lines,
 * a command in a paste, or words that begin like a private message.
 */
#ifndef KITH_CLI_QUESTION_H
#define KITH_CLI_QUESTION_H

#include "client-cli/chat/line.h"

struct chat;

/* The tag of the question's prompt: line_ask(). */
#define QUESTION_TAG	"?"

/* May `text`, entered for `target`, go as it is? If not, the question is asked,
 * and keeps the text until question_answer(). 1: it may. */
int	question_may_send(struct chat *c, const char *target, const char *text,
	    enum line_source source);

/* A key or a line entered at the prompt of the question. A text is no answer:
 * nothing goes then, neither that text nor the one asked about. */
void	question_answer(struct chat *c, const char *answer,
	    enum line_source source);

/* Something was typed that is no answer: says which keys are. */
void	question_hint(struct chat *c);

/* Forgets the question and its text. */
void	question_drop(struct chat *c);

/* The text that is asked about, yours, and its target (valid as long as the
 * question); or NULL. */
char	*question_text(const struct chat *c, const char **target);

/* Puts it into the prompt. */
void	question_show(const struct chat *c);

#endif
