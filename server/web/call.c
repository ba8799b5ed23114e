/*
 * call.c - sessions run by HTTP requests.
 *
 * Nothing is given to the session, and no call ends, inside a callback of the session:
 * each news only wakes the step, which is an event of its own.
 */
#include "server/web/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/wire.h"
#include "server/conf/conf.h"
#include "server/lib/told.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define HASH_BYTES	32u
#define REQUESTS_MAX	(IN_FLIGHT_MAX + 1)	/* a poll's own Sync */
#define OWN_ID		1u		/* of Hello and LoginToken: alone in their session then */
#define HEAD_MAX	(2048u + HTTP_HEAD_MAX)	/* of the answer */

enum call_phase {
	CALL_IDLE,			/* no call; a kept session may collect news */
	CALL_HELLO, CALL_LOGIN,		/* our own requests are open */
	CALL_READY,			/* they are answered, or there were none */
	CALL_RUNNING,			/* the caller's are */
	CALL_WAITING			/* for news; the timer runs */
};

struct call_request {
	uint64_t	 id;
	uint32_t	 len;
	bool		 silent;	/* Pong: has no answer */
	bool		 answered;
	uint8_t		*body;
};

struct call {
	enum call_phase		 phase;
	const struct call_ops	*ops;
	void			*state;
	size_t			 state_size;
	bool			 keep, asked, time_over;
	uint32_t		 wait_ms;
	char			 token[TOKEN_CHARS + 1];	/* until it is used */
	bool			 kept;		/* the session outlives calls: of this token */
	uint8_t			 kept_hash[HASH_BYTES];
	struct call_request	 requests[REQUESTS_MAX];
	unsigned		 n, given;
	enum kith_err		 refusal;	/* of the login; KITH_E_OK: none */
	uint32_t		 refusal_retry_ms;
	struct told		 told;		/* lost: Resync follows */
	struct event		 step;
};

static unsigned
count_open(const struct call *call)
{
	unsigned open = 0;

	for (unsigned i = 0; i < call->n; i++)
		open += !call->requests[i].answered;
	return open;
}

/* -- what is told ------------------------------------------------------------------------ */

static void
wake(struct call *call)
{
	if (call->phase != CALL_IDLE)
		event_active(&call->step, EV_TIMEOUT, 0);
}

void
call_tell(struct conn *c, const char *json, size_t len, bool news)
{
	told_add(&c->web->call->told, json, len, news);
	wake(c->web->call);
}

const char *
call_told(struct conn *c, size_t *len)
{
	static const char resync[] = "{\"resync\":{}}";
	struct call *call = c->web->call;

	if (call->told.lost && call->keep)
		told_add(&call->told, resync, sizeof(resync) - 1, true);
	*len = call->told.len;
	return call->told.len > 0 ? call->told.text : "";
}

/* What no open Request needs. */
size_t
call_room(struct conn *c)
{
	const struct call *call = c->web->call;
	size_t taken = conn_unsent(c) + HEAD_MAX + call->told.len +
	    count_open(call) * (size_t)CALL_SMALL_MAX;
	size_t hard = c->w->p->conf->output_hard;

	return taken < hard ? hard - taken : 0;
}

/* -- sessions ------------------------------------------------------------------------------ */

static void
hash_token(const char *token, uint8_t hash[HASH_BYTES])
{
	EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL);
}

/* Is the connection's session that of the same token still? */
static bool
is_same(const struct conn *c, const uint8_t hash[HASH_BYTES])
{
	const struct call *call = c->web->call;

	return call->kept && c->session.state == S_READY &&
	    CRYPTO_memcmp(call->kept_hash, hash, HASH_BYTES) == 0;
}

static void
take_session(struct conn *c, const struct call_spec *spec)
{
	struct call *call = c->web->call;
	uint8_t hash[HASH_BYTES] = { 0 };

	if (spec->token != NULL)
		hash_token(spec->token, hash);
	call->phase = CALL_READY;
	if (spec->keep && spec->token != NULL && is_same(c, hash))
		return;
	session_restart(c);
	told_forget(&call->told);
	call->kept = false;
	memcpy(call->kept_hash, hash, sizeof(hash));
	if (spec->token == NULL)
		return;
	c->session.light = !spec->keep;
	c->session.by_hook = spec->hook;
	memcpy(call->token, spec->token, strlen(spec->token) + 1);
	call->phase = CALL_HELLO;
}

/* -- calls --------------------------------------------------------------------------------- */

static void on_step(evutil_socket_t fd, short what, void *arg);

static void
free_requests(struct call *call)
{
	while (call->n > 0) {
		struct call_request *r = &call->requests[--call->n];

		explicit_bzero(r->body, r->len);
		free(r->body);
	}
	call->given = 0;
}

static void
free_state(struct call *call)
{
	if (call->state != NULL)
		explicit_bzero(call->state, call->state_size);
	free(call->state);
	call->state = NULL;
}

int
call_begin(struct conn *c, const struct call_spec *spec)
{
	struct call *call = c->web->call;

	if (call == NULL) {
		if ((call = calloc(1, sizeof(*call))) == NULL)
			return -ENOMEM;
		evtimer_assign(&call->step, c->w->p->base, on_step, c);
		c->web->call = call;
	}
	if (spec->state_size > 0 && (call->state = calloc(1, spec->state_size)) == NULL)
		return -ENOMEM;
	call->state_size = spec->state_size;
	call->ops = spec->ops;
	call->keep = spec->keep && spec->token != NULL;
	call->wait_ms = spec->wait_ms;
	call->asked = call->time_over = false;
	call->refusal = KITH_E_OK;
	take_session(c, spec);
	return 0;
}

int
call_add(struct conn *c, const uint8_t *body, uint32_t len, bool asked)
{
	struct call *call = c->web->call;
	struct call_request *q = &call->requests[call->n];
	const Kith__V1__Request *r;
	ProtobufCMessage *message;

	if (call->n == REQUESTS_MAX)
		return -E2BIG;
	if ((q->body = malloc(len + 1)) == NULL)
		return -ENOMEM;
	memcpy(q->body, body, len);
	q->len = len;
	q->id = 0;
	q->silent = q->answered = false;
	if (wire_unpack(&kith__v1__request__descriptor, body, len, &c->w->reply_mem, &q->id,
	    &message) == KITH_E_OK) {
		r = (const Kith__V1__Request *)message;
		q->silent = r->body_case == KITH__V1__REQUEST__BODY_PONG;
	}
	unpackmem_reset(&c->w->reply_mem);
	call->asked |= asked;
	call->n++;
	return 0;
}

int
call_add_message(struct conn *c, const Kith__V1__Request *r)
{
	static uint8_t packed[FRAME_BYTES_MAX];
	size_t len = kith__v1__request__get_packed_size(r);
	int rc = -E2BIG;

	if (len <= sizeof(packed)) {
		kith__v1__request__pack(r, packed);
		rc = call_add(c, packed, (uint32_t)len, true);
		explicit_bzero(packed, len);
	}
	return rc;
}

void
call_go(struct conn *c)
{
	wake(c->web->call);
}

void *
call_state(struct conn *c)
{
	return c->web->call->state;
}

/* -- the end of a call ----------------------------------------------------------------------- */

/* `tell` answers; whatever it does with the connection, the call is over before. */
static struct call *
end_call(struct conn *c)
{
	struct call *call = c->web->call;

	call->phase = CALL_IDLE;
	event_del(&call->step);
	free_requests(call);
	explicit_bzero(call->token, sizeof(call->token));
	return call;
}

static void
done(struct conn *c)
{
	struct call *call = end_call(c);

	call->kept = call->keep && c->session.state == S_READY && c->session.registered;
	call->ops->done(c);
	free_state(call);
	told_forget(&call->told);
	if (!call->kept && c->state == CONN_OPEN)
		session_restart(c);
}

static void
failed(struct conn *c, enum kith_err code, const char *text, uint32_t retry_ms)
{
	struct call *call = end_call(c);

	call->kept = false;
	call->ops->failed(c, code, text, retry_ms);
	free_state(call);
	told_forget(&call->told);
	if (c->state == CONN_OPEN)
		session_restart(c);
}

void
call_fail(struct conn *c, enum kith_err code)
{
	failed(c, code, NULL, 0);
}

/* -- steps ------------------------------------------------------------------------------------- */

static void
ask_own(struct conn *c, Kith__V1__Request *r)
{
	uint8_t packed[256];
	size_t len;

	r->id = OWN_ID;
	len = kith__v1__request__pack(r, packed);
	session_request(c, packed, (uint32_t)len);
	explicit_bzero(packed, len);
}

static void
ask_hello(struct conn *c)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	char client[] = "http";

	hello.version_min = hello.version_max = KITH_PROTOCOL_VERSION;
	hello.client = client;
	r.body_case = KITH__V1__REQUEST__BODY_HELLO;
	r.hello = &hello;
	ask_own(c, &r);
}

static void
ask_login(struct conn *c)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;

	login.token = c->web->call->token;
	r.body_case = KITH__V1__REQUEST__BODY_LOGIN_TOKEN;
	r.login_token = &login;
	ask_own(c, &r);
	explicit_bzero(c->web->call->token, sizeof(c->web->call->token));
}

/* As a native client that does not wait for replies: until input rests. */
static void
give_requests(struct conn *c)
{
	struct call *call = c->web->call;

	while (call->given < call->n && c->state == CONN_OPEN &&
	    (c->paused & ~CONN_PAUSE_CALL) == 0) {
		struct call_request *r = &call->requests[call->given++];

		session_request(c, r->body, r->len);
		r->answered |= r->silent;
	}
}

static bool
is_over(const struct call *call)
{
	return count_open(call) == 0 && (call->asked || call->told.news || call->told.lost ||
	    call->time_over || call->wait_ms == 0 || !call->keep);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct call *call = c->web->call;

	(void)fd;
	(void)what;
	c->w->now = c->w->clock();
	if (c->state != CONN_OPEN || call->phase == CALL_IDLE)
		return;
	if (call->refusal != KITH_E_OK) {
		failed(c, call->refusal, NULL, call->refusal_retry_ms);
	} else if (call->phase == CALL_HELLO) {
		ask_hello(c);
	} else if (call->phase == CALL_LOGIN && call->token[0] != '\0') {
		ask_login(c);
	} else if (call->phase >= CALL_READY) {
		if (call->phase == CALL_READY) {
			call->phase = CALL_RUNNING;
			if (call->ops->ready != NULL)
				call->ops->ready(c);
		}
		give_requests(c);
		if (c->state != CONN_OPEN || call->phase == CALL_IDLE)
			return;
		if (is_over(call)) {
			done(c);
		} else if (call->phase == CALL_RUNNING && count_open(call) == 0) {
			call->phase = CALL_WAITING;
			web_wake_in(c, call->wait_ms);
		}
	}
}

void
call_timeout(struct conn *c)
{
	c->web->call->time_over = true;
	wake(c->web->call);
}

void
call_on_resume(struct conn *c)
{
	if (c->web->call != NULL)
		wake(c->web->call);
}

/* -- what the session says --------------------------------------------------------------------- */

static void
tell_message(struct conn *c, const Kith__V1__Reply *r, bool news)
{
	static char text[JSON_BYTES_MAX];
	size_t n = json_from_message(&r->base, text, sizeof(text));

	if (n > 0)
		call_tell(c, text, n, news);
	explicit_bzero(text, n);
}

/* Our own requests: each answer leads to the next phase. What the connection has to say
 * meanwhile is no answer. */
static void
on_own_reply(struct conn *c, Kith__V1__Reply *r)
{
	struct call *call = c->web->call;

	if (r->id != OWN_ID)
		return;
	if (r->body_case == KITH__V1__REPLY__BODY_ERROR) {
		call->refusal = (enum kith_err)r->error->code;
		call->refusal_retry_ms = r->error->retry_after_ms;
		return;
	}
	r->id = 0;
	if (call->keep)
		tell_message(c, r, false);
	call->phase++;
}

/* The place of the Request that this answers; -1: it is news. An error without an id is that of a
 * Request without one. */
static int
find_request(struct call *call, const Kith__V1__Reply *r)
{
	for (unsigned i = 0; i < call->given; i++)
		if (!call->requests[i].answered && call->requests[i].id == r->id &&
		    (r->id != 0 || r->body_case == KITH__V1__REPLY__BODY_ERROR))
			return (int)i;
	return -1;
}

static bool
collects_news(const struct call *call)
{
	return call != NULL && (call->phase != CALL_IDLE ? call->keep : call->kept);
}

static void
on_reply(struct conn *c, Kith__V1__Reply *r)
{
	struct call *call = c->web->call;
	int place;

	if (call->phase == CALL_HELLO || call->phase == CALL_LOGIN) {
		on_own_reply(c, r);
	} else if (call->phase != CALL_IDLE && (place = find_request(call, r)) >= 0) {
		call->requests[place].answered = true;
		if (call->ops->reply != NULL)
			call->ops->reply(c, (unsigned)place, r);
	} else if (collects_news(call))
		tell_message(c, r, true);
	wake(call);
}

void
call_on_reply(struct conn *c, const uint8_t *reply, uint32_t len)
{
	struct unpackmem *mem = &c->w->reply_mem;
	ProtobufCMessage *message;

	if (c->web->call == NULL)
		return;
	if (wire_unpack(&kith__v1__reply__descriptor, reply, len, mem, NULL, &message) == KITH_E_OK)
		on_reply(c, (Kith__V1__Reply *)message);
	unpackmem_reset(mem);		/* it may have held a token */
}

/* Over the bound they are left out, as conn_queue_live() and conn_queue_hint() do. Nobody is told
 * in the next call who was writing before it. */
void
call_on_live(struct conn *c, const uint8_t *json, size_t len, bool hint)
{
	struct call *call = c->web->call;
	bool fits;

	if (!collects_news(call) || (hint && call->phase == CALL_IDLE))
		return;
	fits = told_has_room(&call->told, len, c->w->p->conf->output_soft);
	if (!fits && hint)
		return;
	if (!fits) {
		call->told.lost = true;
		stats_add(c->w->p->stats, STAT_resyncs, 1);
		return;
	}
	call_tell(c, (const char *)json, len, true);
	stats_add(c->w->p->stats, STAT_events_delivered, 1);
}

/* After a Logout what was answered is told; the rest has no answer, as at the other doors. */
void
call_on_close(struct conn *c, enum kith_err why)
{
	struct call *call = c->web->call;

	if (call == NULL || call->phase == CALL_IDLE)
		return;
	if (why == KITH_E_OK)
		done(c);
	else
		failed(c, why, NULL, why == KITH_E_SHUTTING_DOWN ? RETRY_RESTART_MS : 0);
}

void
call_fini(struct conn *c)
{
	struct call *call = c->web->call;

	if (call == NULL)
		return;
	event_del(&call->step);
	free_requests(call);
	free_state(call);
	told_forget(&call->told);
	explicit_bzero(call, sizeof(*call));
	free(call);
	c->web->call = NULL;
}
