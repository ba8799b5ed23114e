/*
 * auth_admin.h - what kithctl asks of auth, through the master: invites,
 * accounts.
 */
#ifndef KITH_SERVER_AUTH_ADMIN_H
#define KITH_SERVER_AUTH_ADMIN_H

#include "server/auth/auth_job.h"

/* Orders by the case of kith.ipc.Admin; ended by a row without name. */
extern const struct auth_kind auth_admin_kinds[];

#endif
