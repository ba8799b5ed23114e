/*
 * client.c - creates and destroys a login, connects, runs its timers.
 */
#include "client-cli/libkith/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/libkith/client_failure.h"
#include "client-cli/libkith/client_frame.h"
#include "client-cli/libkith/client_link.h"
#include "client-cli/libkith/client_login.h"
#include "client-cli/libkith/client_sync.h"
#include "client-cli/libkith/net_tls.h"
#include "protocol/base/clock.h"
#include "protocol/limits.h"

#define ATTEMPT_MS	15000		/* name, TCP, TLS, greeting and login together */
#define LAST_ATTEMPT_MS	500		/* ... when the time is over */

static void	on_reconnect(evutil_socket_t fd, short what, void *arg);
static void	on_attempt_limit(evutil_socket_t fd, short what, void *arg);
static void	on_give_up(evutil_socket_t fd, short what, void *arg);
static void	on_beat(evutil_socket_t fd, short what, void *arg);
static void	on_tick(evutil_socket_t fd, short what, void *arg);

/* -- create, destroy ------------------------------------------------------ */

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
	snprintf(k->next_key, sizeof(k->next_key), "%s", o->next_key != NULL ? o->next_key : "");
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
deliver_event(const Kith__V1__Event *event, void *arg)
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
	k->base = options->base;
	k->phase = KITH_WAITING;
	k->backoff_ms = CLIENT_BACKOFF_MIN_MS;
	client_queue_init(&k->queue, k, client_frame_send, clock_now_ms, options->request_ms);
	if (options->sends_at_once > 0)
		k->queue.sends_max = options->sends_at_once;
	event_assign(&k->reconnect, k->base, -1, 0, on_reconnect, k);
	event_assign(&k->attempt_limit, k->base, -1, 0, on_attempt_limit, k);
	event_assign(&k->give_up, k->base, -1, 0, on_give_up, k);
	event_assign(&k->beat, k->base, -1, EV_PERSIST, on_beat, k);
	event_assign(&k->tick, k->base, -1, 0, on_tick, k);
	if (copy_options(k, options) < 0 || unpackmem_init(&k->unpacked, UNPACK_BYTES_MAX) < 0)
		goto fail;
	if (!k->address.plain && (k->tls = net_tls_create(k->address.host)) == NULL)
		goto fail;
	if (k->follow && (k->state = client_state_create(options->back, deliver_event, k)) == NULL)
		goto fail;
	return k;
fail:
	kith_destroy(k);
	return NULL;
}

void
kith_destroy(struct kith *k)
{
	if (k == NULL)
		return;
	client_link_stop_timers(k);
	event_del(&k->tick);
	event_del(&k->give_up);
	net_close(k->net);
	net_tls_destroy(k->tls);
	client_queue_fini(&k->queue);
	unpackmem_fini(&k->unpacked);
	client_state_destroy(k->state);
	free((char *)k->address.host);
	free(k->client);
	wipe_string(&k->token);
	free(k->name);
	wipe_string(&k->password);
	wipe_string(&k->invite);
	free(k->device);
	free(k);
}

/* -- connecting ----------------------------------------------------------- */

static void
on_down(void *arg, uint32_t code, const char *why)
{
	client_link_fail(arg, code, why);
}

static void
try_connect(struct kith *k, uint32_t limit_ms)
{
	static const struct net_hooks hooks = {
		client_login_on_up, client_login_on_frame, on_down
	};

	memset(&k->closing, 0, sizeof(k->closing));
	client_link_arm(&k->attempt_limit, limit_ms);
	k->net = net_open(k->base, &k->address, k->tls, &hooks, k);
	if (k->net == NULL)
		client_link_fail(k, KITH_L_MEMORY, NULL);
	else
		client_link_phase(k, KITH_CONNECTING, NULL);
}

void
kith_start(struct kith *k)
{
	client_link_begin_tries(k);
	try_connect(k, ATTEMPT_MS);
}

static void
on_reconnect(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	try_connect(arg, ATTEMPT_MS);
}

void
kith_reconnect(struct kith *k)
{
	if (k->phase != KITH_WAITING || k->net != NULL)
		return;
	event_del(&k->reconnect);
	try_connect(k, ATTEMPT_MS);
}

uint64_t
kith_wait_ms(const struct kith *k)
{
	uint64_t now = clock_now_ms();

	return k->phase == KITH_WAITING && k->next_try_at > now ? k->next_try_at - now : 0;
}

static void
fail_attempt(struct kith *k)
{
	const char *what;
	uint32_t code = net_waits_for(k->net, &what);

	client_link_fail(k, code, what);
}

static void
on_attempt_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail_attempt(arg);
}

/* The time for tries is over: ends the one under way, or makes a last one instead of
 * waiting for the next. */
static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
	struct kith *k = arg;

	(void)fd;
	(void)what;
	k->give_up_at = 0;
	if (k->net != NULL) {
		fail_attempt(k);
		return;
	}
	event_del(&k->reconnect);
	try_connect(k, LAST_ATTEMPT_MS);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_login_beat(arg);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct kith *k = arg;

	(void)fd;
	(void)what;
	client_queue_expire(&k->queue);
	client_queue_pump(&k->queue);
	client_sync_tick(k);
	client_link_want_tick(k);
}

/* -- questions ------------------------------------------------------------ */

const char *
kith_next_key(const struct kith *k)
{
	return k->next_key;
}

const char *
kith_server_key(const struct kith *k)
{
	return k->seen_key;
}

size_t
kith_pending(const struct kith *k)
{
	return k->queue.n + (k->state != NULL && client_state_has_marks(k->state));
}

int
kith_has_left(const struct kith *k, uint64_t client_id)
{
	return client_queue_has_left(&k->queue, client_id);
}

void
kith_abandon_sends(struct kith *k)
{
	struct kith_failure why;

	client_failure_local(&why, KITH_L_NO_ANSWER, NULL);
	client_queue_fail_sends(&k->queue, &why);
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
	return k->state != NULL ? client_state_find(k->state, id) : NULL;
}

const struct kith_conversation *
kith_conversation_at(const struct kith *k, size_t i)
{
	return k->state != NULL ? client_state_at(k->state, i) : NULL;
}

void
kith_seen(struct kith *k, uint64_t conversation, uint64_t seq)
{
	if (k->state == NULL)
		return;
	client_state_seen(k->state, conversation, seq);
	client_link_want_tick(k);
}
