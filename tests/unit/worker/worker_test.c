/*
 * worker_test.c - news of the store, full inboxes, and the end of a worker.
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
#include "server/rules/conv.h"
#include "tests/unit/kit/broken_registry.h"
#include "tests/unit/kit/fake_shared.h"
#include "tests/unit/kit/worker_kit.h"

/* A request without fields that the writer answers. */
static void
post_logout(struct client *c, uint64_t id)
{
	Kith__V1__Logout logout = KITH__V1__LOGOUT__INIT;

	client_post(c, id, KITH__V1__REQUEST__BODY_LOGOUT, &logout);
}

/* -- news and the end ----------------------------------------------------- */

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
	client_expect_body(&other, 0, KITH__V1__REPLY__BODY_CURSOR_MOVED);
	assert_null(client_reply(&mover));
	assert_null(client_reply(&stranger));
	client_close(&mover);
	client_close(&other);
	client_close(&stranger);
}

static void
post_typing(struct client *c, uint64_t id, uint64_t conversation)
{
	Kith__V1__Typing typing = KITH__V1__TYPING__INIT;

	typing.conversation = conversation;
	client_post(c, id, KITH__V1__REQUEST__BODY_TYPING, &typing);
}

static void
expect_typing(struct client *c, uint64_t conversation, uint64_t user)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->id, 0);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_TYPING);
	assert_int_equal(r->typing->conversation, conversation);
	assert_int_equal(r->typing->user_id, user);
	assert_string_equal(r->typing->name, "somebody");
}

static void
typing_reaches_the_others(void **state)
{
	struct kit *k = *state;
	struct client writer, same, peer, stranger;
	uint64_t groups[] = { KIT_GROUP }, direct = conv_direct(3, 4);

	client_open(&writer, k);
	client_login(&writer, 3, 9, groups, 1);
	client_open(&same, k);
	client_login(&same, 3, 10, groups, 1);
	client_open(&peer, k);
	client_login(&peer, 4, 11, groups, 1);
	client_open(&stranger, k);
	client_login(&stranger, 5, 12, NULL, 0);
	post_typing(&writer, 20, KIT_GROUP);
	client_expect_body(&writer, 20, KITH__V1__REPLY__BODY_DONE);
	expect_typing(&peer, KIT_GROUP, 3);
	post_typing(&writer, 21, direct);
	client_expect_body(&writer, 21, KITH__V1__REPLY__BODY_DONE);
	expect_typing(&peer, direct, 3);
	post_typing(&writer, 22, conv_direct(3, 3));
	client_expect_body(&writer, 22, KITH__V1__REPLY__BODY_DONE);
	assert_null(client_reply(&writer));
	assert_null(client_reply(&same));
	assert_null(client_reply(&peer));
	assert_null(client_reply(&stranger));
	client_close(&writer);
	client_close(&same);
	client_close(&peer);
	client_close(&stranger);
}

static void
typing_goes_to_all_workers_when_the_registry_is_broken(void **state)
{
	struct kit *k = *state;
	uint64_t groups[] = { KIT_GROUP }, conversations[] = { KIT_GROUP, conv_direct(3, 4) };
	struct client writer;
	const uint8_t *body;
	struct ipc_head h;
	uint32_t len;

	client_open(&writer, k);
	client_login(&writer, 3, 9, groups, 1);
	registry_break(&k->shared->registry);
	for (unsigned i = 0; i < 2; i++) {
		post_typing(&writer, 20 + i, conversations[i]);
		client_expect_body(&writer, 20 + i, KITH__V1__REPLY__BODY_DONE);
		assert_true(kit_take(k, KIT_WORKER + 1, &h, &body, &len));
		assert_int_equal(h.type, IPC_TYPING);
		assert_int_equal(h.conversation, conversations[i]);
	}
	client_close(&writer);
}

static void
typing_is_for_those_in_it(void **state)
{
	static char name[] = "mallory";
	static const struct {
		uint64_t a, b, conversation;
		enum kith_err code;
	} rows[] = {
		{ 0, 0, 0, KITH_E_NO_SUCH_CONVERSATION },
		{ 0, 0, KIT_GROUP, KITH_E_NOT_MEMBER },
		{ 0, 0, UINT64_MAX, KITH_E_NO_SUCH_CONVERSATION },
		{ 4, 5, 0, KITH_E_NO_SUCH_CONVERSATION },
	};
	struct kit *k = *state;
	Kith__V1__Typing typing = KITH__V1__TYPING__INIT;
	uint64_t groups[] = { 8 };
	struct client c;

	client_open(&c, k);
	client_login(&c, 3, 9, groups, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		post_typing(&c, 20 + i, rows[i].a != 0 ? conv_direct(rows[i].a, rows[i].b) :
		    rows[i].conversation);
		client_expect_error(&c, 20 + i, rows[i].code);
	}
	typing.conversation = 8;
	typing.user_id = 4;
	client_post(&c, 40, KITH__V1__REQUEST__BODY_TYPING, &typing);
	client_expect_error(&c, 40, KITH_E_BAD_REQUEST);
	typing.user_id = 0;
	typing.name = name;
	client_post(&c, 41, KITH__V1__REQUEST__BODY_TYPING, &typing);
	client_expect_error(&c, 41, KITH_E_BAD_REQUEST);
	client_close(&c);
}

/* What another worker says is checked: it may have been taken over. */
static void
typing_that_contradicts_itself_is_refused(void **state)
{
	static const struct {
		uint64_t id, head_user, user, head_conversation, conversation;
		size_t name;
		bool good;
	} rows[] = {
		{ 0, 3, 3, KIT_GROUP, KIT_GROUP, NAME_BYTES_MAX, true },
		{ 5, 3, 3, KIT_GROUP, KIT_GROUP, 1, false },
		{ 0, 3, 5, KIT_GROUP, KIT_GROUP, 1, false },
		{ 0, 0, 0, KIT_GROUP, KIT_GROUP, 1, false },
		{ 0, 3, 3, KIT_GROUP, 8, 1, false },
		{ 0, 3, 3, KIT_GROUP, KIT_GROUP, NAME_BYTES_MAX + 1, false },
	};
	struct kit *k = *state;
	uint64_t groups[] = { KIT_GROUP, 8 };
	struct client c;

	client_open(&c, k);
	client_login(&c, 4, 9, groups, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[NAME_BYTES_MAX + 2] = "";
		struct ipc_head h = { .type = IPC_TYPING, .user = { rows[i].head_user },
			.conversation = rows[i].head_conversation };
		Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
		Kith__V1__Typing typing = KITH__V1__TYPING__INIT;

		typing.conversation = rows[i].conversation;
		typing.user_id = rows[i].user;
		typing.name = memset(name, 'n', rows[i].name);
		reply.id = rows[i].id;
		reply.body_case = KITH__V1__REPLY__BODY_TYPING;
		reply.typing = &typing;
		kit_say_msg(k, KIT_WORKER, &h, &reply.base);
		if (rows[i].good)
			client_expect_body(&c, 0, KITH__V1__REPLY__BODY_TYPING);
		assert_null(client_reply(&c));
	}
	client_close(&c);
}

/* Who reads slowly misses it, and is not told to sync for it. */
static void
typing_never_causes_a_resync(void **state)
{
	struct kit *k = *state;
	struct client writer, reader;
	uint64_t groups[] = { KIT_GROUP };

	client_open(&writer, k);
	client_login(&writer, 3, 9, groups, 1);
	client_open(&reader, k);
	client_login(&reader, 4, 11, groups, 1);
	k->conf.output_soft = 0;
	post_typing(&writer, 20, KIT_GROUP);
	client_expect_body(&writer, 20, KITH__V1__REPLY__BODY_DONE);
	assert_null(client_reply(&reader));
	k->conf.output_soft = 1 << 18;
	post_typing(&writer, 21, KIT_GROUP);
	client_expect_body(&writer, 21, KITH__V1__REPLY__BODY_DONE);
	expect_typing(&reader, KIT_GROUP, 3);
	assert_int_equal(kit_counter(k, STAT_resyncs), 0);
	client_close(&writer);
	client_close(&reader);
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
	client_expect_body(&c, 50, KITH__V1__REPLY__BODY_DONE);
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

/* -- full inboxes --------------------------------------------------------- */

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
	uint64_t groups[] = { KIT_GROUP }, other[] = { 8 };
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
	kit_say_loaded(k, h[0], true, other, 1);
	kit_say_member(k, 2, 9, true);
	for (unsigned i = 1; i < asked; i++)
		kit_say_loaded(k, h[i], true, groups, 1);
	client_expect_body(&c[0], 0, KITH__V1__REPLY__BODY_RESYNC);
	client_expect_body(&c[1], 0, KITH__V1__REPLY__BODY_RESYNC);
	assert_true(kit_follows(k, 8) && kit_follows(k, 9) && kit_follows(k, KIT_GROUP));
	/* The others follow; whose token is gone by now is closed. */
	while (asked < CLIENTS && kit_take(k, KIT_READER, &h[asked], &body, &len))
		kit_say_loaded(k, h[asked++], false, NULL, 0);
	assert_int_equal(asked, CLIENTS);
	client_expect_closing(&c[CLIENTS - 1], KITH_E_REVOKED);
	kit_say_group_event(k, 8, 1);
	client_expect_event(&c[0], 1);
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
	kit_say_loaded(k, h, false, NULL, 0);
	assert_null(client_reply(&c));
	assert_false(c.ended);
	kit_later(k, 3000);
	assert_true(kit_take(k, KIT_READER, &h, &body, &len));
	kit_say_loaded(k, h, true, NULL, 0);
	client_expect_body(&c, 0, KITH__V1__REPLY__BODY_RESYNC);
	client_close(&c);
}

/* -- drain ---------------------------------------------------------------- */

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
	client_expect_body(&asking, 20, KITH__V1__REPLY__BODY_DONE);
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
	const struct CMUnitTest tests[] = {
		KIT_TEST(cursor_goes_to_the_other_devices),
		KIT_TEST(typing_reaches_the_others),
		KIT_TEST(typing_goes_to_all_workers_when_the_registry_is_broken),
		KIT_TEST(typing_is_for_those_in_it),
		KIT_TEST(typing_that_contradicts_itself_is_refused),
		KIT_TEST(typing_never_causes_a_resync),
		KIT_TEST(revoked_sessions_are_closed),
		KIT_TEST(logout_is_answered_then_closed),
		KIT_TEST(last_session_tells_when_it_was_seen),
		KIT_TEST(full_inbox_keeps_the_request_and_its_order),
		KIT_TEST(full_inboxes_do_not_wait_for_each_other),
		KIT_TEST(lost_news_are_made_good),
		KIT_TEST(database_away_ends_no_session),
		KIT_TEST(drain_answers_what_was_asked),
		KIT_TEST(drain_ends_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
