/*
 * chat_cmd.h - what can be typed after a slash in the chat.
 */
#ifndef KITH_CLI_CHAT_CMD_H
#define KITH_CLI_CHAT_CMD_H

#include <stddef.h>

struct chat;

/* "word arguments", without the slash: runs it, or tells that there is no such
 * command. */
void	chat_cmd_run(struct chat *c, const char *line);

/* The index-th command that begins with `word` ("/jo"), or NULL. */
const char *chat_cmd_match(const char *word, size_t index);

#endif
