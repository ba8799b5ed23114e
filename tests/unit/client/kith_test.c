/*
 * kith_test.c - two struct kith in one process, at two servers: nothing that one
 * learns, sends or loses shows in the other.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "client-cli/libkith/client_failure.h"
#include "client-cli/libkith/client_request.h"
#include "client-cli/libkith/kith.h"
#include "protocol/frame.h"
#include "protocol/limits.h"
#include "protocol/wire.h"

#define N		2
#define PATIENCE_SECONDS 20

/* -- a server ------------------------------------------------------------- */

struct fake {
	unsigned	 number;		/* in all that it says */
	char		 token[TOKEN_CHARS + 1];
	int		 listener, fd;		/* fd -1: nobody is connected */
	uint16_t	 port;
	struct event	*accepts, *reads;
	struct frame_reader reader;
	unsigned	 by_password, by_token, sends;
	char		 text[32];		/* the last message */
};

static struct event_base *base;

static void
hang_up(struct fake *f)
{
	if (f->fd < 0)
		return;
	event_free(f->reads);
	f->reads = NULL;
	frame_reader_fini(&f->reader);
	close(f->fd);
	f->fd = -1;
}

static void
fake_say(struct fake *f, Kith__V1__Reply *reply, uint64_t id)
{
	uint8_t frame[4096];
	size_t len;

	reply->id = id;
	len = wire_pack_frame(&reply->base, frame, sizeof(frame));
	assert_true(len > 0);
	assert_int_equal(write(f->fd, frame, len), len);
}

static void
fake_welcome(struct fake *f, uint64_t id)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Welcome welcome = KITH__V1__WELCOME__INIT;
	Kith__V1__Limits limits = KITH__V1__LIMITS__INIT;

	welcome.version = KITH_PROTOCOL_VERSION;
	welcome.limits = &limits;
	reply.body_case = KITH__V1__REPLY__BODY_WELCOME;
	reply.welcome = &welcome;
	fake_say(f, &reply, id);
}

static void
fake_log_in(struct fake *f, uint64_t id, int with_token)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__LoggedIn login = KITH__V1__LOGGED_IN__INIT;

	login.user_id = f->number;
	login.device = f->number;
	if (with_token)
		login.token = f->token;
	reply.body_case = KITH__V1__REPLY__BODY_LOGGED_IN;
	reply.logged_in = &login;
	fake_say(f, &reply, id);
}

static void
fake_store(struct fake *f, uint64_t id)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sent sent = KITH__V1__SENT__INIT;
	Kith__V1__Outcome outcome = KITH__V1__OUTCOME__INIT, *outcomes = &outcome;

	f->sends++;
	outcome.conversation = f->number;
	outcome.seq = f->sends;
	sent.outcomes = &outcomes;
	sent.n_outcomes = 1;
	reply.body_case = KITH__V1__REPLY__BODY_SENT;
	reply.sent = &sent;
	fake_say(f, &reply, id);
}

static void
fake_take(struct fake *f, const Kith__V1__Request *r)
{
	switch (r->body_case) {
	case KITH__V1__REQUEST__BODY_HELLO:
		fake_welcome(f, r->id);
		break;
	case KITH__V1__REQUEST__BODY_LOGIN_PASSWORD:
		f->by_password++;
		fake_log_in(f, r->id, 1);
		break;
	case KITH__V1__REQUEST__BODY_LOGIN_TOKEN:
		assert_string_equal(r->login_token->token, f->token);
		f->by_token++;
		fake_log_in(f, r->id, 0);
		break;
	case KITH__V1__REQUEST__BODY_SEND:
		snprintf(f->text, sizeof(f->text), "%s", r->send->text);
		fake_store(f, r->id);
		break;
	default:
		break;
	}
}

static void
on_fake_readable(evutil_socket_t fd, short what, void *arg)
{
	struct fake *f = arg;
	uint8_t bytes[4096];
	const uint8_t *at = bytes, *body;
	ssize_t got = read(fd, bytes, sizeof(bytes));
	size_t left = got > 0 ? (size_t)got : 0;
	uint32_t len;

	(void)what;
	if (got <= 0) {
		hang_up(f);
		return;
	}
	while (frame_read(&f->reader, &at, &left, &body, &len) == FRAME_ONE) {
		Kith__V1__Request *r = kith__v1__request__unpack(NULL, len, body);

		assert_non_null(r);
		fake_take(f, r);
		kith__v1__request__free_unpacked(r, NULL);
	}
}

static void
on_fake_accept(evutil_socket_t fd, short what, void *arg)
{
	struct fake *f = arg;

	(void)what;
	hang_up(f);
	f->fd = accept(fd, NULL, NULL);
	assert_true(f->fd >= 0);
	frame_reader_init(&f->reader, FRAME_BYTES_MAX);
	f->reads = event_new(base, f->fd, EV_READ | EV_PERSIST, on_fake_readable, f);
	event_add(f->reads, NULL);
}

static void
fake_open(struct fake *f, unsigned number)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	memset(f, 0, sizeof(*f));
	f->number = number;
	snprintf(f->token, sizeof(f->token), "token-%u", number);
	f->fd = -1;
	f->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(f->listener, 5), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&a, &len), 0);
	f->port = ntohs(a.sin_port);
	f->accepts = event_new(base, f->listener, EV_READ | EV_PERSIST, on_fake_accept, f);
	event_add(f->accepts, NULL);
}

static void
fake_close(struct fake *f)
{
	hang_up(f);
	event_free(f->accepts);
	close(f->listener);
}

/* -- clients -------------------------------------------------------------- */

struct client {
	struct kith	*kith;
	unsigned	 logins;
	char		 token[TOKEN_CHARS + 1];
	uint64_t	 conversation, seq;	/* of the last message stored */
	enum kith_phase	 phase;
	struct kith_failure why;
};

static void
on_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct client *c = arg;

	(void)k;
	c->phase = phase;
	if (why != NULL)
		c->why = *why;
}

static void
on_logged_in(struct kith *k, const Kith__V1__LoggedIn *login, void *arg)
{
	struct client *c = arg;

	(void)k;
	c->logins++;
	if (login->token[0] != '\0')
		snprintf(c->token, sizeof(c->token), "%s", login->token);
}

static void
on_stored(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct client *c = arg;

	(void)k;
	assert_null(why);
	c->conversation = reply->sent->outcomes[0]->conversation;
	c->seq = reply->sent->outcomes[0]->seq;
}

static void
client_open(struct client *c, uint16_t port)
{
	struct kith_options o = {
		.base = base, .host = "127.0.0.1", .port = port, .plain = 1, .client = "test",
		.login = { .by = KITH_BY_PASSWORD, .name = "alice", .password = "password" },
		.retry_ms = KITH_FOREVER, .request_ms = KITH_FOREVER,
		.hooks = { .phase = on_phase, .logged_in = on_logged_in }, .arg = c,
	};

	memset(c, 0, sizeof(*c));
	c->kith = kith_create(&o);
	assert_non_null(c->kith);
	kith_start(c->kith);
}

static void
send_text(struct client *c, uint64_t id, const char *text)
{
	Kith__V1__Target to = KITH__V1__TARGET__INIT;

	to.to_case = KITH__V1__TARGET__TO_GROUP;
	to.group = (char *)"lobby";
	assert_int_equal(kith_send(c->kith, id, &to, 1, text, on_stored, c), 0);
}

/* Runs the loop until *value is `want`. */
static void
run_until(const unsigned *value, unsigned want)
{
	const struct timeval limit = { PATIENCE_SECONDS, 0 };

	event_base_loopexit(base, &limit);
	while (*value != want && !event_base_got_exit(base))
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(*value, want);
}

static void
run_until_seq(const struct client *c, uint64_t want)
{
	const struct timeval limit = { PATIENCE_SECONDS, 0 };

	event_base_loopexit(base, &limit);
	while (c->seq != want && !event_base_got_exit(base))
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(c->seq, want);
}

static void
two_instances_work_independently(void **state)
{
	struct fake servers[N];
	struct client clients[N];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		fake_open(&servers[i], i + 1);
		client_open(&clients[i], servers[i].port);
	}
	send_text(&clients[0], 1, "from the first");
	send_text(&clients[1], 1, "from the second");
	for (unsigned i = 0; i < N; i++) {
		run_until_seq(&clients[i], 1);
		assert_int_equal(clients[i].conversation, i + 1);
		assert_int_equal(kith_user_id(clients[i].kith), i + 1);
		assert_string_equal(clients[i].token, servers[i].token);
	}
	assert_string_equal(servers[0].text, "from the first");
	assert_string_equal(servers[1].text, "from the second");

	/* Both come back, each with its own token. */
	hang_up(&servers[0]);
	hang_up(&servers[1]);
	run_until(&clients[0].logins, 2);
	run_until(&clients[1].logins, 2);
	assert_int_equal(servers[0].by_token, 1);
	assert_int_equal(servers[1].by_token, 1);

	/* One goes, and one fails: the other is not touched. */
	kith_destroy(clients[0].kith);
	fake_close(&servers[0]);
	send_text(&clients[1], 2, "still here");
	run_until_seq(&clients[1], 2);
	assert_string_equal(servers[1].text, "still here");
	kith_destroy(clients[1].kith);
	fake_close(&servers[1]);
}

static void
every_search_has_an_end(void **state)
{
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	struct kith_failure why;
	struct fake server;
	struct client c;

	(void)state;
	fake_open(&server, 1);
	client_open(&c, server.port);
	assert_int_equal(client_request_internal(c.kith, KITH__V1__REQUEST__BODY__NOT_SET,
	    &hello, NULL), -EINVAL);
	assert_int_equal(client_request_internal(c.kith, (Kith__V1__Request__BodyCase)9999,
	    &hello, NULL), -EINVAL);
	assert_int_equal(kith_pending(c.kith), 0);
	client_failure_local(&why, 9999, NULL);
	assert_int_equal(why.exit, KITH_EXIT_FAILED);
	kith_destroy(c.kith);
	fake_close(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_instances_work_independently),
		cmocka_unit_test(every_search_has_an_end),
	};
	int rc;

	base = event_base_new();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return rc;
}
