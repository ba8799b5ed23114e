/*
 * client_login.c - one connection: the server's key, the greeting, the login, and
 * then the frames.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client-cli/libkith/client.h"
#include "protocol/error.h"
#include "protocol/limits.h"
#include "protocol/unpackmem.h"
#include "protocol/wire.h"

#define BODY(name)	KITH__V1__REQUEST__BODY_##name
#define REPLY(name)	KITH__V1__REPLY__BODY_##name

/* What frames unpack into: one for all connections of the process, since a
 * message is done with when its callback returns. */
static struct unpackmem unpacked;
static unsigned unpacked_users;

int
client_unpack_ref(void)
{
	int rc = unpacked_users == 0 ? unpackmem_init(&unpacked, UNPACK_BYTES_MAX) : 0;

	if (rc == 0)
		unpacked_users++;
	return rc;
}

void
client_unpack_unref(void)
{
	if (--unpacked_users == 0)
		unpackmem_fini(&unpacked);
}

/* -- key, greeting, login -------------------------------------------------- */

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
	if (client_tell(k, CLIENT_ID_HELLO, BODY(HELLO), &body) < 0)
		client_lost_locally(k, KITH_L_MEMORY, NULL);
}

static int
send_register(struct kith *k)
{
	Kith__V1__Register body = KITH__V1__REGISTER__INIT;

	body.name = k->name;
	body.password = k->password;
	body.invite = k->invite;
	body.device_name = k->device;
	return client_tell(k, CLIENT_ID_LOGIN, BODY(REGISTER_ACCOUNT), &body);
}

static int
send_login_password(struct kith *k)
{
	Kith__V1__LoginPassword body = KITH__V1__LOGIN_PASSWORD__INIT;

	body.name = k->name;
	body.password = k->password;
	body.device_name = k->device;
	return client_tell(k, CLIENT_ID_LOGIN, BODY(LOGIN_PASSWORD), &body);
}

static int
send_login_token(struct kith *k)
{
	Kith__V1__LoginToken body = KITH__V1__LOGIN_TOKEN__INIT;

	body.token = k->token;
	return client_tell(k, CLIENT_ID_LOGIN, BODY(LOGIN_TOKEN), &body);
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
		client_lost_locally(k, KITH_L_MEMORY, NULL);
}

void
client_on_up(void *arg, const char *key)
{
	struct kith *k = arg;

	snprintf(k->seen_key, sizeof(k->seen_key), "%s", key);
	if (!k->address.plain && strcmp(key, k->key) != 0) {
		client_lost_locally(k,
		    k->key[0] != '\0' ? KITH_L_KEY_CHANGED : KITH_L_KEY_UNKNOWN, key);
		return;
	}
	k->heard_at = client_now();
	client_arm(&k->login_limit, LOGIN_MS);
	send_hello(k);
}

static void
on_welcome(struct kith *k, const Kith__V1__Welcome *welcome)
{
	if (welcome->version != KITH_PROTOCOL_VERSION || welcome->limits == NULL) {
		client_lost_locally(k, KITH_L_PROTOCOL, "it speaks another version");
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
	if (login->token[0] != '\0' && client_take_token(k, login->token) < 0) {
		client_lost_locally(k, KITH_L_MEMORY, NULL);
		return;
	}
	client_start_beat(k);
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
	} else if (reply->id == CLIENT_ID_HELLO && reply->body_case == REPLY(WELCOME)) {
		on_welcome(k, reply->welcome);
	} else if (reply->id == CLIENT_ID_LOGIN && reply->body_case == REPLY(LOGGED_IN) &&
	    k->greeted) {
		on_logged_in(k, reply->logged_in);
	} else {
		client_lost_locally(k, KITH_L_PROTOCOL, NULL);
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

	client_tell(k, CLIENT_ID_BEAT, BODY(PONG), &body);
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

void
client_on_frame(void *arg, const uint8_t *body, uint32_t len)
{
	struct kith *k = arg;
	ProtobufCMessage *message;
	const Kith__V1__Reply *reply;

	k->heard_at = client_now();
	if (wire_unpack_lax(&kith__v1__reply__descriptor, body, len, &unpacked,
	    &message) != KITH_E_OK) {
		client_lost_locally(k, KITH_L_PROTOCOL, "malformed frame");
		return;
	}
	reply = (const Kith__V1__Reply *)message;
	if (reply->id == 0)
		on_news(k, reply);
	else if (!k->online)
		on_login_reply(k, reply);
	else if (reply->id != CLIENT_ID_BEAT)
		queue_answer(k, reply);
	unpackmem_reset(&unpacked);	/* a token may have been in it */
}
