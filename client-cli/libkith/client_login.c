/*
 * client_login.c - one connection: the server's key, the greeting, the login, and
 * then the frames.
 */
#include "client-cli/libkith/client_login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/libkith/client.h"
#include "client-cli/libkith/client_failure.h"
#include "client-cli/libkith/client_frame.h"
#include "client-cli/libkith/client_link.h"
#include "client-cli/libkith/client_sync.h"
#include "protocol/base/clock.h"
#include "protocol/error.h"
#include "protocol/fingerprint.h"
#include "protocol/limits.h"

#define BODY(name)	KITH__V1__REQUEST__BODY_##name
#define REPLY(name)	KITH__V1__REPLY__BODY_##name

#define BEAT_MIN_MS	100		/* however often the server wants it */
#define BEAT_MAX_MS	300000

/* -- key, greeting, login ------------------------------------------------- */

static void
send_hello(struct kith *k)
{
	Kith__V1__Hello body = KITH__V1__HELLO__INIT;

	body.version_min = body.version_max = KITH_PROTOCOL_VERSION;
	body.client = k->client;
	if (client_frame_tell(k, CLIENT_ID_HELLO, BODY(HELLO), &body) < 0)
		client_link_fail(k, KITH_L_MEMORY, NULL);
}

static int
send_register(struct kith *k)
{
	Kith__V1__Register body = KITH__V1__REGISTER__INIT;

	body.name = k->name;
	body.password = k->password;
	body.invite = k->invite;
	body.device_name = k->device;
	return client_frame_tell(k, CLIENT_ID_LOGIN, BODY(REGISTER_ACCOUNT), &body);
}

static int
send_check(struct kith *k)
{
	Kith__V1__CheckInvite body = KITH__V1__CHECK_INVITE__INIT;

	body.name = k->name;
	body.invite = k->invite;
	return client_frame_tell(k, CLIENT_ID_LOGIN, BODY(CHECK_INVITE), &body);
}

static int
send_login_password(struct kith *k)
{
	Kith__V1__LoginPassword body = KITH__V1__LOGIN_PASSWORD__INIT;

	body.name = k->name;
	body.password = k->password;
	body.device_name = k->device;
	return client_frame_tell(k, CLIENT_ID_LOGIN, BODY(LOGIN_PASSWORD), &body);
}

static int
send_login_token(struct kith *k)
{
	Kith__V1__LoginToken body = KITH__V1__LOGIN_TOKEN__INIT;

	body.token = k->token;
	return client_frame_tell(k, CLIENT_ID_LOGIN, BODY(LOGIN_TOKEN), &body);
}

static void
send_login(struct kith *k)
{
	static int (*const ways[])(struct kith *) = {
		[KITH_BY_TOKEN] = send_login_token,
		[KITH_BY_PASSWORD] = send_login_password,
		[KITH_BY_REGISTERING] = send_register,
		[KITH_BY_CHECKING] = send_check,
	};

	if (ways[k->by](k) < 0)
		client_link_fail(k, KITH_L_MEMORY, NULL);
}

static int
is_known_key(const struct kith *k, const char *key)
{
	return strcmp(key, k->key) == 0 ||
	    (k->next_key[0] != '\0' && strcmp(key, k->next_key) == 0);
}

void
client_login_on_up(void *arg, const char *key)
{
	struct kith *k = arg;

	snprintf(k->seen_key, sizeof(k->seen_key), "%s", key);
	if (!k->address.plain && !is_known_key(k, key)) {
		client_link_fail(k,
		    k->key[0] != '\0' ? KITH_L_KEY_CHANGED : KITH_L_KEY_UNKNOWN, key);
		return;
	}
	k->heard_at = clock_now_ms();
	send_hello(k);
}

static int
has_feature(const Kith__V1__Welcome *welcome, const char *name)
{
	for (size_t i = 0; i < welcome->n_features; i++)
		if (strcmp(welcome->features[i], name) == 0)
			return 1;
	return 0;
}

/* The server has proved its key: it may name the next one, or withdraw it. From now on the
 * one that it showed and that one count. */
static void
take_keys(struct kith *k, const char *next)
{
	if (k->address.plain)
		return;
	snprintf(k->key, sizeof(k->key), "%s", k->seen_key);
	k->next_key[0] = '\0';
	if (fingerprint_valid(next) && strcmp(next, k->key) != 0)
		snprintf(k->next_key, sizeof(k->next_key), "%s", next);
}

/* By a Ping. */
static void
hear_next_key(struct kith *k, const char *next)
{
	if (k->address.plain || strcmp(next, k->next_key) == 0 ||
	    (next[0] != '\0' && !fingerprint_valid(next)))
		return;
	take_keys(k, next);
	if (k->hooks.keys != NULL)
		k->hooks.keys(k, k->arg);
}

static void
on_welcome(struct kith *k, const Kith__V1__Welcome *welcome)
{
	if (welcome->version != KITH_PROTOCOL_VERSION || welcome->limits == NULL) {
		client_link_fail(k, KITH_L_PROTOCOL, "it speaks another version");
		return;
	}
	k->limits = *welcome->limits;	/* numbers only */
	take_keys(k, welcome->next_key);
	k->greeted = 1;
	if (k->by == KITH_BY_NOTHING ||
	    (k->by == KITH_BY_CHECKING && !has_feature(welcome, "check_invite")))
		client_link_phase(k, KITH_READY, NULL);
	else
		send_login(k);
}

/* -- heartbeats ----------------------------------------------------------- */

static uint64_t
beat_ms(const struct kith *k)
{
	uint64_t ms = k->limits.heartbeat_ms;

	if (ms < BEAT_MIN_MS)
		return ms == 0 ? HEARTBEAT_MS : BEAT_MIN_MS;
	return ms > BEAT_MAX_MS ? BEAT_MAX_MS : ms;
}

static void
start_beat(struct kith *k)
{
	client_link_arm(&k->beat, beat_ms(k) / 2);
}

/* Twice per heartbeat. */
void
client_login_beat(struct kith *k)
{
	Kith__V1__Ping body = KITH__V1__PING__INIT;
	uint64_t silent_ms = clock_now_ms() - k->heard_at;
	uint32_t missed = k->limits.heartbeat_missed;

	if (silent_ms >= beat_ms(k) * (missed >= 1 && missed <= 10 ? missed : 2)) {
		client_link_fail(k, KITH_L_NO_ANSWER, "the server is silent");
		return;
	}
	if (!k->spoke)
		client_frame_tell(k, CLIENT_ID_BEAT, BODY(PING), &body);
	k->spoke = 0;
}

static void
send_pong(struct kith *k)
{
	Kith__V1__Pong body = KITH__V1__PONG__INIT;

	client_frame_tell(k, CLIENT_ID_BEAT, BODY(PONG), &body);
}

/* -- logged in ------------------------------------------------------------ */

/* The password is no longer needed. */
static int
take_token(struct kith *k, const char *token)
{
	char *copy = strdup(token);

	if (copy == NULL)
		return -ENOMEM;
	explicit_bzero(k->token, strlen(k->token));
	free(k->token);
	k->token = copy;
	k->by = KITH_BY_TOKEN;
	explicit_bzero(k->password, strlen(k->password));
	return 0;
}

/* Another history than before, and not merely the first: no seq counts any more. */
static void
take_login_history(struct kith *k, uint64_t history)
{
	uint64_t before = k->history;

	if (history == 0 || history == before)
		return;
	k->history = history;
	if (before == 0 || !k->follow)
		return;
	client_state_forget(k->state);
	if (k->hooks.history != NULL)
		k->hooks.history(k, k->arg);
}

static void
on_login_done(struct kith *k, const Kith__V1__LoggedIn *login)
{
	event_del(&k->attempt_limit);
	event_del(&k->give_up);
	k->online = 1;
	k->online_at = clock_now_ms();
	k->user = login->user_id;
	if (login->token[0] != '\0' && take_token(k, login->token) < 0) {
		client_link_fail(k, KITH_L_MEMORY, NULL);
		return;
	}
	client_queue_open(&k->queue, k->limits.in_flight);
	start_beat(k);
	client_link_phase(k, KITH_SYNCING, NULL);
	take_login_history(k, login->history);
	if (k->hooks.logged_in != NULL)
		k->hooks.logged_in(k, login, k->arg);
	client_queue_pump(&k->queue);
	if (k->follow)
		client_sync_start(k);
	else if (k->online)
		client_link_phase(k, KITH_READY, NULL);
}

/* Before the login an error ends the connection. */
static void
on_login_reply(struct kith *k, const Kith__V1__Reply *reply)
{
	struct kith_failure why;

	if (reply->body_case == REPLY(ERROR)) {
		client_failure_from_server(&why, reply->error);
		/* Somebody typed the password and waits: tell at once. */
		if (k->by != KITH_BY_TOKEN && why.code == KITH_E_RATE_LIMITED)
			k->retry_ms = 0;
		client_link_lost(k, &why);
	} else if (reply->id == CLIENT_ID_HELLO && reply->body_case == REPLY(WELCOME)) {
		on_welcome(k, reply->welcome);
	} else if (reply->id == CLIENT_ID_LOGIN && k->by == KITH_BY_CHECKING &&
	    reply->body_case == REPLY(DONE) && k->greeted) {
		client_link_phase(k, KITH_READY, NULL);
	} else if (reply->id == CLIENT_ID_LOGIN && reply->body_case == REPLY(LOGGED_IN) &&
	    k->by != KITH_BY_CHECKING &&
	    k->greeted) {
		on_login_done(k, reply->logged_in);
	} else {
		client_link_fail(k, KITH_L_PROTOCOL, NULL);
	}
}

/* -- frames --------------------------------------------------------------- */

static void
on_closing(struct kith *k, const Kith__V1__Closing *closing)
{
	if (closing->reason != NULL)
		client_failure_from_server(&k->closing, closing->reason);
}

/* id 0: not a reply to a request. */
static void
on_news(struct kith *k, const Kith__V1__Reply *reply)
{
	switch (reply->body_case) {
	case REPLY(EVENT):
		client_sync_event(k, reply->event);
		break;
	case REPLY(RESYNC):
		client_sync_again(k);
		break;
	case REPLY(PING):
		hear_next_key(k, reply->ping->next_key);
		send_pong(k);
		break;
	case REPLY(CLOSING):
		on_closing(k, reply->closing);
		break;
	case REPLY(ERROR):
		client_failure_from_server(&k->closing, reply->error);
		break;
	default:
		break;			/* from a newer server, or not needed */
	}
}

void
client_login_on_frame(void *arg, const uint8_t *body, uint32_t len)
{
	struct kith *k = arg;
	const Kith__V1__Reply *reply;

	k->heard_at = clock_now_ms();
	if ((reply = client_frame_unpack(k, body, len)) == NULL) {
		client_link_fail(k, KITH_L_PROTOCOL, "malformed frame");
		return;
	}
	if (reply->id == 0)
		on_news(k, reply);
	else if (!k->online)
		on_login_reply(k, reply);
	else if (reply->id != CLIENT_ID_BEAT)
		client_queue_answer(&k->queue, reply);
	client_link_want_tick(k);
	client_frame_wipe(k);
}
