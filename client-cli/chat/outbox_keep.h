/*
 * outbox_keep.h - what was not sent, on disk: for the next chat, if this one is
 * killed, or ends while texts wait.
 *
 * Shape  kept.h has the file. outbox_show() makes chat.keep due, soon after a
 *        text has begun to wait, and after each change; what is being typed
 *        follows a second after the last key. The next chat offers what it
 *        finds as texts that failed: it sends nothing by itself.
 */
#ifndef KITH_CLI_OUTBOX_KEEP_H
#define KITH_CLI_OUTBOX_KEEP_H

#include <stddef.h>

struct chat;

/* Shows what an earlier chat has left. */
void	outbox_keep_open(struct chat *c);

/* Shows what a chat has left that was still ending when this one began. */
void	outbox_keep_look(struct chat *c);

/* A key was pressed. */
void	outbox_keep_key(struct chat *c);

/* What was begun was entered: it is kept as what has become of it, from now on,
 * so that nobody sends it again. */
void	outbox_keep_entered(struct chat *c);

/* Before a text is handed to a connection that is kept as not sent: from now on
 * it is perhaps stored. */
void	outbox_keep_leaving(struct chat *c);

/* The chat is about to end, and line_stop() will follow: also keeps the text on
 * the line, and that of a question. */
void	outbox_keep_line(struct chat *c);

/* At the end: how many texts are kept; none if they were given up. */
size_t	outbox_keep_close(struct chat *c);

#endif
