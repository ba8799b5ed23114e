/*
 * ipc_table.c - who may tell what to whom.
 */
#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"

/* Senders and receivers: one bit a role. */
#define BIT(role, ...) role = 1u << ROLE_##role,
enum { ROLES(BIT) ANY = (1u << ROLE_COUNT) - 1 };
#undef BIT

#define REQUEST_BODY	&kith__v1__request__descriptor
#define REPLY_BODY	&kith__v1__reply__descriptor

/* A login and its password; accounts and tokens with their names. */
#define SMALL	8192u

const struct ipc_row ipc_table[IPC_TYPE_COUNT] = {
	[IPC_REQUEST]	= { "request", WORKER, WRITER, REQUEST_BODY, FRAME_BYTES_MAX },
	[IPC_QUERY]	= { "query", WORKER, READER, REQUEST_BODY, FRAME_BYTES_MAX },
	[IPC_AUTH]	= { "auth", WORKER, AUTH, REQUEST_BODY, SMALL },
	[IPC_REPLY]	= { "reply", WRITER | READER | AUTH, WORKER, REPLY_BODY, FRAME_BYTES_MAX },
	[IPC_LOGIN]	= { "login", AUTH, WORKER, &kith__ipc__login__descriptor, SMALL },
	[IPC_EVENT]	= { "event", WRITER, WORKER, REPLY_BODY, FRAME_BYTES_MAX },
	[IPC_CURSOR]	= { "cursor", WRITER, WORKER, REPLY_BODY, SMALL },
	[IPC_MEMBER]	= { "member", WRITER, WORKER, NULL, 0 },
	[IPC_LOAD]	= { "load", WORKER, READER, NULL, 0 },
	[IPC_LOADED]	= { "loaded", READER, WORKER, &kith__ipc__loaded__descriptor,
			    FRAME_BYTES_MAX },
	[IPC_REVOKED]	= { "revoked", WRITER, WORKER, NULL, 0 },
	[IPC_SEEN]	= { "seen", WORKER | MASTER, WRITER, NULL, 0 },
	[IPC_ASK]	= { "ask", AUTH, READER | WRITER, &kith__ipc__ask__descriptor, SMALL },
	[IPC_ANSWER]	= { "answer", READER | WRITER, AUTH, &kith__ipc__answer__descriptor,
			    SMALL },
	[IPC_ADMIN]	= { "admin", MASTER, AUTH, &kith__ipc__admin__descriptor, SMALL },
	[IPC_ADMIN_ANSWER] = { "admin_answer", AUTH, MASTER, &kith__ipc__admin_answer__descriptor,
			    SMALL },
	[IPC_LOG]	= { "log", ANY & ~LOG, LOG, NULL, LOG_TEXT_MAX },
	[IPC_TYPING]	= { "typing", WORKER, WORKER, REPLY_BODY, IPC_TYPING_MAX },
};

_Static_assert(sizeof(struct ipc_head) + FRAME_BYTES_MAX <= RING_RECORD_MAX,
    "the largest body fits into a record");
