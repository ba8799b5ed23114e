/*
 * auth_job.c - jobs: their places, their walk along the steps, their end.
 */
#include "server/auth/auth_job.h"

#include <inttypes.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/limits.h"
#include "server/auth/auth.h"
#include "server/auth/auth_limit.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/lib/netname.h"

/* -- jobs ----------------------------------------------------------------- */

/* The last free place only answers BUSY. */
static struct auth_job *
job_take(struct auth *a, const struct auth_kind *kind, const struct ipc_head *h)
{
	struct auth_job *j = TAILQ_FIRST(&a->free);

	TAILQ_REMOVE(&a->free, j, link);
	TAILQ_INSERT_TAIL(&a->open, j, link);
	a->nfree--;
	j->kind = kind;
	j->step = kind->steps;
	j->head = *h;
	j->deadline = clock_now_ms() + AUTH_JOB_MS;
	j->refusal = KITH_E_AUTH_FAILED;
	return j;
}

static void
job_give(struct auth *a, struct auth_job *j)
{
	if (j->queued) {
		TAILQ_REMOVE(&a->hashing, j, turn);
		a->nhashing--;
	}
	TAILQ_REMOVE(&a->open, j, link);
	explicit_bzero(j, sizeof(*j));
	TAILQ_INSERT_HEAD(&a->free, j, link);
	a->nfree++;
}

enum auth_next
auth_job_go(struct auth_job *j, const struct auth_step *steps)
{
	j->step = steps;
	return AUTH_NEXT;
}

/* -- questions to the store ----------------------------------------------- */

enum auth_next
auth_job_ask(struct auth *a, struct auth_job *j, enum role to, Kith__Ipc__Ask *ask)
{
	struct ipc_head h = { .type = IPC_ASK };

	h.request = ++a->asks * AUTH_JOBS_MAX + (uint64_t)(j - a->jobs);
	if (ipc_send_msg(a->p, ipc_slot(a->p, to, 0), &h, &ask->base) < 0)
		return auth_job_end(a, j, KITH_E_UNAVAILABLE);
	j->ask = h.request;
	return AUTH_WAIT;
}

struct ipc_head
auth_job_answer_head(const struct auth_job *j, enum ipc_type type, enum kith_err code)
{
	struct ipc_head h = j->head;

	h.type = (uint16_t)type;
	h.flags = 0;
	h.to_generation = j->head.generation;
	h.code = code;
	return h;
}

/* -- the end -------------------------------------------------------------- */

/* A wrong guess, from which an attacker learns something. */
static bool
is_guess(enum kith_err code)
{
	return code == KITH_E_AUTH_FAILED || code == KITH_E_NAME_TAKEN ||
	    code == KITH_E_INVITE_INVALID;
}

static void
settle_limits(struct auth *a, struct auth_job *j, enum kith_err code)
{
	unsigned limit = a->p->conf->login_failures;
	uint64_t now = clock_now_ms();

	if (j->limit_key == 0)
		return;
	if (!is_guess(code))
		auth_limit_forgive(a->limit, j->limit_key, limit, now);
	else if (!auth_limit_is_local(j->head.address))
		auth_limit_add(a->limit, auth_limit_key(a->limit, j->head.address, NULL),
		    limit * AUTH_LIMIT_ADDRESS, now);
}

/* The name of an account only. What else a client gave as a name may be a password, typed into
 * the wrong field. */
static void
log_end(const struct auth_job *j, enum kith_err code)
{
	char address[NETNAME_ADDRESS_MAX];
	bool known = j->user != 0 && *j->name != '\0';
	enum log_level level = is_guess(code) || code == KITH_E_RATE_LIMITED ?
	    LOG_L_WARN : LOG_L_INFO;

	if (j->head.type == IPC_ADMIN)
		log_info(j->user, j->kind->name, "code=%s name=%s", kith_err_name(code), j->name);
	else
		log_event(level, j->user, j->kind->name,
		    "code=%s address=%s name=%s device=%" PRIu64,
		    kith_err_name(code), netname_print_address(j->head.address, address),
		    known ? j->name : "?", j->device);
}

static enum auth_next
end_job(struct auth *a, struct auth_job *j, enum kith_err code, uint32_t retry_ms)
{
	settle_limits(a, j, code);
	log_end(j, code);
	j->kind->answer(a, j, code, retry_ms);
	return AUTH_END;
}

enum auth_next
auth_job_end(struct auth *a, struct auth_job *j, enum kith_err code)
{
	bool again = code == KITH_E_BUSY || code == KITH_E_UNAVAILABLE;

	return end_job(a, j, code, again ? RETRY_BUSY_MS : 0);
}

enum auth_next
auth_job_end_limited(struct auth *a, struct auth_job *j, uint32_t retry_ms)
{
	return end_job(a, j, KITH_E_RATE_LIMITED, retry_ms);
}

/* -- the walk ------------------------------------------------------------- */

/* Never refuses an administrator's job: there are few. */
static enum auth_next
job_queue(struct auth *a, struct auth_job *j)
{
	if (a->nhashing >= a->p->conf->hash_queue && j->head.type != IPC_ADMIN)
		return auth_job_end(a, j, KITH_E_BUSY);
	TAILQ_INSERT_TAIL(&a->hashing, j, turn);
	a->nhashing++;
	j->queued = true;
	return AUTH_WAIT;
}

/* Runs steps until the job has to wait, or ends. */
static void
job_walk(struct auth *a, struct auth_job *j, enum auth_next next)
{
	while (next == AUTH_NEXT) {
		if (j->step->hashes)
			next = job_queue(a, j);
		else
			next = (j->step++)->run(a, j);
	}
	if (next == AUTH_END)
		job_give(a, j);
}

void
auth_job_begin(struct auth *a, const struct auth_kind *kind, const struct ipc_head *h,
    const void *body)
{
	struct auth_job *j = job_take(a, kind, h);
	enum kith_err code;

	code = a->nfree == 0 ? KITH_E_BUSY : kind->accept(a, j, body);
	job_walk(a, j, code == KITH_E_OK ? AUTH_NEXT : auth_job_end(a, j, code));
}

void
auth_job_hash(struct auth *a)
{
	struct auth_job *j = TAILQ_FIRST(&a->hashing);

	if (j == NULL)
		return;
	TAILQ_REMOVE(&a->hashing, j, turn);
	a->nhashing--;
	j->queued = false;
	stats_add(a->p->stats, STAT_hashes, 1);
	job_walk(a, j, (j->step++)->run(a, j));
}

/* The id of a question names the job and the question. */
static struct auth_job *
job_of_answer(struct auth *a, uint64_t ask)
{
	struct auth_job *j = &a->jobs[ask % AUTH_JOBS_MAX];

	return ask != 0 && j->ask == ask ? j : NULL;
}

void
auth_job_answer(struct auth *a, uint64_t ask, const Kith__Ipc__Answer *answer)
{
	struct auth_job *j = job_of_answer(a, ask);

	if (j == NULL)
		return;
	j->ask = 0;
	a->answer = answer;
	job_walk(a, j, AUTH_NEXT);
	a->answer = NULL;
}

void
auth_job_expire(struct auth *a, uint64_t now_ms)
{
	struct auth_job *j;

	while ((j = TAILQ_FIRST(&a->open)) != NULL && j->deadline <= now_ms)
		job_walk(a, j, auth_job_end(a, j, KITH_E_UNAVAILABLE));
}
