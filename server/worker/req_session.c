/* req_session.c - greeting, heartbeats, and what can be refused without asking anybody. */
#include <string.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/worker/conn.h"
#include "server/worker/dispatch.h"
#include "server/worker/worker.h"

/* What came into version 1 later: kith-protocol(7), "VERSIONS". */
static const char *const features[] = {
	"check_invite", "free_client_ids", "hooks", "peer_cursors", "typing",
};

static void
fill_limits(const struct conf *conf, Kith__V1__Limits *l)
{
	l->frame_bytes = FRAME_BYTES_MAX;
	l->text_bytes = TEXT_BYTES_MAX;
	l->name_chars = NAME_CHARS_MAX;
	l->page_events = PAGE_EVENTS_MAX;
	l->targets = TARGETS_MAX;
	l->in_flight = IN_FLIGHT_MAX;
	l->heartbeat_ms = conf->heartbeat_ms;
	l->heartbeat_missed = HEARTBEAT_MISSED_MAX;
	l->login_ms = conf->login_ms;
}

bool
req_hello(struct conn *c, const Kith__V1__Request *r)
{
	const struct conf *conf = c->w->p->conf;
	const Kith__V1__Hello *hello = r->hello;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Welcome welcome = KITH__V1__WELCOME__INIT;
	Kith__V1__Limits limits = KITH__V1__LIMITS__INIT;

	if (strlen(hello->client) > CLIENT_NAME_BYTES_MAX || hello->n_features > FEATURES_MAX) {
		session_error(c, r->id, KITH_E_BAD_REQUEST, "client name or features too long", 0);
		return true;
	}
	if (hello->version_min > KITH_PROTOCOL_VERSION ||
	    hello->version_max < KITH_PROTOCOL_VERSION) {
		session_error(c, r->id, KITH_E_VERSION, NULL, 0);
		return true;
	}
	fill_limits(conf, &limits);
	welcome.version = KITH_PROTOCOL_VERSION;
	welcome.server = (char *)(uintptr_t)PACKAGE_STRING;
	welcome.server_name = conf->server_name;
	welcome.features = (char **)(uintptr_t)features;
	welcome.n_features = sizeof(features) / sizeof(features[0]);
	welcome.limits = &limits;
	welcome.registration = (Kith__V1__RegistrationMode)conf->registration;
	welcome.time_ms = clock_utc_ms();
	welcome.next_key = conf->tls_next_fingerprint;
	reply.id = r->id;
	reply.body_case = KITH__V1__REPLY__BODY_WELCOME;
	reply.welcome = &welcome;
	session_become(c, S_GREETED);
	session_reply(c, &reply);
	return true;
}

bool
req_ping(struct conn *c, const Kith__V1__Request *r)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Pong pong = KITH__V1__PONG__INIT;

	reply.id = r->id;
	reply.body_case = KITH__V1__REPLY__BODY_PONG;
	reply.pong = &pong;
	session_reply(c, &reply);
	return true;
}

/* That it came was all: conn.c noted when. */
bool
req_pong(struct conn *c, const Kith__V1__Request *r)
{
	(void)c;
	(void)r;
	return true;
}

/* What auth need not be asked for. */
static enum kith_err
check_names(const char *name, const char *password, const char *device_name, const char **text)
{
	if (*name == '\0' || *password == '\0') {
		*text = "name or password is missing";
		return KITH_E_BAD_REQUEST;
	}
	return strlen(device_name) > DEVICE_NAME_BYTES_MAX ? KITH_E_TOO_LARGE : KITH_E_OK;
}

enum kith_err
req_check_register(struct conn *c, const Kith__V1__Request *r, const char **text)
{
	const Kith__V1__Register *account = r->register_account;

	(void)c;
	if (strlen(account->display_name) > DISPLAY_NAME_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	return check_names(account->name, account->password, account->device_name, text);
}

enum kith_err
req_check_login(struct conn *c, const Kith__V1__Request *r, const char **text)
{
	const Kith__V1__LoginPassword *login = r->login_password;

	(void)c;
	return check_names(login->name, login->password, login->device_name, text);
}
