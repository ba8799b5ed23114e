/*
 * store_group.h - groups: create, join, leave, invite. Writer only; each request is one
 * transaction of its own, answers, and may be repeated without harm. The batch was run before.
 */
#ifndef KITH_SERVER_STORE_GROUP_H
#define KITH_SERVER_STORE_GROUP_H

#include "server/store/store.h"

void	store_group_create(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);
void	store_group_join(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);
void	store_group_leave(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);
void	store_group_invite(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);

#endif
