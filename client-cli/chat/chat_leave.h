/*
 * chat_leave.h - the end of the chat.
 */
#ifndef KITH_CLI_CHAT_LEAVE_H
#define KITH_CLI_CHAT_LEAVE_H

struct chat;

/* Ends the chat; the first time it only tells of messages that would be
 * lost. */
void	chat_leave(struct chat *c);

/* Ctrl-C on an empty line: asks once. */
void	chat_leave_asked(struct chat *c);

/* The chat has ended for good (chat.ended): why, and what to do about it.
 * `what` was therefore not done; NULL: it ends now. */
void	chat_leave_tell_ended(struct chat *c, const char *what);

#endif
