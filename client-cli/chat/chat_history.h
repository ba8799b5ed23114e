/*
 * chat_history.h - the chat's commands that show what was said before.
 */
#ifndef KITH_CLI_CHAT_HISTORY_H
#define KITH_CLI_CHAT_HISTORY_H

struct chat;

void	chat_history_last(struct chat *c, char *args);	/* /history [N] */
void	chat_history_more(struct chat *c, char *args);	/* /more */
void	chat_history_read(struct chat *c, char *args);	/* /read */

#endif
