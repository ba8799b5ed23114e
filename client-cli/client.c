/*
 * client.c - the life of a login: connect, pin the key, greet, log in, beat,
 * and all of it again when the connection breaks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "protocol/error.h"
#include "protocol/limits.h"
#include "protocol/unpackmem.h"
#include "protocol/wire.h"

#define BODY(name)	KITH__V1__REQUEST__BODY_##name
#define REPLY(name)	KITH__V1__REPLY__BODY_##name

#define ID_HELLO	1		/* requests of the core itself; the queue's */
#define ID_LOGIN	2		/* begin at 16 */
#define ID_BEAT		3

#define BACKOFF_MIN_MS	1000		/* kith-protocol.7, "Connecting again" */
#define BACKOFF_MAX_MS	60000
#define STABLE_MS	60000		/* logged in for so long: begin at the minimum again */
#define BEAT_MIN_MS	1000		/* a server that wants it more often is wrong */
#define BEAT_MAX_MS	300000

/* What frames unpack into: one for all connections of the process, since a
 * message is done with when its callback returns. */
static struct unpackmem unpacked;
static unsigned unpacked_users;

static void	on_reconnect(evutil_socket_t fd, short what, void *arg);
static void	on_login_limit(evutil_socket_t fd, short what, void *arg);
static void	on_beat(evutil_socket_t fd, short what, void *arg);
static void	on_tick(evutil_socket_t fd, short what, void *arg);

uint64_t
client_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
arm(struct event *ev, uint64_t ms)
{
	const struct timeval t = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	event_add(ev, &t);
}

/* -- failures ------------------------------------------------------------ */

void
failure_local(struct kith_failure *f, uint32_t code, const char *text)
{
	static const struct { uint32_t code; enum kith_exit exit; const char *text; } rows[] = {
#define X(number, name, exit, words) { number, exit, words },
		KITH_LOCAL_FAILURES(X)
#undef X
	};
	size_t i = 0;

	while (rows[i].code != code)
		i++;
	memset(f, 0, sizeof(*f));
	f->code = code;
	f->exit = rows[i].exit;
	if (text != NULL && text[0] != '\0')
		snprintf(f->text, sizeof(f->text), "%s: %s", rows[i].text, text);
	else
		snprintf(f->text, sizeof(f->text), "%s", rows[i].text);
}

void
failure_from_server(struct kith_failure *f, const Kith__V1__Error *e)
{
	memset(f, 0, sizeof(*f));
	f->code = (uint32_t)e->code;
	f->exit = kith_err_exit(f->code);
	if (f->exit == KITH_EXIT_DONE)	/* an Error that says OK is one all the same */
		f->exit = KITH_EXIT_FAILED;
	f->retry_after_ms = e->retry_after_ms;
	snprintf(f->text, sizeof(f->text), "%s",
	    e->text[0] != '\0' ? e->text : kith_err_text(f->code));
}

int
failure_is_passing(const struct kith_failure *f)
{
	switch (f->code) {
	case KITH_E_BUSY:
	case KITH_E_UNAVAILABLE:
	case KITH_E_SHUTTING_DOWN:
	case KITH_E_SERVER_FULL:
		return 1;
	default:
		return f->retry_after_ms > 0;
	}
}

/* Would a new connection, made without a person, end in the same way? */
static int
is_final(const struct kith_failure *f)
{
	static const uint32_t final[] = {
		KITH_E_AUTH_FAILED, KITH_E_TOKEN_INVALID, KITH_E_DISABLED, KITH_E_REVOKED,
		KITH_E_VERSION, KITH_E_REGISTRATION_CLOSED, KITH_E_INVITE_INVALID,
		KITH_E_NAME_TAKEN, KITH_E_NAME_INVALID, KITH_E_PASSWORD_WEAK, KITH_E_TOO_MANY,
		KITH_E_BAD_REQUEST, KITH_E_UNKNOWN_REQUEST, KITH_E_UNKNOWN_FIELD,
		KITH_E_WRONG_STATE, KITH_E_NOT_PERMITTED, KITH_E_OK,
		KITH_L_PROTOCOL, KITH_L_KEY_UNKNOWN, KITH_L_KEY_CHANGED
	};

	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (f->code == final[i])
			return 1;
	return 0;
}

/* -- create, destroy ----------------------------------------------------- */

static int
copy_string(char **out, const char *s)
{
	*out = strdup(s != NULL ? s : "");
	return *out != NULL ? 0 : -ENOMEM;
}

static void
wipe_string(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

static int
copy_options(struct kith *k, const struct kith_options *o)
{
	char *host = strdup(o->host);

	k->address.host = host;
	k->address.port = o->port;
	k->address.plain = o->plain;
	snprintf(k->key, sizeof(k->key), "%s", o->key != NULL ? o->key : "");
	k->by = o->login.by;
	k->follow = o->follow;
	k->retry_ms = o->retry_ms;
	k->hooks = o->hooks;
	k->arg = o->arg;
	if (host == NULL || copy_string(&k->client, o->client) < 0 ||
	    copy_string(&k->token, o->login.token) < 0 ||
	    copy_string(&k->name, o->login.name) < 0 ||
	    copy_string(&k->password, o->login.password) < 0 ||
	    copy_string(&k->invite, o->login.invite) < 0 ||
	    copy_string(&k->device, o->login.device) < 0)
		return -ENOMEM;
	return 0;
}

static void
deliver(const Kith__V1__Event *event, void *arg)
{
	struct kith *k = arg;

	if (k->hooks.event != NULL)
		k->hooks.event(k, event, k->arg);
}

struct kith *
kith_create(const struct kith_options *options)
{
	struct kith *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	if (unpacked_users == 0 && unpackmem_init(&unpacked, UNPACK_BYTES_MAX) < 0) {
		free(k);
		return NULL;
	}
	unpacked_users++;
	k->base = options->base;
	k->phase = KITH_WAITING;
	k->backoff_ms = BACKOFF_MIN_MS;
	queue_init(&k->queue, options->request_ms);
	event_assign(&k->reconnect, k->base, -1, 0, on_reconnect, k);
	event_assign(&k->login_limit, k->base, -1, 0, on_login_limit, k);
	event_assign(&k->beat, k->base, -1, EV_PERSIST, on_beat, k);
	event_assign(&k->tick, k->base, -1, 0, on_tick, k);
	if (copy_options(k, options) < 0)
		goto fail;
	if (k->follow && (k->state = state_create(options->back, deliver, k)) == NULL)
		goto fail;
	return k;
fail:
	kith_destroy(k);
	return NULL;
}

static void
stop_timers(struct kith *k)
{
	event_del(&k->reconnect);
	event_del(&k->login_limit);
	event_del(&k->beat);
}

void
kith_destroy(struct kith *k)
{
	if (k == NULL)
		return;
	stop_timers(k);
	event_del(&k->tick);
	net_close(k->net);
	queue_wipe(k);
	state_destroy(k->state);
	free((char *)k->address.host);
	free(k->client);
	wipe_string(&k->token);
	free(k->name);
	wipe_string(&k->password);
	wipe_string(&k->invite);
	free(k->device);
	free(k);
	if (--unpacked_users == 0)
		unpackmem_fini(&unpacked);
}

/* -- phases, and the loss of a connection -------------------------------- */

void
client_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why)
{
	k->phase = phase;
	if (k->hooks.phase != NULL)
		k->hooks.phase(k, phase, why, k->arg);
}

/* By chance up to a bound that doubles: after a restart of the server not
 * everybody comes back at once. */
static uint64_t
backoff(struct kith *k, uint32_t retry_after_ms)
{
	uint32_t wait = arc4random_uniform(k->backoff_ms) + 1;

	k->backoff_ms = k->backoff_ms < BACKOFF_MAX_MS / 2 ? 2 * k->backoff_ms : BACKOFF_MAX_MS;
	if (wait < retry_after_ms)
		wait = retry_after_ms + arc4random_uniform(retry_after_ms / 4 + 1);
	return wait;
}

static void
client_end(struct kith *k, const struct kith_failure *why)
{
	k->phase = KITH_ENDED;		/* callbacks may ask again: refused */
	queue_fail_all(k, why);
	client_phase(k, KITH_ENDED, why);
}

void
client_lost(struct kith *k, const struct kith_failure *why)
{
	struct kith_failure reason = k->closing.code != 0 ? k->closing : *why;
	uint64_t now = client_now(), wait;

	stop_timers(k);
	net_close(k->net);
	k->net = NULL;
	if (k->online && now - k->online_at >= STABLE_MS)
		k->backoff_ms = BACKOFF_MIN_MS;
	if (k->online)
		k->lost_at = now;
	k->online = k->greeted = 0;
	queue_lost(k, &reason);
	wait = backoff(k, reason.retry_after_ms);
	if (is_final(&reason) || k->retry_ms == 0 ||
	    (k->retry_ms != KITH_FOREVER && now + wait - k->lost_at > k->retry_ms)) {
		client_end(k, &reason);
		return;
	}
	arm(&k->reconnect, wait);
	client_phase(k, KITH_WAITING, &reason);
}

static void
lost_locally(struct kith *k, uint32_t code, const char *text)
{
	struct kith_failure why;

	failure_local(&why, code, text);
	client_lost(k, &why);
}

/* -- a connection: key, greeting, login ---------------------------------- */

int
client_send_frame(struct kith *k, const uint8_t *frame, size_t len)
{
	k->spoke = 1;
	return net_send(k->net, frame, len);
}

static void
send_hello(struct kith *k)
{
	Kith__V1__Hello body = KITH__V1__HELLO__INIT;

	body.version_min = body.version_max = KITH_PROTOCOL_VERSION;
	body.client = k->client;
	if (client_tell(k, ID_HELLO, BODY(HELLO), &body) < 0)
		lost_locally(k, KITH_L_MEMORY, NULL);
}

static int
send_register(struct kith *k)
{
	Kith__V1__Register body = KITH__V1__REGISTER__INIT;

	body.name = k->name;
	body.password = k->password;
	body.invite = k->invite;
	body.device_name = k->device;
	return client_tell(k, ID_LOGIN, BODY(REGISTER_ACCOUNT), &body);
}

static int
send_login_password(struct kith *k)
{
	Kith__V1__LoginPassword body = KITH__V1__LOGIN_PASSWORD__INIT;

	body.name = k->name;
	body.password = k->password;
	body.device_name = k->device;
	return client_tell(k, ID_LOGIN, BODY(LOGIN_PASSWORD), &body);
}

static int
send_login_token(struct kith *k)
{
	Kith__V1__LoginToken body = KITH__V1__LOGIN_TOKEN__INIT;

	body.token = k->token;
	return client_tell(k, ID_LOGIN, BODY(LOGIN_TOKEN), &body);
}

static void
send_login(struct kith *k)
{
	static int (*const ways[])(struct kith *) = {
		[KITH_BY_TOKEN] = send_login_token,
		[KITH_BY_PASSWORD] = send_login_password,
		[KITH_BY_REGISTERING] = send_register,
	};

	if (ways[k->by](k) < 0)
		lost_locally(k, KITH_L_MEMORY, NULL);
}

static void
on_up(void *arg, const char *key)
{
	struct kith *k = arg;

	snprintf(k->seen_key, sizeof(k->seen_key), "%s", key);
	if (!k->address.plain && strcmp(key, k->key) != 0) {
		lost_locally(k, k->key[0] != '\0' ? KITH_L_KEY_CHANGED : KITH_L_KEY_UNKNOWN, key);
		return;
	}
	k->heard_at = client_now();
	arm(&k->login_limit, LOGIN_MS);
	send_hello(k);
}

static uint64_t
beat_ms(const struct kith *k)
{
	uint64_t ms = k->limits.heartbeat_ms;

	if (ms < BEAT_MIN_MS)
		return ms == 0 ? HEARTBEAT_MS : BEAT_MIN_MS;
	return ms > BEAT_MAX_MS ? BEAT_MAX_MS : ms;
}

static void
on_welcome(struct kith *k, const Kith__V1__Welcome *welcome)
{
	if (welcome->version != KITH_PROTOCOL_VERSION || welcome->limits == NULL) {
		lost_locally(k, KITH_L_PROTOCOL, "it speaks another version");
		return;
	}
	k->limits = *welcome->limits;	/* numbers only */
	k->greeted = 1;
	send_login(k);
}

static void
on_logged_in(struct kith *k, const Kith__V1__LoggedIn *login)
{
	event_del(&k->login_limit);
	k->online = 1;
	k->online_at = client_now();
	k->user = login->user_id;
	if (login->token[0] != '\0') {
		wipe_string(&k->token);
		if (copy_string(&k->token, login->token) < 0) {
			lost_locally(k, KITH_L_MEMORY, NULL);
			return;
		}
		k->by = KITH_BY_TOKEN;
		wipe_string(&k->password);
	}
	arm(&k->beat, beat_ms(k) / 2);
	client_phase(k, KITH_SYNCING, NULL);
	if (k->hooks.logged_in != NULL)
		k->hooks.logged_in(k, login, k->arg);
	queue_pump(k);
	if (k->follow)
		sync_start(k);
	else if (k->online)
		client_phase(k, KITH_READY, NULL);
}

/* An error before the login is the login's: it ends the connection. */
static void
on_login_reply(struct kith *k, const Kith__V1__Reply *reply)
{
	struct kith_failure why;

	if (reply->body_case == REPLY(ERROR)) {
		failure_from_server(&why, reply->error);
		/* A password that a person typed is not worth waiting for. */
		if (k->by != KITH_BY_TOKEN && why.code == KITH_E_RATE_LIMITED)
			k->retry_ms = 0;
		client_lost(k, &why);
	} else if (reply->id == ID_HELLO && reply->body_case == REPLY(WELCOME)) {
		on_welcome(k, reply->welcome);
	} else if (reply->id == ID_LOGIN && k->greeted && reply->body_case == REPLY(LOGGED_IN)) {
		on_logged_in(k, reply->logged_in);
	} else {
		lost_locally(k, KITH_L_PROTOCOL, NULL);
	}
}

/* -- frames -------------------------------------------------------------- */

static void
on_closing(struct kith *k, const Kith__V1__Closing *closing)
{
	if (closing->reason != NULL)
		failure_from_server(&k->closing, closing->reason);
}

static void
send_pong(struct kith *k)
{
	Kith__V1__Pong body = KITH__V1__PONG__INIT;

	client_tell(k, ID_BEAT, BODY(PONG), &body);
}

/* id 0: not an answer, but news. */
static void
on_news(struct kith *k, const Kith__V1__Reply *reply)
{
	switch (reply->body_case) {
	case REPLY(EVENT):
		sync_event(k, reply->event);
		break;
	case REPLY(RESYNC):
		sync_again(k);
		break;
	case REPLY(PING):
		send_pong(k);
		break;
	case REPLY(CLOSING):
		on_closing(k, reply->closing);
		break;
	case REPLY(ERROR):
		failure_from_server(&k->closing, reply->error);
		break;
	default:
		break;			/* of a newer server, or of no use here */
	}
}

static void
on_frame(void *arg, const uint8_t *body, uint32_t len)
{
	struct kith *k = arg;
	ProtobufCMessage *message;
	const Kith__V1__Reply *reply;

	k->heard_at = client_now();
	if (wire_unpack_lax(&kith__v1__reply__descriptor, body, len, &unpacked, &message) != KITH_E_OK) {
		lost_locally(k, KITH_L_PROTOCOL, "malformed frame");
		return;
	}
	reply = (const Kith__V1__Reply *)message;
	if (reply->id == 0)
		on_news(k, reply);
	else if (!k->online)
		on_login_reply(k, reply);
	else if (reply->id != ID_BEAT)
		queue_answer(k, reply);
	unpackmem_reset(&unpacked);	/* a token may have been in it */
}

static void
on_down(void *arg, uint32_t code, const char *why)
{
	lost_locally(arg, code, why);
}

/* -- timers -------------------------------------------------------------- */

static void
try_connect(struct kith *k)
{
	static const struct net_hooks hooks = { on_up, on_frame, on_down };

	memset(&k->closing, 0, sizeof(k->closing));
	k->net = net_open(k->base, &k->address, &hooks, k);
	if (k->net == NULL)
		lost_locally(k, KITH_L_MEMORY, NULL);
	else
		client_phase(k, KITH_CONNECTING, NULL);
}

void
kith_start(struct kith *k)
{
	k->lost_at = client_now();
	try_connect(k);
}

static void
on_reconnect(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	try_connect(arg);
}

static void
on_login_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	lost_locally(arg, KITH_L_NO_ANSWER, NULL);
}

/* Twice per heartbeat: a Ping if nothing else was said since, and a look at how
 * long the server has been silent. */
static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	Kith__V1__Ping body = KITH__V1__PING__INIT;
	struct kith *k = arg;
	uint32_t missed = k->limits.heartbeat_missed;

	(void)fd;
	(void)what;
	if (client_now() - k->heard_at >= beat_ms(k) * (missed >= 1 && missed <= 10 ? missed : 2)) {
		lost_locally(k, KITH_L_NO_ANSWER, "the server is silent");
		return;
	}
	if (!k->spoke)
		client_tell(k, ID_BEAT, BODY(PING), &body);
	k->spoke = 0;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct kith *k = arg;

	(void)fd;
	(void)what;
	queue_expire(k);
	queue_pump(k);
	sync_tick(k);
	if (kith_pending(k) > 0)
		client_want_tick(k);
}

void
client_want_tick(struct kith *k)
{
	if (!event_pending(&k->tick, EV_TIMEOUT, NULL))
		arm(&k->tick, TICK_MS);
}

/* -- questions ----------------------------------------------------------- */

const char *
kith_server_key(const struct kith *k)
{
	return k->seen_key;
}

const Kith__V1__Limits *
kith_limits(const struct kith *k)
{
	return k->greeted ? &k->limits : NULL;
}

size_t
kith_pending(const struct kith *k)
{
	return k->queue.n + (k->state != NULL && state_has_marks(k->state));
}

void
kith_set_timeout(struct kith *k, uint32_t request_ms)
{
	k->queue.request_ms = request_ms;
}

uint64_t
kith_user_id(const struct kith *k)
{
	return k->user;
}

const struct kith_conversation *
kith_conversation(const struct kith *k, uint64_t id)
{
	return k->state != NULL ? state_find(k->state, id) : NULL;
}

const struct kith_conversation *
kith_conversation_at(const struct kith *k, size_t i)
{
	return k->state != NULL ? state_at(k->state, i) : NULL;
}

void
kith_seen(struct kith *k, uint64_t conversation, uint64_t seq)
{
	if (k->state == NULL)
		return;
	state_seen(k->state, conversation, seq);
	client_want_tick(k);
}
