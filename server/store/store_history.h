/*
 * store_history.h - a page of one conversation's log, in either direction.
 */
#ifndef KITH_SERVER_STORE_HISTORY_H
#define KITH_SERVER_STORE_HISTORY_H

#include "server/store/store_int.h"

/* The reader's request; answers. */
void	store_history(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

#endif
