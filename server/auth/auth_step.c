/*
 * auth_step.c - steps that several kinds of request share, and checks of fields.
 */
#include "server/auth/auth_step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/auth/auth.h"
#include "server/auth/auth_limit.h"
#include "server/auth/password_text.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"

/* -- fields --------------------------------------------------------------- */

enum kith_err
auth_step_copy_name(struct auth_job *j, const char *in)
{
	int rc = name_prepare(in, strlen(in), j->name);

	if (rc == -ENAMETOOLONG)
		return KITH_E_NAME_TOO_LONG;
	if (rc < 0)
		name_explain(in, strlen(in), j->why);
	return rc < 0 ? KITH_E_NAME_INVALID : KITH_E_OK;
}

enum kith_err
auth_step_copy_text(char *out, size_t cap, const char *in)
{
	size_t len = strlen(in);

	if (len >= cap)
		return KITH_E_TOO_LARGE;
	if (!name_is_line(in, len))
		return KITH_E_BAD_REQUEST;
	memcpy(out, in, len + 1);
	return KITH_E_OK;
}

enum kith_err
auth_step_copy_new_password(char out[PASSWORD_BYTES_MAX + 1], const char *in)
{
	int rc = password_text_prepare(in, true, out);

	if (rc == -ENOMEM)
		return KITH_E_UNAVAILABLE;
	return rc < 0 || strlen(out) < PASSWORD_BYTES_MIN ? KITH_E_PASSWORD_WEAK : KITH_E_OK;
}

/* No account has an empty or longer one. */
enum kith_err
auth_step_copy_password(char out[PASSWORD_BYTES_MAX + 1], const char *in)
{
	int rc = password_text_prepare(in, false, out);

	if (rc == -ENOMEM)
		return KITH_E_UNAVAILABLE;
	return rc < 0 || out[0] == '\0' ? KITH_E_AUTH_FAILED : KITH_E_OK;
}

/* -- limits --------------------------------------------------------------- */

/* Counts the failure before it is known, so that parallel tries cannot get around the limit. */
enum auth_next
auth_step_admit(struct auth *a, struct auth_job *j)
{
	unsigned limit = a->p->conf->login_failures;
	const uint8_t *address = j->head.address;
	uint64_t key = auth_limit_key(a->limit, address, j->name), now = clock_now_ms();
	uint32_t wait_ms = auth_limit_wait(a->limit, key, limit, now);

	if (wait_ms == 0 && !auth_limit_is_local(address))
		wait_ms = auth_limit_wait(a->limit, auth_limit_key(a->limit, address, NULL),
		    limit * AUTH_LIMIT_ADDRESS, now);
	if (wait_ms > 0)
		return auth_job_end_limited(a, j, wait_ms);
	auth_limit_add(a->limit, key, limit, now);
	j->limit_key = key;
	return AUTH_NEXT;
}

/* -- accounts ------------------------------------------------------------- */

enum auth_next
auth_step_find_account(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__FindAccount find = KITH__IPC__FIND_ACCOUNT__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;

	find.name = j->name;
	find.id = j->name[0] == '\0' ? j->head.user[0] : 0;
	ask.what_case = KITH__IPC__ASK__WHAT_FIND_ACCOUNT;
	ask.find_account = &find;
	return auth_job_ask(a, j, ROLE_READER, &ask);
}

/* If there is no account, the job goes on as if it had another password. */
enum auth_next
auth_step_take_account(struct auth *a, struct auth_job *j)
{
	const Kith__Ipc__Account *account = a->answer->account;
	enum kith_err code = a->answer->code;

	if (code == KITH_E_NO_SUCH_USER)
		return AUTH_NEXT;
	if (code != KITH_E_OK || account == NULL)
		return auth_job_end(a, j, code != KITH_E_OK ? code : KITH_E_INTERNAL);
	j->user = account->id;
	j->admin = account->admin;
	j->disabled = account->disabled;
	snprintf(j->name, sizeof(j->name), "%s", account->name);
	snprintf(j->hash, sizeof(j->hash), "%s", account->hash);
	return AUTH_NEXT;
}

enum auth_next
auth_step_check_password(struct auth *a, struct auth_job *j)
{
	int rc;

	if (j->user == 0)
		rc = password_verify_nobody(a->password, j->password);
	else
		rc = password_verify(a->password, j->password, j->hash);
	if (rc == 0)
		return j->disabled ? auth_job_end(a, j, KITH_E_DISABLED) : AUTH_NEXT;
	if (rc == -EACCES)
		return auth_job_end(a, j, j->refusal);
	log_error(j->user, "auth.hash", "not verified: %s", strerror(-rc));
	return auth_job_end(a, j, KITH_E_UNAVAILABLE);
}

enum auth_next
auth_step_make_hash(struct auth *a, struct auth_job *j)
{
	const char *phrase = j->new_password[0] != '\0' ? j->new_password : j->password;
	int rc = password_make(a->password, phrase, j->hash);

	if (rc == 0)
		return AUTH_NEXT;
	log_error(j->user, "auth.hash", "not made: %s", strerror(-rc));
	return auth_job_end(a, j, KITH_E_UNAVAILABLE);
}

enum auth_next
auth_step_create_account(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__CreateAccount create = KITH__IPC__CREATE_ACCOUNT__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;
	char skeleton[NAME_SKELETON_MAX];

	if (name_skeleton(j->name, skeleton, sizeof(skeleton)) < 0)
		return auth_job_end(a, j, KITH_E_NAME_INVALID);
	create.name = j->name;
	create.skeleton = skeleton;
	create.display_name = j->display_name;
	create.hash = j->hash;
	create.admin = j->flag;
	create.need_invite = j->has_invite;
	if (j->has_invite)
		create.invite_hash = (ProtobufCBinaryData){ TOKEN_HASH_BYTES, j->secret_hash };
	ask.what_case = KITH__IPC__ASK__WHAT_CREATE_ACCOUNT;
	ask.create_account = &create;
	return auth_job_ask(a, j, ROLE_WRITER, &ask);
}

/* An administrator's order names no device to keep: all are logged out. */
enum auth_next
auth_step_set_password(struct auth *a, struct auth_job *j)
{
	Kith__Ipc__SetPassword set = KITH__IPC__SET_PASSWORD__INIT;
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;

	set.user_id = j->user;
	set.hash = j->hash;
	set.keep_device = j->head.device;
	set.same_password = j->new_password[0] == '\0';
	ask.what_case = KITH__IPC__ASK__WHAT_SET_PASSWORD;
	ask.set_password = &set;
	return auth_job_ask(a, j, ROLE_WRITER, &ask);
}

enum auth_next
auth_step_answered(struct auth *a, struct auth_job *j)
{
	return auth_job_end(a, j, a->answer->code);
}
