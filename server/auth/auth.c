/*
 * auth.c - the auth role: records in, jobs along their steps, one hash a turn.
 */
#include "server/auth/auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"
#include "protocol/wire.h"
#include "server/auth/auth_limit.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"

/*
 * Jobs.
 */

/* The last free one is kept for saying BUSY. */
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

/* An administrator's job is never refused here: there are few. */
static enum auth_next
job_queue(struct auth *a, struct auth_job *j)
{
	if (a->nhashing >= a->p->conf->hash_queue && j->head.type != IPC_ADMIN)
		return auth_end(a, j, KITH_E_BUSY);
	TAILQ_INSERT_TAIL(&a->hashing, j, turn);
	a->nhashing++;
	j->queued = true;
	return AUTH_WAIT;
}

/* From the step at hand to the one before which the job has to wait, or to its end. */
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

static void
job_hash(struct auth *a)
{
	struct auth_job *j = TAILQ_FIRST(&a->hashing);

	TAILQ_REMOVE(&a->hashing, j, turn);
	a->nhashing--;
	j->queued = false;
	stats_add(a->p->stats, STAT_hashes, 1);
	job_walk(a, j, (j->step++)->run(a, j));
}

enum auth_next
auth_go(struct auth_job *j, const struct auth_step *steps)
{
	j->step = steps;
	return AUTH_NEXT;
}

/*
 * Questions and answers.
 */

/* The id of a question says whose it is, and which of its questions. */
static struct auth_job *
job_of_answer(struct auth *a, uint64_t ask)
{
	struct auth_job *j = &a->jobs[ask % AUTH_JOBS_MAX];

	return ask != 0 && j->ask == ask ? j : NULL;
}

enum auth_next
auth_ask(struct auth *a, struct auth_job *j, enum role to, Kith__Ipc__Ask *ask)
{
	struct ipc_head h = { .type = IPC_ASK };

	h.request = ++a->asks * AUTH_JOBS_MAX + (uint64_t)(j - a->jobs);
	if (ipc_send_msg(a->p, ipc_slot(a->p, to, 0), &h, &ask->base) < 0)
		return auth_end(a, j, KITH_E_UNAVAILABLE);
	j->ask = h.request;
	return AUTH_WAIT;
}

struct ipc_head
auth_answer_head(const struct auth_job *j, enum ipc_type type, enum kith_err code)
{
	struct ipc_head h = j->head;

	h.type = (uint16_t)type;
	h.flags = 0;
	h.to_generation = j->head.generation;
	h.code = code;
	return h;
}

/* A name that a client gave may be a password, typed into the wrong place. */
static void
log_end(const struct auth_job *j, enum kith_err code)
{
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(AF_INET6, j->head.address, address, sizeof(address));
	if (j->head.type == IPC_ADMIN)
		log_info(j->user, j->kind->name, "code=%s name=%s", kith_err_name(code), j->name);
	else
		log_info(j->user, j->kind->name, "code=%s address=%s device=%" PRIu64,
		    kith_err_name(code), address, j->device);
}

static enum auth_next
end(struct auth *a, struct auth_job *j, enum kith_err code, uint32_t retry_ms)
{
	auth_settle(a, j, code);
	log_end(j, code);
	j->kind->answer(a, j, code, retry_ms);
	return AUTH_END;
}

enum auth_next
auth_end(struct auth *a, struct auth_job *j, enum kith_err code)
{
	bool again = code == KITH_E_BUSY || code == KITH_E_UNAVAILABLE;

	return end(a, j, code, again ? RETRY_BUSY_MS : 0);
}

enum auth_next
auth_end_limited(struct auth *a, struct auth_job *j, uint32_t retry_ms)
{
	return end(a, j, KITH_E_RATE_LIMITED, retry_ms);
}

/*
 * Records.
 */

static const struct auth_kind *
find_kind(const struct auth_kind *k, uint32_t what)
{
	while (k->name != NULL && k->what != what)
		k++;
	return k->name == NULL ? NULL : k;
}

static void
refuse(struct auth *a, const struct ipc_head *h)
{
	stats_add(a->p->stats, STAT_ipc_refused, 1);
	log_warn(0, "auth.refused", "slot=%u no request for auth", h->from);
}

static void
begin(struct auth *a, const struct auth_kind *kind, const struct ipc_head *h, const void *body)
{
	struct auth_job *j;
	enum kith_err code;

	if (kind == NULL) {
		refuse(a, h);
		return;
	}
	j = job_take(a, kind, h);
	code = a->nfree == 0 ? KITH_E_BUSY : kind->accept(a, j, body);
	job_walk(a, j, code == KITH_E_OK ? AUTH_NEXT : auth_end(a, j, code));
}

static void
record_request(struct auth *a, const struct ipc_head *h, const void *m)
{
	const Kith__V1__Request *r = m;

	/* A hook's token is good for a login by token. */
	if (h->flags & IPC_F_HOOK && r->body_case != KITH__V1__REQUEST__BODY_LOGIN_TOKEN) {
		refuse(a, h);
		return;
	}
	/* All members of the oneof lie in one place. */
	begin(a, find_kind(auth_login, r->body_case), h, r->hello);
}

static void
record_admin(struct auth *a, const struct ipc_head *h, const void *m)
{
	const Kith__Ipc__Admin *admin = m;

	begin(a, find_kind(auth_admin, admin->what_case), h, admin->invite);
}

static void
record_answer(struct auth *a, const struct ipc_head *h, const void *m)
{
	struct auth_job *j = job_of_answer(a, h->request);

	/* A job that timed out, or an answer that a killed store repeats. */
	if (j == NULL)
		return;
	j->ask = 0;
	a->answer = m;
	job_walk(a, j, AUTH_NEXT);
	a->answer = NULL;
}

static const struct {
	const ProtobufCMessageDescriptor *body;
	void	(*run)(struct auth *a, const struct ipc_head *h, const void *m);
} records[IPC_TYPE_COUNT] = {
	[IPC_AUTH] = { &kith__v1__request__descriptor, record_request },
	[IPC_ADMIN] = { &kith__ipc__admin__descriptor, record_admin },
	[IPC_ANSWER] = { &kith__ipc__answer__descriptor, record_answer },
};

void
auth_record(struct proc *p, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct auth *a = p->state;
	ProtobufCMessage *m;
	enum kith_err code;

	code = wire_unpack(records[h->type].body, body, len, &a->mem, NULL, &m);
	if (code == KITH_E_OK) {
		records[h->type].run(a, h, m);
	} else {
		stats_add(p->stats, STAT_ipc_refused, 1);
		log_warn(0, "auth.refused", "slot=%u type=%u code=%s", h->from, h->type,
		    kith_err_name(code));
	}
	unpackmem_reset(&a->mem);
}

/*
 * The loop.
 */

void
auth_expire(struct auth *a, uint64_t now_ms)
{
	struct auth_job *j;

	while ((j = TAILQ_FIRST(&a->open)) != NULL && j->deadline <= now_ms)
		job_walk(a, j, auth_end(a, j, KITH_E_UNAVAILABLE));
}

void
auth_turn(struct proc *p)
{
	struct auth *a = p->state;

	auth_expire(a, clock_now_ms());
	auth_tell_used(a, clock_now_ms());
	if (!TAILQ_EMPTY(&a->hashing))
		job_hash(a);
	if (!TAILQ_EMPTY(&a->hashing))
		proc_again(p);
}

int
auth_init(struct auth *a, struct proc *p)
{
	*a = (struct auth){ .p = p };
	TAILQ_INIT(&a->free);
	TAILQ_INIT(&a->open);
	TAILQ_INIT(&a->hashing);
	if (unpackmem_init(&a->mem, UNPACK_BYTES_MAX) < 0 ||
	    (a->password = password_create()) == NULL ||
	    (a->limit = auth_limit_create()) == NULL ||
	    (a->jobs = calloc(AUTH_JOBS_MAX, sizeof(*a->jobs))) == NULL) {
		auth_fini(a);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < AUTH_JOBS_MAX; i++)
		TAILQ_INSERT_TAIL(&a->free, &a->jobs[i], link);
	a->nfree = AUTH_JOBS_MAX;
	p->state = a;
	return 0;
}

void
auth_fini(struct auth *a)
{
	if (a->jobs != NULL)
		explicit_bzero(a->jobs, AUTH_JOBS_MAX * sizeof(*a->jobs));
	free(a->jobs);
	auth_limit_destroy(a->limit);
	password_destroy(a->password);
	unpackmem_fini(&a->mem);
}

int
auth_main(struct proc *p)
{
	static const struct proc_ops ops = { .record = auth_record, .turn = auth_turn,
	    .wipe = true };
	struct auth a;
	int rc;

	if (auth_init(&a, p) < 0)
		fatalx("no memory for %u logins at once", AUTH_JOBS_MAX);
	rc = proc_run(p, &ops);
	auth_fini(&a);
	return rc;
}
