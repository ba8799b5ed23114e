/* dispatch.c - the table of requests. kith-protocol(7) lists the same states. */
#include "server/worker/dispatch.h"

#include <stddef.h>

#include "protocol/limits.h"
#include "protocol/request.h"
#include "server/worker/session.h"

#define SMALL	FRAME_BYTES_MAX_LOGIN	/* names, a password; fits into an IPC_AUTH */
#define LARGE	FRAME_BYTES_MAX

/* From the list of requests. One without a row here is an unused variable, which
 * breaks the build. */
#define X(BODY, name, answerer, reply) \
	static const char name_##BODY[] = name; \
	enum { to_##BODY = ROLE_##answerer };
REQUESTS(X)
#undef X

#define ROW(body, when, bytes, tokens, ...)					\
	[KITH__V1__REQUEST__BODY_##body] = { .name = name_##body, .states = when, \
	    .to = (enum role)to_##body, .size = bytes, .cost = COST_##tokens, __VA_ARGS__ }

/* By number. While a login is checked nothing is read: its states stand nowhere. */
static const struct dispatch_row request_rows[] = {
	ROW(HELLO, S_CONNECTED, SMALL, NONE, .handle = req_hello),
	ROW(REGISTER_ACCOUNT, S_GREETED, SMALL, NONE,
	    .login = true, .check = req_check_register),
	ROW(LOGIN_PASSWORD, S_GREETED, SMALL, NONE,
	    .login = true, .check = req_check_login),
	ROW(LOGIN_TOKEN, S_GREETED, SMALL, NONE, .login = true),
	ROW(CHECK_INVITE, S_GREETED, SMALL, ONE),
	ROW(LOGOUT, S_READY, SMALL, NONE),
	ROW(CHANGE_PASSWORD, S_READY, SMALL, NONE),
	ROW(LIST_SESSIONS, S_READY, SMALL, NONE),
	ROW(REVOKE_SESSION, S_READY, SMALL, NONE),
	ROW(PING, S_GREETED | S_READY, SMALL, NONE, .handle = req_ping),
	ROW(PONG, S_GREETED | S_READY, SMALL, NONE, .handle = req_pong),

	ROW(SEND, S_READY, LARGE, TARGETS, .check = req_check_send),
	ROW(HISTORY, S_READY, LARGE, NONE),
	ROW(SYNC, S_READY, LARGE, NONE),
	ROW(MARK_READ, S_READY, SMALL, NONE),

	ROW(LIST_CONVERSATIONS, S_READY, LARGE, NONE),
	ROW(CREATE_GROUP, S_READY, LARGE, ONE),
	ROW(JOIN_GROUP, S_READY, LARGE, ONE),
	ROW(LEAVE_GROUP, S_READY, LARGE, ONE),
	ROW(LIST_GROUPS, S_READY, SMALL, NONE),
	ROW(LIST_MEMBERS, S_READY, LARGE, NONE),
	ROW(INVITE_TO_GROUP, S_READY, LARGE, ONE),

	ROW(CREATE_HOOK, S_READY, SMALL, ONE),

	ROW(WHO, S_READY, LARGE, ONE, .handle = req_who),
	ROW(TYPING, S_READY, SMALL, ONE, .check = req_check_typing,
	    .handle = req_typing),
};

const struct dispatch_row *
dispatch_find(uint32_t number)
{
	if (number >= sizeof(request_rows) / sizeof(request_rows[0]) ||
	    request_rows[number].name == NULL)
		return NULL;
	return &request_rows[number];
}
