/*
 * store_session.h - the sessions (devices and hooks) that users see and end.
 */
#ifndef KITH_SERVER_STORE_SESSION_H
#define KITH_SERVER_STORE_SESSION_H

#include "server/store/store_int.h"

/* The writer's requests; each answers. */
void	store_session_logout(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_session_revoke(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

/* The reader's. */
void	store_session_list(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);

#endif
