/*
 * request.h - every request: its name, the role of kithd that answers it, and
 * the body of its reply. All other tables of requests read this list.
 *
 * X(BODY, "name", ANSWERER, REPLY)
 *   BODY      KITH__V1__REQUEST__BODY_##BODY is its number (frame.proto)
 *   name      in logs and metrics, never on the wire
 *   ANSWERER  WORKER, AUTH, WRITER or READER: ROLE_##ANSWERER of kithd. A
 *             worker may answer what is a READER's if it knows the answer.
 *   REPLY     KITH__V1__REPLY__BODY_##REPLY, unless the reply is an Error
 */
#ifndef KITH_PROTOCOL_REQUEST_H
#define KITH_PROTOCOL_REQUEST_H

#include "protocol/frame.pb-c.h"

#define REQUESTS(X)							\
	X(HELLO,              "hello",            WORKER, WELCOME)	\
	X(REGISTER_ACCOUNT,   "account.register", AUTH,   LOGGED_IN)	\
	X(LOGIN_PASSWORD,     "account.login",    AUTH,   LOGGED_IN)	\
	X(LOGIN_TOKEN,        "account.resume",   AUTH,   LOGGED_IN)	\
	X(CHECK_INVITE,       "account.check",    AUTH,   DONE)		\
	X(LOGOUT,             "session.logout",   WRITER, DONE)		\
	X(CHANGE_PASSWORD,    "account.passwd",   AUTH,   DONE)		\
	X(LIST_SESSIONS,      "session.list",     READER, SESSIONS)	\
	X(REVOKE_SESSION,     "session.revoke",   WRITER, DONE)		\
	X(PING,               "ping",             WORKER, PONG)		\
	X(PONG,               "pong",             WORKER, _NOT_SET)	\
									\
	X(SEND,               "message.send",     WRITER, SENT)		\
	X(HISTORY,            "message.history",  READER, HISTORY_PAGE)	\
	X(SYNC,               "message.sync",     READER, SYNC_PAGE)	\
	X(MARK_READ,          "message.read",     WRITER, DONE)		\
									\
	X(LIST_CONVERSATIONS, "conv.list",        READER, CONVERSATIONS) \
	X(CREATE_GROUP,       "group.create",     WRITER, JOINED)	\
	X(JOIN_GROUP,         "group.join",       WRITER, JOINED)	\
	X(LEAVE_GROUP,        "group.leave",      WRITER, DONE)		\
	X(LIST_GROUPS,        "group.list",       READER, CONVERSATIONS) \
	X(LIST_MEMBERS,       "group.members",    READER, MEMBERS)	\
	X(INVITE_TO_GROUP,    "group.invite",     WRITER, DONE)		\
	X(CREATE_HOOK,        "hook.create",      WRITER, HOOK_CREATED)	\
									\
	X(WHO,                "who",              READER, PRESENCES)	\
	X(TYPING,             "typing",           WORKER, DONE)

/* How many there are. */
#define REQUEST_ONE(BODY, name, answerer, reply)	+ 1u
#define REQUEST_COUNT	(0u REQUESTS(REQUEST_ONE))

/* For tables that are ordered by number. */
enum {
#define REQUEST_REPLY(BODY, name, answerer, reply) \
	REQUEST_REPLY_##BODY = KITH__V1__REPLY__BODY_##reply,
	REQUESTS(REQUEST_REPLY)
#undef REQUEST_REPLY
};

#endif
