/*
 * auth.h - what the files of the auth role share: jobs and their steps.
 *
 * A request is a job: a walk along a table of steps, one for each kind of request
 * (auth_login.c, auth_admin.c). A step runs to its end; between two of them the
 * job waits for the store's answer, or for its turn to hash. auth.c walks; it
 * knows no request.
 *
 * Turn    All that is in the inbox first, then at most one hash: a login by token
 *         waits for one password at most (21 ms), however many there are.
 * Crash   Jobs die with the process. Workers notice by its generation, and clients repeat;
 *         what the store did for a lost job is harmless (server/README.md, "Login").
 * Trust   Workers may have been taken over: they can try names and passwords, as
 *         any client can, and are believed in who asks, and from where.
 */
#ifndef KITH_SERVER_AUTH_H
#define KITH_SERVER_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <protobuf-c/protobuf-c.h>

#include "protocol/error.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "protocol/unpackmem.h"
#include "server/auth/password.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"
#include "server/rules/name.h"
#include "server/rules/token.h"

#define AUTH_JOBS_MAX		2048u
#define AUTH_JOB_MS		10000u		/* then it is answered UNAVAILABLE */
#define AUTH_USED_MAX		256u		/* devices told to the writer at once, */
#define AUTH_USED_MS		5000u		/* after so long at most */
#define AUTH_ADDRESS_FACTOR	10u		/* failures of an address, against those of (address, name) */

struct auth;
struct auth_job;
struct auth_limit;

enum auth_next {
	AUTH_NEXT,			/* run the next step */
	AUTH_WAIT,			/* run it when the store has answered */
	AUTH_END			/* the job was answered: auth_end() */
};

struct auth_step {
	enum auth_next	(*run)(struct auth *a, struct auth_job *j);
	bool		 hashes;	/* it computes one hash: it waits for its turn */
};

/* A kind of request: a row of auth_login[] or auth_admin[]. */
struct auth_kind {
	uint32_t	 what;		/* the case of the message's oneof */
	const char	*name;		/* for the log */
	/* Copies what is needed out of `body`, the message that the oneof holds. Not
	 * KITH_E_OK: the answer. */
	enum kith_err	(*accept)(struct auth *a, struct auth_job *j, const void *body);
	const struct auth_step *steps;
	void		(*answer)(struct auth *a, struct auth_job *j, enum kith_err code, uint32_t retry_ms);
};

/* Wiped when it ends: most of it is secret. */
struct auth_job {
	TAILQ_ENTRY(auth_job)	 link;		/* in `free` or, by age, in `open` */
	TAILQ_ENTRY(auth_job)	 turn;		/* in `hashing`, if `queued` */
	const struct auth_kind	*kind;
	const struct auth_step	*step;		/* the next one */
	struct ipc_head		 head;		/* who asked */
	uint64_t		 deadline;	/* monotonic ms */
	uint64_t		 ask;		/* the question's request id; 0: it waits for no answer */
	bool			 queued;
	uint64_t		 limit_key;	/* a failure was counted for it beforehand; 0: none */
	enum kith_err		 refusal;	/* the answer if the password is wrong */

	/* What was asked. */
	char			 name[NAME_BYTES_MAX + 1];	/* prepared */
	char			 display_name[DISPLAY_NAME_BYTES_MAX + 1];
	char			 device_name[DEVICE_NAME_BYTES_MAX + 1];
	char			 password[PASSWORD_BYTES_MAX + 1];	/* checked, or for the new account */
	char			 new_password[PASSWORD_BYTES_MAX + 1];	/* "": not to be changed */
	bool			 has_invite;
	bool			 flag;				/* administrator, disabled: as `kind` says */
	uint32_t		 uses;				/* of a new invite */
	uint64_t		 expires_ms;
	uint8_t			 secret_hash[TOKEN_HASH_BYTES];	/* of token or invite, given or made */

	/* What is known. */
	char			 secret[TOKEN_CHARS + 1];	/* the one that was made */
	char			 hash[PASSWORD_HASH_MAX];	/* the account's, or the one made */
	uint64_t		 user;				/* 0: no such account */
	bool			 admin, disabled;
	uint64_t		 device;
	uint64_t		 last_client_id;
	uint64_t		 hook;				/* the found token's: a conversation, or 0 */
};

TAILQ_HEAD(auth_jobs, auth_job);

struct auth {
	struct proc		*p;
	struct unpackmem	 mem;		/* holds the record at hand */
	struct password		*password;
	struct auth_limit	*limit;
	struct auth_job		*jobs;		/* AUTH_JOBS_MAX */
	struct auth_jobs	 free, open, hashing;
	unsigned		 nfree, nhashing;
	uint64_t		 asks;		/* so far: makes their ids differ */
	const Kith__Ipc__Answer	*answer;	/* to the step that runs after AUTH_WAIT */
	uint64_t		 used[AUTH_USED_MAX];	/* logged in by token, not yet told */
	unsigned		 nused;
	uint64_t		 used_at;	/* when to tell them, if any */
};

/*
 * The walk (auth.c). The first five are the role's main in pieces, so that a test
 * can be the loop.
 */
int		auth_init(struct auth *a, struct proc *p);	/* 0 or -ENOMEM */
void		auth_fini(struct auth *a);
void		auth_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len);
void		auth_turn(struct proc *p);
void		auth_expire(struct auth *a, uint64_t now_ms);

/* For steps: continues with another table. */
enum auth_next	auth_go(struct auth_job *j, const struct auth_step *steps);

/* For steps: asks the store. Ends the job if that fails. */
enum auth_next	auth_ask(struct auth *a, struct auth_job *j, enum role to, Kith__Ipc__Ask *ask);

/* For steps: answers, settles the limits. A wrong password, name or invite stays counted. */
enum auth_next	auth_end(struct auth *a, struct auth_job *j, enum kith_err code);
enum auth_next	auth_end_limited(struct auth *a, struct auth_job *j, uint32_t retry_ms);

/* For kinds: the head of the answer to `j`. */
struct ipc_head	auth_answer_head(const struct auth_job *j, enum ipc_type type, enum kith_err code);

/* A login by token is noted for the list of sessions, many in one transaction: storms of
 * reconnecting clients must not wait for the disk. auth_used.c. */
void		auth_note_used(struct auth *a, uint64_t device, uint64_t now_ms);
void		auth_tell_used(struct auth *a, uint64_t now_ms);

/*
 * Steps that several kinds share (auth_step.c).
 */
enum auth_next	auth_admit(struct auth *a, struct auth_job *j);		/* limits; counts a failure */
enum auth_next	auth_find_account(struct auth *a, struct auth_job *j);	/* by name, or of who asks */
enum auth_next	auth_take_account(struct auth *a, struct auth_job *j);
enum auth_next	auth_check_password(struct auth *a, struct auth_job *j);	/* hashes */
enum auth_next	auth_make_hash(struct auth *a, struct auth_job *j);	/* hashes */
enum auth_next	auth_create_account(struct auth *a, struct auth_job *j);
enum auth_next	auth_set_password(struct auth *a, struct auth_job *j);
enum auth_next	auth_answered(struct auth *a, struct auth_job *j);	/* ends with the store's code */

/* At the end of a job: what auth_admit() counted stays, or is forgiven. */
void		auth_settle(struct auth *a, struct auth_job *j, enum kith_err code);

/* Fields of requests: what is longer than its place, or may not be in it, is refused. */
enum kith_err	auth_copy_name(char out[NAME_BYTES_MAX + 1], const char *in);
enum kith_err	auth_copy_text(char *out, size_t cap, const char *in);	/* no control characters */
enum kith_err	auth_copy_password(char out[PASSWORD_BYTES_MAX + 1], const char *in);
enum kith_err	auth_copy_new_password(char out[PASSWORD_BYTES_MAX + 1], const char *in);

/* The kinds, ended by a row without name. */
extern const struct auth_kind auth_login[];	/* auth_login.c: kith.v1.Request */
extern const struct auth_kind auth_admin[];	/* auth_admin.c: kith.ipc.Admin */

#endif
