/*
 * worker_test.c - the flows of server/README.md on the worker's side: login, requests,
 * news, full inboxes, the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/wire.h"
#include "tests/unit/fake_shared.h"
#include "tests/unit/worker_kit.h"

#define GROUP	UINT64_C(7)

static int
set_up(void **state)
{
	static struct kit kit;

	kit_init(&kit);
	*state = &kit;
	return 0;
}

static int
tear_down(void **state)
{
	kit_fini(*state);
	return 0;
}

static uint64_t
counter(const struct kit *k, enum stat_id id)
{
	return k->p.stats->v[id];
}

static int
online(struct kit *k, uint64_t user)
{
	return registry_find(&k->shared->registry, user, NULL, 0);
}

static bool
follows(struct kit *k, uint64_t group)
{
	uint32_t mask;

	assert_int_equal(registry_group_workers(&k->shared->registry, group, &mask), 0);
	return mask & 1u;
}

static void
say_loaded(struct kit *k, struct ipc_head h, bool valid, uint64_t *groups, size_t n)
{
	Kith__Ipc__Loaded loaded = KITH__IPC__LOADED__INIT;

	loaded.valid = valid;
	loaded.groups = groups;
	loaded.n_groups = n;
	h.type = IPC_LOADED;
	kit_say_msg(k, KIT_READER, &h, &loaded.base);
}

static void
say_member(struct kit *k, uint64_t user, uint64_t group, bool joined)
{
	struct ipc_head h = {
		.type = IPC_MEMBER, .user = { user }, .conversation = group,
		.flags = joined ? IPC_F_JOINED : 0,
	};

	kit_say(k, KIT_WRITER, &h, NULL, 0);
}

static void
say_group_event(struct kit *k, uint64_t group, uint64_t seq)
{
	struct ipc_head h = { .flags = IPC_F_FOLLOWERS, .conversation = group };

	kit_say_event(k, &h, seq, 5);
}

static void
expect_event(struct client *c, uint64_t seq)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_EVENT);
	assert_int_equal(r->event->seq, seq);
	assert_int_equal(r->id, 0);
}

static void
expect_body(struct client *c, uint64_t id, Kith__V1__Reply__BodyCase what)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->body_case, what);
	assert_int_equal(r->id, id);
}

/* A request without fields that the writer answers. */
static void
post_logout(struct client *c, uint64_t id)
{
	Kith__V1__Logout logout = KITH__V1__LOGOUT__INIT;

	client_post(c, id, KITH__V1__REQUEST__BODY_LOGOUT, &logout);
}

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

/* ------------------------------------------------------------- login */

static void
login_ends_in_the_registry(void **state)
{
	struct kit *k = *state;
	struct registry_session s;
	struct client c;
	uint64_t groups[] = { GROUP, 8 };

	client_open(&c, k);
	client_login(&c, 3, 9, groups, 2);
	assert_int_equal(registry_find(&k->shared->registry, 3, &s, 1), 1);
	assert_int_equal(s.worker, 0);
	assert_int_equal(s.generation, k->p.generation);
	assert_int_equal(s.device, 9);
	assert_int_equal(s.slot, c.conn->place);
	assert_int_equal(s.serial, c.conn->serial);
	assert_string_equal(s.name, "somebody");
	assert_true(follows(k, GROUP) && follows(k, 8) && !follows(k, 9));
	assert_int_equal(counter(k, STAT_sessions_open), 1);
	assert_int_equal(counter(k, STAT_logins), 1);
	client_close(&c);
	assert_int_equal(online(k, 3), 0);
	assert_false(follows(k, GROUP));
	assert_int_equal(counter(k, STAT_sessions_open), 0);
}

static void
events_reach_a_session_from_its_login_on(void **state)
{
	struct kit *k = *state;
	struct client c;
	struct ipc_head load, direct = { .flags = IPC_F_USERS, .user = { 3, 4 } };
	uint64_t groups[] = { GROUP };

	client_open(&c, k);
	client_hello(&c);
	client_login_half(&c, 3, 9, &load);
	/* Before LoggedIn there is nothing: the client will sync. */
	kit_say_event(k, &direct, 1, 5);
	say_loaded(k, load, true, groups, 1);
	expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	kit_say_event(k, &direct, 2, 5);
	say_group_event(k, GROUP, 3);
	say_group_event(k, 8, 4);
	kit_say_event(k, &(struct ipc_head){ .flags = IPC_F_USERS, .user = { 5, 6 } }, 5, 5);
	kit_say_event(k, &(struct ipc_head){ .flags = IPC_F_USERS, .user = { 3, 3 } }, 6, 5);
	expect_event(&c, 2);
	expect_event(&c, 3);
	expect_event(&c, 6);
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
		uint64_t groups[] = { 8, GROUP };

		client_open(&c, k);
		client_hello(&c);
		client_login_half(&c, 3, 9, &load);
		for (unsigned n = 0; n < rows[i].n; n++)
			say_member(k, 3, GROUP, rows[i].changes[n]);
		say_member(k, 4, 9, true);
		say_loaded(k, load, true, groups, rows[i].loaded ? 2 : 1);
		expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
		assert_int_equal(follows(k, GROUP), rows[i].want);
		assert_true(follows(k, 8));
		assert_false(follows(k, 9));
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
	say_member(k, 3, GROUP, true);
	say_member(k, 3, GROUP, true);
	kit_turn(k);
	assert_true(follows(k, GROUP));
	say_group_event(k, GROUP, 1);
	expect_event(&c, 1);
	assert_null(client_reply(&c));		/* once */
	say_member(k, 3, GROUP, false);
	kit_turn(k);
	assert_false(follows(k, GROUP));
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
	assert_int_equal(counter(k, STAT_logins_failed), 1);
	client_login_half(&c, 3, 9, &h);
	/* Nobody answers this time, and the client has gone. */
	client_close(&c);
	kit_later(k, REQUEST_MS);
	kit_turn(k);
	assert_int_equal(online(k, 3), 0);
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
	say_loaded(k, load, false, NULL, 0);
	client_expect_closing(&c, KITH_E_REVOKED);
	assert_int_equal(online(k, 3), 0);
	client_close(&c);
	/* The database is away. */
	client_open(&c, k);
	client_hello(&c);
	client_login_half(&c, 3, 9, &load);
	load.code = KITH_E_UNAVAILABLE;
	say_loaded(k, load, false, NULL, 0);
	client_expect_error(&c, 2, KITH_E_UNAVAILABLE);
	assert_int_equal(online(k, 3), 0);
	client_login_half(&c, 3, 9, &load);
	say_loaded(k, load, true, NULL, 0);
	expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
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
	say_loaded(k, first, false, NULL, 0);
	kit_turn(k);
	assert_int_equal(c.conn->session.state, S_LOADING);
	say_loaded(k, second, true, NULL, 0);
	expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
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
	assert_int_equal(online(k, 3), 0);
	client_close(&c);
}

/* ------------------------------------------------------------- requests */

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
	expect_body(&c, 77, KITH__V1__REPLY__BODY_DONE);
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
	} rows[] = { { 0, 0, false }, { 2, 9, false }, { 1, 1, true }, { 0, 9, true }, { 1, 0, false } };
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

/* ------------------------------------------------------------- news and the end */

static void
cursor_goes_to_the_other_devices(void **state)
{
	struct kit *k = *state;
	struct client mover, other, stranger;
	Kith__V1__CursorMoved moved = KITH__V1__CURSOR_MOVED__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	struct ipc_head h = { .type = IPC_CURSOR, .user = { 3 }, .device = 9 };

	client_open(&mover, k);
	client_login(&mover, 3, 9, NULL, 0);
	client_open(&other, k);
	client_login(&other, 3, 10, NULL, 0);
	client_open(&stranger, k);
	client_login(&stranger, 4, 11, NULL, 0);
	reply.body_case = KITH__V1__REPLY__BODY_CURSOR_MOVED;
	reply.cursor_moved = &moved;
	kit_say_msg(k, KIT_WRITER, &h, &reply.base);
	expect_body(&other, 0, KITH__V1__REPLY__BODY_CURSOR_MOVED);
	assert_null(client_reply(&mover));
	assert_null(client_reply(&stranger));
	client_close(&mover);
	client_close(&other);
	client_close(&stranger);
}

static void
revoked_sessions_are_closed(void **state)
{
	static const struct {
		uint64_t device, except;
		bool closed[3];
	} rows[] = {
		{ 10, 0, { false, true, false } },
		{ 0, 11, { true, true, false } },
		{ 0, 0, { true, true, true } },
	};
	struct kit *k = *state;

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct ipc_head h = {
			.type = IPC_REVOKED, .user = { 3 }, .device = rows[row].device,
			.except = rows[row].except,
		};
		struct client c[3], other;

		for (uint64_t i = 0; i < 3; i++) {
			client_open(&c[i], k);
			client_login(&c[i], 3, 9 + i, NULL, 0);
		}
		client_open(&other, k);
		client_login(&other, 4, 12, NULL, 0);
		kit_say(k, KIT_WRITER, &h, NULL, 0);
		for (int i = 0; i < 3; i++) {
			if (rows[row].closed[i])
				client_expect_closing(&c[i], KITH_E_REVOKED);
			else
				assert_null(client_reply(&c[i]));
			assert_int_equal(c[i].ended, rows[row].closed[i]);
			client_close(&c[i]);
		}
		assert_null(client_reply(&other));
		assert_false(other.ended);
		client_close(&other);
	}
}

static void
logout_is_answered_then_closed(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	post_logout(&c, 50);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	h.flags = IPC_F_CLOSE;
	kit_say_done(k, KIT_WRITER, &h);
	expect_body(&c, 50, KITH__V1__REPLY__BODY_DONE);
	client_expect_closing(&c, KITH_E_OK);
	client_close(&c);
}

static void
last_session_tells_when_it_was_seen(void **state)
{
	struct kit *k = *state;
	struct client first, last;
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len;

	client_open(&first, k);
	client_login(&first, 3, 9, NULL, 0);
	client_open(&last, k);
	client_login(&last, 3, 10, NULL, 0);
	client_close(&first);
	assert_false(kit_take(k, KIT_WRITER, &h, &body, &len));
	client_close(&last);
	assert_true(kit_take(k, KIT_WRITER, &h, &body, &len));
	assert_int_equal(h.type, IPC_SEEN);
	assert_int_equal(h.user[0], 3);
	assert_true(h.time_ms > 0);
}

/* ------------------------------------------------------------- full inboxes */

/* Fills an inbox to the last byte. */
static void
fill_inbox(struct kit *k, unsigned slot, enum ipc_type type)
{
	struct ipc_head h = { .type = type };

	while (ipc_send(&k->p, slot, &h, NULL, 0) == 0)
		;
}

static void
empty_inbox(struct kit *k, unsigned slot)
{
	ring_drop_all(&k->shared->rings[slot]);
}

static void
full_inbox_keeps_the_request_and_its_order(void **state)
{
	struct kit *k = *state;
	struct client c, reader;
	struct ipc_head h;
	const uint8_t *body;
	Kith__V1__ListSessions list = KITH__V1__LIST_SESSIONS__INIT;
	uint32_t len;

	client_open(&c, k);
	client_login(&c, 3, 9, NULL, 0);
	client_open(&reader, k);
	client_login(&reader, 4, 10, NULL, 0);
	fill_inbox(k, KIT_WRITER, IPC_REQUEST);
	for (uint64_t i = 1; i <= 3; i++)
		client_send(&c, 20 + i, UINT64_C(9) << 32 | i, "x");
	for (int i = 0; i < 3; i++)
		kit_turn(k);
	assert_int_equal(c.conn->session.in_flight, 0);
	/* Nobody else is held up. */
	client_post(&reader, 30, KITH__V1__REQUEST__BODY_LIST_SESSIONS, &list);
	kit_turn(k);
	assert_true(kit_take(k, KIT_READER, &h, &body, &len));
	assert_int_equal(h.request, 30);
	empty_inbox(k, KIT_WRITER);
	for (int i = 0; i < 5; i++)
		kit_turn(k);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_true(kit_take(k, KIT_WRITER, &h, &body, &len));
		assert_int_equal(h.request, 20 + i);
	}
	assert_false(kit_take(k, KIT_WRITER, &h, &body, &len));
	client_close(&c);
	client_close(&reader);
}

static void
full_inboxes_do_not_wait_for_each_other(void **state)
{
	struct kit *k = *state;
	struct client w, r;
	struct ipc_head h;
	const uint8_t *body;
	Kith__V1__ListSessions list = KITH__V1__LIST_SESSIONS__INIT;
	uint32_t len;

	client_open(&w, k);
	client_login(&w, 3, 9, NULL, 0);
	client_open(&r, k);
	client_login(&r, 4, 10, NULL, 0);
	fill_inbox(k, KIT_WRITER, IPC_REQUEST);
	fill_inbox(k, KIT_READER, IPC_QUERY);
	client_send(&w, 20, UINT64_C(9) << 32 | 1, "x");
	kit_turn(k);
	client_post(&r, 30, KITH__V1__REQUEST__BODY_LIST_SESSIONS, &list);
	kit_turn(k);
	empty_inbox(k, KIT_READER);
	kit_turn(k);
	assert_true(kit_take(k, KIT_READER, &h, &body, &len));
	assert_int_equal(h.request, 30);
	empty_inbox(k, KIT_WRITER);
	kit_turn(k);
	assert_true(kit_take(k, KIT_WRITER, &h, &body, &len));
	assert_int_equal(h.request, 20);
	client_close(&w);
	client_close(&r);
}

/* Lets news be dropped: the worker's own inbox is full for an instant. */
static void
lose_news(struct kit *k)
{
	struct ipc_head h = { .type = IPC_REVOKED, .user = { 999 }, .device = 1 };
	struct proc writer = fake_proc(k->shared, KIT_WRITER);

	while (ipc_send(&writer, KIT_WORKER, &h, NULL, 0) == 0)
		;
	assert_true(ring_dropped(&k->shared->rings[KIT_WORKER]) > 0);
}

static void
lost_news_are_made_good(void **state)
{
	enum { CLIENTS = 20 };
	static struct client c[CLIENTS];
	struct kit *k = *state;
	struct ipc_head h[CLIENTS];
	const uint8_t *body;
	uint64_t groups[] = { GROUP }, other[] = { 8 };
	unsigned asked = 0;
	uint32_t len;

	for (uint64_t i = 0; i < CLIENTS; i++) {
		client_open(&c[i], k);
		client_login(&c[i], 1 + i, 1 + i, groups, 1);
	}
	client_send(&c[0], 20, UINT64_C(1) << 32 | 1, "x");
	kit_turn(k);
	lose_news(k);
	client_expect_error(&c[0], 20, KITH_E_UNAVAILABLE);
	/* Not all at once: the answers would fill the inbox again. */
	while (asked < CLIENTS && kit_take(k, KIT_READER, &h[asked], &body, &len))
		asked++;
	assert_in_range(asked, 1, CLIENTS - 1);
	say_loaded(k, h[0], true, other, 1);
	say_member(k, 2, 9, true);
	for (unsigned i = 1; i < asked; i++)
		say_loaded(k, h[i], true, groups, 1);
	expect_body(&c[0], 0, KITH__V1__REPLY__BODY_RESYNC);
	expect_body(&c[1], 0, KITH__V1__REPLY__BODY_RESYNC);
	assert_true(follows(k, 8) && follows(k, 9) && follows(k, GROUP));
	/* The others follow; whose token is gone by now is closed. */
	while (asked < CLIENTS && kit_take(k, KIT_READER, &h[asked], &body, &len))
		say_loaded(k, h[asked++], false, NULL, 0);
	assert_int_equal(asked, CLIENTS);
	client_expect_closing(&c[CLIENTS - 1], KITH_E_REVOKED);
	say_group_event(k, 8, 1);
	expect_event(&c[0], 1);
	for (int i = 0; i < CLIENTS; i++)
		client_close(&c[i]);
}

static void
database_away_ends_no_session(void **state)
{
	struct kit *k = *state;
	struct client c;
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len;

	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	lose_news(k);
	kit_turn(k);
	assert_true(kit_take(k, KIT_READER, &h, &body, &len));
	h.code = KITH_E_UNAVAILABLE;
	say_loaded(k, h, false, NULL, 0);
	assert_null(client_reply(&c));
	assert_false(c.ended);
	kit_later(k, 3000);
	assert_true(kit_take(k, KIT_READER, &h, &body, &len));
	say_loaded(k, h, true, NULL, 0);
	expect_body(&c, 0, KITH__V1__REPLY__BODY_RESYNC);
	client_close(&c);
}

/* ------------------------------------------------------------- drain */

static void
drain_answers_what_was_asked(void **state)
{
	struct kit *k = *state;
	struct client idle, asking, greeted;
	struct ipc_head h;
	Kith__V1__Request *r;

	client_open(&idle, k);
	client_login(&idle, 1, 1, NULL, 0);
	client_open(&asking, k);
	client_login(&asking, 2, 2, NULL, 0);
	client_open(&greeted, k);
	client_hello(&greeted);
	client_send(&asking, 20, UINT64_C(2) << 32 | 1, "x");
	kit_turn(k);
	worker_drain(&k->p);
	client_send(&asking, 21, UINT64_C(2) << 32 | 2, "x");
	client_expect_closing(&idle, KITH_E_SHUTTING_DOWN);
	client_expect_closing(&greeted, KITH_E_SHUTTING_DOWN);
	assert_false(k->p.stopping);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	kit_say_done(k, KIT_WRITER, &h);
	expect_body(&asking, 20, KITH__V1__REPLY__BODY_DONE);
	client_expect_closing(&asking, KITH_E_SHUTTING_DOWN);
	client_close(&idle);
	client_close(&asking);
	client_close(&greeted);
	kit_turn(k);
	assert_true(k->p.stopping);
}

static void
drain_ends_in_any_case(void **state)
{
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	client_send(&c, 20, UINT64_C(1) << 32 | 1, "x");
	kit_turn(k);
	worker_drain(&k->p);
	kit_turn(k);
	assert_false(c.ended);
	kit_later(k, k->conf.drain_ms * 3 / 4 + 1);
	assert_true(k->p.stopping);
	client_expect_closing(&c, KITH_E_SHUTTING_DOWN);
	client_close(&c);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(login_ends_in_the_registry),
		TEST(events_reach_a_session_from_its_login_on),
		TEST(members_that_change_while_loading_are_right),
		TEST(members_that_change_later_are_followed),
		TEST(refused_login_may_be_tried_again),
		TEST(what_load_says_decides),
		TEST(lost_load_is_sent_again),
		TEST(login_dies_with_auth),
		TEST(full_server_refuses_logins),
		TEST(request_goes_on_with_its_head),
		TEST(answer_for_another_connection_reaches_nobody),
		TEST(overdue_request_is_unavailable),
		TEST(what_can_be_refused_here_is),
		TEST(rate_is_by_targets_and_tells_when),
		TEST(version_is_agreed_on_first),
		TEST(who_is_paged_by_user),
		TEST(cursor_goes_to_the_other_devices),
		TEST(revoked_sessions_are_closed),
		TEST(logout_is_answered_then_closed),
		TEST(last_session_tells_when_it_was_seen),
		TEST(full_inbox_keeps_the_request_and_its_order),
		TEST(full_inboxes_do_not_wait_for_each_other),
		TEST(lost_news_are_made_good),
		TEST(database_away_ends_no_session),
		TEST(drain_answers_what_was_asked),
		TEST(drain_ends_in_any_case),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
