/*
 * dispatch.h - the table of requests: one row each. State, size, cost and the
 * role that answers are settled here, before any handler.
 */
#ifndef KITH_SERVER_DISPATCH_H
#define KITH_SERVER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/frame.pb-c.h"
#include "server/proc/proc.h"

struct conn;

/* Checks what needs neither store nor auth. *text: of a refusal, if the text of
 * its code is not enough. */
typedef enum kith_err dispatch_check(struct conn *c,
    const Kith__V1__Request *r, const char **text);

/* Answers it in the worker. False: the role `to` has to. */
typedef bool dispatch_handle(struct conn *c, const Kith__V1__Request *r);

enum dispatch_cost {		/* tokens of the session's bucket (send_rate) */
	COST_NONE,
	COST_ONE,		/* makes an event, or looks at everybody */
	COST_TARGETS		/* one for each target */
};

struct dispatch_row {
	const char	*name;
	uint32_t	 states;	/* bits of enum session_state */
	enum role	 to;		/* ROLE_WORKER: handle() answers all */
	uint32_t	 size;		/* bytes of the whole Request */
	enum dispatch_cost cost;
	bool		 login;		/* answered by IPC_LOGIN */
	dispatch_check	*check;		/* or NULL */
	dispatch_handle	*handle;	/* or NULL */
};

/* By the number of its body in Request. NULL: no such request. */
const struct dispatch_row *dispatch_find(uint32_t number);

/* The handlers and checks, by area. */
dispatch_handle req_hello, req_ping, req_pong, req_typing, req_who;
dispatch_check req_check_register, req_check_login, req_check_send;
dispatch_check req_check_typing;

#endif
