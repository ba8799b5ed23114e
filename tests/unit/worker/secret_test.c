/*
 * secret_test.c - a fresh token leaves no trace in a worker: not in memory that
 * it gives back, nor in its own buffers.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "protocol/wire.h"
#include "server/worker/conn.h"
#include "tests/unit/kit/worker_kit.h"

/* Half of it is looked for: what overwrites the beginning of a freed block is no wiping. */
#define TOKEN	"SECRETsecretSECRETsecretSECRETsecretSECRETse"
#define PART	"SECRETsecretSECRETse"

/* -- memory --------------------------------------------------------------- */

void	 __real_free(void *p);
void	 __wrap_free(void *p);

static unsigned found;			/* blocks given back with the secret in them */
static bool looking;

void
__wrap_free(void *p)
{
	if (looking && p != NULL)
		found += memmem(p, malloc_usable_size(p), PART, strlen(PART)) != NULL;
	__real_free(p);
}

static bool
is_in(const void *bytes, size_t len)
{
	return bytes != NULL && memmem(bytes, len, PART, strlen(PART)) != NULL;
}

static void
assert_wiped(const struct kit *k)
{
	const struct wrapped *r = &k->w.wrapped;

	looking = false;
	assert_int_equal(found, 0);
	assert_false(is_in(&k->w, sizeof(k->w)));
	assert_false(is_in(k->w.mem.block, k->w.mem.size));
	assert_false(is_in(k->w.reply_mem.block, k->w.reply_mem.size));
	assert_false(is_in(r->json, JSON_BYTES_MAX));
	for (unsigned i = 0; i < WRAPPED_DOORS_MAX; i++)
		assert_false(r->forms[i].bytes != NULL &&
		    is_in(r->forms[i].bytes, WRAPPED_BYTES_MAX));
}

static int
set_up(void **state)
{
	found = 0;
	return kit_set_up(state);
}

/* -- a login -------------------------------------------------------------- */

/* Auth grants the login that waits; with it comes the token. */
static void
grant_login(struct kit *k)
{
	static char name[] = "somebody", token[] = TOKEN;
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	Kith__V1__LoggedIn in = KITH__V1__LOGGED_IN__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Request *r;
	uint8_t packed[256];
	struct ipc_head h;
	const uint8_t *none;
	uint32_t len;

	assert_true(kit_take_request(k, KIT_AUTH, &h, &r));
	reply.id = h.request;
	reply.body_case = KITH__V1__REPLY__BODY_LOGGED_IN;
	reply.logged_in = &in;
	in.user_id = login.user_id = 3;
	in.device = login.device = 9;
	in.token = token;
	login.name = name;
	login.reply.data = packed;
	login.reply.len = kith__v1__reply__pack(&reply, packed);
	h.type = IPC_LOGIN;
	looking = false;		/* the kit's own packing is not the worker's */
	kit_say_msg(k, KIT_AUTH, &h, &login.base);
	looking = true;
	kit_turn(k);
	if (kit_take(k, KIT_READER, &h, &none, &len)) {
		kit_say_loaded(k, h, true, NULL, 0);
		kit_turn(k);
	}
}

static void
post_login(struct client *c)
{
	static char name[] = "alice", password[] = "correct horse";
	Kith__V1__LoginPassword login = KITH__V1__LOGIN_PASSWORD__INIT;

	login.name = name;
	login.password = password;
	client_post(c, 2, KITH__V1__REQUEST__BODY_LOGIN_PASSWORD, &login);
	kit_turn(c->kit);
}

/* Reads until `part` has come. */
static void
expect_text(struct client *c, const char *part)
{
	static char got[65536];
	size_t len = 0;
	ssize_t n;

	for (int i = 0; i < 50; i++) {
		n = recv(c->fd, got + len, sizeof(got) - len, 0);
		len += n > 0 ? (size_t)n : 0;
		if (memmem(got, len, part, strlen(part)) != NULL)
			return;
		kit_turn(c->kit);
	}
	fail_msg("%s did not come", part);
}

/* -- the doors ------------------------------------------------------------ */

static void
native_token_leaves_no_trace(void **state)
{
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	client_hello(&c);
	post_login(&c);
	grant_login(k);
	client_expect_body(&c, 2, KITH__V1__REPLY__BODY_LOGGED_IN);
	client_close(&c);
	kit_turn(k);
	assert_wiped(k);
}

/* The block grows over the token, and is given back with all of it unsent. */
static void
unsent_token_is_wiped_when_the_connection_is_killed(void **state)
{
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	struct kit *k = *state;
	struct client c;
	int least = 1;

	client_open(&c, k);
	client_hello(&c);
	setsockopt(c.conn->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	for (int i = 0; i < 2000; i++)
		client_post(&c, 1000, KITH__V1__REQUEST__BODY_PING, &ping);
	kit_turn(k);
	assert_true(conn_unsent(c.conn) > 0);
	post_login(&c);
	grant_login(k);
	for (uint64_t seq = 1; seq <= 8; seq++)
		kit_say_event(k, &(struct ipc_head){ .flags = IPC_F_USERS, .user = { 3, 3 } },
		    seq, 4000);
	kit_turn(k);
	assert_true(is_in(c.conn->out.bytes.data, c.conn->out.bytes.len));
	client_close(&c);
	kit_turn(k);
	assert_int_equal(k->w.nconns, 0);
	assert_wiped(k);
}

static void
open_http(struct client *c, struct kit *k)
{
	static char none[] = "";

	k->conf.http = true;
	k->conf.http_names = k->conf.http_origins = k->conf.http_proxies = none;
	client_open(c, k);
}

/* A text frame of a client, whose mask is 0. */
static void
write_text(struct client *c, const char *text)
{
	uint8_t head[8] = { 0x81, 0x80 | 126 };

	head[2] = (uint8_t)(strlen(text) >> 8);
	head[3] = (uint8_t)strlen(text);
	client_write(c, head, sizeof(head));
	client_write(c, text, strlen(text));
	kit_turn(c->kit);
}

static void
websocket_token_leaves_no_trace(void **state)
{
	static const char upgrade[] = "GET /v1/ws HTTP/1.1\r\nHost: localhost\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Protocol: kith.v1.json\r\n\r\n";
	struct kit *k = *state;
	struct client c;

	open_http(&c, k);
	client_write(&c, upgrade, sizeof(upgrade) - 1);
	expect_text(&c, "101 Switching");
	write_text(&c, "{\"id\":1,\"hello\":{\"versionMin\":1,\"versionMax\":1}}"
	    "                                                                                ");
	expect_text(&c, "welcome");
	write_text(&c,
	    "{\"id\":2,\"loginPassword\":{\"name\":\"alice\",\"password\":\"correct horse\"}}"
	    "                                                                                ");
	grant_login(k);
	expect_text(&c, "\"token\":\"" TOKEN);
	client_close(&c);
	kit_turn(k);
	assert_wiped(k);
}

static void
http_token_leaves_no_trace(void **state)
{
	static const char post[] = "POST /v1/login HTTP/1.1\r\nHost: localhost\r\n"
	    "Content-Type: application/json\r\nContent-Length: 70\r\n\r\n"
	    "{\"id\":2,\"loginPassword\":{\"name\":\"alice\",\"password\":\"correct horse\"}}  ";
	struct kit *k = *state;
	struct client c;

	open_http(&c, k);
	client_write(&c, post, sizeof(post) - 1);
	for (int i = 0; i < 6; i++)
		kit_turn(k);
	grant_login(k);
	expect_text(&c, "\"token\":\"" TOKEN);
	client_close(&c);
	kit_turn(k);
	assert_wiped(k);
}

#define SECRET_TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, kit_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SECRET_TEST(native_token_leaves_no_trace),
		SECRET_TEST(unsent_token_is_wiped_when_the_connection_is_killed),
		SECRET_TEST(websocket_token_leaves_no_trace),
		SECRET_TEST(http_token_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
