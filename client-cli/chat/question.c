/*
 * question.c - asks before a text is sent that may not be meant so.
 */
#include "client-cli/chat/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat.h"

#define LINES_UNASKED	4	/* of a paste */
#define BYTES_UNASKED	1000

struct question {
	char	*target, *text;
	char	*others;	/* "@alice": whom the text names; or NULL */
};

static void
question_free(struct question *q)
{
	if (q == NULL)
		return;
	free(q->target);
	free(q->text);
	free(q->others);
	free(q);
}

void
question_drop(struct chat *c)
{
	question_free(c->question);
	c->question = NULL;
}

static size_t
count_lines(const char *text)
{
	size_t n = 1;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

/* The word at the beginning, if `kith send` would take it for targets; or NULL. */
static char *
named_targets(const char *text)
{
	size_t len = strcspn(text, " \t\n");
	Kith__V1__Target targets[TARGETS_MAX];
	char *word, *copy;
	const char *bad;

	if (text[0] != '@' && text[0] != '#')
		return NULL;
	if (text[len + strspn(text + len, " \t\n")] == '\0' || strchr(",:;.!?", text[len - 1]))
		return NULL;		/* alone, or "@bob: ..." to the group */
	if ((word = strndup(text, len)) == NULL || (copy = strdup(word)) == NULL) {
		free(word);
		return NULL;
	}
	if (kith_targets_parse(copy, targets, TARGETS_MAX, &bad) < 1) {
		free(word);
		word = NULL;
	}
	free(copy);
	return word;
}

static int
is_long_paste(const char *text, enum line_source source)
{
	if (source == LINE_BURST)
		return 1;		/* nobody pressed Enter after it */
	return source == LINE_PASTED && (text[0] == '/' || count_lines(text) > LINES_UNASKED ||
	    strlen(text) > BYTES_UNASKED);
}

/* What `text` names at its beginning, other than its target; or NULL. */
static char *
others_named(const struct chat *c, const char *target, const char *text)
{
	char *others = named_targets(text);

	if (others == NULL)
		return NULL;
	/* "#1 is broken" names nothing; a list, or a group that is known, does. */
	if (strcmp(others, target) != 0 && (strchr(others, ',') != NULL || others[0] == '@' ||
	    names_find(&c->names, others) != NULL))
		return others;
	free(others);
	return NULL;
}

int
question_may_send(struct chat *c, const char *target, const char *text,
    enum line_source source)
{
	int long_paste = is_long_paste(text, source);
	char *others = long_paste ? NULL : others_named(c, target, text);
	struct question *q;

	if (!long_paste && others == NULL)
		return 1;
	q = calloc(1, sizeof(*q));
	if (q == NULL || (q->target = strdup(target)) == NULL ||
	    (q->text = strdup(text)) == NULL) {
		question_free(q);
		free(others);
		pane_note(&c->pane, "not sent: out of memory");
		return 0;
	}
	q->others = others;
	question_drop(c);
	c->question = q;
	return 0;
}

char *
question_text(const struct chat *c, const char **target)
{
	if (c->question == NULL)
		return NULL;
	*target = c->question->target;
	return strdup(c->question->text);
}

void
question_show(const struct chat *c)
{
	const struct question *q = c->question;
	size_t lines = count_lines(q->text), bytes = strlen(q->text), len;
	char *prompt = NULL;
	FILE *out = open_memstream(&prompt, &len);

	if (out == NULL)
		return;
	if (q->others != NULL) {
		fputs("y: to ", out);
		out_string(out, q->target[0] != '\0' ? q->target : "nobody yet", OUT_WORD);
		fputs(", p: to ", out);
		out_string(out, q->others, OUT_WORD);
		fputs(" alone, n: to nobody? ", out);
	} else {
		fprintf(out, "Send %zu line%s (%zu bytes) to ", lines, lines == 1 ? "" : "s",
		    bytes);
		out_string(out, q->target[0] != '\0' ? q->target : "nobody yet", OUT_WORD);
		fputs(" as one message? [y/n] ", out);
	}
	if (fclose(out) == 0)
		line_ask(prompt, QUESTION_TAG, q->others != NULL ? "yYnNpP" : "yYnN");
	free(prompt);
}

void
question_hint(struct chat *c)
{
	if (c->question != NULL)
		pane_note(&c->pane, "nothing is sent yet: answer %s first",
		    c->question->others != NULL ? "y, p or n" : "y or n");
}

/* The key that answers `q`, in small letters; or 0. */
static char
answering_key(const struct question *q, const char *answer)
{
	const char *at = answer + strspn(answer, " \t");
	char key = (char)(at[0] | 0x20);

	if (at[0] == '\0' || at[1 + strspn(at + 1, " \t")] != '\0')
		return 0;		/* "yes" may be meant for somebody */
	return key == 'y' || key == 'n' || (key == 'p' && q->others != NULL) ? key : 0;
}

/* It was typed by somebody who did not see the question: which is meant, nobody can tell. */
static void
give_up_both(struct chat *c, const char *text)
{
	line_remember(text);
	pane_note(&c->pane, "not sent, neither this nor the text before it, which was asked "
	    "about; Up brings both back: %s", text);
}

void
question_answer(struct chat *c, const char *answer, enum line_source source)
{
	struct question *q = c->question;
	char key = answering_key(q, answer);

	if (key != 0 && source == LINE_AHEAD) {
		question_hint(c);
		return;
	}
	c->question = NULL;
	if (key == 'y')
		outbox_say(c, q->target, q->text);
	else if (key == 'p')
		outbox_say(c, q->others, q->text + strlen(q->others) +
		    strspn(q->text + strlen(q->others), " \t\n"));
	else if (key == 'n')
		pane_note(&c->pane, "not sent; Up brings the text back");
	else
		give_up_both(c, answer);
	question_free(q);
}
