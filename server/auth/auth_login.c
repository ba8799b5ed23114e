/*
 * auth_login.c - what clients ask of auth: to register, to log in, to change the password.
 *
 * Register asks the store to create the account at once. Only if that is refused does it check
 * whether the client repeats an earlier request: the name exists, with this password. A client
 * without a valid invite does not learn which names exist: the answer is about its invite, and
 * costs the same two hashes either way.
 *
 * A login with an unknown name costs one hash, too, and one question to the store, so that neither
 * answer nor time tells which names exist.
 */
#include "server/auth/auth_login.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/frame.pb-c.h"
#include "protocol/reply.h"
#include "server/auth/auth.h"
#include "server/auth/auth_step.h"
#include "server/auth/password.h"
#include "server/conf/conf.h"

static const struct auth_step new_token_steps[], password_steps[], rehash_steps[];

/* -- answers -------------------------------------------------------------- */

static void
make_reply(struct auth_job *j, Kith__V1__Reply *reply, Kith__V1__LoggedIn *in)
{
	in->user_id = j->user;
	in->name = j->name;
	in->device = j->device;
	in->token = j->secret;
	in->last_client_id = j->last_client_id;
	in->history = j->history;
	in->admin = j->admin;
	reply->id = j->head.request;
	reply->body_case = KITH__V1__REPLY__BODY_LOGGED_IN;
	reply->logged_in = in;
}

static void
answer_login(struct auth *a, struct auth_job *j, enum kith_err code, uint32_t retry_ms)
{
	struct ipc_head h = auth_job_answer_head(j, IPC_LOGIN, code);
	Kith__V1__LoggedIn in = KITH__V1__LOGGED_IN__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	uint8_t packed[512];

	login.code = code;
	login.retry_after_ms = retry_ms;
	if (auth_job_why(j, code) != NULL)
		login.text = j->why;
	if (code == KITH_E_OK) {
		login.user_id = j->user;
		login.name = j->name;
		login.device = j->device;
		login.admin = j->admin;
		login.hook = j->hook;
		login.device_name = j->device_name;
		make_reply(j, &reply, &in);
		login.reply.data = packed;
		login.reply.len = protobuf_c_message_pack(&reply.base, packed);
	}
	ipc_send_msg(a->p, j->head.from, &h, &login.base);
	explicit_bzero(packed, sizeof(packed));
}

static void
answer_reply(struct auth *a, struct auth_job *j, enum kith_err code, uint32_t retry_ms)
{
	struct ipc_head h = auth_job_answer_head(j, IPC_REPLY, code);
	const Kith__V1__Reply *m;
	struct reply r;

	if (code == KITH_E_OK)
		m = reply_done(&r, j->head.request);
	else
		m = reply_error(&r, j->head.request, code, auth_job_why(j, code), retry_ms);
	ipc_send_msg(a->p, j->head.from, &h, &m->base);
}

/* -- tokens --------------------------------------------------------------- */

static enum auth_next
create_token(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__CreateToken create = KITH__IPC__CREATE_TOKEN__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;

	if (token_make(TOKEN_BYTES, j->secret, j->secret_hash) < 0)
		return auth_job_end(a, j, KITH_E_INTERNAL);
	create.user_id = j->user;
	create.hash = (ProtobufCBinaryData){ TOKEN_HASH_BYTES, j->secret_hash };
	create.device_name = j->device_name;
	create.verified = j->hash;
	ask.what_case = KITH__IPC__ASK__WHAT_CREATE_TOKEN;
	ask.create_token = &create;
	return auth_job_ask(a, j, ROLE_WRITER, &ask);
}

static enum auth_next
token_created(struct auth *a, struct auth_job *j)
{
	j->device = a->answer->device;
	j->last_client_id = a->answer->last_client_id;
	j->history = a->answer->history;
	return auth_job_end(a, j, a->answer->code);
}

static enum auth_next
find_token(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__FindToken find = KITH__IPC__FIND_TOKEN__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;

	find.hash = (ProtobufCBinaryData){ TOKEN_HASH_BYTES, j->secret_hash };
	find.hook = (j->head.flags & IPC_F_HOOK) != 0;
	ask.what_case = KITH__IPC__ASK__WHAT_FIND_TOKEN;
	ask.find_token = &find;
	return auth_job_ask(a, j, ROLE_READER, &ask);
}

/* Logins by token are collected, and many are stored in one transaction: a storm of clients that
 * reconnect must not wait for the disk. */
static void
tell_used(struct auth *a)
{
	Kith__Ipc__TokensUsed used = KITH__IPC__TOKENS_USED__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;
	struct ipc_head h = { .type = IPC_ASK };

	used.devices = a->used;
	used.n_devices = a->nused;
	used.time_ms = clock_utc_ms();
	ask.what_case = KITH__IPC__ASK__WHAT_TOKENS_USED;
	ask.tokens_used = &used;
	/* Lost if the inbox is full: the next login tells it again. */
	(void)ipc_send_msg(a->p, ipc_slot(a->p, ROLE_WRITER, 0), &h, &ask.base);
	a->nused = 0;
}

static void
note_used(struct auth *a, uint64_t device, uint64_t now_ms)
{
	if (a->nused == 0)
		a->used_at = now_ms + AUTH_USED_MS;
	a->used[a->nused++] = device;
	if (a->nused == AUTH_USED_MAX)
		tell_used(a);
}

void
auth_login_tell_used(struct auth *a, uint64_t now_ms)
{
	if (a->nused > 0 && now_ms >= a->used_at)
		tell_used(a);
}

static enum auth_next
token_found(struct auth *a, struct auth_job *j)
{
	j->hook = a->answer->hook;
	snprintf(j->device_name, sizeof(j->device_name), "%s", a->answer->device_name);
	if (a->answer->code == KITH_E_OK && j->disabled)
		return auth_job_end(a, j, KITH_E_DISABLED);
	if (a->answer->code == KITH_E_OK)
		note_used(a, a->answer->device, clock_now_ms());
	return token_created(a, j);
}

/* -- passwords ------------------------------------------------------------ */

static enum auth_next
password_right(struct auth *a, struct auth_job *j)
{
	bool stale = password_stale(a->password, j->hash);

	return auth_job_go(j, stale ? rehash_steps : new_token_steps);
}

static enum auth_next
rehashed(struct auth *a, struct auth_job *j)
{
	if (a->answer->code != KITH_E_OK)
		return auth_job_end(a, j, a->answer->code);
	return auth_job_go(j, new_token_steps);
}

static enum auth_next
account_created(struct auth *a, struct auth_job *j)
{
	enum kith_err code = a->answer->code;

	if (code == KITH_E_NAME_TAKEN || code == KITH_E_INVITE_INVALID) {
		j->refusal = code;
		/* Without the first step: this failure is counted already. */
		return auth_job_go(j, password_steps + 1);
	}
	if (code != KITH_E_OK || a->answer->account == NULL)
		return auth_job_end(a, j, code != KITH_E_OK ? code : KITH_E_INTERNAL);
	j->user = a->answer->account->id;
	j->admin = a->answer->account->admin;
	return auth_job_go(j, new_token_steps);
}

/* -- fields --------------------------------------------------------------- */

/* Only what cannot be a secret of ours is refused; not being able to look is no answer. */
static enum kith_err
accept_secret(unsigned bytes, const char *text, struct auth_job *j, enum kith_err refusal)
{
	int rc = token_hash(bytes, text, j->secret_hash);

	if (rc == 0)
		return KITH_E_OK;
	return rc == -EINVAL ? refusal : KITH_E_UNAVAILABLE;
}

/* An invite counts even where registration is open: it may make an administrator. */
static enum kith_err
accept_invite(struct auth *a, struct auth_job *j, const char *invite)
{
	enum conf_registration mode = a->p->conf->registration;

	if (mode == REGISTRATION_CLOSED)
		return KITH_E_REGISTRATION_CLOSED;
	if (mode == REGISTRATION_OPEN && invite[0] == '\0')
		return KITH_E_OK;
	j->has_invite = true;
	return accept_secret(TOKEN_INVITE_BYTES, invite, j, KITH_E_INVITE_INVALID);
}

static enum kith_err
accept_register(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__V1__Register *r = body;
	enum kith_err code;

	if ((code = accept_invite(a, j, r->invite)) != KITH_E_OK ||
	    (code = auth_step_copy_name(j, r->name)) != KITH_E_OK ||
	    (code = auth_step_copy_new_password(j->password, r->password)) != KITH_E_OK ||
	    (code = auth_step_copy_text(j->display_name, sizeof(j->display_name),
	    r->display_name)) != KITH_E_OK ||
	    (code = auth_step_copy_text(j->device_name, sizeof(j->device_name),
	    r->device_name)) != KITH_E_OK)
		return code;
	return name_reserved(j->name) ? KITH_E_NAME_RESERVED : KITH_E_OK;
}

static enum kith_err
accept_check(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__V1__CheckInvite *c = body;
	enum kith_err code = accept_invite(a, j, c->invite);

	if (code != KITH_E_OK || c->name[0] == '\0')
		return code;
	if ((code = auth_step_copy_name(j, c->name)) != KITH_E_OK)
		return code;
	return name_reserved(j->name) ? KITH_E_NAME_RESERVED : KITH_E_OK;
}

/* A string that cannot be a name or a password belongs to no account. */
static enum kith_err
accept_password(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__V1__LoginPassword *l = body;
	enum kith_err code;

	(void)a;
	if (auth_step_copy_name(j, l->name) != KITH_E_OK)
		return KITH_E_AUTH_FAILED;
	if ((code = auth_step_copy_password(j->password, l->password)) != KITH_E_OK)
		return code;
	return auth_step_copy_text(j->device_name, sizeof(j->device_name), l->device_name);
}

static enum kith_err
accept_token(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__V1__LoginToken *l = body;

	(void)a;
	return accept_secret(TOKEN_BYTES, l->token, j, KITH_E_TOKEN_INVALID);
}

static enum kith_err
accept_change(struct auth *a, struct auth_job *j, const void *body)
{
	const Kith__V1__ChangePassword *c = body;
	enum kith_err code = auth_step_copy_new_password(j->new_password, c->new_password);

	(void)a;
	return code != KITH_E_OK ? code : auth_step_copy_password(j->password, c->old_password);
}

/* -- before a registration ------------------------------------------------ */

/* By the reader: nothing changes. It checks the invite first, as CreateAccount does. */
static enum auth_next
ask_check(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__CheckInvite check = KITH__IPC__CHECK_INVITE__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;
	char skeleton[NAME_SKELETON_MAX] = "";

	if (j->name[0] != '\0' && name_skeleton(j->name, skeleton, sizeof(skeleton)) < 0)
		return auth_job_end(a, j, KITH_E_NAME_INVALID);
	check.name = j->name;
	check.skeleton = skeleton;
	check.need_invite = j->has_invite;
	if (j->has_invite)
		check.invite_hash = (ProtobufCBinaryData){ TOKEN_HASH_BYTES, j->secret_hash };
	ask.what_case = KITH__IPC__ASK__WHAT_CHECK_INVITE;
	ask.check_invite = &check;
	return auth_job_ask(a, j, ROLE_READER, &ask);
}

/* -- the walks ------------------------------------------------------------ */

static const struct auth_step new_token_steps[] = {
	{ create_token, false },
	{ token_created, false },
};

static const struct auth_step rehash_steps[] = {
	{ auth_step_make_hash, true },
	{ auth_step_set_password, false },
	{ rehashed, false },
};

static const struct auth_step register_steps[] = {
	{ auth_step_admit, false },
	{ auth_step_make_hash, true },
	{ auth_step_create_account, false },
	{ account_created, false },
};

/* Under the limits of a registration: what it may tell of an invite or a name is the same. */
static const struct auth_step check_steps[] = {
	{ auth_step_admit, false },
	{ ask_check, false },
	{ auth_step_answered, false },
};

static const struct auth_step password_steps[] = {
	{ auth_step_admit, false },
	{ auth_step_find_account, false },
	{ auth_step_take_account, false },
	{ auth_step_check_password, true },
	{ password_right, false },
};

/* No limit: nobody guesses 256 bits, and after a power cut all clients come back at once. */
static const struct auth_step token_steps[] = {
	{ find_token, false },
	{ auth_step_take_account, false },
	{ token_found, false },
};

static const struct auth_step change_steps[] = {
	{ auth_step_find_account, false },
	{ auth_step_take_account, false },
	{ auth_step_admit, false },
	{ auth_step_check_password, true },
	{ auth_step_make_hash, true },
	{ auth_step_set_password, false },
	{ auth_step_answered, false },
};

#define REQUEST(body)	KITH__V1__REQUEST__BODY_##body

const struct auth_kind auth_login_kinds[] = {
	{ REQUEST(REGISTER_ACCOUNT), "auth.register", accept_register, register_steps,
	    answer_login },
	{ REQUEST(CHECK_INVITE), "auth.check", accept_check, check_steps, answer_reply },
	{ REQUEST(LOGIN_PASSWORD), "auth.password", accept_password, password_steps, answer_login },
	{ REQUEST(LOGIN_TOKEN), "auth.token", accept_token, token_steps, answer_login },
	{ REQUEST(CHANGE_PASSWORD), "auth.change", accept_change, change_steps, answer_reply },
	{ 0, NULL, NULL, NULL, NULL },
};
