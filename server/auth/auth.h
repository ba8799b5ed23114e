/*
 * auth.h - the auth role: checks and makes passwords, tokens and invites.
 *
 * Turn    First all records in the inbox, then at most one hash. So a login by
 *         token waits for one password (21 ms) at most, however many there are.
 * Crash   Jobs die with the process. Workers notice by its generation, and
 *         clients repeat. What the store did for a lost job is harmless
 *         (server/README.md, "Login").
 * Trust   A worker may have been taken over. It can try names and passwords, as
 *         any client can, and is believed when it says who asks, from where.
 */
#ifndef KITH_SERVER_AUTH_H
#define KITH_SERVER_AUTH_H

#include <stdint.h>

#include "protocol/ipc.pb-c.h"
#include "protocol/unpackmem.h"
#include "server/auth/auth_job.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"

#define AUTH_USED_MAX	256u	/* devices told to the writer at once, */
#define AUTH_USED_MS	5000u	/* after this time at the latest */

struct auth_limit;
struct password;

struct auth {
	struct proc		*p;
	struct unpackmem	 mem;		/* holds the record at hand */
	struct password		*password;
	struct auth_limit	*limit;
	struct auth_job		*jobs;		/* AUTH_JOBS_MAX */
	struct auth_jobs	 free, open, hashing;
	unsigned		 nfree, nhashing;
	uint64_t		 asks;		/* so far; makes ids unique */
	const Kith__Ipc__Answer	*answer;	/* to the waiting step */
	/* Devices that logged in by token, to be told to the writer. */
	uint64_t		 used[AUTH_USED_MAX];
	unsigned		 nused;
	uint64_t		 used_at;	/* when to tell them */
};

/* The role's main in pieces, so that a test can be the loop. auth_init(): 0 or
 * -ENOMEM. */
int		auth_init(struct auth *a, struct proc *p);
void		auth_fini(struct auth *a);
void		auth_record(struct proc *p, const struct ipc_head *h,
		    const uint8_t *body, uint32_t len);
void		auth_turn(struct proc *p);

#endif
