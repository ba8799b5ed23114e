/*
 * web_api.c - what scripts need: posting, reading, hooks.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/base/utf8.h"
#include "protocol/json.h"
#include "protocol/json_text.h"
#include "server/lib/client_id.h"
#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

#define REQUEST_ID	1u		/* a call has one Request */
#define EVENTS_PATH	"/v1/conversations/"
#define HOOK_PATH	"/v1/hook/"

/* -- common parts --------------------------------------------------------- */

/* A message to post. Texts end with a NUL; "" or 0: not given. */
struct post {
	char		to[NAME_BYTES_MAX + 2];	/* @user, #group, or a conversation's id */
	char		text[TEXT_BYTES_MAX + 1];
	uint64_t	client_id;
};

/* The state of a call; its answer is in call_told(). */
struct api_call {
	enum kith_err	code;
	uint32_t	retry_ms;
	char		text[TEXT_BYTES_MAX + 1];	/* of a hook, until its login is done */
};

/* Decimal digits. */
static bool
parse_decimal(const char *text, uint64_t *n)
{
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 20)
		return false;
	errno = 0;
	*n = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool
parse_target(const char *to, Kith__V1__Target *t)
{
	if (to[0] == '@' && to[1] != '\0') {
		t->to_case = KITH__V1__TARGET__TO_USER;
		t->user = (char *)(uintptr_t)to + 1;
	} else if (to[0] == '#' && to[1] != '\0') {
		t->to_case = KITH__V1__TARGET__TO_GROUP;
		t->group = (char *)(uintptr_t)to + 1;
	} else {
		t->to_case = KITH__V1__TARGET__TO_CONVERSATION;
		return parse_decimal(to, &t->conversation);
	}
	return true;
}

/* -- posting -------------------------------------------------------------- */

static void
note_error(struct api_call *a, const Kith__V1__Error *e)
{
	a->code = (enum kith_err)e->code;
	a->retry_ms = e->retry_after_ms;
}

static void
post_replied(struct conn *c, struct call *call, unsigned place, const Kith__V1__Reply *r)
{
	struct api_call *a = call_state(call);
	const Kith__V1__Outcome *o;
	char json[128];
	int n;

	(void)c;
	(void)place;
	if (r->body_case == KITH__V1__REPLY__BODY_ERROR) {
		note_error(a, r->error);
	} else if (r->body_case != KITH__V1__REPLY__BODY_SENT || r->sent->n_outcomes != 1) {
		a->code = KITH_E_INTERNAL;
	} else if ((o = r->sent->outcomes[0])->error != NULL) {
		note_error(a, o->error);
	} else {
		n = snprintf(json, sizeof(json), "{\"conversation\":\"%" PRIu64 "\",\"seq\":\"%"
		    PRIu64 "\",\"timeMs\":\"%" PRIu64 "\"}\n", o->conversation, o->seq, o->time_ms);
		call_tell(call, json, (size_t)n, false);
	}
}

/* The id was ours: a clock that was set back, or another kithd on the same database, made it a
 * second time. Nothing was stored, and the next try gets another. */
static void
post_replied_fresh(struct conn *c, struct call *call, unsigned place, const Kith__V1__Reply *r)
{
	struct api_call *a = call_state(call);

	post_replied(c, call, place, r);
	if (a->code == KITH_E_CLIENT_ID_TAKEN) {
		a->code = KITH_E_UNAVAILABLE;
		a->retry_ms = RETRY_SOON_MS;
	}
}

static void
api_answer(struct conn *c, struct call *call)
{
	struct api_call *a = call_state(call);
	const char *json;
	size_t n;

	json = call_told(call, &n);
	if (a->code == KITH_E_OK && n == 0)
		a->code = KITH_E_BUSY;	/* no memory for the answer */
	if (a->code != KITH_E_OK)
		web_error(c, a->code, NULL, a->retry_ms);
	else
		web_respond(c, 200, WEB_TYPE_JSON, json, n, NULL);
}

/* Begins a call with one Request. */
static void
api_ask(struct conn *c, const struct call_spec *spec, const Kith__V1__Request *request)
{
	struct call *call;

	if ((call = web_call(c, spec)) == NULL) {
		web_error(c, KITH_E_BUSY, NULL, 0);
		return;
	}
	if (call_add_message(call, request) < 0)
		call_fail(call, KITH_E_BUSY);
	else
		call_go(call);
}

static uint64_t
fresh_id(struct conn *c)
{
	return client_id_make(&c->w->client_ids, c->w->p->index, clock_utc_ms());
}

static void
send_post(struct conn *c, const struct post *p, const char *token)
{
	static const struct call_ops ops = {
		.reply = post_replied, .done = api_answer, .failed = web_error,
	}, fresh_ops = {
		.reply = post_replied_fresh, .done = api_answer, .failed = web_error,
	};
	const struct call_spec spec = {
		.ops = p->client_id != 0 ? &ops : &fresh_ops, .token = token,
		.state_size = sizeof(struct api_call),
	};
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send send = KITH__V1__SEND__INIT;
	Kith__V1__Target target = KITH__V1__TARGET__INIT, *targets[] = { &target };

	if (!parse_target(p->to, &target)) {
		web_error(c, KITH_E_BAD_REQUEST,
		    "to must be @user, #group or the id of a conversation", 0);
		return;
	}
	send.targets = targets;
	send.n_targets = 1;
	send.text = (char *)(uintptr_t)p->text;
	send.client_id = p->client_id != 0 ? p->client_id : fresh_id(c);
	r.id = REQUEST_ID;
	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &send;
	api_ask(c, &spec, &r);
}

/* The text of a message, without the newline that scripts often leave at its end. "\r\n" is a
 * newline, as in all that kith sends. */
static enum kith_err
copy_text(const uint8_t *text, size_t len, char out[TEXT_BYTES_MAX + 1])
{
	size_t n = 0;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len > TEXT_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	if (!utf8_valid((const char *)text, len) || utf8_is_blank((const char *)text, len))
		return KITH_E_BAD_REQUEST;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r' || i + 1 == len || text[i + 1] != '\n')
			out[n++] = (char)text[i];
	out[n] = '\0';
	return KITH_E_OK;
}

/* A string, or a number's digits. False: too long, or of another type. */
static bool
take_member(const json_t *value, char *out, size_t cap)
{
	int n;

	if (json_is_integer(value))
		n = snprintf(out, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_string(value))
		n = snprintf(out, cap, "%s", json_string_value(value));
	else
		return false;
	return n >= 0 && (size_t)n < cap;
}

/* {"to", "text", "clientId"}; only the text is required. */
static enum kith_err
take_object(json_t *object, struct post *p)
{
	json_t *to = NULL, *text = NULL, *id = NULL;
	json_error_t e;
	char number[24];

	if (!json_is_object(object))
		return KITH_E_BAD_REQUEST;
	if (json_unpack_ex(object, &e, 0, "{s?o, s?o, s?o !}", "to", &to, "text", &text,
	    "clientId", &id) < 0)
		return KITH_E_UNKNOWN_FIELD;
	if (!json_is_string(text) || (to != NULL && !take_member(to, p->to, sizeof(p->to))) ||
	    (id != NULL && (!take_member(id, number, sizeof(number)) ||
	    !parse_decimal(number, &p->client_id))))
		return KITH_E_BAD_REQUEST;
	return copy_text((const uint8_t *)json_string_value(text), json_string_length(text),
	    p->text);
}

static enum kith_err
take_body(const struct http_request *r, struct post *p)
{
	struct json_text t;
	enum kith_err err;

	if (!web_is_type(r, WEB_TYPE_JSON))
		return copy_text(r->body, r->body_len, p->text);
	err = json_text_open(&t, (const char *)r->body, r->body_len);
	if (err == KITH_E_OK)
		err = take_object(t.tree, p);
	json_text_close(&t);
	return err;
}

void
web_messages(struct conn *c, const struct http_request *r)
{
	struct post p = { .client_id = 0 };
	char token[TOKEN_CHARS + 1];
	bool from_cookie;
	enum kith_err err;

	if (!web_is_type(r, WEB_TYPE_JSON) && !web_is_type(r, "text/plain"))
		web_refuse(c, 415, "send application/json or text/plain", NULL);
	else if (!web_token(c, r, token, &from_cookie))
		web_error(c, KITH_E_TOKEN_INVALID, "a token is required", 0);
	else if (http_query(r, "to", p.to, sizeof(p.to)) == -EINVAL)
		web_error(c, KITH_E_BAD_REQUEST, "the parameter to is malformed", 0);
	else if ((err = take_body(r, &p)) != KITH_E_OK)
		web_error(c, err, NULL, 0);
	else
		send_post(c, &p, token);
	explicit_bzero(token, sizeof(token));
}

/* -- reading -------------------------------------------------------------- */

static void
page_replied(struct conn *c, struct call *call, unsigned place, const Kith__V1__Reply *r)
{
	char *json = c->w->json;
	struct api_call *a = call_state(call);
	size_t n;

	(void)place;
	if (r->body_case == KITH__V1__REPLY__BODY_ERROR) {
		note_error(a, r->error);
		return;
	}
	n = r->body_case == KITH__V1__REPLY__BODY_HISTORY_PAGE ?
	    json_from_message(&r->history_page->base, json, sizeof(c->w->json)) : 0;
	if (n == 0)
		a->code = KITH_E_INTERNAL;
	else
		call_tell(call, json, n, false);
	explicit_bzero(json, n);
}

/* A number in the query; 0: not given. */
static bool
take_number(const struct http_request *r, const char *name, uint64_t max, uint64_t *n)
{
	char text[24];
	int rc = http_query(r, name, text, sizeof(text));

	*n = 0;
	return rc == -ENOENT || (rc >= 0 && parse_decimal(text, n) && *n <= max);
}

/* "ID/events". */
static bool
take_conversation(const char *path, uint64_t *id)
{
	const char *slash = strchr(path, '/');
	char text[24];

	if (slash == NULL || strcmp(slash, "/events") != 0 ||
	    (size_t)(slash - path) >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(slash - path), path);
	return parse_decimal(text, id);
}

void
web_events(struct conn *c, const struct http_request *r)
{
	static const struct call_ops ops = {
		.reply = page_replied, .done = api_answer, .failed = web_error,
	};
	struct call_spec spec = { .ops = &ops, .state_size = sizeof(struct api_call) };
	Kith__V1__Request request = KITH__V1__REQUEST__INIT;
	Kith__V1__History history = KITH__V1__HISTORY__INIT;
	Kith__V1__Target target = KITH__V1__TARGET__INIT;
	char token[TOKEN_CHARS + 1];
	bool from_cookie;
	uint64_t limit = 0;

	history.target = &target;
	target.to_case = KITH__V1__TARGET__TO_CONVERSATION;
	request.id = REQUEST_ID;
	request.body_case = KITH__V1__REQUEST__BODY_HISTORY;
	request.history = &history;
	spec.token = token;
	if (!take_conversation(r->path + strlen(EVENTS_PATH), &target.conversation))
		web_refuse(c, 404, NULL, NULL);
	else if (!take_number(r, "after", UINT64_MAX, &history.after) ||
	    !take_number(r, "before", UINT64_MAX, &history.before) ||
	    !take_number(r, "limit", PAGE_EVENTS_MAX, &limit))
		web_error(c, KITH_E_BAD_REQUEST,
		    "after, before or limit is no number, or too large", 0);
	else if (!web_token(c, r, token, &from_cookie))
		web_error(c, KITH_E_TOKEN_INVALID, "a token is required", 0);
	else {
		history.limit = (uint32_t)limit;
		api_ask(c, &spec, &request);
	}
	explicit_bzero(token, sizeof(token));
}

/* -- hooks ---------------------------------------------------------------- */

/* The login is done: the session knows the hook's name and its conversation. */
static void
hook_ready(struct conn *c, struct call *call)
{
	char text[TEXT_BYTES_MAX + 1];
	const struct api_call *a = call_state(call);
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send send = KITH__V1__SEND__INIT;
	Kith__V1__Target target = KITH__V1__TARGET__INIT, *targets[] = { &target };
	int n = snprintf(text, sizeof(text), "[%s] %s", c->session.hook_name, a->text);

	target.to_case = KITH__V1__TARGET__TO_CONVERSATION;
	target.conversation = c->session.hook;
	send.targets = targets;
	send.n_targets = 1;
	send.text = text;
	send.client_id = fresh_id(c);
	r.id = REQUEST_ID;
	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &send;
	if ((size_t)n >= sizeof(text))
		call_fail(call, KITH_E_TOO_LARGE);
	else if (call_add_message(call, &r) < 0)
		call_fail(call, KITH_E_BUSY);
}

/* {"text": ...}, or the text itself. */
static enum kith_err
take_hook_body(const struct http_request *r, struct api_call *a)
{
	struct post p = { .client_id = 0 };
	enum kith_err err;

	if ((err = take_body(r, &p)) != KITH_E_OK)
		return err;
	if (*p.to != '\0' || p.client_id != 0)
		return KITH_E_UNKNOWN_FIELD;
	memcpy(a->text, p.text, sizeof(a->text));
	return KITH_E_OK;
}

void
web_hook(struct conn *c, const struct http_request *r)
{
	static const struct call_ops ops = {
		.ready = hook_ready, .reply = post_replied_fresh, .done = api_answer,
		.failed = web_error,
	};
	struct call_spec spec = { .ops = &ops, .hook = true,
	    .state_size = sizeof(struct api_call) };
	struct call *call;
	enum kith_err err;

	spec.token = r->path + strlen(HOOK_PATH);
	if (strlen(spec.token) != TOKEN_CHARS) {
		web_error(c, KITH_E_TOKEN_INVALID, "no such hook", 0);
	} else if ((call = web_call(c, &spec)) == NULL) {
		web_error(c, KITH_E_BUSY, NULL, 0);
	} else if ((err = take_hook_body(r, call_state(call))) != KITH_E_OK) {
		call_fail(call, err);
	} else
		call_go(call);
}
