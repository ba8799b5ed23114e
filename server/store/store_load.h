/*
 * store_load.h - IPC_LOAD: what a worker has to know of a user who logged in.
 * Reader.
 */
#ifndef KITH_SERVER_STORE_LOAD_H
#define KITH_SERVER_STORE_LOAD_H

#include "server/store/store_int.h"

void	store_load(struct store *s, const struct ipc_head *h);

#endif
