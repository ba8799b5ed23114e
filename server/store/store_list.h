/*
 * store_list.h - lists of conversations and groups. Reader.
 *
 * A list comes by rising id and is cut at a limit; `more` says that there is
 * something after the last id.
 */
#ifndef KITH_SERVER_STORE_LIST_H
#define KITH_SERVER_STORE_LIST_H

#include "server/store/store_int.h"

/* The requests; each answers. */
void	store_list_conversations(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_list_groups(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

/* The limit of a list: 0 asks for the default. */
static inline uint32_t
store_list_limit(uint32_t asked, uint32_t by_default, uint32_t max)
{
	return asked == 0 ? by_default : asked < max ? asked : max;
}

#endif
