/* dispatch.c - the table of requests. kith-protocol(7) lists the same states. */
#include "server/worker/dispatch.h"

#include <stddef.h>

#include "protocol/limits.h"
#include "server/worker/session.h"

#define SMALL	FRAME_BYTES_MAX_LOGIN	/* names, a password; fits into an IPC_AUTH */
#define LARGE	FRAME_BYTES_MAX

#define ROW(body, called, when, who, bytes, tokens, ...)				\
	[KITH__V1__REQUEST__BODY_##body] = { .name = called, .states = when,	\
	    .to = ROLE_##who, .size = bytes, .cost = COST_##tokens, __VA_ARGS__ }

/* By number. While a login is checked nothing is read: its states stand nowhere. */
static const struct dispatch_row rows[] = {
	ROW(HELLO, "hello", S_CONNECTED, WORKER, SMALL, NONE, .handle = req_hello),
	ROW(REGISTER_ACCOUNT, "account.register", S_GREETED, AUTH, SMALL, NONE,
	    .login = true, .check = req_check_register),
	ROW(LOGIN_PASSWORD, "account.login", S_GREETED, AUTH, SMALL, NONE,
	    .login = true, .check = req_check_login),
	ROW(LOGIN_TOKEN, "account.resume", S_GREETED, AUTH, SMALL, NONE, .login = true),
	ROW(LOGOUT, "session.logout", S_READY, WRITER, SMALL, NONE),
	ROW(CHANGE_PASSWORD, "account.passwd", S_READY, AUTH, SMALL, NONE),
	ROW(LIST_SESSIONS, "session.list", S_READY, READER, SMALL, NONE),
	ROW(REVOKE_SESSION, "session.revoke", S_READY, WRITER, SMALL, NONE),
	ROW(PING, "ping", S_GREETED | S_READY, WORKER, SMALL, NONE, .handle = req_ping),
	ROW(PONG, "pong", S_GREETED | S_READY, WORKER, SMALL, NONE, .handle = req_pong),

	ROW(SEND, "message.send", S_READY, WRITER, LARGE, TARGETS, .check = req_check_send),
	ROW(HISTORY, "message.history", S_READY, READER, LARGE, NONE),
	ROW(SYNC, "message.sync", S_READY, READER, LARGE, NONE),
	ROW(MARK_READ, "message.read", S_READY, WRITER, SMALL, NONE),

	ROW(LIST_CONVERSATIONS, "conv.list", S_READY, READER, LARGE, NONE),
	ROW(CREATE_GROUP, "group.create", S_READY, WRITER, LARGE, ONE),
	ROW(JOIN_GROUP, "group.join", S_READY, WRITER, LARGE, ONE),
	ROW(LEAVE_GROUP, "group.leave", S_READY, WRITER, LARGE, ONE),
	ROW(LIST_GROUPS, "group.list", S_READY, READER, SMALL, NONE),
	ROW(LIST_MEMBERS, "group.members", S_READY, READER, LARGE, NONE),
	ROW(INVITE_TO_GROUP, "group.invite", S_READY, WRITER, LARGE, ONE),

	ROW(CREATE_HOOK, "hook.create", S_READY, WRITER, SMALL, ONE),

	ROW(WHO, "who", S_READY, READER, LARGE, ONE, .handle = req_who),
	ROW(TYPING, "typing", S_READY, WORKER, SMALL, ONE, .check = req_check_typing,
	    .handle = req_typing),
};

const struct dispatch_row *
dispatch_find(uint32_t number)
{
	if (number >= sizeof(rows) / sizeof(rows[0]) || rows[number].name == NULL)
		return NULL;
	return &rows[number];
}
