/*
 * store_sync.h - what a client missed, over all of its user's conversations.
 */
#ifndef KITH_SERVER_STORE_SYNC_H
#define KITH_SERVER_STORE_SYNC_H

#include "server/store/store_int.h"

/* The reader's request; answers. */
void	store_sync(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

#endif
