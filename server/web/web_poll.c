/*
 * web_poll.c - long polling: POST /v1/poll, for networks that break WebSockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/poll.pb-c.h"
#include "protocol/reply.h"
#include "protocol/wire.h"
#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

#define SYNC_ID		UINT64_MAX	/* of the Sync that is made of `have` */
#define BEFORE		"{\"replies\":["
#define AFTER		"]}\n"

struct poll {
	bool	syncs;			/* the first Request is that Sync */
};

/* -- replies -------------------------------------------------------------- */

/* An empty SyncPage is no news. */
static bool
poll_is_news(const Kith__V1__Reply *r)
{
	return r->body_case != KITH__V1__REPLY__BODY_SYNC_PAGE || r->sync_page->n_events > 0 ||
	    r->sync_page->n_positions > 0;
}

/* Takes the place of a page that does not fit beside the other replies: the client can request it
 * again. */
static size_t
put_too_long(uint64_t id, char *text, size_t cap)
{
	struct reply r;

	return json_from_message(&reply_error(&r, id, KITH_E_BUSY,
	    "the reply does not fit beside the others: send this request alone", 0)->base, text, cap);
}

static void
poll_replied(struct conn *c, struct call *call, unsigned place, const Kith__V1__Reply *r)
{
	char *text = c->w->json;
	const struct poll *poll = call_state(call);
	Kith__V1__Reply copy = *r;
	size_t n;

	if (poll->syncs && place == 0)
		copy.id = 0;
	n = json_from_message(&copy.base, text, sizeof(c->w->json));
	if (n == 0 || (n > CALL_SMALL_MAX && n > call_room(call)))
		n = put_too_long(copy.id, text, sizeof(c->w->json));
	call_tell(call, text, n, poll_is_news(r));
	explicit_bzero(text, n);	/* it may hold a token */
}

static void
poll_done(struct conn *c, struct call *call)
{
	size_t n, len = strlen(BEFORE) + strlen(AFTER);
	const char *told = call_told(call, &n);
	char *body = malloc(len + n);

	if (body == NULL) {
		web_error(c, KITH_E_BUSY, NULL, 0);
		return;
	}
	memcpy(body, BEFORE, strlen(BEFORE));
	memcpy(body + strlen(BEFORE), told, n);
	memcpy(body + strlen(BEFORE) + n, AFTER, strlen(AFTER));
	web_respond(c, 200, WEB_TYPE_JSON, body, len + n, NULL);
	explicit_bzero(body, len + n);
	free(body);
}

/* -- requests ------------------------------------------------------------- */

static int
add_sync(struct worker *w, struct call *call, const Kith__V1__Poll *poll)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Sync sync = KITH__V1__SYNC__INIT;

	sync.have = poll->have;
	sync.n_have = poll->n_have;
	r.id = SYNC_ID;
	r.body_case = KITH__V1__REQUEST__BODY_SYNC;
	r.sync = &sync;
	if (kith__v1__request__get_packed_size(&r) > sizeof(w->packed))
		return -E2BIG;
	return call_add(call, w->packed, (uint32_t)kith__v1__request__pack(&r, w->packed), false);
}

static void
poll_run(struct conn *c, const Kith__V1__Poll *poll, const char *token)
{
	static const struct call_ops ops = {
		.reply = poll_replied, .done = poll_done, .failed = web_error,
	};
	const struct call_spec spec = {
		.ops = &ops, .token = token, .keep = true, .wait_ms = poll->wait_ms,
		.state_size = sizeof(struct poll),
	};
	struct poll *state;
	struct call *call;
	int rc;

	if ((call = web_call(c, &spec)) == NULL) {
		web_error(c, KITH_E_BUSY, NULL, 0);
		return;
	}
	state = call_state(call);
	state->syncs = poll->n_have > 0;
	rc = state->syncs ? add_sync(c->w, call, poll) : 0;
	for (size_t i = 0; i < poll->n_requests && rc == 0; i++)
		rc = call_add_message(call, poll->requests[i]);
	if (rc < 0)
		call_fail(call, KITH_E_BUSY);
	else
		call_go(call);
}

/* NULL: nothing is wrong with it. */
static const char *
poll_check(const Kith__V1__Poll *poll)
{
	if (poll->n_requests > IN_FLIGHT_MAX)
		return "too many requests in one poll";
	if (poll->wait_ms > POLL_WAIT_MS_MAX)
		return "waitMs must not be over 25000";
	for (size_t i = 0; i < poll->n_requests; i++)
		if (poll->requests[i]->id == SYNC_ID)
			return "the largest id is reserved";
	return NULL;
}

void
web_poll(struct conn *c, const struct http_request *r)
{
	struct worker *w = c->w;
	char token[TOKEN_CHARS + 1];
	ProtobufCMessage *message;
	const char *why = NULL;
	bool from_cookie, known = web_token(c, r, token, &from_cookie);
	enum kith_err err;
	size_t n = 0;

	if (!known && r->body_len > FRAME_BYTES_MAX_LOGIN) {
		web_error(c, KITH_E_TOO_LARGE, NULL, 0);
		return;
	}
	err = json_to_wire(&kith__v1__poll__descriptor, (const char *)r->body, r->body_len,
	    w->request, sizeof(w->request), &n, NULL);
	if (err == KITH_E_OK)
		err = wire_unpack(&kith__v1__poll__descriptor, w->request, n, &w->mem, NULL,
		    &message);
	if (err == KITH_E_OK && (why = poll_check((const Kith__V1__Poll *)message)) != NULL)
		err = KITH_E_BAD_REQUEST;
	if (err != KITH_E_OK)
		web_error(c, err, why, 0);
	else
		poll_run(c, (const Kith__V1__Poll *)message, known ? token : NULL);
	unpackmem_reset(&w->mem);
	explicit_bzero(w->request, n);
	explicit_bzero(token, sizeof(token));
}
