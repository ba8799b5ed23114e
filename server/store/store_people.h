/*
 * store_people.h - members of a group, and who is online. Reader.
 */
#ifndef KITH_SERVER_STORE_PEOPLE_H
#define KITH_SERVER_STORE_PEOPLE_H

#include "server/store/store_int.h"

/* The requests; each answers. */
void	store_people_members(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_people_who(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

#endif
