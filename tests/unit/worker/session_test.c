/*
 * session_test.c - the way in and the way of a request, as server/README.md has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "protocol/wire.h"
#include "tests/unit/kit/worker_kit.h"

static void
post_login(struct client *c, uint64_t id)
{
	static char token[] = "token";
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;

	login.token = token;
	client_post(c, id, KITH__V1__REQUEST__BODY_LOGIN_TOKEN, &login);
}

static void
say_login_failed(struct kit *k, struct ipc_head h, enum kith_err code, uint32_t retry_ms)
{
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;

	login.code = code;
	login.retry_after_ms = retry_ms;
	h.type = IPC_LOGIN;
	kit_say_msg(k, KIT_AUTH, &h, &login.base);
}

/* -- login ---------------------------------------------------------------- */

static void
login_ends_in_the_registry(void **state)
{
	struct kit *k = *state;
	struct registry_session s;
	struct client c;
	uint64_t groups[] = { KIT_GROUP, 8 };

	client_open(&c, k);
	client_login(&c, 3, 9, groups, 2);
	assert_int_equal(registry_find(&k->shared->registry, 3, &s, 1), 1);
	assert_int_equal(s.worker, 0);
	assert_int_equal(s.generation, k->p.generation);
	assert_int_equal(s.device, 9);
	assert_int_equal(s.slot, c.conn->place);
	assert_int_equal(s.serial, c.conn->serial);
	assert_string_equal(s.name, "somebody");
	assert_true(kit_follows(k, KIT_GROUP) && kit_follows(k, 8) && !kit_follows(k, 9));
	assert_int_equal(kit_counter(k, STAT_sessions_open), 1);
	assert_int_equal(kit_counter(k, STAT_logins), 1);
	client_close(&c);
	assert_int_equal(kit_online(k, 3), 0);
	assert_false(kit_follows(k, KIT_GROUP));
	assert_int_equal(kit_counter(k, STAT_sessions_open), 0);
}

static void
events_reach_a_session_from_its_login_on(void **state)
{
	struct kit *k = *state;
	struct client c;
	struct ipc_head load, direct = { .flags = IPC_F_USERS, .user = { 3, 4 } };
	uint64_t groups[] = { KIT_GROUP };

	client_open(&c, k);
	client_hello(&c);
	client_login_half(&c, 3, 9, &load);
	/* Before LoggedIn there is nothing: the client will sync. */
	kit_say_event(k, &direct, 1, 5);
	kit_say_loaded(k, load, true, groups, 1);
	client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	kit_say_event(k, &direct, 2, 5);
	kit_say_group_event(k, KIT_GROUP, 3);
	kit_say_group_event(k, 8, 4);
	kit_say_event(k, &(struct ipc_head){ .flags = IPC_F_USERS, .user = { 5, 6 } }, 5, 5);
	kit_say_event(k, &(struct ipc_head){ .flags = IPC_F_USERS, .user = { 3, 3 } }, 6, 5);
	client_expect_event(&c, 2);
	client_expect_event(&c, 3);
	client_expect_event(&c, 6);
	assert_null(client_reply(&c));
	client_close(&c);
}

static void
members_that_change_while_loading_are_right(void **state)
{
	static const struct {
		bool loaded, changes[2];
		unsigned n;
		bool want;
	} rows[] = {
		{ true, { false }, 0, true },
		{ false, { true }, 1, true },
		{ true, { false }, 1, false },
		{ true, { false, true }, 2, true },
		{ false, { true, false }, 2, false },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipc_head load;
		struct client c;
		uint64_t groups[] = { 8, KIT_GROUP };

		client_open(&c, k);
		client_hello(&c);
		client_login_half(&c, 3, 9, &load);
		for (unsigned n = 0; n < rows[i].n; n++)
			kit_say_member(k, 3, KIT_GROUP, rows[i].changes[n]);
		kit_say_member(k, 4, 9, true);
		kit_say_loaded(k, load, true, groups, rows[i].loaded ? 2 : 1);
		client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
		assert_int_equal(kit_follows(k, KIT_GROUP), rows[i].want);
		assert_true(kit_follows(k, 8));
		assert_false(kit_follows(k, 9));
		client_close(&c);
	}
}

static void
members_that_change_later_are_followed(void **state)
{
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	kit_say_member(k, 3, KIT_GROUP, true);
	kit_say_member(k, 3, KIT_GROUP, true);
	kit_turn(k);
	assert_true(kit_follows(k, KIT_GROUP));
	kit_say_group_event(k, KIT_GROUP, 1);
	client_expect_event(&c, 1);
	assert_null(client_reply(&c));		/* once */
	kit_say_member(k, 3, KIT_GROUP, false);
	kit_turn(k);
	assert_false(kit_follows(k, KIT_GROUP));
	client_close(&c);
}

static void
refused_login_may_be_tried_again(void **state)
{
	struct kit *k = *state;
	struct client c;
	struct ipc_head h;
	Kith__V1__Request *r;
	Kith__V1__Reply *reply;

	client_open(&c, k);
	client_hello(&c);
	post_login(&c, 2);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_AUTH, &h, &r));
	assert_int_equal(h.user[0], 0);
	assert_int_equal(h.address[15], 1);
	say_login_failed(k, h, KITH_E_RATE_LIMITED, 1234);
	reply = client_reply(&c);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_ERROR);
	assert_int_equal(reply->error->code, KITH_E_RATE_LIMITED);
	assert_int_equal(reply->error->retry_after_ms, 1234);
	assert_int_equal(kit_counter(k, STAT_logins_failed), 1);
	client_login_half(&c, 3, 9, &h);
	/* Nobody answers this time, and the client has gone. */
	client_close(&c);
	kit_later(k, REQUEST_MS);
	kit_turn(k);
	assert_int_equal(kit_online(k, 3), 0);
	assert_int_equal(k->w.nconns, 0);
}

static void
what_load_says_decides(void **state)
{
	struct kit *k = *state;
	struct ipc_head load;
	struct client c;

	/* The token was revoked meanwhile. */
	client_open(&c, k);
	client_hello(&c);
	client_login_half(&c, 3, 9, &load);
	kit_say_loaded(k, load, false, NULL, 0);
	client_expect_closing(&c, KITH_E_REVOKED);
	assert_int_equal(kit_online(k, 3), 0);
	client_close(&c);
	/* The database is away. */
	client_open(&c, k);
	client_hello(&c);
	client_login_half(&c, 3, 9, &load);
	load.code = KITH_E_UNAVAILABLE;
	kit_say_loaded(k, load, false, NULL, 0);
	client_expect_error(&c, 2, KITH_E_UNAVAILABLE);
	assert_int_equal(kit_online(k, 3), 0);
	client_login_half(&c, 3, 9, &load);
	kit_say_loaded(k, load, true, NULL, 0);
	client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	client_close(&c);
}

static void
lost_load_is_sent_again(void **state)
{
	struct kit *k = *state;
	struct ipc_head first, second;
	struct client c;
	const uint8_t *none;
	uint32_t len;

	client_open(&c, k);
	client_hello(&c);
	client_login_half(&c, 3, 9, &first);
	kit_later(k, 3000);
	assert_true(kit_take(k, KIT_READER, &second, &none, &len));
	assert_int_equal(second.type, IPC_LOAD);
	assert_int_not_equal(second.request, first.request);
	/* What was asked before does not count any more. */
	kit_say_loaded(k, first, false, NULL, 0);
	kit_turn(k);
	assert_int_equal(c.conn->session.state, S_LOADING);
	kit_say_loaded(k, second, true, NULL, 0);
	client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	client_close(&c);
}

static void
login_dies_with_auth(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c;

	client_open(&c, k);
	client_hello(&c);
	post_login(&c, 5);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_AUTH, &h, &r));
	k->shared->slots[KIT_AUTH].generation++;
	client_expect_error(&c, 5, KITH_E_UNAVAILABLE);
	/* What it said before it died comes too late. */
	say_login_failed(k, h, KITH_E_AUTH_FAILED, 0);
	assert_null(client_reply(&c));
	assert_int_equal(c.conn->session.state, S_GREETED);
	client_close(&c);
}

static void
full_server_refuses_logins(void **state)
{
	struct kit *k = *state;
	struct client c;
	struct ipc_head h;
	Kith__V1__Request *r;
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	static char name[] = "late";

	client_open(&c, k);
	client_hello(&c);
	k->conf.sessions_max = 0;
	post_login(&c, 2);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_AUTH, &h, &r));
	login.user_id = 3;
	login.device = 9;
	login.name = name;
	h.type = IPC_LOGIN;
	kit_say_msg(k, KIT_AUTH, &h, &login.base);
	client_expect_error(&c, 2, KITH_E_SERVER_FULL);
	assert_int_equal(kit_online(k, 3), 0);
	client_close(&c);
}

/* A granted login of user 3 with device 9, and of a hook's if one is given. */
static void
say_logged_in(struct kit *k, struct ipc_head h, uint64_t hook, const char *hook_name)
{
	static char name[] = "somebody";
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	Kith__V1__LoggedIn in = KITH__V1__LOGGED_IN__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	uint8_t packed[256];

	reply.id = h.request;
	reply.body_case = KITH__V1__REPLY__BODY_LOGGED_IN;
	reply.logged_in = &in;
	in.user_id = login.user_id = 3;
	in.device = login.device = 9;
	login.admin = true;
	login.name = name;
	login.hook = hook;
	login.device_name = (char *)(uintptr_t)hook_name;
	login.reply.data = packed;
	login.reply.len = kith__v1__reply__pack(&reply, packed);
	h.type = IPC_LOGIN;
	kit_say_msg(k, KIT_AUTH, &h, &login.base);
}

/* A client of a door that made its session light, up to auth's inbox. */
static void
open_light(struct client *c, struct kit *k, bool by_hook, struct ipc_head *h)
{
	Kith__V1__Request *r;

	client_open(c, k);
	client_hello(c);
	c->conn->session.light = true;
	c->conn->session.by_hook = by_hook;
	post_login(c, 2);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_AUTH, h, &r));
}

static void
light_session_is_in_no_table(void **state)
{
	struct kit *k = *state;
	struct ipc_head h, direct = { .flags = IPC_F_USERS, .user = { 3, 4 } };
	Kith__V1__Request *r;
	const uint8_t *none;
	struct client c;
	uint32_t len;

	open_light(&c, k, false, &h);
	assert_int_equal(h.flags, 0);
	say_logged_in(k, h, 0, "");
	client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	assert_int_equal(c.conn->session.state, S_READY);
	assert_int_equal(c.conn->session.user, 3);
	assert_true(c.conn->session.admin);
	assert_string_equal(c.conn->session.name, "somebody");
	assert_int_equal(kit_online(k, 3), 0);
	assert_false(kit_take(k, KIT_READER, &h, &none, &len));
	kit_say_event(k, &direct, 1, 5);
	kit_say_member(k, 3, KIT_GROUP, true);
	assert_null(client_reply(&c));
	assert_false(kit_follows(k, KIT_GROUP));
	/* It asks as the user. */
	client_send(&c, 5, CLIENT_ID_FREE_BIT | 1, "x");
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	assert_int_equal(h.user[0], 3);
	assert_int_equal(h.device, 9);
	/* News that were lost are none of its own. */
	session_distrust_all(&k->w);
	client_expect_error(&c, 5, KITH_E_UNAVAILABLE);
	kit_turn(k);
	assert_false(kit_take(k, KIT_READER, &h, &none, &len));
	assert_null(client_reply(&c));
	client_close(&c);
	assert_false(kit_take(k, KIT_WRITER, &h, &none, &len));	/* nobody was seen */
	assert_int_equal(kit_counter(k, STAT_sessions_open), 0);
}

static void
hook_sends_to_its_conversation_alone(void **state)
{
	struct kit *k = *state;
	Kith__V1__Target to[2] = { KITH__V1__TARGET__INIT, KITH__V1__TARGET__INIT };
	Kith__V1__Target *targets[] = { &to[0], &to[1] };
	Kith__V1__Send body = KITH__V1__SEND__INIT;
	Kith__V1__ListSessions list = KITH__V1__LIST_SESSIONS__INIT;
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	static char text[] = "x", group[] = "tea";
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c;

	open_light(&c, k, true, &h);
	assert_int_equal(h.flags, IPC_F_HOOK);
	say_logged_in(k, h, KIT_GROUP, "build");
	client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	assert_int_equal(c.conn->session.hook, KIT_GROUP);
	assert_string_equal(c.conn->session.hook_name, "build");
	client_post(&c, 10, KITH__V1__REQUEST__BODY_LIST_SESSIONS, &list);
	client_expect_error(&c, 10, KITH_E_NOT_PERMITTED);
	client_post(&c, 11, KITH__V1__REQUEST__BODY_PING, &ping);
	client_expect_error(&c, 11, KITH_E_NOT_PERMITTED);
	body.text = text;
	body.targets = targets;
	body.client_id = CLIENT_ID_FREE_BIT | 1;
	client_post(&c, 12, KITH__V1__REQUEST__BODY_SEND, &body);
	client_expect_error(&c, 12, KITH_E_NOT_PERMITTED);
	to[0].to_case = to[1].to_case = KITH__V1__TARGET__TO_CONVERSATION;
	to[0].conversation = KIT_GROUP;
	to[1].conversation = 8;
	body.n_targets = 2;
	client_post(&c, 13, KITH__V1__REQUEST__BODY_SEND, &body);
	client_expect_error(&c, 13, KITH_E_NOT_PERMITTED);
	body.n_targets = 1;
	targets[0] = &to[1];
	client_post(&c, 14, KITH__V1__REQUEST__BODY_SEND, &body);
	client_expect_error(&c, 14, KITH_E_NOT_PERMITTED);
	to[1].to_case = KITH__V1__TARGET__TO_GROUP;
	to[1].group = group;
	client_post(&c, 15, KITH__V1__REQUEST__BODY_SEND, &body);
	client_expect_error(&c, 15, KITH_E_NOT_PERMITTED);
	targets[0] = &to[0];
	client_post(&c, 16, KITH__V1__REQUEST__BODY_SEND, &body);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	assert_int_equal(h.request, 16);
	client_close(&c);
}

/* A hook's token makes no session that lasts, and no other token makes a hook's. */
static void
hooks_and_devices_are_not_mixed(void **state)
{
	static const struct {
		bool by_hook;
		uint64_t hook;
	} rows[] = { { false, KIT_GROUP }, { true, 0 } };
	static char long_name[HOOK_NAME_BYTES_MAX + 2];
	struct kit *k = *state;
	struct ipc_head h;
	struct client c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_light(&c, k, rows[i].by_hook, &h);
		say_logged_in(k, h, rows[i].hook, "build");
		client_expect_error(&c, 2, KITH_E_INTERNAL);
		assert_int_equal(c.conn->session.state, S_GREETED);
		assert_int_equal(c.conn->session.hook, 0);
		client_close(&c);
	}
	memset(long_name, 'x', sizeof(long_name) - 1);
	open_light(&c, k, true, &h);
	say_logged_in(k, h, KIT_GROUP, long_name);
	client_expect_error(&c, 2, KITH_E_INTERNAL);
	client_close(&c);
	client_open(&c, k);
	client_hello(&c);
	c.conn->session.by_hook = true;
	post_login(&c, 2);
	client_expect_error(&c, 2, KITH_E_NOT_PERMITTED);
	client_close(&c);
}

/* -- requests ------------------------------------------------------------- */

static void
request_goes_on_with_its_head(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	client_send(&c, 77, UINT64_C(9) << 32 | 1, "hello");
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	assert_int_equal(h.type, IPC_REQUEST);
	assert_int_equal(h.user[0], 3);
	assert_int_equal(h.device, 9);
	assert_int_equal(h.request, 77);
	assert_int_equal(r->id, 77);
	assert_string_equal(r->send->text, "hello");
	kit_say_done(k, KIT_WRITER, &h);
	client_expect_body(&c, 77, KITH__V1__REPLY__BODY_DONE);
	/* A second answer is one too many. */
	kit_say_done(k, KIT_WRITER, &h);
	assert_null(client_reply(&c));
	client_close(&c);
}

static void
answer_for_another_connection_reaches_nobody(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c, next;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	client_send(&c, 77, UINT64_C(9) << 32 | 1, "x");
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	client_close(&c);
	kit_turn(k);
	client_open(&next, k);
	assert_int_equal(next.conn->place, h.session);
	client_hello(&next);
	kit_say_done(k, KIT_WRITER, &h);
	assert_null(client_reply(&next));
	client_close(&next);
}

/* One connection may carry the calls of many, behind a proxy. */
static void
answer_for_an_earlier_session_reaches_nobody(void **state)
{
	struct kit *k = *state;
	struct ipc_head late, h;
	Kith__V1__Request *r;
	const uint8_t *none;
	struct client c;
	uint32_t len;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	client_send(&c, 77, UINT64_C(9) << 32 | 1, "x");
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &late, &r));
	session_restart(c.conn);
	assert_int_equal(c.conn->session.state, S_CONNECTED);
	assert_int_equal(kit_online(k, 3), 0);
	assert_int_equal(kit_counter(k, STAT_sessions_open), 0);
	client_login(&c, 4, 10, NULL, 0);
	assert_true(kit_take(k, KIT_WRITER, &h, &none, &len));
	assert_int_equal(h.type, IPC_SEEN);
	client_send(&c, 77, UINT64_C(10) << 32 | 1, "y");
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	kit_say_done(k, KIT_WRITER, &late);
	assert_null(client_reply(&c));
	kit_say_done(k, KIT_WRITER, &h);
	client_expect_body(&c, 77, KITH__V1__REPLY__BODY_DONE);
	/* Nor does a login that auth grants too late. */
	session_restart(c.conn);
	client_hello(&c);
	post_login(&c, 2);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_AUTH, &late, &r));
	session_restart(c.conn);
	client_hello(&c);
	post_login(&c, 2);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_AUTH, &h, &r));
	say_logged_in(k, late, 0, "");
	kit_turn(k);
	assert_int_equal(c.conn->session.state, S_LOGGING_IN);
	assert_int_equal(kit_online(k, 3), 0);
	client_close(&c);
}

static void
overdue_request_is_unavailable(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	client_send(&c, 77, UINT64_C(9) << 32 | 1, "x");
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	kit_later(k, REQUEST_MS);
	client_expect_error(&c, 77, KITH_E_UNAVAILABLE);
	kit_say_done(k, KIT_WRITER, &h);
	assert_null(client_reply(&c));
	client_close(&c);
}

static void
what_can_be_refused_here_is(void **state)
{
	static char long_text[TEXT_BYTES_MAX + 2];
	struct kit *k = *state;
	struct client c;
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len;
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	const uint64_t mine = UINT64_C(9) << 32;

	memset(long_text, 'x', sizeof(long_text) - 1);
	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	client_send(&c, 0, mine | 1, "x");
	client_expect_error(&c, 0, KITH_E_BAD_REQUEST);
	client_send(&c, 10, mine | 1, "");
	client_expect_error(&c, 10, KITH_E_BAD_REQUEST);
	client_send(&c, 11, mine | 1, long_text);
	client_expect_error(&c, 11, KITH_E_TOO_LARGE);
	client_send(&c, 12, UINT64_C(10) << 32 | 1, "x");
	client_expect_error(&c, 12, KITH_E_BAD_REQUEST);
	client_send(&c, 13, mine, "x");
	client_expect_error(&c, 13, KITH_E_BAD_REQUEST);
	client_post(&c, 14, KITH__V1__REQUEST__BODY_HELLO, &hello);
	client_expect_error(&c, 14, KITH_E_WRONG_STATE);
	client_send(&c, 15, mine | 1, "x");
	client_send(&c, 15, mine | 2, "x");
	client_expect_error(&c, 15, KITH_E_BAD_REQUEST);	/* an id in use */
	assert_true(kit_take(k, KIT_WRITER, &h, &body, &len));
	assert_int_equal(h.request, 15);
	assert_false(kit_take(k, KIT_WRITER, &h, &body, &len));
	client_send(&c, 16, 2 * CLIENT_ID_FREE_BIT | 1, "x");
	client_expect_error(&c, 16, KITH_E_BAD_REQUEST);
	client_send(&c, 17, CLIENT_ID_FREE_BIT, "x");
	kit_turn(k);
	assert_true(kit_take(k, KIT_WRITER, &h, &body, &len));
	assert_int_equal(h.request, 17);
	client_close(&c);
}

static void
rate_is_by_targets_and_tells_when(void **state)
{
	struct kit *k = *state;
	struct client c;
	Kith__V1__Reply *r;
	uint64_t id = UINT64_C(9) << 32;

	k->conf.send_rate = 10;
	k->conf.send_burst = 3;
	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	for (unsigned i = 1; i <= 4; i++)
		client_send(&c, 10 + i, id + i, "x");
	r = client_reply(&c);
	assert_non_null(r);
	assert_int_equal(r->id, 14);
	assert_int_equal(r->error->code, KITH_E_RATE_LIMITED);
	assert_int_equal(r->error->retry_after_ms, 100);
	kit_later(k, 100);
	client_send(&c, 20, id + 20, "x");
	client_send(&c, 21, id + 21, "x");
	client_expect_error(&c, 21, KITH_E_RATE_LIMITED);
	client_close(&c);
}

static void
version_is_agreed_on_first(void **state)
{
	static const struct {
		uint32_t low, high;
		bool good;
	} rows[] = {
		{ 0, 0, false }, { 2, 9, false }, { 1, 1, true }, { 0, 9, true }, { 1, 0, false }
	};
	struct kit *k = *state;
	struct client c;
	Kith__V1__Reply *r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Kith__V1__Hello hello = KITH__V1__HELLO__INIT;

		client_open(&c, k);
		post_login(&c, 1);
		client_expect_error(&c, 1, KITH_E_WRONG_STATE);
		hello.version_min = rows[i].low;
		hello.version_max = rows[i].high;
		client_post(&c, 2, KITH__V1__REQUEST__BODY_HELLO, &hello);
		r = client_reply(&c);
		assert_non_null(r);
		if (rows[i].good) {
			assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_WELCOME);
			assert_int_equal(r->welcome->version, 1);
			assert_int_equal(r->welcome->registration,
			    KITH__V1__REGISTRATION_MODE__INVITE);
			assert_int_equal(r->welcome->limits->frame_bytes, FRAME_BYTES_MAX);
			assert_string_equal(r->welcome->server_name, "test");
		} else {
			assert_int_equal(r->error->code, KITH_E_VERSION);
		}
		client_close(&c);
	}
}

static void
who_is_paged_by_user(void **state)
{
	struct kit *k = *state;
	struct client c[5];
	uint64_t after = 0, users[] = { 30, 10, 20, 10, 40 };
	unsigned seen = 0;

	for (uint64_t i = 0; i < 5; i++) {
		client_open(&c[i], k);
		client_login(&c[i], users[i], i + 1, NULL, 0);
	}
	for (bool more = true; more;) {
		Kith__V1__Who who = KITH__V1__WHO__INIT;
		Kith__V1__Reply *r;

		who.after = after;
		who.limit = 3;
		client_post(&c[0], 50, KITH__V1__REQUEST__BODY_WHO, &who);
		r = client_reply(&c[0]);
		assert_non_null(r);
		assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_PRESENCES);
		for (size_t i = 0; i < r->presences->n_users; i++) {
			assert_int_equal(r->presences->users[i]->user_id, 10 * ++seen);
			assert_int_equal(r->presences->users[i]->sessions, seen == 1 ? 2 : 1);
			assert_true(r->presences->users[i]->online);
			assert_string_equal(r->presences->users[i]->name, "somebody");
			after = r->presences->users[i]->user_id;
		}
		more = r->presences->more;
	}
	assert_int_equal(seen, 4);
	for (int i = 0; i < 5; i++)
		client_close(&c[i]);
}

/* -- states --------------------------------------------------------------- */

static void
states_follow_each_other_as_the_table_says(void **state)
{
	static const enum session_state all[] = {
		S_CONNECTED, S_GREETED, S_LOGGING_IN, S_LOADING, S_READY, S_ENDED,
	};
	/* A row for each `from`, a letter for each `to`. */
	static const char *const may[] = {
		".g...e",
		"..l..e",
		".g.L.e",
		".g..re",
		".....e",
		"......",
	};

	(void)state;
	for (unsigned from = 0; from < 6; from++)
		for (unsigned to = 0; to < 6; to++)
			assert_int_equal(session_may_become(all[from], all[to]),
			    may[from][to] != '.');
}

/* -- replies that cannot be sent ------------------------------------------ */

static void
too_long_a_reply_is_answered_with_an_error(void **state)
{
	static char text[FRAME_BYTES_MAX + 1];
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Error error = KITH__V1__ERROR__INIT;
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	client_hello(&c);
	memset(text, 'x', sizeof(text) - 1);
	error.text = text;
	reply.id = 5;
	reply.body_case = KITH__V1__REPLY__BODY_ERROR;
	reply.error = &error;
	session_reply(c.conn, &reply);
	client_expect_error(&c, 5, KITH_E_TOO_LARGE);
	assert_int_equal(kit_counter(k, STAT_replies_lost), 1);
	client_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_follow_each_other_as_the_table_says),
		KIT_TEST(too_long_a_reply_is_answered_with_an_error),
		KIT_TEST(login_ends_in_the_registry),
		KIT_TEST(events_reach_a_session_from_its_login_on),
		KIT_TEST(members_that_change_while_loading_are_right),
		KIT_TEST(members_that_change_later_are_followed),
		KIT_TEST(refused_login_may_be_tried_again),
		KIT_TEST(what_load_says_decides),
		KIT_TEST(lost_load_is_sent_again),
		KIT_TEST(login_dies_with_auth),
		KIT_TEST(full_server_refuses_logins),
		KIT_TEST(light_session_is_in_no_table),
		KIT_TEST(hook_sends_to_its_conversation_alone),
		KIT_TEST(hooks_and_devices_are_not_mixed),
		KIT_TEST(request_goes_on_with_its_head),
		KIT_TEST(answer_for_another_connection_reaches_nobody),
		KIT_TEST(answer_for_an_earlier_session_reaches_nobody),
		KIT_TEST(overdue_request_is_unavailable),
		KIT_TEST(what_can_be_refused_here_is),
		KIT_TEST(rate_is_by_targets_and_tells_when),
		KIT_TEST(version_is_agreed_on_first),
		KIT_TEST(who_is_paged_by_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
