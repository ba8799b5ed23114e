/*
 * chat_word.h - the arguments of the chat's commands: people and groups.
 */
#ifndef KITH_CLI_CHAT_WORD_H
#define KITH_CLI_CHAT_WORD_H

#include "client-cli/chat/chat.h"

/* The command that runs was typed in a wrong way: how, as /help has it. */
void	chat_word_usage(struct chat *c);

/* Cuts the first word off *args, up to a blank or a comma; "" if there is
 * none. */
char	*chat_word_cut(char **args);

/* The name in `word` of the kind `sigil`, which may be left out. NULL: it is of
 * the other kind, or none, and told. */
const char *chat_word_name(struct chat *c, const char *word, char sigil);

/* `word` as a target; without a sigil it is the only one known by that name.
 * 0, or -1: told. */
int	chat_word_target(struct chat *c, const char *word,
	    char target[CHAT_WORD_MAX]);

/* The group that `word` names, or if it is "" the one in the prompt; without
 * its sigil. NULL: told. */
const char *chat_word_group(struct chat *c, const char *word);

#endif
