/*
 * chat_enter.c - what becomes of a line that was entered: an answer, a command, or
 * a text for the target that was in the prompt.
 */
#include "client-cli/chat/chat_enter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_cmd.h"
#include "client-cli/chat/outbox_keep.h"
#include "client-cli/chat/question.h"
#include "client-cli/chat/target.h"
#include "protocol/base/utf8.h"

static void
echo_command(struct chat *c, const char *text)
{
	char *line = NULL;
	size_t len;
	FILE *file = open_memstream(&line, &len);

	if (file == NULL)
		return;
	fputs(line_prompt(), file);
	out_string(file, text, OUT_WORD);
	if (fclose(file) == 0)
		pane_print(&c->pane, line, 4);
	free(line);
}

/* Does it work on the target in the prompt, which is another one than when the line was
 * begun? */
static int
is_for_another(const struct chat *c, const char *begun, const char *command, unsigned traits,
    const char *makes)
{
	if (strcasecmp(begun, target_word(c)) == 0 || strchr(command, '#') != NULL)
		return 0;
	return (traits & CHAT_CMD_USES) || ((traits & CHAT_CMD_SETS) && makes[0] == '\0');
}

static void
enter_command(struct chat *c, const char *begun, const char *command)
{
	char word[CHAT_WORD_MAX];
	unsigned traits = chat_cmd_traits(c, command, word);

	if (is_for_another(c, begun, command, traits, word))
		pane_note(&c->pane, "not done: /%s was typed for %s, which is not the target now",
		    command, begun[0] != '\0' ? begun : "nobody");
	else if (!(traits & CHAT_CMD_NOW) && outbox_must_hold(c))
		outbox_hold_command(c, command, traits & CHAT_CMD_SETS ? word : NULL,
		    (traits & CHAT_CMD_USES) != 0);
	else
		chat_cmd_run(c, command);
}

static void
enter_text(struct chat *c, const char *word, const char *text, enum line_source source)
{
	/* Nothing is sent any more, so there is nothing to ask. */
	if (c->ended || question_may_send(c, word, text, source))
		outbox_say(c, word, text);
}

void
chat_enter_line(struct chat *c, const char *text, const char *word, enum line_source source)
{
	char *copy;
	const char *start;
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')	/* of a paste */
		len--;
	if (utf8_is_blank(text, len) || (copy = strndup(text, len)) == NULL)
		return;
	start = copy + strspn(copy, " \t");
	if (c->question != NULL && strcmp(word, QUESTION_TAG) == 0) {
		question_answer(c, copy, source);
	} else if (strcmp(word, QUESTION_TAG) == 0) {
		line_remember(copy);	/* ... which has its answer meanwhile */
		pane_note(&c->pane, "not sent; Up brings it back: %s", copy);
	} else if (c->question != NULL) {
		line_remember(copy);
		pane_note(&c->pane, "not sent, answer the question first: %s", copy);
	} else {
		line_remember(copy);
		if (start[0] == '/' && start[1] != '/' && source == LINE_TYPED) {
			echo_command(c, copy);
			enter_command(c, word, start + 1);
		} else {
			enter_text(c, word, start[0] == '/' && source == LINE_TYPED ?
			    start + 1 : copy, source);
		}
	}
	free(copy);
	outbox_keep_entered(c);
	target_show(c);
}
