/*
 * store_hook.h - makes hooks: tokens that can post to one conversation and do
 * nothing else. Writer.
 *
 * A hook is a row in the table tokens, so it is listed and revoked as a device
 * is. It posts as its maker; when the maker loses the right to post, so does
 * the hook.
 *
 * Crash  Killed between commit and answer, the writer reads the request again
 *        and makes another one. Nobody has the first one's secret; it is
 *        listed, and can be revoked.
 */
#ifndef KITH_SERVER_STORE_HOOK_H
#define KITH_SERVER_STORE_HOOK_H

#include "server/store/store_int.h"

/* The request; answers. */
void	store_hook_create(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

#endif
