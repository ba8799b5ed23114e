/*
 * auth_job.h - a request to auth is a job, which walks along a table of steps.
 *
 * Each kind of request has its table (auth_login.c, auth_admin.c). A step runs
 * to its end. Between two steps the job waits for the store's answer, or for
 * its turn to hash. auth_job.c walks, and knows no request.
 */
#ifndef KITH_SERVER_AUTH_JOB_H
#define KITH_SERVER_AUTH_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "protocol/error.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "server/auth/password.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"
#include "server/rules/name.h"
#include "server/rules/token.h"

#define AUTH_JOBS_MAX	2048u
#define AUTH_JOB_MS	10000u		/* then the answer is UNAVAILABLE */

struct auth;
struct auth_job;

enum auth_next {
	AUTH_NEXT,			/* run the next step */
	AUTH_WAIT,			/* run it when the store has answered */
	AUTH_END			/* it was answered: auth_job_end() */
};

struct auth_step {
	enum auth_next	(*run)(struct auth *a, struct auth_job *j);
	bool		 hashes;	/* one hash: waits for its turn */
};

/* A kind of request: a row of auth_login_kinds[] or auth_admin_kinds[]. */
struct auth_kind {
	uint32_t	 what;		/* the case of the message's oneof */
	const char	*name;		/* for the log */
	/* Copies what is needed out of `body`, the message in the oneof. Not
	 * KITH_E_OK: the answer. */
	enum kith_err	(*accept)(struct auth *a, struct auth_job *j,
			    const void *body);
	const struct auth_step *steps;
	void		(*answer)(struct auth *a, struct auth_job *j,
			    enum kith_err code, uint32_t retry_ms);
};

/* Wiped when it ends: most of it is secret. */
struct auth_job {
	TAILQ_ENTRY(auth_job)	 link;	/* in `free` or, by age, in `open` */
	TAILQ_ENTRY(auth_job)	 turn;	/* in `hashing`, if `queued` */
	const struct auth_kind	*kind;
	const struct auth_step	*step;	/* the next one */
	struct ipc_head		 head;	/* who asked */
	uint64_t		 deadline;	/* monotonic ms */
	uint64_t		 ask;	/* the open question's id, or 0 */
	bool			 queued;
	uint64_t		 limit_key;	/* of a failure counted, or 0 */
	enum kith_err		 refusal; /* to a wrong one */
	char			 why[NAME_WHY_MAX];	/* to NAME_INVALID */

	/* What was asked. */
	char	 name[NAME_BYTES_MAX + 1];	/* prepared */
	char	 display_name[DISPLAY_NAME_BYTES_MAX + 1];
	char	 device_name[DEVICE_NAME_BYTES_MAX + 1];
	char	 password[PASSWORD_BYTES_MAX + 1];	/* to check or to set */
	char	 new_password[PASSWORD_BYTES_MAX + 1];	/* "": no change */
	bool	 has_invite;
	bool	 flag;			/* administrator, disabled: see kind */
	uint32_t uses;			/* of a new invite */
	uint64_t expires_ms;
	uint8_t	 secret_hash[TOKEN_HASH_BYTES];	/* token or invite */

	/* What is known. */
	char	 secret[TOKEN_CHARS + 1];	/* the one that was made */
	char	 hash[PASSWORD_HASH_MAX];	/* the account's or a new one */
	uint64_t user;			/* 0: no such account */
	bool	 admin, disabled;
	uint64_t device;
	uint64_t last_client_id, history;
	uint64_t hook;			/* the token's conversation, or 0 */
};

TAILQ_HEAD(auth_jobs, auth_job);

/* Starts a job. `body` is the message that the request's oneof holds. */
void		auth_job_begin(struct auth *a, const struct auth_kind *kind,
		    const struct ipc_head *h, const void *body);

/* The store's answer to the question `ask`. Ignored if no job waits for it:
 * the job timed out, or a restarted store repeats its answer. */
void		auth_job_answer(struct auth *a, uint64_t ask,
		    const Kith__Ipc__Answer *answer);

/* Computes one hash, if a job waits for one. */
void		auth_job_hash(struct auth *a);

/* Answers UNAVAILABLE to the jobs whose deadline has passed. */
void		auth_job_expire(struct auth *a, uint64_t now_ms);

/* For steps: continues with another table. */
enum auth_next	auth_job_go(struct auth_job *j, const struct auth_step *steps);

/* For steps: asks the store. Ends the job if that fails. */
enum auth_next	auth_job_ask(struct auth *a, struct auth_job *j, enum role to,
		    Kith__Ipc__Ask *ask);

/* For steps: answers. A failure counted beforehand stays if the code says that
 * the password, name or invite was wrong. */
enum auth_next	auth_job_end(struct auth *a, struct auth_job *j,
		    enum kith_err code);
enum auth_next	auth_job_end_limited(struct auth *a, struct auth_job *j,
		    uint32_t retry_ms);

/* For kinds: why, if more is known than the code says; or NULL. */
static inline const char *
auth_job_why(const struct auth_job *j, enum kith_err code)
{
	return code == KITH_E_NAME_INVALID && j->why[0] != '\0' ? j->why : NULL;
}

/* For kinds: the head of the answer to `j`. */
struct ipc_head	auth_job_answer_head(const struct auth_job *j,
		    enum ipc_type type, enum kith_err code);

#endif
