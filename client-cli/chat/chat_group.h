/*
 * chat_group.h - the chat's commands about groups.
 */
#ifndef KITH_CLI_CHAT_GROUP_H
#define KITH_CLI_CHAT_GROUP_H

struct chat;

void	chat_group_join(struct chat *c, char *args);
void	chat_group_create(struct chat *c, char *args);
void	chat_group_leave(struct chat *c, char *args);
void	chat_group_invite(struct chat *c, char *args);

#endif
