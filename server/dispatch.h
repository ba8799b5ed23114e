/*
 * dispatch.h - the table of requests: one row each. State, size, cost and where a request
 * is answered are settled here, before any handler.
 */
#ifndef KITH_SERVER_DISPATCH_H
#define KITH_SERVER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "proc.h"
#include "protocol/error.h"
#include "protocol/frame.pb-c.h"

struct conn;

/* Checks what needs neither store nor auth. For refusals other than a code's own text,
 * *text; *retry_ms with RATE_LIMITED. */
typedef enum kith_err dispatch_check(struct conn *c, const Kith__V1__Request *r,
    const char **text, uint32_t *retry_ms);

/* Answers it in the worker; false: it is `to` who must. */
typedef bool dispatch_handle(struct conn *c, const Kith__V1__Request *r);

struct dispatch_row {
	Kith__V1__Request__BodyCase number;
	const char	*name;
	uint32_t	 states;	/* bits of enum session_state */
	enum role	 to;		/* ROLE_WORKER: always answered here, by handle() */
	bool		 login;		/* answered by IPC_LOGIN */
	bool		 secret;	/* holds a password: its bytes are wiped after use */
	dispatch_check	*check;		/* or NULL */
	dispatch_handle	*handle;	/* or NULL */
};

extern const struct dispatch_row dispatch_rows[];
extern const unsigned dispatch_count;

/* NULL: no such request. */
const struct dispatch_row *dispatch_find(Kith__V1__Request__BodyCase number);

/* The handlers and checks, by area. */
dispatch_handle req_hello, req_ping, req_pong, req_who;
dispatch_check req_check_send, req_check_sync, req_check_names;

#endif
