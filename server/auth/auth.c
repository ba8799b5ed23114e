/*
 * auth.c - the auth role: records in, jobs along their steps, one hash a turn.
 */
#include "server/auth/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/frame.pb-c.h"
#include "protocol/oneof.h"
#include "protocol/wire.h"
#include "server/auth/auth_admin.h"
#include "server/auth/auth_limit.h"
#include "server/auth/auth_login.h"
#include "server/auth/password.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"

/* -- records -------------------------------------------------------------- */

/* NULL: auth serves no such request. */
static const struct auth_kind *
kind_of(const struct auth_kind *k, uint32_t what)
{
	while (k->name != NULL && k->what != what)
		k++;
	return k->name == NULL ? NULL : k;
}

static void
refuse_record(struct auth *a, const struct ipc_head *h)
{
	stats_add(a->p->stats, STAT_ipc_refused, 1);
	log_warn(0, "auth.refused", "slot=%u no request for auth", h->from);
}

static void
record_request(struct auth *a, const struct ipc_head *h, const void *m)
{
	const Kith__V1__Request *r = m;
	const struct auth_kind *kind = kind_of(auth_login_kinds, r->body_case);

	/* A hook's token is good for a login by token. */
	if (h->flags & IPC_F_HOOK && r->body_case != KITH__V1__REQUEST__BODY_LOGIN_TOKEN)
		kind = NULL;
	if (kind == NULL)
		refuse_record(a, h);
	else
		auth_job_begin(a, kind, h, oneof_body(&r->base, r->body_case));
}

static void
record_admin(struct auth *a, const struct ipc_head *h, const void *m)
{
	const Kith__Ipc__Admin *admin = m;
	const struct auth_kind *kind = kind_of(auth_admin_kinds, admin->what_case);

	if (kind == NULL)
		refuse_record(a, h);
	else
		auth_job_begin(a, kind, h, oneof_body(&admin->base, admin->what_case));
}

static void
record_answer(struct auth *a, const struct ipc_head *h, const void *m)
{
	auth_job_answer(a, h->request, m);
}

static const struct {
	const ProtobufCMessageDescriptor *body;
	void	(*run)(struct auth *a, const struct ipc_head *h, const void *m);
} auth_records[IPC_TYPE_COUNT] = {
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

	code = wire_unpack(auth_records[h->type].body, body, len, &a->mem, NULL, &m);
	if (code == KITH_E_OK) {
		auth_records[h->type].run(a, h, m);
	} else {
		stats_add(p->stats, STAT_ipc_refused, 1);
		log_warn(0, "auth.refused", "slot=%u type=%u code=%s", h->from, h->type,
		    kith_err_name(code));
	}
	unpackmem_reset(&a->mem);
}

/* -- the loop ------------------------------------------------------------- */

void
auth_turn(struct proc *p)
{
	struct auth *a = p->state;

	auth_job_expire(a, clock_now_ms());
	auth_login_tell_used(a, clock_now_ms());
	auth_job_hash(a);
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
