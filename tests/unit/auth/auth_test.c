/* auth_test.c - what server/README.md promises of logins: auth on real rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/clock.h"
#include "protocol/limits.h"
#include "server/auth/auth_limit.h"
#include "server/auth/auth_login.h"
#include "server/lib/log.h"
#include "tests/unit/kit/auth_world.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define WHAT(body)	KITH__V1__REQUEST__BODY_##body
#define ADMIN(what)	KITH__IPC__ADMIN__WHAT_##what
#define ASKED(what)	KITH__IPC__ASK__WHAT_##what

/* A hash of PASSWORD that another program made. */
#define FOREIGN \
	"$6$rounds=1000$abcdefgh$DbXqPck5ABZumVXwcH5eMVHsPZwvQ3j" \
	"ylSxpJmKkZVxcoCiC3N0rPerjHmAqL7r6PK6CIeYnO9.vxpbsevscg/"

static const struct ipc_head near = {
	.session = 5, .session_serial = 6, .request = 77,
	.address = { [10] = 0xff, 0xff, 127, 0, 0, 1 },
};
static const struct ipc_head far = {
	.session = 8, .session_serial = 9, .request = 78,
	.address = { [10] = 0xff, 0xff, 192, 168, 1, 9 },
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	world_init(w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	world_fini(*state);
	free(*state);
	return 0;
}

/* The one answer to what was sent. */
static struct got
answered(struct world *w, enum role to)
{
	struct got got, more;

	world_run(w);
	assert_true(world_take(w, to, &got));
	if (got.in == NULL && got.admin == NULL)
		assert_false(world_take(w, to, &more));
	return got;
}

static void
send_login(struct world *w, const struct ipc_head *who, const char *name, const char *password)
{
	Kith__V1__LoginPassword l = KITH__V1__LOGIN_PASSWORD__INIT;
	char device[] = "desk";

	l.name = (char *)(uintptr_t)name;
	l.password = (char *)(uintptr_t)password;
	l.device_name = device;
	world_send(w, who, WHAT(LOGIN_PASSWORD), &l);
}

static struct got
login(struct world *w, const struct ipc_head *who, const char *name, const char *password)
{
	send_login(w, who, name, password);
	return answered(w, ROLE_WORKER);
}

static void
send_token(struct world *w, const char *token)
{
	Kith__V1__LoginToken l = KITH__V1__LOGIN_TOKEN__INIT;

	l.token = (char *)(uintptr_t)token;
	world_send(w, &far, WHAT(LOGIN_TOKEN), &l);
}

static struct got
login_token(struct world *w, const char *token)
{
	send_token(w, token);
	return answered(w, ROLE_WORKER);
}

static struct got
reg(struct world *w, const char *name, const char *password, const char *invite)
{
	Kith__V1__Register r = KITH__V1__REGISTER__INIT;

	r.name = (char *)(uintptr_t)name;
	r.password = (char *)(uintptr_t)password;
	r.invite = (char *)(uintptr_t)invite;
	world_send(w, &near, WHAT(REGISTER_ACCOUNT), &r);
	return answered(w, ROLE_WORKER);
}

static struct got
check(struct world *w, const struct ipc_head *who, const char *name, const char *invite)
{
	Kith__V1__CheckInvite c = KITH__V1__CHECK_INVITE__INIT;

	c.name = (char *)(uintptr_t)name;
	c.invite = (char *)(uintptr_t)invite;
	world_send(w, who, WHAT(CHECK_INVITE), &c);
	return answered(w, ROLE_WORKER);
}

static struct got
change(struct world *w, uint64_t user, const char *old, const char *new)
{
	Kith__V1__ChangePassword c = KITH__V1__CHANGE_PASSWORD__INIT;
	struct ipc_head who = near;

	who.user[0] = user;
	who.device = 100;
	c.old_password = (char *)(uintptr_t)old;
	c.new_password = (char *)(uintptr_t)new;
	world_send(w, &who, WHAT(CHANGE_PASSWORD), &c);
	return answered(w, ROLE_WORKER);
}

static struct got
admin_user(struct world *w, Kith__Ipc__Admin__WhatCase what, const char *name, const char *password,
    bool admin)
{
	Kith__Ipc__AdminUser u = KITH__IPC__ADMIN_USER__INIT;

	u.name = (char *)(uintptr_t)name;
	u.password = (char *)(uintptr_t)password;
	u.admin = admin;
	world_send_admin(w, what, &u);
	return answered(w, ROLE_MASTER);
}

/* By an administrator; the text is valid until the test ends. */
static const char *
make_invite(struct world *w, bool admin)
{
	static char text[TOKEN_CHARS + 1];
	Kith__Ipc__AdminInvite i = KITH__IPC__ADMIN_INVITE__INIT;
	struct got got;

	i.admin = admin;
	world_send_admin(w, ADMIN(INVITE), &i);
	got = answered(w, ROLE_MASTER);
	assert_int_equal(got.code, KITH_E_OK);
	assert_int_equal(strlen(got.admin->invite), 22);
	strcpy(text, got.admin->invite);
	return text;
}

/* -- passwords ------------------------------------------------------------ */

static void
password_gives_a_token(void **state)
{
	struct world *w = *state;
	struct got got = login(w, &far, "ALICE", PASSWORD);
	uint8_t hash[TOKEN_HASH_BYTES];

	assert_int_equal(got.code, KITH_E_OK);
	assert_int_equal(got.h.type, IPC_LOGIN);
	assert_int_equal(got.h.session, far.session);
	assert_int_equal(got.h.session_serial, far.session_serial);
	assert_int_equal(got.h.to_generation, w->p->generation);
	assert_true(got.in->user_id == 1 && got.in->device == 100);
	assert_string_equal(got.in->name, "alice");
	assert_int_equal(token_hash(TOKEN_BYTES, got.in->token, hash), 0);
	assert_memory_equal(hash, w->tokens[0].hash, sizeof(hash));
	assert_string_equal(w->tokens[0].device_name, "desk");
	assert_int_equal(world_hashes(w), 1);
}

static void
wrong_and_unknown_cost_and_say_the_same(void **state)
{
	static const struct {
		const char	*name, *password;
		bool		 disabled;
		enum kith_err	 code;
	} rows[] = {
		{ "alice", "not the password", false, KITH_E_AUTH_FAILED },
		{ "mallory", "not the password", false, KITH_E_AUTH_FAILED },
		{ "mallory", PASSWORD, false, KITH_E_AUTH_FAILED },
		{ "alice", "not the password", true, KITH_E_AUTH_FAILED },
		{ "alice", PASSWORD, true, KITH_E_DISABLED },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t before = world_hashes(w);
		unsigned found = w->asked[ASKED(FIND_ACCOUNT)];

		w->accounts[0].disabled = rows[i].disabled;
		assert_int_equal(login(w, &far, rows[i].name, rows[i].password).code, rows[i].code);
		assert_int_equal(world_hashes(w) - before, 1);
		assert_int_equal(w->asked[ASKED(FIND_ACCOUNT)] - found, 1);
	}
	assert_int_equal(w->ntokens, 0);
}

static void
impossible_credentials_cost_nothing(void **state)
{
	char longer[PASSWORD_BYTES_MAX + 2];
	struct world *w = *state;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(login(w, &far, "no name", PASSWORD).code, KITH_E_AUTH_FAILED);
	assert_int_equal(login(w, &far, "alice", "").code, KITH_E_AUTH_FAILED);
	assert_int_equal(login(w, &far, "alice", longer).code, KITH_E_AUTH_FAILED);
	assert_int_equal(world_hashes(w), 0);
	assert_int_equal(w->asked[ASKED(FIND_ACCOUNT)], 0);
}

static void
account_without_hash_lets_nobody_in(void **state)
{
	struct world *w = *state;

	strcpy(w->accounts[0].hash, "*0");
	assert_int_equal(login(w, &far, "alice", "*0").code, KITH_E_AUTH_FAILED);
	w->accounts[0].hash[0] = '\0';
	assert_int_equal(login(w, &far, "alice", "").code, KITH_E_AUTH_FAILED);
	assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_AUTH_FAILED);
}

/* As another keyboard types it, at every place where a password comes in. */
static void
a_password_has_one_spelling(void **state)
{
	static const char composed[] = "caf\u00e9 \uac00 x", other[] =
	    "cafe\u0301\u00a0\u1100\u1161\u3000x";
	struct world *w = *state;

	assert_int_equal(reg(w, "zoe", composed, make_invite(w, false)).code, KITH_E_OK);
	assert_int_equal(login(w, &far, "zoe", composed).code, KITH_E_OK);
	assert_int_equal(login(w, &far, "zoe", other).code, KITH_E_OK);
	assert_int_equal(login(w, &far, "zoe", "cafe \uac00 x").code, KITH_E_AUTH_FAILED);
	assert_int_equal(reg(w, "yves", other, make_invite(w, false)).code, KITH_E_OK);
	assert_int_equal(login(w, &far, "yves", composed).code, KITH_E_OK);
	assert_int_equal(reg(w, "tab", "with\ttabulator", make_invite(w, false)).code,
	    KITH_E_PASSWORD_WEAK);
}

/* A hash that nothing can be compared with says neither yes nor no. */
static void
what_cannot_be_compared_is_no_refusal(void **state)
{
	struct world *w = *state;

	strcpy(w->accounts[0].hash, "$2b$99$abcdefghijklmnopqrstuu");
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_UNAVAILABLE);
}

static void
stale_hash_is_replaced_at_login(void **state)
{
	struct world *w = *state;

	strcpy(w->accounts[0].hash, FOREIGN);
	assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_OK);
	assert_int_equal(strncmp(w->accounts[0].hash, "$y$j9T$", 7), 0);
	assert_true(w->last_set.same_password);
	assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_OK);
	assert_int_equal(w->asked[ASKED(SET_PASSWORD)], 1);
}

/* Between the check and the token somebody changed it: the old one is good no more. */
static void
token_needs_the_hash_that_was_checked(void **state)
{
	struct world *w = *state;

	send_login(w, &far, "alice", PASSWORD);
	world_turn(w);			/* the question is answered */
	world_turn(w);			/* checked; CreateToken is on its way */
	assert_int_equal(w->asked[ASKED(CREATE_TOKEN)], 1);
	assert_int_equal(w->ntokens, 1);
	send_login(w, &far, "alice", PASSWORD);
	world_turn(w);
	strcpy(w->accounts[0].hash, "$y$another");
	world_run(w);
	assert_int_equal(w->asked[ASKED(CREATE_TOKEN)], 2);
	assert_int_equal(w->ntokens, 1);
}

/* -- tokens --------------------------------------------------------------- */

static void
token_logs_in_without_a_hash(void **state)
{
	struct world *w = *state;
	char token[TOKEN_CHARS + 1];
	struct got got = login(w, &far, "alice", PASSWORD);

	strcpy(token, got.in->token);
	got = login_token(w, token);
	assert_int_equal(got.code, KITH_E_OK);
	assert_true(got.in->user_id == 1 && got.in->device == 100);
	assert_true(got.in->last_client_id == (UINT64_C(100) << 32 | 7));
	assert_string_equal(got.in->token, "");
	assert_string_equal(got.in->name, "alice");
	assert_int_equal(world_hashes(w), 1);
	w->accounts[0].disabled = true;
	assert_int_equal(login_token(w, token).code, KITH_E_DISABLED);
}

static struct got
login_hook(struct world *w, const char *token)
{
	Kith__V1__LoginToken l = KITH__V1__LOGIN_TOKEN__INIT;
	struct ipc_head head = far;

	head.flags = IPC_F_HOOK;
	l.token = (char *)(uintptr_t)token;
	world_send(w, &head, WHAT(LOGIN_TOKEN), &l);
	return answered(w, ROLE_WORKER);
}

/* A hook's token is one for who says that he comes by a hook, and for nobody else. */
static void
hooks_log_in_as_hooks_only(void **state)
{
	struct world *w = *state;
	struct ipc_head head = far;
	char token[TOKEN_CHARS + 1];
	struct got got = login(w, &far, "alice", PASSWORD);
	Kith__V1__LoginPassword l = KITH__V1__LOGIN_PASSWORD__INIT;
	uint64_t refused = stats_sum(w->p->stats, 1, STAT_ipc_refused);

	strcpy(token, got.in->token);
	assert_int_equal(login_hook(w, token).code, KITH_E_TOKEN_INVALID);
	w->tokens[0].hook = 77;
	assert_int_equal(login_token(w, token).code, KITH_E_TOKEN_INVALID);
	got = login_hook(w, token);
	assert_int_equal(got.code, KITH_E_OK);
	assert_true(got.hook == 77 && got.in->user_id == 1 && got.in->device == 100);
	assert_string_equal(got.device_name, "desk");
	assert_int_equal(got.h.flags, 0);
	w->accounts[0].disabled = true;
	assert_int_equal(login_hook(w, token).code, KITH_E_DISABLED);
	/* There is no other way in by one. */
	head.flags = IPC_F_HOOK;
	world_send(w, &head, WHAT(LOGIN_PASSWORD), &l);
	world_run(w);
	assert_false(world_take(w, ROLE_WORKER, &got));
	assert_int_equal(stats_sum(w->p->stats, 1, STAT_ipc_refused), refused + 1);
}

static void
other_tokens_are_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(login_token(w, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").code,
	    KITH_E_TOKEN_INVALID);
	assert_int_equal(w->asked[ASKED(FIND_TOKEN)], 1);
	assert_int_equal(login_token(w, "").code, KITH_E_TOKEN_INVALID);
	assert_int_equal(login_token(w, "AAAA").code, KITH_E_TOKEN_INVALID);
	assert_int_equal(w->asked[ASKED(FIND_TOKEN)], 1);
}

static void
used_devices_are_reported_in_batches(void **state)
{
	struct world *w = *state;
	char token[TOKEN_CHARS + 1];
	struct got got = login(w, &far, "alice", PASSWORD);

	strcpy(token, got.in->token);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(login_token(w, token).code, KITH_E_OK);
	assert_int_equal(w->asked[ASKED(TOKENS_USED)], 0);
	auth_login_tell_used(&w->auth, clock_now_ms() + AUTH_USED_MS);
	world_run(w);
	assert_int_equal(w->asked[ASKED(TOKENS_USED)], 1);
	assert_int_equal(w->last_used_devices, 3);
	for (unsigned i = 0; i < AUTH_USED_MAX; i++)
		assert_int_equal(login_token(w, token).code, KITH_E_OK);
	assert_int_equal(w->asked[ASKED(TOKENS_USED)], 2);
	assert_int_equal(w->last_used_devices, AUTH_USED_MAX);
}

/* -- registration --------------------------------------------------------- */

static void
invite_makes_one_account(void **state)
{
	struct world *w = *state;
	char invite[TOKEN_CHARS + 1];
	struct got got;

	strcpy(invite, make_invite(w, true));
	got = reg(w, "Bob", "another password", invite);
	assert_int_equal(got.code, KITH_E_OK);
	assert_string_equal(got.in->name, "bob");
	assert_true(got.in->admin);
	assert_int_equal(reg(w, "carol", "another password", invite).code, KITH_E_INVITE_INVALID);
	/* The client did not get the first answer. */
	got = reg(w, "Bob", "another password", invite);
	assert_int_equal(got.code, KITH_E_OK);
	assert_true(got.in->user_id == 2 && got.in->token[0] != '\0');
	assert_int_equal(w->naccounts, 2);
}

/* Who has no invite cannot tell a free name from one that is taken. */
static void
without_invite_names_stay_secret(void **state)
{
	static const char invented[] = "AAAAAAAAAAAAAAAAAAAAAA";
	struct world *w = *state;
	uint64_t before = world_hashes(w), taken;

	assert_int_equal(reg(w, "alice", "not the password", invented).code, KITH_E_INVITE_INVALID);
	taken = world_hashes(w) - before;
	assert_int_equal(reg(w, "bob", "not the password", invented).code, KITH_E_INVITE_INVALID);
	assert_int_equal(world_hashes(w) - before, 2 * taken);
	assert_int_equal(reg(w, "alice", "not the password", "").code, KITH_E_INVITE_INVALID);
	assert_int_equal(reg(w, "alice", "not the password", "x").code, KITH_E_INVITE_INVALID);
	assert_int_equal(world_hashes(w) - before, 2 * taken);
}

static void
taken_names_keep_the_invite(void **state)
{
	struct world *w = *state;
	const char *invite = make_invite(w, false);

	assert_int_equal(reg(w, "alice", "not the password", invite).code, KITH_E_NAME_TAKEN);
	assert_int_equal(reg(w, "adrnin", "not the password", invite).code, KITH_E_NAME_RESERVED);
	assert_int_equal(reg(w, "r00t", "not the password", invite).code, KITH_E_NAME_RESERVED);
	assert_int_equal(reg(w, "alice-alice-alice-alice-alice-alice", "not the password",
	    invite).code, KITH_E_NAME_TOO_LONG);
	assert_true(w->invite_good);
	assert_int_equal(reg(w, "bob", "another password", invite).code, KITH_E_OK);
}

/* Asking beforehand says what registering would, makes nothing, and hashes nothing. */
static void
invites_are_checked_beforehand(void **state)
{
	static const char invented[] = "AAAAAAAAAAAAAAAAAAAAAA";
	static const struct { const char *name; enum kith_err want; } rows[] = {
		{ "", KITH_E_OK }, { "bob", KITH_E_OK }, { "Alice", KITH_E_NAME_TAKEN },
		{ "admin", KITH_E_NAME_RESERVED }, { "a b", KITH_E_NAME_INVALID },
		{ "\u0130smail", KITH_E_NAME_INVALID },
		{ "carol-carol-carol-carol-carol-caro", KITH_E_NAME_TOO_LONG },
	};
	struct world *w = *state;
	uint64_t before = world_hashes(w);
	char invite[TOKEN_CHARS + 1];

	strcpy(invite, make_invite(w, false));
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool form = rows[i].want != KITH_E_OK && rows[i].want != KITH_E_NAME_TAKEN;

		assert_int_equal(check(w, &near, rows[i].name, invite).code, rows[i].want);
		/* Without an invite only the rule of names is told, which anybody may read. */
		assert_int_equal(check(w, &near, rows[i].name, invented).code,
		    form ? rows[i].want : KITH_E_INVITE_INVALID);
		assert_int_equal(check(w, &near, rows[i].name, "").code, KITH_E_INVITE_INVALID);
	}
	assert_true(w->invite_good && w->naccounts == 1 && world_hashes(w) == before);
	assert_int_equal(reg(w, "bob", "another password", invite).code, KITH_E_OK);
	assert_int_equal(check(w, &near, "carol", invite).code, KITH_E_INVITE_INVALID);
	w->conf.registration = REGISTRATION_OPEN;
	assert_int_equal(check(w, &near, "carol", "").code, KITH_E_OK);
	assert_int_equal(check(w, &near, "bob", "").code, KITH_E_NAME_TAKEN);
	w->conf.registration = REGISTRATION_CLOSED;
	assert_int_equal(check(w, &near, "carol", "").code, KITH_E_REGISTRATION_CLOSED);
}

static void
registration_modes(void **state)
{
	struct world *w = *state;
	const char *invite = make_invite(w, true);

	w->conf.registration = REGISTRATION_CLOSED;
	assert_int_equal(reg(w, "bob", "another password", invite).code,
	    KITH_E_REGISTRATION_CLOSED);
	w->conf.registration = REGISTRATION_OPEN;
	assert_int_equal(reg(w, "bob", "another password", "").code, KITH_E_OK);
	assert_false(w->accounts[1].admin);
	assert_true(w->invite_good);
	assert_int_equal(reg(w, "carol", "another password", invite).code, KITH_E_OK);
	assert_true(w->accounts[2].admin);
	assert_int_equal(reg(w, "bob", "not the password", "").code, KITH_E_NAME_TAKEN);
}

static void
fields_are_checked(void **state)
{
	static char longer[400];
	static const struct {
		const char	*name, *password, *display, *device;
		enum kith_err	 code;
	} rows[] = {
		{ "", "long enough", "", "", KITH_E_NAME_INVALID },
		{ "b ob", "long enough", "", "", KITH_E_NAME_INVALID },
		{ "bob", "short", "", "", KITH_E_PASSWORD_WEAK },
		{ "bob", "", "", "", KITH_E_PASSWORD_WEAK },
		{ "bob", longer, "", "", KITH_E_PASSWORD_WEAK },
		{ "bob", "long enough", longer, "", KITH_E_TOO_LARGE },
		{ "bob", "long enough", "", longer, KITH_E_TOO_LARGE },
		{ "bob", "long enough", "B\nb", "", KITH_E_BAD_REQUEST },
		{ "bob", "long enough", "\x1b[2J", "", KITH_E_BAD_REQUEST },
		{ "bob", "long enough", "", "\xc2\x9b" "2J", KITH_E_BAD_REQUEST },
		{ "bob", "long enough", "\xe2\x80\xae" "bob", "", KITH_E_BAD_REQUEST },
		{ "bob", "long enough", "\xe2\x80\xa8", "", KITH_E_BAD_REQUEST },
		{ "bob", "long enough", "B\xc3\xb6" "b \xf0\x9f\x98\x80", "desk", KITH_E_OK },
	};
	struct world *w = *state;

	memset(longer, 'x', sizeof(longer) - 1);
	w->conf.registration = REGISTRATION_OPEN;
	for (size_t i = 0; i < COUNT(rows); i++) {
		Kith__V1__Register r = KITH__V1__REGISTER__INIT;

		r.name = (char *)(uintptr_t)rows[i].name;
		r.password = (char *)(uintptr_t)rows[i].password;
		r.display_name = (char *)(uintptr_t)rows[i].display;
		r.device_name = (char *)(uintptr_t)rows[i].device;
		world_send(w, &near, WHAT(REGISTER_ACCOUNT), &r);
		if (answered(w, ROLE_WORKER).code != rows[i].code)
			fail_msg("row %zu", i);
	}
	assert_int_equal(world_hashes(w), 1);
}

/* -- changing the password ------------------------------------------------ */

static void
password_is_changed(void **state)
{
	struct world *w = *state;
	struct got got = change(w, 1, PASSWORD, "a better password");

	assert_int_equal(got.code, KITH_E_OK);
	assert_int_equal(got.h.type, IPC_REPLY);
	assert_int_equal(got.h.session, near.session);
	assert_true(w->last_set.keep_device == 100 && !w->last_set.same_password);
	assert_int_equal(login(w, &near, "alice", PASSWORD).code, KITH_E_AUTH_FAILED);
	assert_int_equal(login(w, &near, "alice", "a better password").code, KITH_E_OK);
}

static void
password_is_not_changed(void **state)
{
	struct world *w = *state;

	assert_int_equal(change(w, 1, "not the password", "a better password").code,
	    KITH_E_AUTH_FAILED);
	assert_int_equal(change(w, 1, PASSWORD, "short").code, KITH_E_PASSWORD_WEAK);
	assert_int_equal(change(w, 1, "", "a better password").code, KITH_E_AUTH_FAILED);
	assert_int_equal(change(w, 9, PASSWORD, "a better password").code, KITH_E_AUTH_FAILED);
	assert_int_equal(change(w, 0, PASSWORD, "a better password").code, KITH_E_AUTH_FAILED);
	assert_int_equal(w->asked[ASKED(SET_PASSWORD)], 0);
}

/* -- limits --------------------------------------------------------------- */

static void
guessing_is_slowed_down(void **state)
{
	struct world *w = *state;
	struct ipc_head other = far;
	struct got got;

	w->conf.login_failures = 3;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(login(w, &far, "alice", "not the password").code,
		    KITH_E_AUTH_FAILED);
	got = login(w, &far, "alice", PASSWORD);
	assert_int_equal(got.code, KITH_E_RATE_LIMITED);
	assert_in_range(got.retry_ms, AUTH_LIMIT_MS / 3 - 60000, AUTH_LIMIT_MS / 3);
	assert_int_equal(world_hashes(w), 3);
	/* The user himself, who sits elsewhere, is not locked out; nor are others here. */
	other.address[15]++;
	assert_int_equal(login(w, &other, "alice", PASSWORD).code, KITH_E_OK);
	assert_int_equal(login(w, &far, "bob", PASSWORD).code, KITH_E_AUTH_FAILED);
}

static void
loopback_counts_by_name_alone(void **state)
{
	static const struct ipc_head *const from[] = { &near, &far };
	struct world *w = *state;

	w->conf.login_failures = 1;
	for (size_t k = 0; k < COUNT(from); k++) {
		struct got got;

		for (unsigned i = 0; i < AUTH_LIMIT_ADDRESS; i++) {
			char name[16];

			snprintf(name, sizeof(name), "user%u", i);
			got = login(w, from[k], name, PASSWORD);
			assert_int_equal(got.code, KITH_E_AUTH_FAILED);
			got = login(w, from[k], name, PASSWORD);
			assert_int_equal(got.code, KITH_E_RATE_LIMITED);
		}
		got = login(w, from[k], "alice", PASSWORD);
		assert_int_equal(got.code, from[k] == &near ? KITH_E_OK : KITH_E_RATE_LIMITED);
	}
}

static void
success_and_breakdowns_do_not_count(void **state)
{
	struct world *w = *state;

	w->conf.login_failures = 1;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_OK);
	w->fails[ASKED(FIND_ACCOUNT)] = KITH_E_UNAVAILABLE;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_UNAVAILABLE);
	w->fails[ASKED(FIND_ACCOUNT)] = KITH_E_OK;
	assert_int_equal(login(w, &far, "alice", "not the password").code, KITH_E_AUTH_FAILED);
	assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_RATE_LIMITED);
}

/* Sent together, none of them waits for the others to fail. */
static void
parallel_tries_count_as_failures(void **state)
{
	struct world *w = *state;
	unsigned limited = 0;
	struct got got;

	w->conf.login_failures = 2;
	for (unsigned i = 0; i < 6; i++)
		send_login(w, &far, "alice", "not the password");
	world_run(w);
	while (world_take(w, ROLE_WORKER, &got))
		limited += got.code == KITH_E_RATE_LIMITED;
	assert_int_equal(limited, 4);
	assert_int_equal(world_hashes(w), 2);
}

static void
register_and_change_count_as_guesses(void **state)
{
	struct world *w = *state;

	w->conf.registration = REGISTRATION_OPEN;
	w->conf.login_failures = 2;
	assert_int_equal(reg(w, "alice", "not the password", "").code, KITH_E_NAME_TAKEN);
	assert_int_equal(change(w, 1, "not the password", "a better password").code,
	    KITH_E_AUTH_FAILED);
	assert_int_equal(login(w, &near, "alice", PASSWORD).code, KITH_E_RATE_LIMITED);
	assert_int_equal(reg(w, "alice", PASSWORD, "").code, KITH_E_RATE_LIMITED);
	assert_int_equal(change(w, 1, PASSWORD, "a better password").code, KITH_E_RATE_LIMITED);
}

/* Guesses at invites and names share the limits of logins. */
static void
checks_count_as_guesses(void **state)
{
	static const char invented[] = "AAAAAAAAAAAAAAAAAAAAAA";
	struct world *w = *state;
	const char *invite = make_invite(w, false);

	w->conf.login_failures = 2;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(check(w, &far, "", invented).code, KITH_E_INVITE_INVALID);
	assert_int_equal(check(w, &far, "", invite).code, KITH_E_RATE_LIMITED);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(check(w, &far, "bob", invite).code, KITH_E_OK);
	for (unsigned i = 0; i < 2 * AUTH_LIMIT_ADDRESS - 2; i++) {
		char name[16];

		snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(check(w, &far, name, invented).code, KITH_E_INVITE_INVALID);
	}
	assert_int_equal(check(w, &far, "carol", invite).code, KITH_E_RATE_LIMITED);
	assert_int_equal(login(w, &far, "alice", PASSWORD).code, KITH_E_RATE_LIMITED);
}

/* -- turns, bounds, breakdowns -------------------------------------------- */

static void
tokens_overtake_hashes(void **state)
{
	struct world *w = *state;
	char token[TOKEN_CHARS + 1];
	struct got got = login(w, &far, "alice", PASSWORD);
	uint64_t before = world_hashes(w);

	strcpy(token, got.in->token);
	for (unsigned i = 0; i < 4; i++)
		send_login(w, &near, "alice", PASSWORD);
	send_token(w, token);
	world_turn(w);			/* five questions, five answers */
	assert_int_equal(world_hashes(w) - before, 0);
	world_turn(w);			/* the token's, and one hash */
	assert_int_equal(world_hashes(w) - before, 1);
	assert_true(w->p->again);
	assert_true(world_take(w, ROLE_WORKER, &got));
	assert_true(got.h.request == far.request && got.code == KITH_E_OK);
	assert_false(world_take(w, ROLE_WORKER, &got));
	world_run(w);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(world_take(w, ROLE_WORKER, &got));
		assert_int_equal(got.code, KITH_E_OK);
	}
	assert_int_equal(world_hashes(w) - before, 4);
}

static void
full_queue_is_busy(void **state)
{
	struct world *w = *state;
	unsigned busy = 0, ok = 0;
	struct got got;

	w->conf.hash_queue = 2;
	for (unsigned i = 0; i < 5; i++)
		send_login(w, &near, "alice", PASSWORD);
	world_run(w);
	while (world_take(w, ROLE_WORKER, &got)) {
		busy += got.code == KITH_E_BUSY && got.retry_ms > 0;
		ok += got.code == KITH_E_OK;
	}
	assert_int_equal(ok, 2);
	assert_int_equal(busy, 3);
	/* An administrator is served all the same. */
	for (unsigned i = 0; i < 2; i++)
		send_login(w, &near, "alice", PASSWORD);
	assert_int_equal(admin_user(w, ADMIN(USER_ADD), "bob", "another password", false).code,
	    KITH_E_OK);
}

static void
more_jobs_than_places_are_busy(void **state)
{
	struct world *w = *state;
	struct got got;

	w->mute = true;
	for (unsigned i = 0; i < AUTH_JOBS_MAX - 1; i++) {
		send_token(w, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		world_run(w);
	}
	assert_false(world_take(w, ROLE_WORKER, &got));
	for (unsigned i = 0; i < 3; i++) {
		got = login_token(w, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		assert_int_equal(got.code, KITH_E_BUSY);
		assert_true(got.retry_ms > 0);
	}
}

static void
silent_store_is_unavailable_and_late_answers_are_ignored(void **state)
{
	struct world *w = *state;
	struct proc *reader = world_proc(w, ROLE_READER);
	Kith__Ipc__Account account = KITH__IPC__ACCOUNT__INIT;
	Kith__Ipc__Answer answer = KITH__IPC__ANSWER__INIT;
	struct ipc_head late = { .type = IPC_ANSWER };
	struct got got;

	w->mute = true;
	send_login(w, &far, "alice", PASSWORD);
	world_run(w);
	late.request = w->asker.request;
	auth_job_expire(&w->auth, clock_now_ms());
	assert_false(world_take(w, ROLE_WORKER, &got));
	auth_job_expire(&w->auth, clock_now_ms() + AUTH_JOB_MS);
	assert_true(world_take(w, ROLE_WORKER, &got));
	assert_int_equal(got.code, KITH_E_UNAVAILABLE);
	assert_true(got.retry_ms > 0);

	/* The same place serves somebody else when the answer comes. */
	send_login(w, &far, "bob", PASSWORD);
	world_run(w);
	answer.account = &account;
	account.id = 1;
	account.name = w->accounts[0].name;
	account.hash = w->accounts[0].hash;
	assert_int_equal(ipc_send_msg(reader, w->p->slot, &late, &answer.base), 0);
	late.request = 0;
	assert_int_equal(ipc_send_msg(reader, w->p->slot, &late, &answer.base), 0);
	world_run(w);
	assert_false(world_take(w, ROLE_WORKER, &got));
	assert_int_equal(world_hashes(w), 0);
}

static void
queued_job_expires(void **state)
{
	struct world *w = *state;
	struct got got;

	for (unsigned i = 0; i < 3; i++)
		send_login(w, &near, "alice", PASSWORD);
	world_turn(w);
	world_turn(w);			/* one hashed, two in the queue */
	auth_job_expire(&w->auth, clock_now_ms() + AUTH_JOB_MS);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(world_take(w, ROLE_WORKER, &got));
		assert_int_equal(got.code, KITH_E_UNAVAILABLE);
	}
	world_run(w);
	assert_false(world_take(w, ROLE_WORKER, &got));
	assert_int_equal(world_hashes(w), 1);
	assert_int_equal(login(w, &near, "alice", PASSWORD).code, KITH_E_OK);
}

static void
full_inbox_of_the_store_is_unavailable(void **state)
{
	struct world *w = *state;
	struct ring *inbox = &w->shared->rings[world_proc(w, ROLE_READER)->slot];
	static const uint8_t filler[8192];
	struct ring_piece piece = { filler, sizeof(filler) };

	while (ring_push(inbox, &piece, 1) == 0)
		continue;
	piece.len = 64;
	while (ring_push(inbox, &piece, 1) == 0)
		continue;
	assert_int_equal(login(w, &near, "alice", PASSWORD).code, KITH_E_UNAVAILABLE);
}

static void
store_failures_reach_the_client(void **state)
{
	static const int steps[] = {
		ASKED(CREATE_ACCOUNT), ASKED(FIND_ACCOUNT), ASKED(CREATE_TOKEN), ASKED(FIND_TOKEN),
		ASKED(SET_PASSWORD),
	};
	struct world *w = *state;

	w->conf.registration = REGISTRATION_OPEN;
	for (size_t i = 0; i < COUNT(steps); i++) {
		char old[PASSWORD_HASH_MAX];
		struct got got;

		w->fails[steps[i]] = KITH_E_UNAVAILABLE;
		memcpy(old, w->accounts[0].hash, sizeof(old));
		if (steps[i] == ASKED(CREATE_ACCOUNT))
			got = reg(w, "bob", "another password", "");
		else if (steps[i] == ASKED(FIND_TOKEN))
			got = login_token(w, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		else if (steps[i] == ASKED(SET_PASSWORD))
			got = change(w, 1, PASSWORD, "a better password");
		else
			got = login(w, &near, "alice", PASSWORD);
		assert_int_equal(got.code, KITH_E_UNAVAILABLE);
		assert_true(got.retry_ms > 0);
		w->fails[steps[i]] = KITH_E_OK;
	}
	assert_int_equal(w->naccounts, 1);
	assert_int_equal(w->ntokens, 0);
}

static void
unknown_requests_are_refused(void **state)
{
	Kith__V1__Logout out = KITH__V1__LOGOUT__INIT;
	struct ipc_head h = { .type = IPC_AUTH };
	struct world *w = *state;
	struct got got;

	world_send(w, &near, WHAT(LOGOUT), &out);
	world_send(w, &near, WHAT(_NOT_SET), NULL);
	assert_int_equal(ipc_send(world_proc(w, ROLE_WORKER), w->p->slot, &h,
	    "\xff\xff\xff", 3), 0);
	world_run(w);
	assert_false(world_take(w, ROLE_WORKER, &got));
	assert_int_equal(stats_sum(w->p->stats, 1, STAT_ipc_refused), 3);
}

static void
nothing_secret_stays(void **state)
{
	struct world *w = *state;
	size_t size = AUTH_JOBS_MAX * sizeof(*w->auth.jobs);

	memset(w->auth.mem.block, 0, w->auth.mem.size);	/* of another test's heap */
	login(w, &near, "alice", PASSWORD);
	login(w, &near, "alice", "wrong horse");
	change(w, 1, PASSWORD, "a better horse");
	assert_null(memmem(w->auth.jobs, size, "horse", 5));
	assert_null(memmem(w->auth.mem.block, w->auth.mem.size, "horse", 5));
	assert_null(memmem(w->auth.jobs, size, "$y$", 3));
	assert_null(memmem(w->auth.mem.block, w->auth.mem.size, "$y$", 3));
}

/* -- the administrator ---------------------------------------------------- */

static void
invites_have_bounds(void **state)
{
	static const uint64_t day = 24 * 60 * 60 * 1000;
	static const struct {
		uint64_t	life_ms;
		uint32_t	uses;
		enum kith_err	code;
	} edges[] = {
		{ INVITE_LIFE_MAX_MS, INVITE_USES_MAX, KITH_E_OK },
		{ INVITE_LIFE_MAX_MS + 1, 1, KITH_E_TOO_LARGE },
		{ UINT64_MAX, 1, KITH_E_TOO_LARGE },
		{ day, INVITE_USES_MAX + 1, KITH_E_TOO_LARGE },
		{ day, UINT32_MAX, KITH_E_TOO_LARGE },
	};
	struct world *w = *state;
	Kith__Ipc__AdminInvite i = KITH__IPC__ADMIN_INVITE__INIT;
	struct got got;

	make_invite(w, false);
	assert_int_equal(w->last_invite.uses, 1);
	assert_in_range(w->last_invite.expires_ms - clock_utc_ms(), day - 60000, day);
	i.uses = 5;
	i.life_ms = day;
	i.admin = true;
	world_send_admin(w, ADMIN(INVITE), &i);
	got = answered(w, ROLE_MASTER);
	assert_int_equal(got.code, KITH_E_OK);
	assert_int_equal(got.h.type, IPC_ADMIN_ANSWER);
	assert_true(got.h.request == 4711);
	assert_int_equal(w->last_invite.uses, 5);
	assert_true(w->last_invite.admin && got.admin->expires_ms == w->last_invite.expires_ms);
	for (unsigned n = 0; n < sizeof(edges) / sizeof(edges[0]); n++) {
		i.life_ms = edges[n].life_ms;
		i.uses = edges[n].uses;
		world_send_admin(w, ADMIN(INVITE), &i);
		assert_int_equal(answered(w, ROLE_MASTER).code, edges[n].code);
	}
}

static void
administrator_manages_accounts(void **state)
{
	struct world *w = *state;

	assert_int_equal(admin_user(w, ADMIN(USER_ADD), "bob", "another password", true).code,
	    KITH_E_OK);
	assert_true(world_account(w, "bob")->admin);
	assert_int_equal(login(w, &near, "bob", "another password").code, KITH_E_OK);
	assert_int_equal(admin_user(w, ADMIN(USER_ADD), "bob", "another password", true).code,
	    KITH_E_NAME_TAKEN);
	assert_int_equal(admin_user(w, ADMIN(USER_ADD), "b b", "another password", true).code,
	    KITH_E_NAME_INVALID);
	assert_int_equal(admin_user(w, ADMIN(USER_ADD), "carol", "short", true).code,
	    KITH_E_PASSWORD_WEAK);
	assert_int_equal(admin_user(w, ADMIN(USER_ADD), "admin", "another password", true).code,
	    KITH_E_OK);

	assert_int_equal(admin_user(w, ADMIN(USER_PASSWD), "bob", "a fresh password", false).code,
	    KITH_E_OK);
	assert_true(w->last_set.keep_device == 0 && !w->last_set.same_password);
	assert_int_equal(login(w, &near, "bob", "a fresh password").code, KITH_E_OK);
	assert_int_equal(admin_user(w, ADMIN(USER_PASSWD), "nobody", "a fresh password",
	    false).code, KITH_E_NO_SUCH_USER);

	assert_int_equal(admin_user(w, ADMIN(USER_DISABLE), "bob", "", false).code, KITH_E_OK);
	assert_int_equal(login(w, &near, "bob", "a fresh password").code, KITH_E_DISABLED);
	assert_int_equal(admin_user(w, ADMIN(USER_ENABLE), "Bob", "", false).code, KITH_E_OK);
	assert_int_equal(login(w, &near, "bob", "a fresh password").code, KITH_E_OK);
	assert_int_equal(admin_user(w, ADMIN(USER_DISABLE), "nobody", "", false).code,
	    KITH_E_NO_SUCH_USER);
}

int
main(void)
{
#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(password_gives_a_token),
		TEST(wrong_and_unknown_cost_and_say_the_same),
		TEST(impossible_credentials_cost_nothing),
		TEST(account_without_hash_lets_nobody_in),
		TEST(a_password_has_one_spelling),
		TEST(what_cannot_be_compared_is_no_refusal),
		TEST(stale_hash_is_replaced_at_login),
		TEST(token_needs_the_hash_that_was_checked),
		TEST(token_logs_in_without_a_hash),
		TEST(hooks_log_in_as_hooks_only),
		TEST(other_tokens_are_refused),
		TEST(used_devices_are_reported_in_batches),
		TEST(invite_makes_one_account),
		TEST(without_invite_names_stay_secret),
		TEST(taken_names_keep_the_invite),
		TEST(invites_are_checked_beforehand),
		TEST(registration_modes),
		TEST(fields_are_checked),
		TEST(password_is_changed),
		TEST(password_is_not_changed),
		TEST(guessing_is_slowed_down),
		TEST(loopback_counts_by_name_alone),
		TEST(success_and_breakdowns_do_not_count),
		TEST(parallel_tries_count_as_failures),
		TEST(register_and_change_count_as_guesses),
		TEST(checks_count_as_guesses),
		TEST(tokens_overtake_hashes),
		TEST(full_queue_is_busy),
		TEST(more_jobs_than_places_are_busy),
		TEST(silent_store_is_unavailable_and_late_answers_are_ignored),
		TEST(queued_job_expires),
		TEST(full_inbox_of_the_store_is_unavailable),
		TEST(store_failures_reach_the_client),
		TEST(unknown_requests_are_refused),
		TEST(nothing_secret_stays),
		TEST(invites_have_bounds),
		TEST(administrator_manages_accounts),
	};

	log_init(LOG_L_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
