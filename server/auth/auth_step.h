/*
 * auth_step.h - steps that several kinds of request share, and checks of
 * fields.
 */
#ifndef KITH_SERVER_AUTH_STEP_H
#define KITH_SERVER_AUTH_STEP_H

#include "server/auth/auth_job.h"

/* Refuses if too many tries failed. Counts a failure beforehand, which the end
 * of the job takes back if it was none. */
enum auth_next	auth_step_admit(struct auth *a, struct auth_job *j);

/* Asks for the account: by name if one was given, or else of who asks. */
enum auth_next	auth_step_find_account(struct auth *a, struct auth_job *j);

/* Takes it from the store's answer. Goes on if there is none, with user 0. */
enum auth_next	auth_step_take_account(struct auth *a, struct auth_job *j);

/* Hashes, also for user 0. Ends the job if it is wrong or the account
 * disabled. */
enum auth_next	auth_step_check_password(struct auth *a, struct auth_job *j);

/* Hashes the new password, or the one given. */
enum auth_next	auth_step_make_hash(struct auth *a, struct auth_job *j);

enum auth_next	auth_step_create_account(struct auth *a, struct auth_job *j);
enum auth_next	auth_step_set_password(struct auth *a, struct auth_job *j);

/* Ends the job with the store's code. */
enum auth_next	auth_step_answered(struct auth *a, struct auth_job *j);

/* Copy a field of a request, or say why it is refused: too long, not allowed.
 * */
enum kith_err	auth_step_copy_name(struct auth_job *j, const char *in);
enum kith_err	auth_step_copy_text(char *out, size_t cap, const char *in);
enum kith_err	auth_step_copy_password(char out[PASSWORD_BYTES_MAX + 1],
		    const char *in);
enum kith_err	auth_step_copy_new_password(char out[PASSWORD_BYTES_MAX + 1],
		    const char *in);

#endif
