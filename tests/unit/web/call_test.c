/*
 * call_test.c - promises of server/web/call.h, by POST /v1/poll and a hook's address at a worker
 * whose auth and store are the test.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "protocol/poll.pb-c.h"
#include "server/rules/conv.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "tests/unit/kit/worker_kit.h"

#define TURNS_MAX	50
#define ONE		"11111111111111111111111111111111111111111AA"
#define OTHER		"22222222222222222222222222222222222222222BB"
#define QUIET		"{\"replies\":[]}\n"

/* -- a client of HTTP ----------------------------------------------------- */

static struct answer {
	int	status;			/* 0: the connection ended without one */
	char	body[2u << 20];
} answer;

static void
http_open(struct client *c, struct kit *k)
{
	static char none[] = "";

	k->conf.http = true;
	k->conf.http_names = k->conf.http_origins = k->conf.http_proxies = none;
	client_open(c, k);
}

/* `token` NULL: none. */
static void
post(struct client *c, const char *path, const char *token, const char *body)
{
	static char text[FRAME_BYTES_MAX + 512];
	int n = snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s"
	    "Content-Length: %zu\r\n\r\n%s", path, token != NULL ? "Authorization: Bearer " : "",
	    token != NULL ? token : "", token != NULL ? "\r\n" : "", strlen(body), body);

	client_write(c, text, (size_t)n);
	for (int i = 0; i < 6; i++)	/* the steps of a call */
		kit_turn(c->kit);
}

/* Reads one answer of known length. False: nothing comes, or the connection has ended. */
static bool
read_answer(struct client *c)
{
	static char text[sizeof(answer.body) + 4096];
	size_t len = 0, body_len;
	char *end, *length;
	ssize_t n;

	answer.status = 0;
	for (int i = 0; i < TURNS_MAX; i++) {
		n = recv(c->fd, text + len, sizeof(text) - 1 - len, 0);
		c->ended |= n == 0;
		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		kit_turn(c->kit);
		if ((end = strstr(text, "\r\n\r\n")) == NULL)
			continue;
		length = strstr(text, "Content-Length: ");
		assert_non_null(length);
		body_len = strtoul(length + 16, NULL, 10);
		assert_true(body_len < sizeof(answer.body));
		if (len < (size_t)(end + 4 - text) + body_len)
			continue;
		assert_int_equal(len, (size_t)(end + 4 - text) + body_len);
		answer.status = atoi(text + 9);
		memcpy(answer.body, end + 4, body_len + 1);
		return true;
	}
	return false;
}

static void
expect(struct client *c, int status, const char *part)
{
	if (!read_answer(c))
		fail_msg("no answer instead of %d", status);
	if (answer.status != status || strstr(answer.body, part) == NULL)
		fail_msg("%d %.300s instead of %d with %s", answer.status, answer.body, status,
		    part);
}

static void
expect_nothing(struct client *c)
{
	assert_false(read_answer(c));
	assert_false(c->ended);
}

static bool
tells(const char *part)
{
	return strstr(answer.body, part) != NULL;
}

/* -- auth and store ------------------------------------------------------- */

/* Auth is asked for this token: its question. */
static struct ipc_head
take_login(struct kit *k, const char *token)
{
	Kith__V1__Request *r;
	struct ipc_head h;

	assert_true(kit_take_request(k, KIT_AUTH, &h, &r));
	assert_int_equal(r->body_case, KITH__V1__REQUEST__BODY_LOGIN_TOKEN);
	assert_string_equal(r->login_token->token, token);
	return h;
}

static void
grant(struct kit *k, struct ipc_head h, uint64_t user, uint64_t hook)
{
	static char name[] = "somebody", hook_name[] = "disks";
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	Kith__V1__LoggedIn in = KITH__V1__LOGGED_IN__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	uint8_t packed[256];

	reply.id = h.request;
	reply.body_case = KITH__V1__REPLY__BODY_LOGGED_IN;
	reply.logged_in = &in;
	in.user_id = login.user_id = user;
	in.device = login.device = user * 10;
	login.name = name;
	login.hook = hook;
	if (hook != 0)
		login.device_name = hook_name;
	login.reply.data = packed;
	login.reply.len = kith__v1__reply__pack(&reply, packed);
	h.type = IPC_LOGIN;
	kit_say_msg(k, KIT_AUTH, &h, &login.base);
	kit_turn(k);
}

static void
say_groups(struct kit *k)
{
	struct ipc_head h;
	const uint8_t *none;
	uint32_t len;

	assert_true(kit_take(k, KIT_READER, &h, &none, &len));
	assert_int_equal(h.type, IPC_LOAD);
	kit_say_loaded(k, h, true, NULL, 0);
	for (int i = 0; i < 4; i++)
		kit_turn(k);
}

/* A poll of this user's, whose session is made; `body` is on its way. */
static void
enter(struct client *c, struct kit *k, uint64_t user, const char *token, const char *body)
{
	post(c, "/v1/poll", token, body);
	grant(k, take_login(k, token), user, 0);
	say_groups(k);
}

static void
expect_unasked(struct kit *k, unsigned slot)
{
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len;

	assert_false(kit_take(k, slot, &h, &body, &len));
}

static void
say_to(struct kit *k, uint64_t user, uint64_t seq, size_t text_bytes)
{
	struct ipc_head h = { .flags = IPC_F_USERS, .user = { user, user }, .conversation = 7 };

	kit_say_event(k, &h, seq, text_bytes);
	kit_turn(k);
}

/* The reader's answer: one event with a text that is six times as long in JSON. */
static void
say_page(struct kit *k, const struct ipc_head *asked, size_t text_bytes)
{
	static char text[TEXT_BYTES_MAX + 1];
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__HistoryPage page = KITH__V1__HISTORY_PAGE__INIT;
	Kith__V1__Event event = KITH__V1__EVENT__INIT, *events[] = { &event };
	struct ipc_head h = *asked;

	memset(text, 1, text_bytes);
	text[text_bytes] = '\0';
	event.text = text;
	page.events = events;
	page.n_events = 1;
	reply.id = asked->request;
	reply.body_case = KITH__V1__REPLY__BODY_HISTORY_PAGE;
	reply.history_page = &page;
	h.type = IPC_REPLY;
	kit_say_msg(k, KIT_READER, &h, &reply.base);
	kit_turn(k);
}

/* -- sessions ------------------------------------------------------------- */

static void
session_of_the_same_token_goes_on(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "{\"replies\":[{\"welcome\":");
	assert_true(tells(",{\"loggedIn\":{\"userId\":\"3\",\"device\":\"30\"}}]}"));
	assert_int_equal(kit_online(k, 3), 1);
	post(&c, "/v1/poll", ONE, "{}");
	expect(&c, 200, QUIET);
	expect_unasked(k, KIT_AUTH);
	client_close(&c);
	assert_int_equal(kit_online(k, 3), 0);
}

/* Nor is an answer that was under way for the first one's request. */
static void
news_of_one_token_are_not_the_others(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	say_to(k, 3, 41, 5);
	post(&c, "/v1/poll", OTHER, "{}");
	assert_int_equal(kit_online(k, 3), 0);
	say_to(k, 3, 42, 5);
	grant(k, take_login(k, OTHER), 4, 0);
	say_groups(k);
	expect(&c, 200, "\"userId\":\"4\"");
	assert_false(tells("event"));
	post(&c, "/v1/poll", NULL, "{\"requests\":[{\"id\":5,\"listSessions\":{}}]}");
	expect(&c, 200, "{\"id\":\"5\",\"error\":{\"code\":\"WRONG_STATE\"");
	assert_int_equal(kit_online(k, 4), 0);
	client_close(&c);
}

static void
session_without_a_token_ends_with_its_call(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	post(&c, "/v1/poll", NULL, "{\"waitMs\":20000,\"requests\":["
	    "{\"id\":1,\"hello\":{\"versionMin\":1,\"versionMax\":1}},"
	    "{\"id\":2,\"loginToken\":{\"token\":\"" ONE "\"}},{\"id\":3,\"ping\":{}}]}");
	grant(k, take_login(k, ONE), 3, 0);
	say_groups(k);
	expect(&c, 200, "{\"id\":\"3\",\"pong\":{}}");
	assert_true(tells("{\"id\":\"2\",\"loggedIn\":"));
	assert_int_equal(kit_online(k, 3), 0);
	post(&c, "/v1/poll", NULL, "{\"waitMs\":20000}");
	expect(&c, 200, QUIET);
	client_close(&c);
}

static void
refused_login_is_the_answer(void **state)
{
	struct kit *k = *state;
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	struct client c;
	struct ipc_head h;

	http_open(&c, k);
	post(&c, "/v1/poll", ONE, "{\"requests\":[{\"id\":1,\"ping\":{}}]}");
	h = take_login(k, ONE);
	login.code = KITH_E_TOKEN_INVALID;
	h.type = IPC_LOGIN;
	kit_say_msg(k, KIT_AUTH, &h, &login.base);
	expect(&c, 401, "{\"error\":{\"code\":\"TOKEN_INVALID\"");
	enter(&c, k, 3, ONE, "{}");		/* the connection is none the worse */
	expect(&c, 200, "loggedIn");
	client_close(&c);
}

/* Its own word about the connection before is none about the login. */
static void
resync_is_no_answer_to_a_login(void **state)
{
	struct kit *k = *state;
	struct client c;
	struct ipc_head h;

	http_open(&c, k);
	post(&c, "/v1/poll", ONE, "{}");
	h = take_login(k, ONE);
	conn_fall_behind(c.conn);
	expect_nothing(&c);
	grant(k, h, 3, 0);
	say_groups(k);
	expect(&c, 200, "loggedIn");
	client_close(&c);
}

/* A post is as fast as its session's rate, whether or not it makes a session. */
static void
new_session_has_no_new_rate(void **state)
{
	struct kit *k = *state;
	struct client c;
	const char *token = ONE;

	k->conf.send_rate = 1;
	k->conf.send_burst = 2;
	http_open(&c, k);
	for (int i = 0; i < 4; i++, token = token == (const char *)ONE ? OTHER : ONE) {
		enter(&c, k, 3, token, "{\"requests\":[{\"id\":1,\"who\":{}}]}");
		expect(&c, 200, i < 2 ? "{\"id\":\"1\",\"presences\":" :
		    "{\"id\":\"1\",\"error\":{\"code\":\"RATE_LIMITED\"");
	}
	client_close(&c);
}

/* -- news ----------------------------------------------------------------- */

static void
poll_waits_for_news(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	expect_nothing(&c);
	say_to(k, 3, 41, 5);
	expect(&c, 200, "{\"replies\":[{\"event\":{");
	say_to(k, 3, 42, 5);
	say_to(k, 3, 43, 5);
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	expect(&c, 200, "\"seq\":\"42\"");
	assert_true(tells("}},{\"event\":{") && tells("\"seq\":\"43\""));
	client_close(&c);
}

static void
too_many_news_are_a_resync(void **state)
{
	struct kit *k = *state;
	struct client c;

	k->conf.output_soft = 4096;
	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	for (uint64_t seq = 1; seq <= 9; seq++)
		say_to(k, 3, seq, 900);
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	expect(&c, 200, "\"seq\":\"4\"");
	assert_false(tells("\"seq\":\"5\""));
	assert_true(tells("}},{\"resync\":{}}]}"));
	say_to(k, 3, 10, 900);			/* again from here on */
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	expect(&c, 200, "\"seq\":\"10\"");
	client_close(&c);
}

static void
say_typing(struct kit *k, uint64_t to)
{
	static char name[] = "writer";
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Typing typing = KITH__V1__TYPING__INIT;
	struct ipc_head h = {
		.type = IPC_TYPING, .user = { 99 }, .conversation = conv_direct(99, to),
	};

	typing.conversation = h.conversation;
	typing.user_id = 99;
	typing.name = name;
	reply.body_case = KITH__V1__REPLY__BODY_TYPING;
	reply.typing = &typing;
	kit_say_msg(k, KIT_WORKER, &h, &reply.base);
	kit_turn(k);
}

/* Who was writing long ago is no news; who does now is. */
static void
hints_are_told_at_once_or_never(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	say_typing(k, 3);
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	expect_nothing(&c);
	say_typing(k, 3);
	expect(&c, 200, "{\"replies\":[{\"typing\":{\"conversation\":");
	client_close(&c);
}

static void
revoked_session_ends_its_poll(void **state)
{
	struct kit *k = *state;
	struct ipc_head h = { .type = IPC_REVOKED, .user = { 3 }, .device = 30 };
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	kit_say(k, KIT_WRITER, &h, NULL, 0);
	expect(&c, 401, "{\"error\":{\"code\":\"REVOKED\"");
	assert_false(read_answer(&c));
	assert_true(c.ended);
	client_close(&c);
}

static void
client_may_go_while_its_poll_waits(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	post(&c, "/v1/poll", ONE, "{\"waitMs\":20000}");
	client_close(&c);
	say_to(k, 3, 41, 5);			/* is written to nobody */
	for (int i = 0; i < 4; i++)
		kit_turn(k);
	assert_int_equal(kit_online(k, 3), 0);
}

/* -- requests ------------------------------------------------------------- */

/* Of 16 in flight, and of the Sync for `have`, which comes first and is answered with id 0. */
static void
requests_are_given_as_there_is_room(void **state)
{
	char body[4096] = "{\"have\":[{\"conversation\":\"7\",\"seq\":\"1\"}],\"requests\":[";
	struct kit *k = *state;
	struct ipc_head heads[IN_FLIGHT_MAX + 1];
	Kith__V1__Request *r;
	struct client c;
	unsigned i;

	for (i = 1; i <= IN_FLIGHT_MAX; i++)
		snprintf(body + strlen(body), sizeof(body) - strlen(body),
		    "%s{\"id\":%u,\"listSessions\":{}}", i > 1 ? "," : "", i);
	strcat(body, "]}");
	http_open(&c, k);
	enter(&c, k, 3, ONE, body);
	for (i = 0; i < IN_FLIGHT_MAX; i++) {
		assert_true(kit_take_request(k, KIT_READER, &heads[i], &r));
		assert_int_equal(r->body_case, i == 0 ? KITH__V1__REQUEST__BODY_SYNC :
		    KITH__V1__REQUEST__BODY_LIST_SESSIONS);
	}
	expect_unasked(k, KIT_READER);
	kit_say_done(k, KIT_READER, &heads[0]);
	kit_turn(k);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_READER, &heads[IN_FLIGHT_MAX], &r));
	assert_int_equal(r->id, IN_FLIGHT_MAX);
	for (i = 1; i <= IN_FLIGHT_MAX; i++)
		kit_say_done(k, KIT_READER, &heads[i]);
	expect(&c, 200, "}},{\"done\":{}},{\"id\":\"1\",\"done\":{}},");
	assert_true(tells("{\"id\":\"16\",\"done\":{}}]}"));
	client_close(&c);
}

/* A full inbox: the request goes when there is room, and those behind it after it. */
static void
requests_wait_for_room_in_an_inbox(void **state)
{
	static uint8_t filler[4096];
	struct kit *k = *state;
	struct ipc_head h = { .type = IPC_QUERY }, asked;
	const uint8_t *none;
	Kith__V1__Request *r;
	struct client c;
	uint32_t len;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{}");
	expect(&c, 200, "loggedIn");
	for (uint32_t n = sizeof(filler); n > 0; n /= 2)
		while (ipc_send(&k->p, KIT_READER, &h, filler, n) == 0)
			;
	post(&c, "/v1/poll", ONE,
	    "{\"requests\":[{\"id\":1,\"listSessions\":{}},{\"id\":2,\"ping\":{}}]}");
	expect_nothing(&c);
	while (kit_take(k, KIT_READER, &asked, &none, &len))
		;
	for (int i = 0; i < 4; i++)
		kit_turn(k);
	assert_true(kit_take_request(k, KIT_READER, &asked, &r));
	assert_int_equal(r->id, 1);
	kit_say_done(k, KIT_READER, &asked);
	expect(&c, 200, "{\"id\":\"2\",\"pong\":{}},{\"id\":\"1\",\"done\":{}}]}");
	client_close(&c);
}

static void
overdue_request_is_answered_too(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE, "{\"requests\":[{\"id\":1,\"listSessions\":{}}]}");
	expect_nothing(&c);
	kit_later(k, REQUEST_MS);
	expect(&c, 200, "{\"id\":\"1\",\"error\":{\"code\":\"UNAVAILABLE\"");
	client_close(&c);
}

static void
logout_is_answered_though_others_are_open(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	struct client c;

	http_open(&c, k);
	enter(&c, k, 3, ONE,
	    "{\"requests\":[{\"id\":1,\"logout\":{}},{\"id\":2,\"listSessions\":{}}]}");
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	assert_int_equal(r->body_case, KITH__V1__REQUEST__BODY_LOGOUT);
	h.flags |= IPC_F_CLOSE;
	kit_say_done(k, KIT_WRITER, &h);
	expect(&c, 200, "{\"id\":\"1\",\"done\":{}}]}");
	assert_int_equal(kit_online(k, 3), 0);
	assert_false(read_answer(&c));
	assert_true(c.ended);
	client_close(&c);
}

/* One of them alone has room; an answer that is small is told in any case. */
static void
pages_that_do_not_fit_are_refused_alone(void **state)
{
	struct kit *k = *state;
	struct ipc_head heads[3], sent;
	Kith__V1__Request *r;
	struct client c;

	k->conf.output_hard = 100000;
	http_open(&c, k);
	enter(&c, k, 3, ONE, "{\"requests\":[{\"id\":1,\"listSessions\":{}},"
	    "{\"id\":2,\"listSessions\":{}},{\"id\":3,\"listSessions\":{}},"
	    "{\"id\":4,\"markRead\":{\"conversation\":\"7\",\"seq\":\"1\"}}]}");
	for (int i = 0; i < 3; i++)
		assert_true(kit_take_request(k, KIT_READER, &heads[i], &r));
	assert_true(kit_take_request(k, KIT_WRITER, &sent, &r));
	say_page(k, &heads[0], 8000);
	say_page(k, &heads[1], 8000);
	say_page(k, &heads[2], 20);
	kit_say_done(k, KIT_WRITER, &sent);
	expect(&c, 200, "{\"replies\":[{\"welcome\":");
	assert_true(tells("{\"id\":\"1\",\"historyPage\":"));
	assert_true(tells("{\"id\":\"2\",\"error\":{\"code\":\"BUSY\""));
	assert_true(tells("{\"id\":\"3\",\"historyPage\":"));
	assert_true(tells("{\"id\":\"4\",\"done\":{}}]}"));
	post(&c, "/v1/poll", ONE, "{\"requests\":[{\"id\":2,\"listSessions\":{}}]}");
	assert_true(kit_take_request(k, KIT_READER, &heads[1], &r));
	say_page(k, &heads[1], 8000);
	expect(&c, 200, "{\"id\":\"2\",\"historyPage\":");
	client_close(&c);
}

/* -- light sessions ------------------------------------------------------- */

static void
hook_posts_where_it_may_and_nobody_comes_online(void **state)
{
	struct kit *k = *state;
	struct ipc_head h;
	Kith__V1__Request *r;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sent sent = KITH__V1__SENT__INIT;
	Kith__V1__Outcome outcome = KITH__V1__OUTCOME__INIT, *outcomes[] = { &outcome };
	struct client c;

	http_open(&c, k);
	post(&c, "/v1/hook/" ONE, NULL, "disk full\n");
	h = take_login(k, ONE);
	assert_int_equal(h.flags & IPC_F_HOOK, IPC_F_HOOK);
	grant(k, h, 3, 7);
	kit_turn(k);
	assert_true(kit_take_request(k, KIT_WRITER, &h, &r));
	assert_int_equal(r->body_case, KITH__V1__REQUEST__BODY_SEND);
	assert_string_equal(r->send->text, "[disks] disk full");
	assert_int_equal(r->send->n_targets, 1);
	assert_int_equal(r->send->targets[0]->conversation, 7);
	assert_true(r->send->client_id & CLIENT_ID_FREE_BIT);
	assert_int_equal(kit_online(k, 3), 0);
	expect_unasked(k, KIT_READER);
	outcome.conversation = 7;
	outcome.seq = 12;
	outcome.time_ms = 34;
	sent.outcomes = outcomes;
	sent.n_outcomes = 1;
	reply.id = h.request;
	reply.body_case = KITH__V1__REPLY__BODY_SENT;
	reply.sent = &sent;
	h.type = IPC_REPLY;
	kit_say_msg(k, KIT_WRITER, &h, &reply.base);
	expect(&c, 200, "{\"conversation\":\"7\",\"seq\":\"12\",\"timeMs\":\"34\"}\n");
	client_close(&c);
}

/* The next call on the connection logs in again, also with the same token. */
static void
light_session_is_used_once(void **state)
{
	struct kit *k = *state;
	struct client c;

	http_open(&c, k);
	for (int i = 0; i < 2; i++) {
		post(&c, "/v1/messages?to=x", ONE, "");	/* no type: refused before any login */
		expect(&c, 415, "BAD_REQUEST");
		expect_unasked(k, KIT_AUTH);
		post(&c, "/v1/hook/" ONE, NULL, "text");
		take_login(k, ONE);
		kit_later(k, REQUEST_MS);
		expect(&c, 503, "UNAVAILABLE");
	}
	client_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(session_of_the_same_token_goes_on),
		KIT_TEST(news_of_one_token_are_not_the_others),
		KIT_TEST(session_without_a_token_ends_with_its_call),
		KIT_TEST(refused_login_is_the_answer),
		KIT_TEST(resync_is_no_answer_to_a_login),
		KIT_TEST(new_session_has_no_new_rate),
		KIT_TEST(poll_waits_for_news),
		KIT_TEST(too_many_news_are_a_resync),
		KIT_TEST(hints_are_told_at_once_or_never),
		KIT_TEST(revoked_session_ends_its_poll),
		KIT_TEST(client_may_go_while_its_poll_waits),
		KIT_TEST(requests_are_given_as_there_is_room),
		KIT_TEST(requests_wait_for_room_in_an_inbox),
		KIT_TEST(overdue_request_is_answered_too),
		KIT_TEST(logout_is_answered_though_others_are_open),
		KIT_TEST(pages_that_do_not_fit_are_refused_alone),
		KIT_TEST(hook_posts_where_it_may_and_nobody_comes_online),
		KIT_TEST(light_session_is_used_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
