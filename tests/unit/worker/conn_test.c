/*
 * conn_test.c - connections over socketpairs: first bytes, TLS, bounds, times, pauses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "protocol/limits.h"
#include "protocol/wire.h"
#include "tests/unit/kit/worker_kit.h"

#define HEARTBEAT	1000u

/* -- first bytes ---------------------------------------------------------- */

static void
first_byte_tells_the_door(void **state)
{
	static const char *const others[] = {
		"GET / HTTP/1.1\r\n\r\n", "\x01", "\x17\x03\x03", "SSH-2",
	};
	struct client c;

	client_open(&c, *state);
	client_hello(&c);
	client_close(&c);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		client_open(&c, *state);
		client_write(&c, others[i], strlen(others[i]));
		assert_null(client_reply(&c));
		assert_true(c.ended);
		client_close(&c);
	}
}

static void
plain_is_for_this_host(void **state)
{
	struct kit *k = *state;
	struct client c;

	assert_true(client_open_from(&c, k, 1));
	client_write(&c, "\0\0\0\1", 4);
	assert_null(client_reply(&c));
	assert_true(c.ended);
	client_close(&c);
	k->conf.plaintext = true;
	assert_true(client_open_from(&c, k, 1));
	client_hello(&c);
	client_close(&c);
}

static void
connections_of_an_address_are_bounded(void **state)
{
	struct kit *k = *state;
	struct client c[4], local[8];

	k->conf.connections_per_address = 3;
	k->conf.plaintext = true;
	for (int i = 0; i < 3; i++)
		assert_true(client_open_from(&c[i], k, 1));
	assert_false(client_open_from(&c[3], k, 1));
	client_close(&c[3]);
	assert_true(client_open_from(&c[3], k, 2));
	client_close(&c[3]);
	client_close(&c[0]);
	kit_turn(k);
	assert_true(client_open_from(&c[0], k, 1));
	for (int i = 0; i < 8; i++)
		client_open(&local[i], k);
	for (int i = 0; i < 8; i++)
		client_close(&local[i]);
	for (int i = 0; i < 3; i++)
		client_close(&c[i]);
}

static void
frames_come_in_any_pieces(void **state)
{
	static const uint8_t hello[] = { 0, 0, 0, 8, 8, 1, 0x52, 4, 8, 1, 0x10, 1 };
	struct client c;
	Kith__V1__Reply *r;

	client_open(&c, *state);
	for (size_t i = 0; i < sizeof(hello); i++) {
		client_write(&c, &hello[i], 1);
		kit_turn(*state);
	}
	r = client_reply(&c);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_WELCOME);
	client_close(&c);
}

static void
broken_frame_is_told_even_with_more_behind_it(void **state)
{
	static const uint8_t flood[200000];
	struct client c;

	client_open(&c, *state);
	client_hello(&c);
	client_write(&c, flood, sizeof(flood));
	client_expect_closing(&c, KITH_E_BAD_FRAME);
	client_close(&c);
	client_open(&c, *state);
	client_hello(&c);
	client_write(&c, "\0\0\x10\1", 4);	/* 4097: too much before the login */
	client_expect_closing(&c, KITH_E_BAD_FRAME);
	client_close(&c);
}

/* -- TLS ------------------------------------------------------------------ */

struct tls_client {
	SSL_CTX	*ctx;
	SSL	*ssl;
};

static void
tls_open(struct tls_client *t, struct client *c, const char *alpn)
{
	int rc = 0;

	t->ctx = SSL_CTX_new(TLS_client_method());
	if (alpn != NULL)
		SSL_CTX_set_alpn_protos(t->ctx, (const unsigned char *)alpn,
		    (unsigned)strlen(alpn));
	t->ssl = SSL_new(t->ctx);
	SSL_set_fd(t->ssl, c->fd);
	for (int i = 0; i < 50 && rc != 1; i++) {
		rc = SSL_connect(t->ssl);
		kit_turn(c->kit);
	}
	assert_int_equal(rc, 1);
}

static void
tls_close(struct tls_client *t, struct client *c)
{
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	client_close(c);
}

/* A frame of the worker's: its Reply. */
static Kith__V1__Reply *
tls_reply(struct tls_client *t, struct client *c)
{
	static uint8_t buf[FRAME_HEADER_BYTES + FRAME_BYTES_MAX];
	ProtobufCMessage *m;
	size_t have = 0, need = FRAME_HEADER_BYTES;
	int n;

	for (int i = 0; i < 1000 && have < need; i++) {
		if ((n = SSL_read(t->ssl, buf + have, (int)(need - have))) <= 0) {
			kit_turn(c->kit);
			continue;
		}
		have += (size_t)n;
		if (have == FRAME_HEADER_BYTES)
			need += (size_t)buf[2] << 8 | buf[3];	/* below 64 KiB */
	}
	if (have < need || need == FRAME_HEADER_BYTES)
		return NULL;
	assert_int_equal(wire_unpack(&kith__v1__reply__descriptor, buf + FRAME_HEADER_BYTES,
	    need - FRAME_HEADER_BYTES, &c->kit->mem, NULL, &m), KITH_E_OK);
	return (Kith__V1__Reply *)m;
}

static void
tls_carries_frames_with_and_without_alpn(void **state)
{
	static const char *const alpn[] = { NULL, "\x06kith/1" };
	static const uint8_t hello[] = { 0, 0, 0, 8, 8, 1, 0x52, 4, 8, 1, 0x10, 1 };
	struct kit *k = *state;
	Kith__V1__Reply *r;

	for (int i = 0; i < 2; i++) {
		struct tls_client t;
		struct client c;

		assert_true(client_open_from(&c, k, 1));
		tls_open(&t, &c, alpn[i]);
		assert_int_equal(SSL_write(t.ssl, hello, sizeof(hello)), sizeof(hello));
		r = tls_reply(&t, &c);
		assert_non_null(r);
		assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_WELCOME);
		tls_close(&t, &c);
	}
}

/* The event loop does not know of what TLS has decrypted already. */
static void
requests_of_one_record_are_all_answered(void **state)
{
	enum { PINGS = 1500 };			/* 12,000 bytes */
	static const uint8_t hello[] = { 0, 0, 0, 8, 8, 1, 0x52, 4, 8, 1, 0x10, 1 };
	static const uint8_t ping[] = { 0, 0, 0, 5, 8, 7, 0x92, 1, 0 };
	static uint8_t all[PINGS * sizeof(ping)];
	struct tls_client t;
	struct client c;
	Kith__V1__Reply *r;

	assert_true(client_open_from(&c, *state, 1));
	tls_open(&t, &c, "\x06kith/1");
	assert_int_equal(SSL_write(t.ssl, hello, sizeof(hello)), sizeof(hello));
	assert_non_null(tls_reply(&t, &c));
	for (int i = 0; i < PINGS; i++)
		memcpy(all + (size_t)i * sizeof(ping), ping, sizeof(ping));
	assert_int_equal(SSL_write(t.ssl, all, sizeof(all)), sizeof(all));
	for (int i = 0; i < PINGS; i++) {
		r = tls_reply(&t, &c);
		assert_non_null(r);
		assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_PONG);
	}
	tls_close(&t, &c);
}

static void
alpn_of_others_is_refused(void **state)
{
	struct kit *k = *state;
	struct client c;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int rc = 0;

	SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2", 3);
	ssl = SSL_new(ctx);
	client_open(&c, k);
	SSL_set_fd(ssl, c.fd);
	for (int i = 0; i < 20; i++) {
		rc = SSL_connect(ssl);
		kit_turn(k);
	}
	assert_int_not_equal(rc, 1);
	assert_int_equal(kit_counter(k, STAT_tls_failed), 1);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	client_close(&c);
}

/* -- times ---------------------------------------------------------------- */

static void
time_to_log_in_runs_from_the_accept(void **state)
{
	struct kit *k = *state;
	struct client silent, polite, busy, away;

	k->conf.login_ms = 1000;
	client_open(&silent, k);
	client_open(&polite, k);
	client_open(&busy, k);
	client_hello(&polite);
	assert_true(client_open_from(&away, k, 1));
	for (int i = 0; i < 4; i++) {
		/* Bytes now and then are no login. */
		client_write(&busy, &"\0\0\0\x10"[i], 1);
		kit_later(k, 300);
	}
	client_expect_closing(&silent, KITH_E_TIMEOUT);
	client_expect_closing(&polite, KITH_E_TIMEOUT);
	client_expect_closing(&busy, KITH_E_TIMEOUT);
	assert_null(client_reply(&away));	/* which spoke no language of ours */
	assert_true(away.ended);
	client_close(&silent);
	client_close(&polite);
	client_close(&busy);
	client_close(&away);
}

static void
silence_is_asked_then_ended(void **state)
{
	struct kit *k = *state;
	struct client c, alive;
	Kith__V1__Pong pong = KITH__V1__PONG__INIT;
	Kith__V1__Reply *r;

	k->conf.heartbeat_ms = HEARTBEAT;
	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	client_open(&alive, k);
	client_login(&alive, 2, 2, NULL, 0);
	for (int i = 0; i < 6; i++) {
		kit_later(k, HEARTBEAT);
		client_post(&alive, 10, KITH__V1__REQUEST__BODY_PONG, &pong);
		kit_turn(k);
	}
	do
		r = client_reply(&c);
	while (r != NULL && r->body_case == KITH__V1__REPLY__BODY_PING);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_CLOSING);
	assert_int_equal(r->closing->reason->code, KITH_E_TIMEOUT);
	assert_int_equal(kit_counter(k, STAT_timeouts), 1);
	assert_int_equal(registry_sessions(&k->shared->registry), 1);
	r = client_reply(&alive);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_PING);
	client_close(&c);
	client_close(&alive);
}

static void
client_that_does_not_leave_is_cut(void **state)
{
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	client_hello(&c);
	client_write(&c, "\0\0\0\0", 4);
	kit_turn(k);
	kit_turn(k);
	assert_int_equal(k->w.nconns, 1);
	kit_later(k, 10000);
	assert_int_equal(k->w.nconns, 0);
	client_close(&c);
}

/* -- output --------------------------------------------------------------- */

/* Gives the worker's side of a connection as little room as there is. */
static void
narrow(struct client *c)
{
	int least = 1;

	setsockopt(c->conn->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
}

static void
idle_connection_has_no_buffers(void **state)
{
	struct client c;

	client_open(&c, *state);
	client_login(&c, 1, 1, NULL, 0);
	kit_turn(*state);
	assert_int_equal(c.conn->out.bytes.size, 0);
	assert_null(c.conn->held);
	assert_int_equal(((struct frame_reader *)c.conn->door_state)->buf.size, 0);
	client_close(&c);
}

static void
password_is_not_kept_while_it_is_checked(void **state)
{
	static char name[] = "alice", password[] = "correct horse";
	Kith__V1__LoginPassword login = KITH__V1__LOGIN_PASSWORD__INIT;
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	client_hello(&c);
	login.name = name;
	login.password = password;
	client_post(&c, 2, KITH__V1__REQUEST__BODY_LOGIN_PASSWORD, &login);
	kit_turn(k);
	assert_int_equal(c.conn->session.state, S_LOGGING_IN);
	assert_int_equal(((struct frame_reader *)c.conn->door_state)->buf.size, 0);
	for (size_t i = 0; i + sizeof(password) <= k->w.mem.size; i++)
		assert_int_not_equal(memcmp(k->w.mem.block + i, password, sizeof(password) - 1), 0);
	client_close(&c);
}

static void
soft_bound_drops_events_then_resync(void **state)
{
	enum { EVENTS = 100 };
	struct kit *k = *state;
	struct ipc_head h = { .flags = IPC_F_USERS, .user = { 1, 1 }, .conversation = 5 };
	struct client c;
	Kith__V1__Reply *r;
	uint64_t seq = 0;

	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	narrow(&c);
	for (int i = 1; i <= EVENTS; i++) {
		kit_say_event(k, &h, (uint64_t)i, 4000);
		kit_turn(k);
	}
	assert_int_equal(kit_counter(k, STAT_resyncs), 1);
	/* What came is the beginning, without a hole. */
	while ((r = client_reply(&c)) != NULL && r->body_case == KITH__V1__REPLY__BODY_EVENT)
		assert_int_equal(r->event->seq, ++seq);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_RESYNC);
	assert_true(seq * 4000 >= k->conf.output_soft - 4100 && seq < EVENTS);
	/* From here on it hears live again. */
	kit_say_event(k, &h, EVENTS + 1, 10);
	r = client_reply(&c);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_EVENT);
	assert_int_equal(r->event->seq, EVENTS + 1);
	client_close(&c);
}

/* It is read no further, and so it falls silent. */
static void
who_does_not_read_is_not_read(void **state)
{
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	struct kit *k = *state;
	struct client c;
	uint64_t before;

	k->conf.heartbeat_ms = HEARTBEAT;
	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	narrow(&c);
	for (int i = 0; i < 20000; i++) {
		before = kit_counter(k, STAT_bytes_in);
		client_post(&c, 1000, KITH__V1__REQUEST__BODY_PING, &ping);
		if (kit_counter(k, STAT_bytes_in) == before)
			break;
	}
	assert_int_equal(kit_counter(k, STAT_bytes_in), before);
	assert_int_equal(k->w.nconns, 1);
	for (int i = 0; i < 60 && k->w.nconns > 0; i++)
		kit_later(k, HEARTBEAT);
	assert_int_equal(k->w.nconns, 0);
	assert_int_equal(kit_counter(k, STAT_timeouts), 1);
	assert_int_equal(kit_counter(k, STAT_output_full), 0);
	client_close(&c);
}

static void
hard_bound_closes(void **state)
{
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	struct kit *k = *state;
	struct client c;

	k->conf.output_hard = 10000;
	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	narrow(&c);
	for (int i = 0; i < 20000 && k->w.nconns > 0; i++)
		client_post(&c, 1000, KITH__V1__REQUEST__BODY_PING, &ping);
	assert_int_equal(k->w.nconns, 0);
	assert_int_equal(kit_counter(k, STAT_output_full), 1);
	assert_int_equal(registry_sessions(&k->shared->registry), 0);
	client_close(&c);
}

/* -- input ---------------------------------------------------------------- */

static void
requests_in_flight_are_bounded_and_stay_in_order(void **state)
{
	enum { REQUESTS = 100 };
	struct kit *k = *state;
	struct client c;
	struct ipc_head h[REQUESTS];
	const uint8_t *body;
	uint32_t len;
	unsigned got = 0, before;

	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	for (uint64_t i = 0; i < REQUESTS; i++)
		client_send(&c, 100 + i, 1ull << 32 | (i + 1), "x");
	for (int i = 0; i < 5; i++)
		kit_turn(k);
	while (got < REQUESTS) {
		before = got;
		while (got < REQUESTS && kit_take(k, KIT_WRITER, &h[got], &body, &len)) {
			assert_int_equal(h[got].request, 100 + got);
			got++;
		}
		/* So many and no more: then it waits for the replies. */
		assert_int_equal(got - before, before + IN_FLIGHT_MAX < REQUESTS ? IN_FLIGHT_MAX :
		    REQUESTS - before);
		for (unsigned i = before; i < got; i++)
			kit_say_done(k, KIT_WRITER, &h[i]);
		for (int i = 0; i < 5; i++)
			kit_turn(k);
	}
	for (unsigned i = 0; i < REQUESTS; i++) {
		Kith__V1__Reply *r = client_reply(&c);

		assert_non_null(r);
		assert_int_equal(r->id, 100 + i);
	}
	assert_null(c.conn->held);
	client_close(&c);
}

static void
paused_connection_is_not_silent(void **state)
{
	struct kit *k = *state;
	struct client c;

	k->conf.heartbeat_ms = 100;
	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	for (uint64_t i = 0; i < IN_FLIGHT_MAX; i++)
		client_send(&c, 100 + i, 1ull << 32 | (i + 1), "x");
	kit_turn(k);
	kit_later(k, REQUEST_MS - 100);
	assert_int_equal(c.conn->state, CONN_OPEN);
	client_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(first_byte_tells_the_door),
		KIT_TEST(plain_is_for_this_host),
		KIT_TEST(connections_of_an_address_are_bounded),
		KIT_TEST(frames_come_in_any_pieces),
		KIT_TEST(broken_frame_is_told_even_with_more_behind_it),
		KIT_TEST(tls_carries_frames_with_and_without_alpn),
		KIT_TEST(requests_of_one_record_are_all_answered),
		KIT_TEST(alpn_of_others_is_refused),
		KIT_TEST(time_to_log_in_runs_from_the_accept),
		KIT_TEST(silence_is_asked_then_ended),
		KIT_TEST(client_that_does_not_leave_is_cut),
		KIT_TEST(idle_connection_has_no_buffers),
		KIT_TEST(password_is_not_kept_while_it_is_checked),
		KIT_TEST(soft_bound_drops_events_then_resync),
		KIT_TEST(who_does_not_read_is_not_read),
		KIT_TEST(hard_bound_closes),
		KIT_TEST(requests_in_flight_are_bounded_and_stay_in_order),
		KIT_TEST(paused_connection_is_not_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
