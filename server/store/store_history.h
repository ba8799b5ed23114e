/*
 * store_history.h - pages of logs: history in both directions, and what was missed.
 *
 * What a user may read of a group are the intervals of membership; nothing outside of them
 * leaves this file.
 */
#ifndef KITH_SERVER_STORE_HISTORY_H
#define KITH_SERVER_STORE_HISTORY_H

#include "server/store/store.h"

/* The reader's requests; each answers. */
void	store_history(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);
void	store_sync(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);

#endif
