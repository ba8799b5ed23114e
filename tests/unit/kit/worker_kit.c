/* worker_kit.c - a worker without other processes. */
#include "tests/unit/kit/worker_kit.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "protocol/wire.h"
#include "server/handout/pem.h"
#include "server/lib/netname.h"
#include "server/main/worker_doors.h"
#include "server/tls/tls.h"
#include "tests/unit/kit/fake_shared.h"
#include "tests/unit/kit/tmpdir.h"

#define SESSIONS	64u
#define GROUPS		64u
#define TURNS_MAX	50
#define AN_HOUR		3600000u

static uint64_t kit_clock;

static uint64_t
read_kit_clock(void)
{
	return kit_clock;
}

/* One certificate for all tests of a program. */
static struct tls_ctx *
make_tls(void)
{
	static const char *const names[] = { "localhost" };
	static char cert[256], key[256];
	static struct pem pem;
	char err[256];
	struct tls_ctx *ctx;

	if (cert[0] == '\0') {
		const char *folder = tmpdir();

		snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
		snprintf(key, sizeof(key), "%s/key.pem", folder);
		assert_int_equal(tls_make_certificate(cert, key, names, 1, err, sizeof(err)), 0);
	}
	assert_int_equal(pem_load(&pem, cert, key, err, sizeof(err)), 0);
	ctx = tls_ctx_create(pem.certificate, pem.key, err, sizeof(err));
	assert_non_null(ctx);
	return ctx;
}

static void *
take(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) / 64 * 64);

	assert_non_null(mem);
	memset(mem, 0, size);
	return mem;
}

static void
init(struct kit *k)
{
	static char name[] = "test", nothing[] = "";

	memset(k, 0, sizeof(*k));
	log_init(LOG_L_ERROR);
	k->shared = fake_shared_create();
	k->sessions = take(registry_space_sessions(SESSIONS));
	k->groups = take(registry_space_groups(GROUPS));
	assert_int_equal(registry_init(&k->shared->registry, k->sessions, SESSIONS, k->groups,
	    GROUPS), 0);
	k->conf = (struct conf){
		.server_name = name, .http_names = nothing, .http_origins = nothing,
		.http_proxies = nothing, .sessions_max = SESSIONS,
		    .registration = REGISTRATION_INVITE,
		.heartbeat_ms = AN_HOUR, .login_ms = AN_HOUR, .drain_ms = 4000,
		.send_burst = 100, .output_soft = 65536, .output_hard = 1u << 20,
	};
	k->p = fake_proc(k->shared, KIT_WORKER);
	k->p.conf = &k->conf;
	k->p.state = &k->w;
	memset(k->listening.fds, 0xff, sizeof(k->listening.fds));	/* -1: none */
	k->p.listening = &k->listening;
	k->p.base = event_base_new();
	k->w.tls = make_tls();
	k->w.p = &k->p;
	k->w.clock = read_kit_clock;
	k->w.doors = worker_doors;
	kit_clock = 1000000;
	assert_int_equal(unpackmem_init(&k->mem, UNPACK_BYTES_MAX), 0);
	assert_int_equal(worker_set_up(&k->w), 0);
}

static void
fini(struct kit *k)
{
	worker_tear_down(&k->w);
	tls_ctx_destroy(k->w.tls);
	event_base_free(k->p.base);
	unpackmem_fini(&k->mem);
	fake_shared_destroy(k->shared);
	free(k->sessions);
	free(k->groups);
}

/* -- the loop ------------------------------------------------------------- */

static void
drain_inbox(struct kit *k)
{
	struct ring *ring = &k->shared->rings[KIT_WORKER];
	struct ipc_head h;
	const uint8_t *body;
	uint32_t len, body_len;

	while (ring_read(ring, k->record, sizeof(k->record), &len) == 0)
		if (ipc_check(&k->p, k->record, len, &h, &body, &body_len) == 0)
			worker_record(&k->p, &h, body, body_len);
}

int
kit_set_up(void **state)
{
	static struct kit kit;

	signal(SIGPIPE, SIG_IGN);
	init(&kit);
	*state = &kit;
	return 0;
}

int
kit_tear_down(void **state)
{
	fini(*state);
	return 0;
}

uint64_t
kit_counter(const struct kit *k, enum stat_id id)
{
	return k->p.stats->v[id];
}

void
kit_turn(struct kit *k)
{
	event_base_loop(k->p.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	drain_inbox(k);
	worker_turn(&k->p);
	ring_release(&k->shared->rings[KIT_WORKER]);
}

void
kit_later(struct kit *k, uint64_t ms)
{
	kit_clock += ms;
	kit_turn(k);
}

/* -- other processes ------------------------------------------------------ */

bool
kit_take(struct kit *k, unsigned slot, struct ipc_head *h, const uint8_t **body, uint32_t *len)
{
	struct proc other = fake_proc(k->shared, slot);
	struct ring *ring = &k->shared->rings[slot];
	uint32_t all;

	if (ring_read(ring, k->record, sizeof(k->record), &all) < 0)
		return false;
	ring_release(ring);
	assert_int_equal(ipc_check(&other, k->record, all, h, body, len), 0);
	return true;
}

bool
kit_take_request(struct kit *k, unsigned slot, struct ipc_head *h, Kith__V1__Request **r)
{
	const uint8_t *body;
	ProtobufCMessage *m;
	uint32_t len;

	if (!kit_take(k, slot, h, &body, &len))
		return false;
	assert_int_equal(wire_unpack(&kith__v1__request__descriptor, body, len, &k->mem, NULL, &m),
	    KITH_E_OK);
	*r = (Kith__V1__Request *)m;
	return true;
}

void
kit_say(struct kit *k, unsigned slot, struct ipc_head *h, const void *body, uint32_t len)
{
	struct proc other = fake_proc(k->shared, slot);

	assert_int_equal(ipc_send(&other, KIT_WORKER, h, body, len), 0);
}

void
kit_say_msg(struct kit *k, unsigned slot, struct ipc_head *h, const ProtobufCMessage *m)
{
	struct proc other = fake_proc(k->shared, slot);

	assert_int_equal(ipc_send_msg(&other, KIT_WORKER, h, m), 0);
}

void
kit_say_done(struct kit *k, unsigned slot, const struct ipc_head *asked)
{
	struct ipc_head h = *asked;
	Kith__V1__Done done = KITH__V1__DONE__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;

	h.type = IPC_REPLY;
	reply.id = asked->request;
	reply.body_case = KITH__V1__REPLY__BODY_DONE;
	reply.done = &done;
	kit_say_msg(k, slot, &h, &reply.base);
}

void
kit_say_event(struct kit *k, struct ipc_head *h, uint64_t seq, size_t text_bytes)
{
	static char text[TEXT_BYTES_MAX + 1];
	Kith__V1__Event event = KITH__V1__EVENT__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;

	memset(text, 'x', text_bytes);
	text[text_bytes] = '\0';
	event.conversation = h->conversation;
	event.seq = seq;
	event.text = text;
	reply.body_case = KITH__V1__REPLY__BODY_EVENT;
	reply.event = &event;
	h->type = IPC_EVENT;
	kit_say_msg(k, KIT_WRITER, h, &reply.base);
}

/* -- clients -------------------------------------------------------------- */

static bool
open_client(struct client *c, struct kit *k, const uint8_t address[16], bool loopback)
{
	int fds[2];

	memset(c, 0, sizeof(*c));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	c->kit = k;
	c->fd = fds[0];
	frame_reader_init(&c->reader, FRAME_BYTES_MAX);
	c->conn = accept_conn(&k->w, fds[1], address, loopback);
	return c->conn != NULL;
}

void
client_open(struct client *c, struct kit *k)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	assert_true(open_client(c, k, loopback, true));
}

bool
client_open_from(struct client *c, struct kit *k, uint32_t address)
{
	uint8_t mapped[16];

	netname_map_v4(mapped, &address);
	return open_client(c, k, mapped, false);
}

void
client_close(struct client *c)
{
	close(c->fd);
	frame_reader_fini(&c->reader);
	kit_turn(c->kit);
}

void
client_write(struct client *c, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	ssize_t n;

	for (int i = 0; len > 0 && i < TURNS_MAX; i++) {
		if ((n = send(c->fd, at, len, MSG_NOSIGNAL)) < 0)
			assert_true(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		if (len > 0)
			kit_turn(c->kit);
	}
}

void
client_post(struct client *c, uint64_t id, Kith__V1__Request__BodyCase what, void *body)
{
	static uint8_t frame[FRAME_HEADER_BYTES + FRAME_BYTES_MAX];
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	size_t len;

	r.id = id;
	r.body_case = what;
	r.hello = body;			/* all bodies stand at the same place */
	len = wire_pack_frame(&r.base, frame, sizeof(frame));
	assert_true(len > 0);
	client_write(c, frame, len);
}

void
client_send(struct client *c, uint64_t id, uint64_t client_id, const char *text)
{
	Kith__V1__Target target = KITH__V1__TARGET__INIT, *targets[] = { &target };
	Kith__V1__Send body = KITH__V1__SEND__INIT;

	target.to_case = KITH__V1__TARGET__TO_CONVERSATION;
	target.conversation = 1;
	body.n_targets = 1;
	body.targets = targets;
	body.client_id = client_id;
	body.text = (char *)(uintptr_t)text;
	client_post(c, id, KITH__V1__REQUEST__BODY_SEND, &body);
}

/* Reads what there is. false: nothing new. */
static bool
fill(struct client *c)
{
	ssize_t n = recv(c->fd, c->buf, sizeof(c->buf), 0);

	c->at = 0;
	c->len = n > 0 ? (size_t)n : 0;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		c->ended = true;
	return n > 0;
}

Kith__V1__Reply *
client_reply(struct client *c)
{
	const uint8_t *at, *body;
	ProtobufCMessage *m;
	enum frame_result result;
	uint32_t len;
	size_t left;

	for (int i = 0; i < TURNS_MAX; i++) {
		at = c->buf + c->at;
		left = c->len - c->at;
		result = frame_read(&c->reader, &at, &left, &body, &len);
		c->at = c->len - left;
		if (result == FRAME_ONE) {
			assert_int_equal(wire_unpack(&kith__v1__reply__descriptor, body, len,
			    &c->kit->mem, NULL, &m), KITH_E_OK);
			return (Kith__V1__Reply *)m;
		}
		assert_int_equal(result, FRAME_MORE);
		if (!fill(c) && c->ended)
			return NULL;
		if (c->len == 0)
			kit_turn(c->kit);
	}
	return NULL;
}

void
client_expect_error(struct client *c, uint64_t id, enum kith_err code)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_ERROR);
	assert_int_equal(r->id, id);
	assert_string_equal(kith_err_name(r->error->code), kith_err_name(code));
}

void
client_expect_closing(struct client *c, enum kith_err code)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_CLOSING);
	assert_string_equal(kith_err_name(r->closing->reason->code), kith_err_name(code));
	assert_null(client_reply(c));
	assert_true(c->ended);
}

void
client_hello(struct client *c)
{
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	Kith__V1__Reply *r;

	hello.version_min = hello.version_max = 1;
	client_post(c, 1, KITH__V1__REQUEST__BODY_HELLO, &hello);
	r = client_reply(c);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_WELCOME);
}

void
client_login_half(struct client *c, uint64_t user, uint64_t device, struct ipc_head *load)
{
	static char token[] = "token", name[] = "somebody";
	Kith__V1__LoginToken ask = KITH__V1__LOGIN_TOKEN__INIT;
	Kith__V1__LoggedIn in = KITH__V1__LOGGED_IN__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__Ipc__Login login = KITH__IPC__LOGIN__INIT;
	Kith__V1__Request *r;
	uint8_t packed[256];
	struct ipc_head h;
	const uint8_t *none;
	uint32_t len;

	ask.token = token;
	client_post(c, 2, KITH__V1__REQUEST__BODY_LOGIN_TOKEN, &ask);
	kit_turn(c->kit);
	assert_true(kit_take_request(c->kit, KIT_AUTH, &h, &r));
	reply.id = r->id;
	reply.body_case = KITH__V1__REPLY__BODY_LOGGED_IN;
	reply.logged_in = &in;
	in.user_id = login.user_id = c->user = user;
	in.device = login.device = c->device = device;
	login.name = name;
	login.reply.data = packed;
	login.reply.len = kith__v1__reply__pack(&reply, packed);
	h.type = IPC_LOGIN;
	kit_say_msg(c->kit, KIT_AUTH, &h, &login.base);
	kit_turn(c->kit);
	assert_true(kit_take(c->kit, KIT_READER, load, &none, &len));
	assert_int_equal(load->type, IPC_LOAD);
	assert_int_equal(load->user[0], user);
	assert_int_equal(load->device, device);
}

void
client_login(struct client *c, uint64_t user, uint64_t device, uint64_t *groups, size_t n)
{
	Kith__Ipc__Loaded loaded = KITH__IPC__LOADED__INIT;
	Kith__V1__Reply *r;
	struct ipc_head h;

	client_hello(c);
	client_login_half(c, user, device, &h);
	loaded.valid = true;
	loaded.groups = groups;
	loaded.n_groups = n;
	h.type = IPC_LOADED;
	kit_say_msg(c->kit, KIT_READER, &h, &loaded.base);
	r = client_reply(c);
	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_LOGGED_IN);
	assert_int_equal(r->id, 2);
}

/* -- what tests look at --------------------------------------------------- */

int
kit_online(struct kit *k, uint64_t user)
{
	return registry_find(&k->shared->registry, user, NULL, 0);
}

bool
kit_follows(struct kit *k, uint64_t group)
{
	uint32_t mask;

	assert_int_equal(registry_group_workers(&k->shared->registry, group, &mask), 0);
	return mask & 1u;
}

void
kit_say_loaded(struct kit *k, struct ipc_head h, bool valid, uint64_t *groups, size_t n)
{
	Kith__Ipc__Loaded loaded = KITH__IPC__LOADED__INIT;

	loaded.valid = valid;
	loaded.groups = groups;
	loaded.n_groups = n;
	h.type = IPC_LOADED;
	kit_say_msg(k, KIT_READER, &h, &loaded.base);
}

void
kit_say_member(struct kit *k, uint64_t user, uint64_t group, bool joined)
{
	struct ipc_head h = {
		.type = IPC_MEMBER, .user = { user }, .conversation = group,
		.flags = joined ? IPC_F_JOINED : 0,
	};

	kit_say(k, KIT_WRITER, &h, NULL, 0);
}

void
kit_say_group_event(struct kit *k, uint64_t group, uint64_t seq)
{
	struct ipc_head h = { .flags = IPC_F_FOLLOWERS, .conversation = group };

	kit_say_event(k, &h, seq, 5);
}

void
client_expect_event(struct client *c, uint64_t seq)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_EVENT);
	assert_int_equal(r->event->seq, seq);
	assert_int_equal(r->id, 0);
}

void
client_expect_body(struct client *c, uint64_t id, Kith__V1__Reply__BodyCase what)
{
	Kith__V1__Reply *r = client_reply(c);

	assert_non_null(r);
	assert_int_equal(r->body_case, what);
	assert_int_equal(r->id, id);
}
