/*
 * chat_list.h - the chat's commands that list and show.
 */
#ifndef KITH_CLI_CHAT_LIST_H
#define KITH_CLI_CHAT_LIST_H

struct chat;

void	chat_list_groups(struct chat *c, char *args);
void	chat_list_members(struct chat *c, char *args);
void	chat_list_who(struct chat *c, char *args);
void	chat_list_conversations(struct chat *c, char *args);
void	chat_list_unread(struct chat *c, char *args);

/* Tells in one line where else something is unread. */
void	chat_list_unread_elsewhere(struct chat *c);

/* Asks for names that Tab can complete. */
void	chat_list_learn_names(struct chat *c);

#endif
