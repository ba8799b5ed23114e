/* auth_world.c - a store in an array, and the worker's side of auth. */
#include "tests/unit/kit/auth_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/wire.h"
#include "tests/unit/kit/fake_shared.h"

#define FIRST_DEVICE	100u

struct proc *
world_proc(struct world *w, enum role r)
{
	return &w->procs[w->shared->first[r] + w->shared->count[r] - 1];
}

/* The next good record in an inbox. The body is valid until the next call. False: none. */
static bool
take(struct world *w, struct proc *p, struct ipc_head *h, const uint8_t **body, uint32_t *len)
{
	static uint8_t record[RING_RECORD_MAX];
	struct ring *inbox = &w->shared->rings[p->slot];
	uint32_t size;

	while (ring_read(inbox, record, sizeof(record), &size) == 0) {
		ring_release(inbox);
		if (ipc_check(p, record, size, h, body, len) == 0)
			return true;
	}
	return false;
}

/* -- the store ------------------------------------------------------------ */

struct world_account *
world_account(struct world *w, const char *name)
{
	for (unsigned i = 0; i < w->naccounts; i++)
		if (strcmp(w->accounts[i].name, name) == 0)
			return &w->accounts[i];
	return NULL;
}

static enum kith_err
tell(struct world *w, struct world_account *a, Kith__Ipc__Answer *answer)
{
	if (a == NULL)
		return KITH_E_NO_SUCH_USER;
	answer->account->id = (uint64_t)(a - w->accounts) + 1;
	answer->account->name = a->name;
	answer->account->hash = a->hash;
	answer->account->admin = a->admin;
	answer->account->disabled = a->disabled;
	return KITH_E_OK;
}

static struct world_account *
by_id(struct world *w, uint64_t id)
{
	return id > 0 && id <= w->naccounts ? &w->accounts[id - 1] : NULL;
}

static enum kith_err
find_account(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	const Kith__Ipc__FindAccount *f = ask->find_account;

	return tell(w, f->name[0] ? world_account(w, f->name) : by_id(w, f->id), answer);
}

static enum kith_err
create_account(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	const Kith__Ipc__CreateAccount *c = ask->create_account;
	struct world_account *a = &w->accounts[w->naccounts];

	assert_true(w->naccounts < WORLD_ROWS);
	assert_int_equal(strncmp(c->hash, "$y$", 3), 0);
	assert_true(c->skeleton[0] != '\0');
	if (c->need_invite && (!w->invite_good || c->invite_hash.len != TOKEN_HASH_BYTES ||
	    memcmp(c->invite_hash.data, w->invite, TOKEN_HASH_BYTES) != 0))
		return KITH_E_INVITE_INVALID;
	if (world_account(w, c->name) != NULL)
		return KITH_E_NAME_TAKEN;
	if (c->need_invite)
		w->invite_good = false;
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	snprintf(a->hash, sizeof(a->hash), "%s", c->hash);
	a->admin = c->admin || (c->need_invite && w->invite_admin);
	w->naccounts++;
	return tell(w, a, answer);
}

static enum kith_err
set_password(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	const Kith__Ipc__SetPassword *p = ask->set_password;

	(void)answer;
	assert_non_null(by_id(w, p->user_id));
	snprintf(by_id(w, p->user_id)->hash, PASSWORD_HASH_MAX, "%s", p->hash);
	w->last_set = *p;
	return KITH_E_OK;
}

static enum kith_err
create_token(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	const Kith__Ipc__CreateToken *c = ask->create_token;
	struct world_token *t = &w->tokens[w->ntokens];

	assert_true(w->ntokens < WORLD_ROWS);
	assert_non_null(by_id(w, c->user_id));
	if (strcmp(by_id(w, c->user_id)->hash, c->verified) != 0)
		return KITH_E_AUTH_FAILED;
	assert_int_equal(c->hash.len, TOKEN_HASH_BYTES);
	memcpy(t->hash, c->hash.data, TOKEN_HASH_BYTES);
	snprintf(t->device_name, sizeof(t->device_name), "%s", c->device_name);
	t->user = c->user_id;
	answer->device = FIRST_DEVICE + w->ntokens++;
	return KITH_E_OK;
}

static enum kith_err
find_token(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	assert_int_equal(ask->find_token->hash.len, TOKEN_HASH_BYTES);
	for (unsigned i = 0; i < w->ntokens; i++) {
		if (memcmp(w->tokens[i].hash, ask->find_token->hash.data, TOKEN_HASH_BYTES) != 0 ||
		    ask->find_token->hook != (w->tokens[i].hook != 0))
			continue;
		answer->hook = w->tokens[i].hook;
		answer->device_name = w->tokens[i].device_name;
		answer->device = FIRST_DEVICE + i;
		answer->last_client_id = answer->device << CLIENT_ID_DEVICE_SHIFT | 7;
		return tell(w, by_id(w, w->tokens[i].user), answer);
	}
	return KITH_E_TOKEN_INVALID;
}

static enum kith_err
create_invite(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	(void)answer;
	assert_int_equal(ask->create_invite->hash.len, TOKEN_HASH_BYTES);
	w->last_invite = *ask->create_invite;
	memcpy(w->invite, ask->create_invite->hash.data, TOKEN_HASH_BYTES);
	w->invite_good = true;
	w->invite_admin = ask->create_invite->admin;
	return KITH_E_OK;
}

static enum kith_err
set_disabled(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	struct world_account *a = world_account(w, ask->set_disabled->name);

	(void)answer;
	if (a == NULL)
		return KITH_E_NO_SUCH_USER;
	a->disabled = ask->set_disabled->disabled;
	return KITH_E_OK;
}

static bool
invite_fits(const struct world *w, const ProtobufCBinaryData *hash)
{
	return w->invite_good && hash->len == TOKEN_HASH_BYTES &&
	    memcmp(hash->data, w->invite, TOKEN_HASH_BYTES) == 0;
}

static enum kith_err
check_invite(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	const Kith__Ipc__CheckInvite *c = ask->check_invite;

	(void)answer;
	assert_int_equal(c->name[0] == '\0', c->skeleton[0] == '\0');
	if (c->need_invite && !invite_fits(w, &c->invite_hash))
		return KITH_E_INVITE_INVALID;
	return world_account(w, c->name) != NULL ? KITH_E_NAME_TAKEN : KITH_E_OK;
}

static enum kith_err
tokens_used(struct world *w, const Kith__Ipc__Ask *ask, Kith__Ipc__Answer *answer)
{
	(void)answer;
	w->last_used_devices = ask->tokens_used->n_devices;
	return KITH_E_OK;
}

static const struct {
	enum role	to;
	enum kith_err	(*run)(struct world *w, const Kith__Ipc__Ask *ask,
			    Kith__Ipc__Answer *answer);
} asks[ASK_COUNT] = {
	[KITH__IPC__ASK__WHAT_FIND_ACCOUNT] = { ROLE_READER, find_account },
	[KITH__IPC__ASK__WHAT_CREATE_ACCOUNT] = { ROLE_WRITER, create_account },
	[KITH__IPC__ASK__WHAT_SET_PASSWORD] = { ROLE_WRITER, set_password },
	[KITH__IPC__ASK__WHAT_CREATE_TOKEN] = { ROLE_WRITER, create_token },
	[KITH__IPC__ASK__WHAT_FIND_TOKEN] = { ROLE_READER, find_token },
	[KITH__IPC__ASK__WHAT_CREATE_INVITE] = { ROLE_WRITER, create_invite },
	[KITH__IPC__ASK__WHAT_SET_DISABLED] = { ROLE_WRITER, set_disabled },
	[KITH__IPC__ASK__WHAT_TOKENS_USED] = { ROLE_WRITER, tokens_used },
	[KITH__IPC__ASK__WHAT_CHECK_INVITE] = { ROLE_READER, check_invite },
};

static void
serve_one(struct world *w, struct proc *store, const struct ipc_head *h,
    const uint8_t *body, uint32_t len)
{
	Kith__Ipc__Account account = KITH__IPC__ACCOUNT__INIT;
	Kith__Ipc__Answer answer = KITH__IPC__ANSWER__INIT;
	struct ipc_head out = { .type = IPC_ANSWER, .request = h->request,
	    .to_generation = h->generation };
	ProtobufCMessage *m;
	const Kith__Ipc__Ask *ask;

	assert_int_equal(wire_unpack(&kith__ipc__ask__descriptor, body, len, &w->store_mem,
	    NULL, &m), KITH_E_OK);
	ask = (const Kith__Ipc__Ask *)m;
	assert_int_equal(asks[ask->what_case].to, store->role);
	w->asked[ask->what_case]++;
	w->asker = *h;
	if (w->mute)
		return;
	answer.account = &account;
	answer.code = w->fails[ask->what_case];
	if (answer.code == KITH_E_OK)
		answer.code = asks[ask->what_case].run(w, ask, &answer);
	if (account.id == 0)
		answer.account = NULL;
	assert_int_equal(ipc_send_msg(store, h->from, &out, &answer.base), 0);
}

static bool
serve(struct world *w, enum role r)
{
	struct proc *store = world_proc(w, r);
	const uint8_t *body;
	struct ipc_head h;
	bool any = false;
	uint32_t len;

	while (take(w, store, &h, &body, &len)) {
		serve_one(w, store, &h, body, len);
		any = true;
	}
	return any;
}

/* -- auth's loop ---------------------------------------------------------- */

static bool
drain(struct world *w)
{
	const uint8_t *body;
	struct ipc_head h;
	bool any = false;
	uint32_t len;

	while (take(w, w->p, &h, &body, &len)) {
		auth_record(w->p, &h, body, len);
		any = true;
	}
	return any;
}

void
world_turn(struct world *w)
{
	drain(w);
	auth_turn(w->p);
	serve(w, ROLE_READER);
	serve(w, ROLE_WRITER);
}

void
world_run(struct world *w)
{
	bool more = true;

	while (more) {
		w->p->again = false;
		more = drain(w);
		auth_turn(w->p);
		more |= w->p->again;
		more |= serve(w, ROLE_READER);
		more |= serve(w, ROLE_WRITER);
	}
}

uint64_t
world_hashes(struct world *w)
{
	return stats_sum(w->p->stats, 1, STAT_hashes);
}

/* -- worker and master ---------------------------------------------------- */

void
world_send(struct world *w, const struct ipc_head *who, Kith__V1__Request__BodyCase what,
    void *body)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	struct ipc_head h = *who;

	h.type = IPC_AUTH;
	r.id = h.request;
	r.body_case = what;
	r.hello = body;
	assert_int_equal(ipc_send_msg(world_proc(w, ROLE_WORKER), w->p->slot, &h,
	    &r.base), 0);
}

void
world_send_admin(struct world *w, Kith__Ipc__Admin__WhatCase what, void *body)
{
	Kith__Ipc__Admin admin = KITH__IPC__ADMIN__INIT;
	struct ipc_head h = { .type = IPC_ADMIN, .request = 4711 };

	admin.what_case = what;
	admin.invite = body;
	assert_int_equal(ipc_send_msg(world_proc(w, ROLE_MASTER), w->p->slot, &h,
	    &admin.base), 0);
}

/* A LOGIN's reply is unpacked where the LOGIN was. */
static void
read_login(struct world *w, const Kith__Ipc__Login *login, struct got *got)
{
	const Kith__V1__Reply *reply;
	uint8_t packed[1024];
	ProtobufCMessage *m;
	size_t len = login->reply.len;
	uint64_t user = login->user_id, device = login->device;

	got->code = login->code;
	got->retry_ms = login->retry_after_ms;
	got->hook = login->hook;
	snprintf(got->device_name, sizeof(got->device_name), "%s", login->device_name);
	assert_int_equal(len > 0, login->code == KITH_E_OK);
	if (len == 0)
		return;
	assert_true(len <= sizeof(packed));
	memcpy(packed, login->reply.data, len);
	assert_int_equal(wire_unpack(&kith__v1__reply__descriptor, packed, len, &w->client_mem,
	    NULL, &m), KITH_E_OK);
	reply = (const Kith__V1__Reply *)m;
	assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_LOGGED_IN);
	assert_true(reply->id == got->h.request);
	got->in = reply->logged_in;
	assert_true(got->in->user_id == user && got->in->device == device);
}

static void
read_reply(const Kith__V1__Reply *reply, struct got *got)
{
	assert_true(reply->id == got->h.request);
	if (reply->body_case == KITH__V1__REPLY__BODY_DONE)
		return;
	assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_ERROR);
	got->code = (enum kith_err)reply->error->code;
	got->retry_ms = reply->error->retry_after_ms;
	if (got->code != KITH_E_NAME_INVALID)	/* that says which character */
		assert_string_equal(reply->error->text, kith_err_text(got->code));
}

bool
world_take(struct world *w, enum role to, struct got *got)
{
	struct proc *p = world_proc(w, to);
	const uint8_t *body;
	ProtobufCMessage *m;
	uint32_t len;

	memset(got, 0, sizeof(*got));
	if (!take(w, p, &got->h, &body, &len))
		return false;
	assert_int_equal(wire_unpack(ipc_table[got->h.type].body, body, len, &w->client_mem,
	    NULL, &m), KITH_E_OK);
	if (got->h.type == IPC_LOGIN) {
		read_login(w, (Kith__Ipc__Login *)m, got);
	} else if (got->h.type == IPC_REPLY) {
		read_reply((Kith__V1__Reply *)m, got);
	} else {
		got->admin = (Kith__Ipc__AdminAnswer *)m;
		got->code = got->admin->code;
	}
	assert_int_equal(got->h.code, got->code);
	return true;
}

void
world_init(struct world *w)
{
	static char hash[PASSWORD_HASH_MAX];

	memset(w, 0, sizeof(*w));
	w->shared = fake_shared_create();
	assert_int_equal(w->shared->nslots, WORLD_SLOTS);
	w->conf.registration = REGISTRATION_INVITE;
	w->conf.hash_queue = 64;
	w->conf.login_failures = 10;
	for (unsigned i = 0; i < WORLD_SLOTS; i++) {
		w->procs[i] = fake_proc(w->shared, i);
		w->procs[i].conf = &w->conf;
	}
	w->p = world_proc(w, ROLE_AUTH);
	assert_int_equal(auth_init(&w->auth, w->p), 0);
	assert_int_equal(unpackmem_init(&w->store_mem, UNPACK_BYTES_MAX), 0);
	assert_int_equal(unpackmem_init(&w->client_mem, UNPACK_BYTES_MAX), 0);
	if (hash[0] == '\0')
		assert_int_equal(password_make(w->auth.password, PASSWORD, hash), 0);
	memcpy(w->accounts[0].hash, hash, sizeof(hash));
	strcpy(w->accounts[0].name, "alice");
	w->naccounts = 1;
}

void
world_fini(struct world *w)
{
	unpackmem_fini(&w->client_mem);
	unpackmem_fini(&w->store_mem);
	auth_fini(&w->auth);
	fake_shared_destroy(w->shared);
}
