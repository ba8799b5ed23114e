/*
 * auth_admin.c - what kithctl asks of auth, through the master: invites and accounts.
 */
#include "server/auth/auth_admin.h"

#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/limits.h"
#include "server/auth/auth.h"
#include "server/auth/auth_step.h"

static void
answer_admin(struct auth *a, struct auth_job *j, enum kith_err code, uint32_t retry_ms)
{
	struct ipc_head h = auth_job_answer_head(j, IPC_ADMIN_ANSWER, code);
	Kith__Ipc__AdminAnswer answer = KITH__IPC__ADMIN_ANSWER__INIT;

	(void)retry_ms;
	answer.code = code;
	answer.text = (char *)(uintptr_t)auth_job_why(j, code);
	if (answer.text == NULL)
		answer.text = (char *)(uintptr_t)kith_err_text(code);
	if (code == KITH_E_OK) {
		answer.invite = j->secret;
		answer.expires_ms = j->expires_ms;
	}
	ipc_send_msg(a->p, j->head.from, &h, &answer.base);
}

/* -- steps ---------------------------------------------------------------- */

static enum auth_next
ask_invite(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__CreateInvite create = KITH__IPC__CREATE_INVITE__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;

	if (token_make(TOKEN_INVITE_BYTES, j->secret, j->secret_hash) < 0)
		return auth_job_end(a, j, KITH_E_INTERNAL);
	create.hash = (ProtobufCBinaryData){ TOKEN_HASH_BYTES, j->secret_hash };
	create.admin = j->flag;
	create.expires_ms = j->expires_ms;
	create.uses = j->uses;
	ask.what_case = KITH__IPC__ASK__WHAT_CREATE_INVITE;
	ask.create_invite = &create;
	return auth_job_ask(a, j, ROLE_WRITER, &ask);
}

static enum auth_next
ask_disabled(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__SetDisabled set = KITH__IPC__SET_DISABLED__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;

	set.name = j->name;
	set.disabled = j->flag;
	ask.what_case = KITH__IPC__ASK__WHAT_SET_DISABLED;
	ask.set_disabled = &set;
	return auth_job_ask(a, j, ROLE_WRITER, &ask);
}

static enum auth_next
account_must_exist(struct auth *a, struct auth_job *j)
{
	return j->user == 0 ? auth_job_end(a, j, KITH_E_NO_SUCH_USER) : AUTH_NEXT;
}

/* -- fields --------------------------------------------------------------- */

static enum kith_err
accept_new_invite(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__Ipc__AdminInvite *i = body;
	uint64_t life_ms = i->life_ms == 0 ? INVITE_LIFE_MS : i->life_ms;

	(void)a;
	if (life_ms > INVITE_LIFE_MAX_MS || i->uses > INVITE_USES_MAX)
		return KITH_E_TOO_LARGE;
	j->flag = i->admin;
	j->uses = i->uses == 0 ? INVITE_USES : i->uses;
	j->expires_ms = clock_utc_ms() + life_ms;
	return KITH_E_OK;
}

/* An administrator may give a reserved name. */
static enum kith_err
accept_add(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__Ipc__AdminUser *u = body;
	enum kith_err code = auth_step_copy_name(j, u->name);

	(void)a;
	j->flag = u->admin;
	return code != KITH_E_OK ? code : auth_step_copy_new_password(j->password, u->password);
}

static enum kith_err
accept_passwd(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__Ipc__AdminUser *u = body;
	enum kith_err code = auth_step_copy_name(j, u->name);

	(void)a;
	return code != KITH_E_OK ? code : auth_step_copy_new_password(j->new_password, u->password);
}

static enum kith_err
accept_enable(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__Ipc__AdminUser *u = body;

	(void)a;
	return auth_step_copy_name(j, u->name);
}

static enum kith_err
accept_disable(struct auth *a, struct auth_job *j, const void *body)
{
	j->flag = true;
	return accept_enable(a, j, body);
}

/* -- the walks ------------------------------------------------------------ */

static const struct auth_step invite_steps[] = {
	{ ask_invite, false },
	{ auth_step_answered, false },
};

static const struct auth_step add_steps[] = {
	{ auth_step_make_hash, true },
	{ auth_step_create_account, false },
	{ auth_step_answered, false },
};

static const struct auth_step passwd_steps[] = {
	{ auth_step_find_account, false },
	{ auth_step_take_account, false },
	{ account_must_exist, false },
	{ auth_step_make_hash, true },
	{ auth_step_set_password, false },
	{ auth_step_answered, false },
};

static const struct auth_step enable_steps[] = {
	{ ask_disabled, false },
	{ auth_step_answered, false },
};

#define ADMIN(what)	KITH__IPC__ADMIN__WHAT_##what

const struct auth_kind auth_admin_kinds[] = {
	{ ADMIN(INVITE), "admin.invite", accept_new_invite, invite_steps, answer_admin },
	{ ADMIN(USER_ADD), "admin.user_add", accept_add, add_steps, answer_admin },
	{ ADMIN(USER_PASSWD), "admin.user_passwd", accept_passwd, passwd_steps, answer_admin },
	{ ADMIN(USER_DISABLE), "admin.user_disable", accept_disable, enable_steps, answer_admin },
	{ ADMIN(USER_ENABLE), "admin.user_enable", accept_enable, enable_steps, answer_admin },
	{ 0, NULL, NULL, NULL, NULL },
};
