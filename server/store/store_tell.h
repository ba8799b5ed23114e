/*
 * store_tell.h - what workers hear after a commit. Writer.
 *
 * A live copy is a hint: telling never waits and never fails. An inbox that is
 * full drops the record and counts it, and its worker resyncs its sessions.
 */
#ifndef KITH_SERVER_STORE_TELL_H
#define KITH_SERVER_STORE_TELL_H

#include "server/store/store_int.h"

/* e->body ends with a NUL. An event without a body (NULL) and one that is too
 * long for a live copy is told as a Resync, counted and logged. */
void	store_tell_event(struct store *s, const struct db_event *e);

/* The news that the transaction noted (store_news.h), in their order; then
 * there are none. */
void	store_tell_news(struct store *s);

/* `mover` is the head of the MarkRead. To the user's other devices; */
void	store_tell_cursor(struct store *s, const struct ipc_head *mover,
	    uint64_t conversation, uint64_t seq);
/* to the other user of a direct conversation, if there is one. */
void	store_tell_peer_cursor(struct store *s, const struct ipc_head *mover,
	    uint64_t conversation, uint64_t seq);

/* To workers with sessions of `user`: close those of `device` (0: all of them
 * except `except`). */
void	store_tell_revoked(struct store *s, uint64_t user, uint64_t device,
	    uint64_t except);

#endif
