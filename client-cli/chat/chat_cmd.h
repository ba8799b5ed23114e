/*
 * chat_cmd.h - what can be typed after a slash in the chat.
 */
#ifndef KITH_CLI_CHAT_CMD_H
#define KITH_CLI_CHAT_CMD_H

#include <stddef.h>

#include "client-cli/chat/chat.h"

/* What a command has to do with the target. */
#define CHAT_CMD_SETS	1u	/* changes it: later lines wait */
#define CHAT_CMD_USES	2u	/* works on it */
#define CHAT_CMD_NOW	4u	/* never waits for a command before it */
#define CHAT_CMD_ALONE	8u	/* of use after the chat has ended for good */

/* Of the command "word arguments"; with CHAT_CMD_SETS `word` is the target that
 * it makes, "" none. */
unsigned chat_cmd_traits(const struct chat *c, const char *command,
	    char word[CHAT_WORD_MAX]);

/* "word arguments", without the slash: runs it, or tells that there is no such
 * command. */
void	chat_cmd_run(struct chat *c, const char *command);

/* The index-th completion of `word`, which comes after `before`; from malloc(),
 * or NULL. */
char	*chat_cmd_complete(const struct chat *c, const char *before,
	    const char *word, size_t index);

#endif
