/*
 * auth_login.h - what clients ask of auth: to register, to log in, to change
 * the password.
 */
#ifndef KITH_SERVER_AUTH_LOGIN_H
#define KITH_SERVER_AUTH_LOGIN_H

#include "server/auth/auth_job.h"

/* Requests by their kith.v1.Request body; ended by a row without name. */
extern const struct auth_kind auth_login_kinds[];

/* Tells the writer which devices logged in by token, if it is time. */
void		auth_login_tell_used(struct auth *a, uint64_t now_ms);

#endif
