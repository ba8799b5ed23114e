/*
 * client.c - the life of a login: connect, pin the key, greet, log in, beat,
 * and all of it again when the connection breaks.
 */
#include "client-cli/libkith/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/limits.h"

#define BACKOFF_MIN_MS	1000		/* kith-protocol.7, "Connecting again" */
#define BACKOFF_MAX_MS	60000
#define STABLE_MS	60000		/* logged in for so long: begin at the minimum again */
#define BEAT_MIN_MS	100		/* a server that wants it more often is wrong */
#define BEAT_MAX_MS	300000

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

void
client_arm(struct event *ev, uint64_t ms)
{
	const struct timeval t = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	event_add(ev, &t);
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

/* The password has done its work. */
int
client_take_token(struct kith *k, const char *token)
{
	wipe_string(&k->token);
	if (copy_string(&k->token, token) < 0)
		return -ENOMEM;
	k->by = KITH_BY_TOKEN;
	wipe_string(&k->password);
	return 0;
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
	if (client_unpack_ref() < 0) {
		free(k);
		return NULL;
	}
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
	client_unpack_unref();
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
	if (failure_is_final(&reason) || k->retry_ms == 0 ||
	    (k->retry_ms != KITH_FOREVER && now + wait - k->lost_at > k->retry_ms)) {
		client_end(k, &reason);
		return;
	}
	client_arm(&k->reconnect, wait);
	client_phase(k, KITH_WAITING, &reason);
}

void
client_lost_locally(struct kith *k, uint32_t code, const char *text)
{
	struct kith_failure why;

	failure_local(&why, code, text);
	client_lost(k, &why);
}

static void
on_down(void *arg, uint32_t code, const char *why)
{
	client_lost_locally(arg, code, why);
}

/* -- timers -------------------------------------------------------------- */

static void
try_connect(struct kith *k)
{
	static const struct net_hooks hooks = { client_on_up, client_on_frame, on_down };

	memset(&k->closing, 0, sizeof(k->closing));
	k->net = net_open(k->base, &k->address, &hooks, k);
	if (k->net == NULL)
		client_lost_locally(k, KITH_L_MEMORY, NULL);
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
	client_lost_locally(arg, KITH_L_NO_ANSWER, NULL);
}

static uint64_t
beat_ms(const struct kith *k)
{
	uint64_t ms = k->limits.heartbeat_ms;

	if (ms < BEAT_MIN_MS)
		return ms == 0 ? HEARTBEAT_MS : BEAT_MIN_MS;
	return ms > BEAT_MAX_MS ? BEAT_MAX_MS : ms;
}

void
client_start_beat(struct kith *k)
{
	client_arm(&k->beat, beat_ms(k) / 2);
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
		client_lost_locally(k, KITH_L_NO_ANSWER, "the server is silent");
		return;
	}
	if (!k->spoke)
		client_tell(k, CLIENT_ID_BEAT, KITH__V1__REQUEST__BODY_PING, &body);
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
		client_arm(&k->tick, TICK_MS);
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
