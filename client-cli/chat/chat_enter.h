/*
 * chat_enter.h - what becomes of a line that was entered.
 */
#ifndef KITH_CLI_CHAT_ENTER_H
#define KITH_CLI_CHAT_ENTER_H

#include "client-cli/chat/line.h"

struct chat;

/* `word` is the target that the prompt promised. */
void	chat_enter_line(struct chat *c, const char *text, const char *word,
	    enum line_source source);

#endif
