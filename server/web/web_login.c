/*
 * web_login.c - the page's login: the token goes into a cookie that no script can read.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/json.h"
#include "protocol/wire.h"
#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

#define LOGIN_TEXT_MAX	256u		/* longer ones are left out */

struct login {
	char		token[TOKEN_CHARS + 1];	/* fresh, or "" */
	enum kith_err	code;
	uint32_t	retry_ms;
	char		text[LOGIN_TEXT_MAX];	/* of the error, or "" */
};

/* The two requests that make a token. */
static bool
is_login(const Kith__V1__Request *r)
{
	return r->body_case == KITH__V1__REQUEST__BODY_LOGIN_PASSWORD ||
	    r->body_case == KITH__V1__REQUEST__BODY_REGISTER_ACCOUNT;
}

/* Browsers get the token only as a cookie; other clients get it in the reply. */
static void
login_replied(struct conn *c, struct call *call, unsigned place, const Kith__V1__Reply *r)
{
	char json[1024];
	struct login *l = call_state(call);
	size_t n;

	if (r->body_case == KITH__V1__REPLY__BODY_ERROR) {
		l->code = (enum kith_err)r->error->code;
		l->retry_ms = r->error->retry_after_ms;
		if (strlen(r->error->text) < sizeof(l->text))
			strcpy(l->text, r->error->text);
	}
	if (place == 0 || l->code != KITH_E_OK)
		return;
	if (r->body_case != KITH__V1__REPLY__BODY_LOGGED_IN) {
		l->code = KITH_E_INTERNAL;
		return;
	}
	if (web_of(c)->asker.origin == ORIGIN_OWN) {
		strncpy(l->token, r->logged_in->token, TOKEN_CHARS);
		*r->logged_in->token = '\0';
	}
	n = json_from_message(&r->base, json, sizeof(json));
	call_tell(call, json, n, false);
	explicit_bzero(json, n);
}

static void
login_done(struct conn *c, struct call *call)
{
	struct login *l = call_state(call);
	char line[WEB_EXTRA_MAX] = "";
	const char *json;
	size_t n;

	if (l->code != KITH_E_OK) {
		web_error(c, l->code, *l->text != '\0' ? l->text : NULL, l->retry_ms);
		return;
	}
	json = call_told(call, &n);
	if (*l->token != '\0')
		web_cookie_line(c, l->token, line);
	web_respond(c, 200, WEB_TYPE_JSON, json, n, line);
	explicit_bzero(line, sizeof(line));
}

static int
add_hello(struct call *call)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	char client[] = "web";

	hello.version_min = hello.version_max = KITH_PROTOCOL_VERSION;
	hello.client = client;
	r.id = UINT64_MAX;
	r.body_case = KITH__V1__REQUEST__BODY_HELLO;
	r.hello = &hello;
	return call_add_message(call, &r);
}

static void
log_in(struct conn *c, const uint8_t *bytes, size_t n)
{
	static const struct call_ops ops = {
		.reply = login_replied, .done = login_done, .failed = web_error,
	};
	const struct call_spec spec = { .ops = &ops, .state_size = sizeof(struct login) };
	struct call *call;

	if ((call = web_call(c, &spec)) == NULL) {
		web_error(c, KITH_E_BUSY, NULL, 0);
		return;
	}
	c->session.light = true;
	if (add_hello(call) < 0 || call_add(call, bytes, (uint32_t)n, true) < 0)
		call_fail(call, KITH_E_BUSY);
	else
		call_go(call);
}

void
web_login(struct conn *c, const struct http_request *r)
{
	uint8_t bytes[FRAME_BYTES_MAX_LOGIN];
	ProtobufCMessage *message;
	enum web_origin from = web_of(c)->asker.origin;
	enum kith_err err;
	size_t n = 0;

	if (from != ORIGIN_OWN && from != ORIGIN_NONE) {
		web_refuse(c, 403, "only this server's own page may do that", NULL);
		return;
	}
	/* A form of a foreign page cannot send this type without a CORS preflight. */
	if (from == ORIGIN_OWN && !web_is_type(r, WEB_TYPE_JSON)) {
		web_refuse(c, 415, "send application/json", NULL);
		return;
	}
	err = json_to_wire(&kith__v1__request__descriptor, (const char *)r->body, r->body_len,
	    bytes,
	    sizeof(bytes), &n, NULL);
	if (err == KITH_E_OK)
		err = wire_unpack(&kith__v1__request__descriptor, bytes, n, &c->w->mem, NULL,
		    &message);
	if (err == KITH_E_OK && !is_login((const Kith__V1__Request *)message))
		err = KITH_E_BAD_REQUEST;
	if (err != KITH_E_OK)
		web_error(c, err, NULL, 0);
	else
		log_in(c, bytes, n);
	unpackmem_reset(&c->w->mem);
	explicit_bzero(bytes, sizeof(bytes));
}

/* -- logging out ---------------------------------------------------------- */

/* A program gives its token itself. What comes without one can only mean the cookie, which is for
 * our own page. */
static bool
gives_token(const struct http_request *r)
{
	return http_header(r, "authorization", 0) != NULL;
}

static void
logged_out(struct conn *c, struct call *call)
{
	char line[WEB_EXTRA_MAX] = "";

	(void)call;
	if (!gives_token(&web_of(c)->reader.request))
		web_cookie_line(c, NULL, line);
	web_respond(c, 200, WEB_TYPE_JSON, "{}\n", 3, line);
}

/* The cookie is removed even if its token was no longer valid. */
static void
not_logged_out(struct conn *c, enum kith_err code, const char *text, uint32_t retry_ms)
{
	if ((code == KITH_E_TOKEN_INVALID || code == KITH_E_DISABLED) &&
	    !gives_token(&web_of(c)->reader.request))
		logged_out(c, NULL);
	else
		web_error(c, code, text, retry_ms);
}

void
web_logout(struct conn *c, const struct http_request *r)
{
	static const struct call_ops ops = { .done = logged_out, .failed = not_logged_out };
	struct call_spec spec = { .ops = &ops };
	struct call *call;
	Kith__V1__Request request = KITH__V1__REQUEST__INIT;
	Kith__V1__Logout logout = KITH__V1__LOGOUT__INIT;
	char token[TOKEN_CHARS + 1];
	bool from_cookie;

	request.id = 1;
	request.body_case = KITH__V1__REQUEST__BODY_LOGOUT;
	request.logout = &logout;
	spec.token = token;
	if (!gives_token(r) && web_of(c)->asker.origin != ORIGIN_OWN) {
		web_refuse(c, 403, "the cookie is for this server's own page: send the token as "
		    "Authorization: Bearer", NULL);
		return;
	}
	if (!web_token(c, r, token, &from_cookie)) {
		logged_out(c, NULL);
	} else if ((call = web_call(c, &spec)) == NULL) {
		web_error(c, KITH_E_BUSY, NULL, 0);
	} else if (call_add_message(call, &request) < 0) {
		call_fail(call, KITH_E_BUSY);
	} else
		call_go(call);
	explicit_bzero(token, sizeof(token));
}
