/* dispatch.c - the table of requests. kith-protocol(7) lists the same states. */
#include <stddef.h>

#include "dispatch.h"
#include "session.h"

#define NUMBER(name) KITH__V1__REQUEST__BODY_##name

const struct dispatch_row dispatch_rows[] = {
	{ .number = NUMBER(HELLO), .name = "hello", .states = S_CONNECTED, .to = ROLE_WORKER, .handle = req_hello },
	{ .number = NUMBER(REGISTER_ACCOUNT), .name = "account.register", .states = S_GREETED, .to = ROLE_AUTH, .login = true,
	    .secret = true, .check = req_check_names },
	{ .number = NUMBER(LOGIN_PASSWORD), .name = "account.login", .states = S_GREETED, .to = ROLE_AUTH, .login = true,
	    .secret = true, .check = req_check_names },
	{ .number = NUMBER(LOGIN_TOKEN), .name = "account.resume", .states = S_GREETED, .to = ROLE_AUTH, .login = true,
	    .secret = true },
	{ .number = NUMBER(LOGOUT), .name = "session.logout", .states = S_READY, .to = ROLE_WRITER },
	{ .number = NUMBER(CHANGE_PASSWORD), .name = "account.passwd", .states = S_READY, .to = ROLE_AUTH, .secret = true },
	{ .number = NUMBER(LIST_SESSIONS), .name = "session.list", .states = S_READY, .to = ROLE_READER },
	{ .number = NUMBER(REVOKE_SESSION), .name = "session.revoke", .states = S_READY, .to = ROLE_WRITER },
	{ .number = NUMBER(PING), .name = "ping", .states = S_GREETED | S_READY, .to = ROLE_WORKER, .handle = req_ping },
	{ .number = NUMBER(PONG), .name = "pong", .states = S_GREETED | S_READY, .to = ROLE_WORKER, .handle = req_pong },

	{ .number = NUMBER(SEND), .name = "message.send", .states = S_READY, .to = ROLE_WRITER, .check = req_check_send },
	{ .number = NUMBER(HISTORY), .name = "message.history", .states = S_READY, .to = ROLE_READER },
	{ .number = NUMBER(SYNC), .name = "message.sync", .states = S_READY, .to = ROLE_READER, .check = req_check_sync },
	{ .number = NUMBER(MARK_READ), .name = "message.read", .states = S_READY, .to = ROLE_WRITER },

	{ .number = NUMBER(LIST_CONVERSATIONS), .name = "conv.list", .states = S_READY, .to = ROLE_READER },
	{ .number = NUMBER(CREATE_GROUP), .name = "group.create", .states = S_READY, .to = ROLE_WRITER },
	{ .number = NUMBER(JOIN_GROUP), .name = "group.join", .states = S_READY, .to = ROLE_WRITER },
	{ .number = NUMBER(LEAVE_GROUP), .name = "group.leave", .states = S_READY, .to = ROLE_WRITER },
	{ .number = NUMBER(LIST_GROUPS), .name = "group.list", .states = S_READY, .to = ROLE_READER },
	{ .number = NUMBER(LIST_MEMBERS), .name = "group.members", .states = S_READY, .to = ROLE_READER },
	{ .number = NUMBER(INVITE_TO_GROUP), .name = "group.invite", .states = S_READY, .to = ROLE_WRITER },

	{ .number = NUMBER(WHO), .name = "who", .states = S_READY, .to = ROLE_READER, .handle = req_who },
};

const unsigned dispatch_count = sizeof(dispatch_rows) / sizeof(dispatch_rows[0]);

const struct dispatch_row *
dispatch_find(Kith__V1__Request__BodyCase number)
{
	unsigned i;

	for (i = 0; i < dispatch_count; i++)
		if (dispatch_rows[i].number == number)
			return &dispatch_rows[i];
	return NULL;
}
