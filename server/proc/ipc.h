/*
 * ipc.h - records between kithd's processes, through shm/ring.
 *
 * A record is a struct ipc_head and a body. ipc_table.c has one row per type: who
 * may send it to whom, and what the body is. What has no row is refused
 * at both ends, counted (ipc_refused), and logged.
 *
 * Trust  A worker may have been taken over: the receiver checks every head (ipc_check)
 *        and walks every body as if it came from the network. The sender's role
 *        comes from `from` and the master's layout, never from the record; any process
 *        could write another one's slot there, since the ring has no signature.
 */
#ifndef KITH_SERVER_IPC_H
#define KITH_SERVER_IPC_H

#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "server/proc/proc.h"

enum ipc_type {
	/* worker -> writer: a client's Request that writes. -> reader: one that reads.
	 * -> auth: Register, LoginPassword, LoginToken, ChangePassword; holds secrets. */
	IPC_REQUEST = 1,
	IPC_QUERY,
	IPC_AUTH,
	IPC_REPLY,		/* writer, reader, auth -> worker: an encoded Reply */
	IPC_LOGIN,		/* auth -> worker: kith.ipc.Login */
	/* writer -> worker: an encoded Reply{event}, see `flags`; an encoded
	 * Reply{cursor_moved} for user[0]'s sessions but `device` (0: all); user[0] is
	 * (IPC_F_JOINED) or is no longer in group `conversation`. */
	IPC_EVENT,
	IPC_CURSOR,
	IPC_MEMBER,
	/* worker -> reader: groups of user[0], and is `device` still valid? And the
	 * answer: kith.ipc.Loaded. */
	IPC_LOAD,
	IPC_LOADED,
	/* writer -> worker: close user[0]'s sessions: `device`, or all (0) but `except`. */
	IPC_REVOKED,
	IPC_SEEN,		/* worker, master -> writer: user[0] was last seen at time_ms */
	IPC_ASK,		/* auth -> reader (Find*), writer (the rest): kith.ipc.Ask */
	IPC_ANSWER,		/* reader, writer -> auth: kith.ipc.Answer */
	IPC_ADMIN,		/* master -> auth: kith.ipc.Admin */
	IPC_ADMIN_ANSWER,	/* auth -> master: kith.ipc.AdminAnswer */
	IPC_LOG,		/* any -> log: one line of text */
	/* worker -> worker: an encoded Reply{typing}: user[0] writes in `conversation`. */
	IPC_TYPING,
	IPC_TYPE_COUNT
};

#define IPC_F_FOLLOWERS	1u	/* EVENT: to all local sessions that follow `conversation` */
#define IPC_F_USERS	2u	/* EVENT: to all local sessions of user[0] and user[1] */
#define IPC_F_JOINED	4u	/* MEMBER */
#define IPC_F_CLOSE	8u	/* REPLY: close the session after this reply (Logout) */
#define IPC_F_HOOK	16u	/* AUTH: LoginToken with a hook's token, which is good for nothing else */

#define IPC_TYPING_MAX	256u	/* bytes of an encoded Reply{typing}: numbers and a user's name */

/* Who asks, or who is meant. A worker fills session, session_serial, request and user[0] from the
 * session; the answering role copies them back. Host order; all unused fields 0. */
struct ipc_head {
	uint16_t	type;		/* enum ipc_type */
	uint8_t		from;		/* slot of the sender; set by ipc_send() */
	uint8_t		flags;
	uint32_t	generation;	/* of the sender; set by ipc_send() */
	uint32_t	session;	/* worker's session place */
	uint32_t	session_serial;
	uint64_t	request;	/* the client's request id, or the asker's own */
	uint64_t	user[2];
	uint64_t	device;
	uint64_t	except;		/* a device */
	uint64_t	conversation;
	uint64_t	seq;
	uint64_t	time_ms;
	uint32_t	to_generation;	/* answers: the question's `generation`; 0: any */
	uint32_t	code;		/* enum kith_err, where there is one */
	uint8_t		address[16];	/* client's address, IPv4 mapped: for auth's limits */
};

struct ipc_row {
	const char	*name;
	uint32_t	 from, to;	/* bits 1 << enum role */
	const ProtobufCMessageDescriptor *body;	/* NULL: none, or text (LOG) */
	uint32_t	 body_max;
};

extern const struct ipc_row ipc_table[IPC_TYPE_COUNT];

/* Pushes to process `to` (a slot) and wakes it. 0, -EPERM (no such row),
 * -EMSGSIZE, -ENOBUFS (its inbox is full), or the lock's error. Never waits. */
int	ipc_send(struct proc *p, unsigned to, struct ipc_head *h,
	    const void *body, uint32_t len);

/* As ipc_send(), for what may get lost: it takes no room that others will need, so that
 * nobody's inbox drops a record for it. -ENOBUFS: the inbox is half full; not counted. */
int	ipc_send_hint(struct proc *p, unsigned to, struct ipc_head *h,
	    const void *body, uint32_t len);

/* Packs `msg` as the body. Also -EMSGSIZE if it is over the row's body_max. */
int	ipc_send_msg(struct proc *p, unsigned to, struct ipc_head *h,
	    const ProtobufCMessage *msg);

/* Sends to each worker of `mask` (bit i: worker i), as the registry found it. `found`
 * is what the lookup returned: if it failed (negative), `mask` says nothing and all
 * workers are told, since a worker drops what concerns none of its sessions, but a
 * revocation that reaches nobody leaves a session open. A full inbox drops its copy.
 * Returns the workers that were meant. */
uint32_t ipc_send_workers(struct proc *p, int found, uint32_t mask,
	    struct ipc_head *h, const void *body, uint32_t len);

/* As ipc_send_workers(), with ipc_send_hint(). */
uint32_t ipc_hint_workers(struct proc *p, int found, uint32_t mask,
	    struct ipc_head *h, const void *body, uint32_t len);

/* The slot of role `r` that serves `key` (hash over the role's processes). */
unsigned ipc_slot(const struct proc *p, enum role r, uint64_t key);

/* Splits and checks a record read by process `p` (which is the receiver): length, type, row,
 * the sender's slot, role and generation. It does NOT walk the body: whoever unpacks it
 * does so with wire_unpack(), which walks, and who passes it on does so
 * with wire_walk(). 0, or -EBADMSG: counted and logged; -ESTALE: an answer to an
 * earlier generation. */
int	ipc_check(struct proc *p, const void *rec, uint32_t len,
	    struct ipc_head *h, const uint8_t **body, uint32_t *body_len);

#endif
