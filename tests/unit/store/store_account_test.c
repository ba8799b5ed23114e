/*
 * store_account_test.c - accounts, invites and devices, on each kind of database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/clock.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/oneof.h"
#include "server/rules/token.h"
#include "server/store/store_ask.h"
#include "server/store/store_reader.h"
#include "server/store/store_token.h"
#include "tests/unit/kit/broken_registry.h"
#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/store_kit.h"

#define HASH1		"$y$j9T$one"
#define HASH2		"$y$j9T$two"
#define FAR_FUTURE	UINT64_C(4102444800000)
#define TOKENS_OF_U1	"SELECT COUNT(*) FROM tokens WHERE user = 1 AND revoked_ms IS NULL"

/* What came back; strings are copied. */
struct answer {
	enum kith_err	code;
	uint64_t	id, device, last_client_id, hook;
	char		name[NAME_BYTES_MAX + 1], hash[64], device_name[DEVICE_NAME_BYTES_MAX + 1];
	bool		has_account, admin, disabled;
};

/* -- questions ------------------------------------------------------------ */

static void
put(struct kit *k, enum role to, Kith__Ipc__Ask__WhatCase what, void *body)
{
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;
	struct ipc_head h = { .type = IPC_ASK, .request = ++k->request };

	oneof_set(&ask.base, what, body);
	assert_int_equal(ipc_send_msg(&k->auth, k->shared.first[to], &h, &ask.base), 0);
}

/* The next answer in auth's inbox; false: none. */
static bool
take(struct kit *k, struct answer *a)
{
	static uint8_t record[RING_RECORD_MAX];
	struct ring *inbox = &k->shared.rings[k->auth.slot];
	Kith__Ipc__Answer *m;
	const uint8_t *body;
	struct ipc_head h;
	uint32_t n, len;

	memset(a, 0, sizeof(*a));
	if (ring_read(inbox, record, sizeof(record), &n) < 0)
		return false;
	ring_release(inbox);
	assert_int_equal(ipc_check(&k->auth, record, n, &h, &body, &len), 0);
	assert_int_equal(h.type, IPC_ANSWER);
	m = kith__ipc__answer__unpack(NULL, len, body);
	assert_non_null(m);
	a->code = m->code;
	a->device = m->device;
	a->last_client_id = m->last_client_id;
	a->hook = m->hook;
	snprintf(a->device_name, sizeof(a->device_name), "%s", m->device_name);
	if ((a->has_account = m->account != NULL)) {
		a->id = m->account->id;
		a->admin = m->account->admin;
		a->disabled = m->account->disabled;
		snprintf(a->name, sizeof(a->name), "%s", m->account->name);
		snprintf(a->hash, sizeof(a->hash), "%s", m->account->hash);
	}
	kith__ipc__answer__free_unpacked(m, NULL);
	return true;
}

static struct answer
taken(struct kit *k)
{
	struct answer a;

	assert_true(take(k, &a));
	return a;
}

static void
reader_turn(struct kit *k)
{
	static uint8_t record[RING_RECORD_MAX];
	struct ring *inbox = &k->shared.rings[k->reader_proc.slot];
	const uint8_t *body;
	struct ipc_head h;
	uint32_t n, len;

	assert_int_equal(ring_read(inbox, record, sizeof(record), &n), 0);
	ring_release(inbox);
	assert_int_equal(ipc_check(&k->reader_proc, record, n, &h, &body, &len), 0);
	store_reader_record(&k->reader_proc, &h, body, len);
}

static struct answer
ask(struct kit *k, enum role to, Kith__Ipc__Ask__WhatCase what, void *body)
{
	put(k, to, what, body);
	if (to == ROLE_READER)
		reader_turn(k);
	else
		kit_turn(k);
	return taken(k);
}

#define WRITE(k, what, m)	ask(k, ROLE_WRITER, KITH__IPC__ASK__WHAT_##what, m)
#define READ(k, what, m)	ask(k, ROLE_READER, KITH__IPC__ASK__WHAT_##what, m)
#define PUT(k, what, m)		put(k, ROLE_WRITER, KITH__IPC__ASK__WHAT_##what, m)

/* As good as the SHA-256 of a token: 32 bytes that begin with `n`. Valid for four calls. */
static ProtobufCBinaryData
secret(unsigned n)
{
	static uint8_t bytes[4][STORE_SECRET_BYTES];
	static unsigned next;
	uint8_t *b = bytes[next++ % 4];

	memset(b, 0xfe, STORE_SECRET_BYTES);
	memcpy(b, &n, sizeof(n));
	return (ProtobufCBinaryData){ STORE_SECRET_BYTES, b };
}

static struct answer
invite(struct kit *k, unsigned n, unsigned uses, uint64_t expires_ms, bool admin)
{
	Kith__Ipc__CreateInvite i = KITH__IPC__CREATE_INVITE__INIT;

	i.hash = secret(n);
	i.uses = uses;
	i.expires_ms = expires_ms;
	i.admin = admin;
	return WRITE(k, CREATE_INVITE, &i);
}

/* A registration with invite `n` (0: without). The name is its own skeleton. */
static Kith__Ipc__CreateAccount
account(const char *name, const char *hash, unsigned n)
{
	Kith__Ipc__CreateAccount c = KITH__IPC__CREATE_ACCOUNT__INIT;

	c.name = c.skeleton = (char *)(uintptr_t)name;
	c.hash = (char *)(uintptr_t)hash;
	c.need_invite = n != 0;
	if (n != 0)
		c.invite_hash = secret(n);
	return c;
}

static struct answer
create(struct kit *k, const char *name, const char *hash, unsigned n)
{
	Kith__Ipc__CreateAccount c = account(name, hash, n);

	return WRITE(k, CREATE_ACCOUNT, &c);
}

static struct answer
find(struct kit *k, const char *name, uint64_t id)
{
	Kith__Ipc__FindAccount f = KITH__IPC__FIND_ACCOUNT__INIT;

	f.name = (char *)(uintptr_t)name;
	f.id = id;
	return READ(k, FIND_ACCOUNT, &f);
}

static struct answer
create_token(struct kit *k, uint64_t user, unsigned n, const char *verified)
{
	Kith__Ipc__CreateToken c = KITH__IPC__CREATE_TOKEN__INIT;
	static char desk[] = "desk";

	c.user_id = user;
	c.hash = secret(n);
	c.device_name = desk;
	c.verified = (char *)(uintptr_t)verified;
	return WRITE(k, CREATE_TOKEN, &c);
}

static struct answer
find_token(struct kit *k, unsigned n)
{
	Kith__Ipc__FindToken f = KITH__IPC__FIND_TOKEN__INIT;

	f.hash = secret(n);
	return READ(k, FIND_TOKEN, &f);
}

static struct answer
set_password(struct kit *k, uint64_t user, const char *hash, uint64_t keep, bool same)
{
	Kith__Ipc__SetPassword p = KITH__IPC__SET_PASSWORD__INIT;

	p.user_id = user;
	p.hash = (char *)(uintptr_t)hash;
	p.keep_device = keep;
	p.same_password = same;
	return WRITE(k, SET_PASSWORD, &p);
}

static struct answer
set_disabled(struct kit *k, const char *name, bool disabled)
{
	Kith__Ipc__SetDisabled d = KITH__IPC__SET_DISABLED__INIT;

	d.name = (char *)(uintptr_t)name;
	d.disabled = disabled;
	return WRITE(k, SET_DISABLED, &d);
}

/* How often `worker` is told to close sessions of `user`; the last one's head in k->head. */
static unsigned
revoked(struct kit *k, unsigned worker, uint64_t user)
{
	struct ipc_head last = { 0 };
	Kith__V1__Reply *r;
	unsigned n = 0;

	while (kit_next(k, worker, &r) == 0) {
		if (k->head.type != IPC_REVOKED || k->head.user[0] != user)
			continue;
		last = k->head;
		n++;
	}
	k->head = last;
	return n;
}

/* -- accounts and invites ------------------------------------------------- */

static void
account_is_made_and_found(void **state)
{
	struct kit *k = *state;
	struct answer a = create(k, "bob", HASH1, 0), b;

	assert_int_equal(a.code, KITH_E_OK);
	assert_true(a.id > KIT_USERS && !a.admin && !a.disabled);
	assert_string_equal(a.name, "bob");
	assert_string_equal(a.hash, "");
	b = find(k, "bob", 0);
	assert_int_equal(b.code, KITH_E_OK);
	assert_true(b.id == a.id);
	assert_string_equal(b.hash, HASH1);
	b = find(k, "", a.id);
	assert_string_equal(b.name, "bob");
	assert_int_equal(find(k, "nobody", 0).code, KITH_E_NO_SUCH_USER);
	assert_int_equal(find(k, "", 999).code, KITH_E_NO_SUCH_USER);
	assert_int_equal(find(k, "", 0).code, KITH_E_NO_SUCH_USER);
}

static void
account_is_in_the_lobby(void **state)
{
	struct kit *k = *state;
	const char *members = "SELECT COUNT(*) FROM members WHERE until_seq IS NULL";

	assert_int_equal(kit_number(k, members), 0);
	create(k, "bob", HASH1, 0);
	assert_int_equal(kit_number(k, members), 1);
	assert_int_equal(kit_say(k, (uint64_t)kit_number(k,
	    "SELECT id FROM accounts WHERE name = 'bob'"), "#lobby", "hello", NULL), KITH_E_OK);
}

/* The store was killed after the commit, before the inbox was released. */
static void
account_is_made_once(void **state)
{
	struct kit *k = *state;
	Kith__Ipc__CreateAccount c = account("bob", HASH1, 1);
	struct answer first;

	invite(k, 1, 2, FAR_FUTURE, false);
	PUT(k, CREATE_ACCOUNT, &c);
	kit_read_inbox(k);
	first = taken(k);
	assert_int_equal(first.code, KITH_E_OK);
	kit_restart_writer(k);
	kit_turn(k);
	assert_true(taken(k).id == first.id);
	assert_int_equal(kit_number(k, "SELECT uses_left FROM invites"), 1);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM members"), 1);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM accounts WHERE name = 'bob'"), 1);
}

static void
invite_of_one_use_serves_one(void **state)
{
	struct kit *k = *state;
	Kith__Ipc__CreateAccount bob = account("bob", HASH1, 1), carol = account("carol", HASH2, 1);

	assert_int_equal(invite(k, 1, 1, FAR_FUTURE, false).code, KITH_E_OK);
	PUT(k, CREATE_ACCOUNT, &bob);
	PUT(k, CREATE_ACCOUNT, &carol);
	kit_turn(k);
	assert_int_equal(taken(k).code, KITH_E_OK);
	assert_int_equal(taken(k).code, KITH_E_INVITE_INVALID);
	assert_int_equal(find(k, "carol", 0).code, KITH_E_NO_SUCH_USER);
}

static void
invites_end(void **state)
{
	struct kit *k = *state;

	invite(k, 1, 2, FAR_FUTURE, true);
	assert_true(create(k, "a", HASH1, 1).admin);
	assert_true(create(k, "b", HASH1, 1).admin);
	assert_int_equal(create(k, "c", HASH1, 1).code, KITH_E_INVITE_INVALID);
	assert_int_equal(create(k, "c", HASH1, 9).code, KITH_E_INVITE_INVALID);
	invite(k, 2, 1, clock_utc_ms(), false);
	assert_int_equal(create(k, "c", HASH1, 2).code, KITH_E_INVITE_INVALID);
	/* The next one takes away what is used up or too old. */
	invite(k, 3, 1, FAR_FUTURE, false);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM invites"), 1);
}

static void
invite_is_made_once(void **state)
{
	struct kit *k = *state;

	assert_int_equal(invite(k, 1, 5, FAR_FUTURE, false).code, KITH_E_OK);
	create(k, "bob", HASH1, 1);
	assert_int_equal(invite(k, 1, 5, FAR_FUTURE, false).code, KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT uses_left FROM invites"), 4);
}

static void
names_are_taken_by_look_too(void **state)
{
	struct kit *k = *state;
	static char modern[] = "modern", like[] = "modem";
	Kith__Ipc__CreateAccount c = account("modern", HASH1, 1);

	invite(k, 1, 3, FAR_FUTURE, false);
	assert_int_equal(create(k, "modem", HASH1, 1).code, KITH_E_OK);
	assert_int_equal(create(k, "modem", HASH2, 1).code, KITH_E_NAME_TAKEN);
	c.name = modern;
	c.skeleton = like;
	assert_int_equal(WRITE(k, CREATE_ACCOUNT, &c).code, KITH_E_NAME_TAKEN);
	assert_int_equal(kit_number(k, "SELECT uses_left FROM invites"), 2);
	/* Without an invite the answer is about the invite. */
	assert_int_equal(create(k, "modem", HASH2, 9).code, KITH_E_INVITE_INVALID);
	assert_int_equal(create(k, "other", HASH2, 1).code, KITH_E_OK);
}

/* What a registration would be told, without one. */
static void
invites_are_checked_without_using_them(void **state)
{
	static char free_name[] = "other", taken[] = "modem", like[] = "modern", none[] = "";
	const struct {
		char *name, *skeleton;
		unsigned invite;	/* 0: none is needed; 9: there is none */
		enum kith_err want;
	} rows[] = {
		{ free_name, free_name, 1, KITH_E_OK }, { none, none, 1, KITH_E_OK },
		{ taken, taken, 1, KITH_E_NAME_TAKEN }, { like, taken, 1, KITH_E_NAME_TAKEN },
		{ free_name, free_name, 9, KITH_E_INVITE_INVALID },
		{ taken, taken, 9, KITH_E_INVITE_INVALID }, { none, none, 9, KITH_E_INVITE_INVALID },
		{ taken, taken, 2, KITH_E_INVITE_INVALID }, { none, none, 3, KITH_E_INVITE_INVALID },
		{ free_name, free_name, 0, KITH_E_OK }, { like, taken, 0, KITH_E_NAME_TAKEN },
	};
	struct kit *k = *state;
	int64_t accounts;

	invite(k, 1, 2, FAR_FUTURE, false);
	invite(k, 2, 1, FAR_FUTURE, false);
	invite(k, 3, 1, clock_utc_ms(), false);		/* over */
	assert_int_equal(create(k, "modem", HASH1, 2).code, KITH_E_OK);	/* used up */
	accounts = kit_number(k, "SELECT COUNT(*) FROM accounts");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Kith__Ipc__CheckInvite c = KITH__IPC__CHECK_INVITE__INIT;

		c.name = rows[i].name;
		c.skeleton = rows[i].skeleton;
		c.need_invite = rows[i].invite != 0;
		if (c.need_invite)
			c.invite_hash = secret(rows[i].invite);
		if (READ(k, CHECK_INVITE, &c).code != rows[i].want)
			fail_msg("row %zu", i);
	}
	assert_int_equal(kit_number(k, "SELECT MAX(uses_left) FROM invites"), 2);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM accounts"), accounts);
}

static void
administrator_needs_no_invite(void **state)
{
	struct kit *k = *state;
	Kith__Ipc__CreateAccount c = account("bob", HASH1, 0);

	c.admin = true;
	assert_true(WRITE(k, CREATE_ACCOUNT, &c).admin);
	assert_true(find(k, "bob", 0).admin);
}

/* -- passwords, disabling ------------------------------------------------- */

static void
new_password_revokes_the_others(void **state)
{
	struct kit *k = *state;
	struct answer a, b;

	kit_online(k, 1, 1);
	a = create_token(k, 1, 1, "");
	b = create_token(k, 1, 2, "");
	assert_int_equal(set_password(k, 1, HASH1, a.device, false).code, KITH_E_OK);
	assert_int_equal(revoked(k, 0, 1), 0);
	assert_int_equal(revoked(k, 1, 1), 1);
	assert_true(k->head.device == 0 && k->head.except == a.device);
	assert_int_equal(find_token(k, 1).code, KITH_E_OK);
	assert_int_equal(find_token(k, 2).code, KITH_E_TOKEN_INVALID);
	assert_string_equal(find(k, "u1", 0).hash, HASH1);
	assert_true(b.device != a.device);
	/* An administrator's order spares none; repeated, it is the same. */
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(set_password(k, 1, HASH2, 0, false).code, KITH_E_OK);
	assert_int_equal(revoked(k, 1, 1), 2);
	assert_int_equal(find_token(k, 1).code, KITH_E_TOKEN_INVALID);
	assert_int_equal(set_password(k, 999, HASH2, 0, false).code, KITH_E_NO_SUCH_USER);
}

static void
same_password_revokes_none(void **state)
{
	struct kit *k = *state;

	kit_online(k, 1, 0);
	create_token(k, 1, 1, "");
	assert_int_equal(set_password(k, 1, HASH1, 0, true).code, KITH_E_OK);
	assert_int_equal(find_token(k, 1).code, KITH_E_OK);
	assert_int_equal(revoked(k, 0, 1), 0);
	assert_string_equal(find(k, "u1", 0).hash, HASH1);
}

static void
disabled_is_out_at_once(void **state)
{
	struct kit *k = *state;

	kit_online(k, 1, 0);
	kit_online(k, 1, 1);
	create_token(k, 1, 1, "");
	assert_int_equal(kit_say(k, 2, "@u1", "hello", NULL), KITH_E_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(set_disabled(k, "u1", true).code, KITH_E_OK);
		for (unsigned worker = 0; worker < KIT_WORKERS; worker++) {
			assert_int_equal(revoked(k, worker, 1), 1);
			assert_true(k->head.device == 0 && k->head.except == 0);
		}
	}
	assert_true(find(k, "u1", 0).disabled);
	assert_true(find_token(k, 1).disabled);
	assert_int_equal(create_token(k, 1, 2, "").code, KITH_E_DISABLED);
	assert_int_equal(kit_say(k, 1, "@u2", "still here", NULL), KITH_E_DISABLED);
	assert_int_equal(set_disabled(k, "u1", false).code, KITH_E_OK);
	assert_int_equal(revoked(k, 0, 1), 0);
	assert_int_equal(kit_say(k, 1, "@u2", "again here", NULL), KITH_E_OK);
	assert_false(find_token(k, 1).disabled);
	assert_int_equal(set_disabled(k, "nobody", true).code, KITH_E_NO_SUCH_USER);
}

/* -- tokens --------------------------------------------------------------- */

static void
token_is_made_once_and_found(void **state)
{
	struct kit *k = *state;
	struct answer a = create_token(k, 1, 1, ""), b;

	assert_int_equal(a.code, KITH_E_OK);
	assert_true(a.device > KIT_USERS);
	b = create_token(k, 1, 1, "");
	assert_true(b.code == KITH_E_OK && b.device == a.device);
	b = find_token(k, 1);
	assert_true(b.code == KITH_E_OK && b.device == a.device && b.id == 1);
	assert_true(b.last_client_id == 0 && b.has_account);
	assert_string_equal(b.name, "u1");
	assert_string_equal(b.hash, "");
	assert_int_equal(find_token(k, 2).code, KITH_E_TOKEN_INVALID);
}

static void
token_needs_the_hash_of_now(void **state)
{
	struct kit *k = *state;

	set_password(k, 1, HASH2, 0, false);
	assert_int_equal(create_token(k, 1, 1, HASH1).code, KITH_E_AUTH_FAILED);
	assert_int_equal(create_token(k, 1, 1, HASH2).code, KITH_E_OK);
	assert_int_equal(create_token(k, 999, 2, HASH2).code, KITH_E_NO_SUCH_USER);
}

static void
last_client_id_is_of_the_device(void **state)
{
	struct kit *k = *state;
	uint64_t one = create_token(k, 1, 1, "").device, two = create_token(k, 1, 2, "").device;
	const struct {
		uint64_t	sender, device, counter;
	} rows[] = {
		{ 1, one, 3 }, { 1, one, 9 }, { 1, two, UINT32_MAX }, { 2, one, 50 }, { 1, 1, 60 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char sql[256];

		snprintf(sql, sizeof(sql),
		    "INSERT INTO events (conversation, seq, sender, client_id,"
		    " time_ms, kind, subject, body) VALUES (77, %u, %u, %llu, 1, 1, 0, '')", i + 1,
		    (unsigned)rows[i].sender, (unsigned long long)
		    (rows[i].device << CLIENT_ID_DEVICE_SHIFT | rows[i].counter));
		kit_do(k, sql);
	}
	assert_true(find_token(k, 1).last_client_id == (one << CLIENT_ID_DEVICE_SHIFT | 9));
	assert_true(find_token(k,
	    2).last_client_id == (two << CLIENT_ID_DEVICE_SHIFT | UINT32_MAX));
}

static void
oldest_device_makes_room(void **state)
{
	struct kit *k = *state;
	Kith__Ipc__TokensUsed used = KITH__IPC__TOKENS_USED__INIT;
	uint64_t first = create_token(k, 1, 1, "").device;

	kit_online(k, 1, 1);
	/* u1 has its first token from the kit, last used long ago; the second was used now. */
	used.devices = &first;
	used.n_devices = 1;
	used.time_ms = FAR_FUTURE;
	assert_int_equal(WRITE(k, TOKENS_USED, &used).code, KITH_E_OK);
	for (unsigned i = 2; i < DEVICES_PER_USER_MAX; i++)
		assert_int_equal(create_token(k, 1, i, "").code, KITH_E_OK);
	assert_int_equal(kit_number(k, TOKENS_OF_U1), DEVICES_PER_USER_MAX);
	assert_int_equal(revoked(k, 1, 1), 0);
	assert_int_equal(create_token(k, 1, 500, "").code, KITH_E_OK);
	assert_int_equal(kit_number(k, TOKENS_OF_U1), DEVICES_PER_USER_MAX);
	assert_int_equal(revoked(k, 1, 1), 1);
	assert_true(k->head.device == 1 && k->head.except == 0);
	assert_int_equal(create_token(k, 1, 501, "").code, KITH_E_OK);
	assert_int_equal(find_token(k, 1).code, KITH_E_OK);
	assert_int_equal(find_token(k, 2).code, KITH_E_TOKEN_INVALID);
}

static void
tokens_revoked_long_ago_are_removed(void **state)
{
	struct kit *k = *state;

	kit_do(k, "UPDATE tokens SET revoked_ms = 5 WHERE user IN (1, 2)");
	create_token(k, 1, 1, "");
	set_password(k, 1, HASH1, 0, false);
	create_token(k, 1, 2, HASH1);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM tokens WHERE user = 1"), 2);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM tokens WHERE user = 2"), 1);
}

static void
use_is_noted_forward_only(void **state)
{
	struct kit *k = *state;
	Kith__Ipc__TokensUsed used = KITH__IPC__TOKENS_USED__INIT;
	uint64_t devices[] = { 1, 2, 999 };

	used.devices = devices;
	used.n_devices = 3;
	used.time_ms = 1000;
	WRITE(k, TOKENS_USED, &used);
	used.time_ms = 500;
	WRITE(k, TOKENS_USED, &used);
	assert_int_equal(kit_number(k, "SELECT SUM(used_ms) FROM tokens WHERE id < 4"), 2001);
}

static void
questions_are_checked(void **state)
{
	struct kit *k = *state;
	static char longer[1000];
	Kith__Ipc__FindAccount find_account = KITH__IPC__FIND_ACCOUNT__INIT;
	Kith__Ipc__FindToken short_hash = KITH__IPC__FIND_TOKEN__INIT;
	Kith__Ipc__CreateInvite no_uses = KITH__IPC__CREATE_INVITE__INIT;
	Kith__Ipc__CreateAccount c = account("", HASH1, 0);

	memset(longer, 'x', sizeof(longer) - 1);
	assert_int_equal(WRITE(k, FIND_ACCOUNT, &find_account).code, KITH_E_BAD_REQUEST);
	assert_int_equal(READ(k, CREATE_ACCOUNT, &c).code, KITH_E_BAD_REQUEST);
	assert_int_equal(WRITE(k, CREATE_ACCOUNT, &c).code, KITH_E_BAD_REQUEST);
	c = account(longer, HASH1, 0);
	assert_int_equal(WRITE(k, CREATE_ACCOUNT, &c).code, KITH_E_BAD_REQUEST);
	c = account("bob", longer, 0);
	assert_int_equal(WRITE(k, CREATE_ACCOUNT, &c).code, KITH_E_BAD_REQUEST);
	assert_int_equal(READ(k, FIND_TOKEN, &short_hash).code, KITH_E_BAD_REQUEST);
	no_uses.hash = secret(1);
	assert_int_equal(WRITE(k, CREATE_INVITE, &no_uses).code, KITH_E_BAD_REQUEST);
	assert_int_equal(set_password(k, 1, "", 0, false).code, KITH_E_BAD_REQUEST);
	assert_int_equal(ask(k, ROLE_WRITER, KITH__IPC__ASK__WHAT__NOT_SET, NULL).code,
	    KITH_E_BAD_REQUEST);
}

/*
 * Requests of clients. User n's requests come from device n, which is online at worker 0.
 */

static Kith__V1__Request
request(Kith__V1__Request__BodyCase what, void *body)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;

	r.body_case = what;
	r.hello = body;
	return r;
}

static enum kith_err
revoke_session(struct kit *k, uint64_t user, uint64_t device)
{
	Kith__V1__RevokeSession m = KITH__V1__REVOKE_SESSION__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_REVOKE_SESSION, &m);

	m.device = device;
	return kit_error(kit_ask(k, user, &r));
}

static void
logout_answers_then_revokes(void **state)
{
	struct kit *k = *state;
	Kith__V1__Logout m = KITH__V1__LOGOUT__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_LOGOUT, &m);

	kit_online(k, 1, 0);
	kit_online(k, 1, 1);
	/* The second time as a repetition. */
	for (unsigned i = 0; i < 2; i++) {
		Kith__V1__Reply *reply = kit_ask(k, 1, &r);

		assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_DONE);
		assert_int_equal(k->head.flags, IPC_F_CLOSE);
		for (unsigned worker = 0; worker < KIT_WORKERS; worker++) {
			assert_int_equal(revoked(k, worker, 1), 1);
			assert_true(k->head.device == 1 && k->head.except == 0);
		}
	}
	assert_int_equal(kit_number(k, TOKENS_OF_U1), 0);
}

static void
session_is_revoked_by_its_user(void **state)
{
	struct kit *k = *state;
	struct answer a = create_token(k, 1, 1, "");

	kit_online(k, 1, 0);
	kit_online(k, 1, 1);
	assert_int_equal(revoke_session(k, 2, a.device), KITH_E_NO_SUCH_SESSION);
	assert_int_equal(revoke_session(k, 1, 999), KITH_E_NO_SUCH_SESSION);
	assert_int_equal(revoke_session(k, 1, UINT64_MAX), KITH_E_NO_SUCH_SESSION);
	assert_int_equal(find_token(k, 1).code, KITH_E_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(revoke_session(k, 1, a.device), KITH_E_OK);
		assert_int_equal(revoked(k, 0, 1), 1);
		assert_true(k->head.device == a.device);
		assert_int_equal(revoked(k, 1, 1), 1);
	}
	assert_int_equal(find_token(k, 1).code, KITH_E_TOKEN_INVALID);
	assert_int_equal(kit_number(k, TOKENS_OF_U1), 1);
}

static void
every_worker_is_told(struct kit *k)
{
	for (unsigned worker = 0; worker < KIT_WORKERS; worker++)
		assert_int_equal(revoked(k, worker, 1), 1);
}

/* Else a session would stay open whose user is out. */
static void
revocation_reaches_all_when_the_registry_is_broken(void **state)
{
	struct kit *k = *state;
	struct answer a = create_token(k, 1, 1, "");
	Kith__V1__Logout m = KITH__V1__LOGOUT__INIT;
	Kith__V1__Request logout = request(KITH__V1__REQUEST__BODY_LOGOUT, &m);

	kit_online(k, 1, 1);
	registry_break(&k->shared.registry);
	assert_int_equal(revoke_session(k, 1, a.device), KITH_E_OK);
	every_worker_is_told(k);
	assert_int_equal(set_password(k, 1, HASH1, 0, false).code, KITH_E_OK);
	every_worker_is_told(k);
	assert_int_equal(set_disabled(k, "u1", true).code, KITH_E_OK);
	every_worker_is_told(k);
	kit_ask(k, 1, &logout);
	every_worker_is_told(k);
}

static void
sessions_are_listed(void **state)
{
	struct kit *k = *state;
	Kith__V1__ListSessions m = KITH__V1__LIST_SESSIONS__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_LIST_SESSIONS, &m);
	struct answer a = create_token(k, 1, 1, ""), gone = create_token(k, 1, 2, "");
	const Kith__V1__Session *session;
	Kith__V1__Reply *reply;

	kit_online(k, 1, 0);
	revoke_session(k, 1, gone.device);
	reply = kit_query(k, 1, &r);
	assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_SESSIONS);
	assert_int_equal(reply->sessions->n_sessions, 2);
	session = reply->sessions->sessions[0];
	assert_true(session->device == 1 && session->current && session->online);
	assert_true(session->created_ms == 1 && session->used_ms == 1);
	session = reply->sessions->sessions[1];
	assert_true(session->device == a.device && !session->current && !session->online);
	assert_string_equal(session->device_name, "desk");
	assert_true(session->used_ms == session->created_ms && session->used_ms > 1000);
	reply = kit_query(k, 999, &r);
	assert_int_equal(reply->sessions->n_sessions, 0);
}

/* -- hooks ---------------------------------------------------------------- */

#define HOOKS	"SELECT COUNT(*) FROM tokens WHERE hook <> 0 AND revoked_ms IS NULL"

static void
put_hook(struct kit *k, uint64_t user, const char *target, const char *name)
{
	Kith__V1__CreateHook m = KITH__V1__CREATE_HOOK__INIT;
	Kith__V1__Target t = KITH__V1__TARGET__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_CREATE_HOOK, &m);

	kit_target(&t, target);
	m.target = &t;
	m.name = (char *)(uintptr_t)name;
	kit_request(k, user, &r);
}

static Kith__V1__Reply *
create_hook(struct kit *k, uint64_t user, const char *target, const char *name)
{
	Kith__V1__Reply *r = NULL;

	put_hook(k, user, target, name);
	kit_turn(k);
	assert_int_equal(kit_next(k, 0, &r), 0);
	assert_int_equal(k->head.type, IPC_REPLY);
	return r;
}

static struct answer
find_text(struct kit *k, const char *text, bool hook)
{
	Kith__Ipc__FindToken f = KITH__IPC__FIND_TOKEN__INIT;
	uint8_t hash[TOKEN_HASH_BYTES];

	assert_int_equal(token_hash(TOKEN_BYTES, text, hash), 0);
	f.hash = (ProtobufCBinaryData){ sizeof(hash), hash };
	f.hook = hook;
	return READ(k, FIND_TOKEN, &f);
}

static void
hook_is_made_found_and_listed(void **state)
{
	struct kit *k = *state;
	Kith__V1__ListSessions m = KITH__V1__LIST_SESSIONS__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_LIST_SESSIONS, &m);
	const Kith__V1__HookCreated *made;
	const Kith__V1__Sessions *list;
	struct answer a;
	uint64_t group;

	assert_int_equal(kit_group(k, 1, "tea", false, &group), KITH_E_OK);
	made = create_hook(k, 1, "#tea", "build")->hook_created;
	assert_int_equal(made->conversation, group);
	assert_int_equal(strlen(made->token), TOKEN_CHARS);
	a = find_text(k, made->token, true);
	assert_int_equal(a.code, KITH_E_OK);
	assert_true(a.id == 1 && a.device == made->device && a.hook == group);
	assert_string_equal(a.device_name, "build");
	/* It is no device's token, and a device's is no hook's. */
	assert_int_equal(find_text(k, made->token, false).code, KITH_E_TOKEN_INVALID);
	create_token(k, 1, 1, "");
	a = find_token(k, 1);
	assert_true(a.code == KITH_E_OK && a.hook == 0);
	list = kit_query(k, 1, &r)->sessions;
	assert_int_equal(list->n_sessions, 3);
	assert_int_equal(list->sessions[0]->hook, 0);
	assert_int_equal(list->sessions[1]->device, made->device);
	assert_int_equal(list->sessions[1]->hook, group);
	assert_string_equal(list->sessions[1]->device_name, "build");
	assert_int_equal(revoke_session(k, 2, made->device), KITH_E_NO_SUCH_SESSION);
	assert_int_equal(revoke_session(k, 1, made->device), KITH_E_OK);
	assert_int_equal(find_text(k, made->token, true).code, KITH_E_TOKEN_INVALID);
	assert_int_equal(kit_query(k, 1, &r)->sessions->n_sessions, 2);
}

static void
hook_goes_with_its_makers_password(void **state)
{
	struct kit *k = *state;
	const char *token = create_hook(k, 1, "@u2", "build")->hook_created->token;

	assert_int_equal(set_password(k, 1, HASH1, 1, true).code, KITH_E_OK);
	assert_int_equal(find_text(k, token, true).code, KITH_E_OK);
	assert_int_equal(set_disabled(k, "u1", true).code, KITH_E_OK);
	assert_true(find_text(k, token, true).disabled);
	assert_int_equal(set_password(k, 1, HASH2, 1, false).code, KITH_E_OK);
	assert_int_equal(find_text(k, token, true).code, KITH_E_TOKEN_INVALID);
}

static void
hook_is_for_who_may_send_there(void **state)
{
	static char long_name[HOOK_NAME_BYTES_MAX + 2];
	static const struct {
		const char *target, *name;
		enum kith_err want;
	} rows[] = {
		{ "#tea", "build", KITH_E_NO_SUCH_GROUP },
		{ "#open", "build", KITH_E_NOT_MEMBER },
		{ "#none", "build", KITH_E_NO_SUCH_GROUP },
		{ "@nobody", "build", KITH_E_NO_SUCH_USER },
		{ "@u3", "build", KITH_E_NO_SUCH_USER },		/* disabled */
		{ "=12345", "build", KITH_E_NO_SUCH_CONVERSATION },
		{ "@u2", "", KITH_E_BAD_REQUEST },
		{ "@u2", "two\nlines", KITH_E_BAD_REQUEST },
		{ "@u2", "\x1b[31m", KITH_E_BAD_REQUEST },
		{ "@u2", "\xe2\x80\xae", KITH_E_BAD_REQUEST },	/* right to left */
		{ "@u2", long_name, KITH_E_TOO_LARGE },
		{ "@u2", long_name + 1, KITH_E_OK },
		{ "@u1", "build", KITH_E_OK },
	};
	struct kit *k = *state;
	Kith__V1__CreateHook no_target = KITH__V1__CREATE_HOOK__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_CREATE_HOOK, &no_target);
	static char name[] = "build";

	memset(long_name, 'x', sizeof(long_name) - 1);
	assert_int_equal(set_disabled(k, "u3", true).code, KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "tea", false, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "open", true, NULL), KITH_E_OK);
	kit_drop_told(k);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(kit_error(create_hook(k, 1, rows[i].target, rows[i].name)),
		    rows[i].want);
	no_target.name = name;
	assert_int_equal(kit_error(kit_ask(k, 1, &r)), KITH_E_BAD_REQUEST);
	assert_int_equal(kit_number(k, HOOKS), 2);
}

/* Neither takes the other's place. */
static void
hooks_and_devices_are_counted_apart(void **state)
{
	struct kit *k = *state;
	Kith__V1__ListSessions m = KITH__V1__LIST_SESSIONS__INIT;
	Kith__V1__Request r = request(KITH__V1__REQUEST__BODY_LIST_SESSIONS, &m);
	static char name[HOOK_NAME_BYTES_MAX + 1];
	const char *token = NULL;

	memset(name, 'x', HOOK_NAME_BYTES_MAX);
	for (unsigned i = 0; i < DEVICES_PER_USER_MAX; i++)
		token = create_hook(k, 1, "@u2", name)->hook_created->token;
	assert_int_equal(kit_error(create_hook(k, 1, "@u2", name)), KITH_E_TOO_MANY);
	for (unsigned i = 1; i <= DEVICES_PER_USER_MAX; i++)
		assert_int_equal(create_token(k, 1, i, "").code, KITH_E_OK);
	assert_int_equal(kit_number(k, HOOKS), DEVICES_PER_USER_MAX);
	assert_int_equal(kit_number(k, TOKENS_OF_U1), 2 * DEVICES_PER_USER_MAX);
	assert_int_equal(kit_query(k, 1, &r)->sessions->n_sessions, 2 * DEVICES_PER_USER_MAX);
	assert_int_equal(find_text(k, token, true).code, KITH_E_OK);
	assert_int_equal(kit_error(create_hook(k, 2, "@u1", name)), KITH_E_OK);
}

/* Its inbox was not released: nobody has the first one's secret. */
static void
killed_writer_makes_another_hook(void **state)
{
	struct kit *k = *state;
	Kith__V1__Reply *first, *second;

	put_hook(k, 1, "@u2", "build");
	kit_read_inbox(k);
	assert_int_equal(kit_next(k, 0, &first), 0);
	kit_restart_writer(k);
	kit_turn(k);
	assert_int_equal(kit_next(k, 0, &second), 0);
	assert_int_equal(kit_number(k, HOOKS), 2);
	assert_int_equal(find_text(k, second->hook_created->token, true).code, KITH_E_OK);
	assert_string_not_equal(first->hook_created->token, second->hook_created->token);
}

int
main(void)
{
	int failures = 0;

	for (unsigned i = 0; i < kit_nkinds; i++) {
		const struct kit_kind *kind = &kit_kinds[i];
		const struct CMUnitTest tests[] = {
			KIT_TEST(account_is_made_and_found),
			KIT_TEST(account_is_in_the_lobby),
			KIT_TEST(account_is_made_once),
			KIT_TEST(invite_of_one_use_serves_one),
			KIT_TEST(invites_end),
			KIT_TEST(invite_is_made_once),
			KIT_TEST(names_are_taken_by_look_too),
			KIT_TEST(invites_are_checked_without_using_them),
			KIT_TEST(administrator_needs_no_invite),
			KIT_TEST(new_password_revokes_the_others),
			KIT_TEST(same_password_revokes_none),
			KIT_TEST(disabled_is_out_at_once),
			KIT_TEST(token_is_made_once_and_found),
			KIT_TEST(token_needs_the_hash_of_now),
			KIT_TEST(last_client_id_is_of_the_device),
			KIT_TEST(oldest_device_makes_room),
			KIT_TEST(tokens_revoked_long_ago_are_removed),
			KIT_TEST(use_is_noted_forward_only),
			KIT_TEST(questions_are_checked),
			KIT_TEST(logout_answers_then_revokes),
			KIT_TEST(session_is_revoked_by_its_user),
			KIT_TEST(revocation_reaches_all_when_the_registry_is_broken),
			KIT_TEST(sessions_are_listed),
			KIT_TEST(hook_is_made_found_and_listed),
			KIT_TEST(hook_goes_with_its_makers_password),
			KIT_TEST(hook_is_for_who_may_send_there),
			KIT_TEST(hooks_and_devices_are_counted_apart),
			KIT_TEST(killed_writer_makes_another_hook),
		};

		if (strcmp(kind->database, "mysql") == 0 && !mariadb_there()) {
			printf("%s: skipped, mariadbd is not installed\n", kind->name);
			continue;
		}
		if (kind->plain)	/* is about batches of messages */
			continue;
		failures += cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
	}
	return failures == 0 ? 0 : 1;
}
