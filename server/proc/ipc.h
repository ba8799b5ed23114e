/*
 * ipc.h - records between kithd's processes, through shm/ring.
 *
 * A record is a struct ipc_head and a body. ipc_table.c has one row per type:
 * who may send it to whom, and what the body is. A record without a row is
 * refused at both ends, counted (ipc_refused), and logged.
 *
 * Wakes  From inside the loop (proc.h), ipc_send() only notes whom it owes a
 *        wake. They are woken once the events of a turn are handled, after the
 *        drain, and before the process sleeps: so four requests that were read
 *        together are one batch for the writer, and a receiver that is awake
 *        costs nothing. In a long turn they are woken early, so that another
 *        core can start: after IPC_OWED_MAX records or IPC_OWED_MS. Outside the
 *        loop (the master, a role that starts) the wake is at once. What a
 *        killed process owed waits for the receiver's own timeout or the
 *        master's kick (wake.h).
 *
 * Trust  A worker may have been taken over: the receiver checks every head
 *        (ipc_check()) and walks every body as if it came from the network. The
 *        sender's role follows from `from` and the master's layout. Any process
 *        can write another one's slot there, since the ring has no signatures.
 */
#ifndef KITH_SERVER_IPC_H
#define KITH_SERVER_IPC_H

#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "server/proc/proc.h"

#define IPC_OWED_MAX	32u	/* records until those owed are woken, */
#define IPC_OWED_MS	2u	/* or this time */

enum ipc_type {
	/* worker -> writer: a client's Request that writes. -> reader: one that
	 * reads. -> auth: Register, LoginPassword, LoginToken, ChangePassword;
	 * has secrets. */
	IPC_REQUEST = 1,
	IPC_QUERY,
	IPC_AUTH,
	IPC_REPLY,	/* writer, reader, auth -> worker: an encoded Reply */
	IPC_LOGIN,		/* auth -> worker: kith.ipc.Login */
	/* writer -> worker: an encoded Reply{event}, see `flags`; an encoded
	 * Reply{cursor_moved} for user[0]'s sessions except `device` (0: all);
	 * user[0] joined (IPC_F_JOINED) or left group `conversation`. */
	IPC_EVENT,
	IPC_CURSOR,
	IPC_MEMBER,
	/* worker -> reader: groups of user[0], and is `device` still valid? And
	 * the answer: kith.ipc.Loaded. */
	IPC_LOAD,
	IPC_LOADED,
	/* writer -> worker: close user[0]'s sessions: of `device`, or all (0)
	 * except `except`. */
	IPC_REVOKED,
	IPC_SEEN,	/* worker, master -> writer: user[0] seen at time_ms */
	/* auth -> reader (Find*), writer (others): kith.ipc.Ask */
	IPC_ASK,
	IPC_ANSWER,		/* reader, writer -> auth: kith.ipc.Answer */
	IPC_ADMIN,		/* master -> auth: kith.ipc.Admin */
	IPC_ADMIN_ANSWER,	/* auth -> master: kith.ipc.AdminAnswer */
	IPC_LOG,		/* any -> log: one line of text */
	/* worker -> worker: an encoded Reply{typing}: user[0] writes in
	 * `conversation`. */
	IPC_TYPING,
	IPC_TYPE_COUNT
};

/* Flags. EVENT: to local sessions that follow `conversation`, or to those of
 * user[0] and user[1]. MEMBER: joined, not left. REPLY: close the session after
 * it (Logout). AUTH: the LoginToken must be a hook's. */
#define IPC_F_FOLLOWERS	1u
#define IPC_F_USERS	2u
#define IPC_F_JOINED	4u
#define IPC_F_CLOSE	8u
#define IPC_F_HOOK	16u

/* Bytes of an encoded Reply{typing}: numbers and a user's name. */
#define IPC_TYPING_MAX	256u

/* Who asks, or who is meant. A worker fills session, session_serial, request
 * and user[0] from the session; the answering role copies them back. Host
 * order; unused fields are 0. */
struct ipc_head {
	uint16_t	type;		/* enum ipc_type */
	uint8_t		from;	/* slot of the sender; set by ipc_send() */
	uint8_t		flags;
	uint32_t	generation;	/* of the sender; set by ipc_send() */
	uint32_t	session;	/* worker's session place */
	uint32_t	session_serial;
	/* The client's request id, or the asker's own */
	uint64_t	request;
	uint64_t	user[2];
	uint64_t	device;
	uint64_t	except;		/* a device */
	uint64_t	conversation;
	uint64_t	seq;
	uint64_t	time_ms;
	/* Answers: the asker's generation; 0: any */
	uint32_t	to_generation;
	uint32_t	code;		/* enum kith_err, where there is one */
	/* Client's address, IPv4 mapped: for auth's limits */
	uint8_t		address[16];
};

struct ipc_row {
	const char	*name;
	uint32_t	 from, to;	/* bits 1 << enum role */
	const ProtobufCMessageDescriptor *body;	/* NULL: none, or text (LOG) */
	uint32_t	 body_max;
};

extern const struct ipc_row ipc_table[IPC_TYPE_COUNT];

/* Pushes to process `to` (a slot), which is woken soon. 0, -EPERM (no such
 * row), -EMSGSIZE, -ENOBUFS (its inbox is full), or the lock's error. Never
 * waits. */
int	ipc_send(struct proc *p, unsigned to, struct ipc_head *h,
	    const void *body, uint32_t len);

/* Wakes those that are owed it. ipc_wake_due(), between pieces of work of which
 * each is short: once IPC_OWED_MS have passed; `now_ms` is monotonic. */
void	ipc_wake_owed(struct proc *p);
void	ipc_wake_due(struct proc *p, uint64_t now_ms);

/* As ipc_send(), for records that may be lost: leaves half of the inbox to
 * others, so that no inbox drops a record because of a hint. -ENOBUFS: it is
 * half full; not counted. */
int	ipc_send_hint(struct proc *p, unsigned to, struct ipc_head *h,
	    const void *body, uint32_t len);

/* Packs `msg` as the body. Also -EMSGSIZE if it is over the row's body_max. */
int	ipc_send_msg(struct proc *p, unsigned to, struct ipc_head *h,
	    const ProtobufCMessage *msg);

/* Sends to each worker of `mask` (bit i: worker i), as the registry found it.
 * `found` is what the lookup returned: if it failed (negative), `mask` says
 * nothing and all workers are told, since a worker drops what concerns none of
 * its sessions, but a revocation that reaches nobody leaves a session open. A
 * full inbox drops its copy. Returns the workers that were meant. */
uint32_t ipc_send_workers(struct proc *p, int found, uint32_t mask,
	    struct ipc_head *h, const void *body, uint32_t len);

/* As ipc_send_workers(), with ipc_send_hint(). */
uint32_t ipc_hint_workers(struct proc *p, int found, uint32_t mask,
	    struct ipc_head *h, const void *body, uint32_t len);

/* The slot of role `r` that serves `key` (hash over the role's processes). */
unsigned ipc_slot(const struct proc *p, enum role r, uint64_t key);

/* Splits and checks a record that process `p` received: length, type, row, the
 * sender's slot, role and generation. It does NOT walk the body: wire_unpack()
 * does, and a receiver that passes the body on calls wire_walk(). 0; -EBADMSG:
 * counted and logged; -ESTALE: an answer to an earlier generation. */
int	ipc_check(struct proc *p, const void *rec, uint32_t len,
	    struct ipc_head *h, const uint8_t **body, uint32_t *body_len);

#endif
