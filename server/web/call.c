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
#include "server/http/http.h"
#include "server/lib/told.h"
#include "server/web/call_phase.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define HASH_BYTES	32u
#define REQUESTS_MAX	(IN_FLIGHT_MAX + 1)	/* a poll's own Sync */
#define OWN_ID		1u		/* of Hello and LoginToken: alone in their session then */
#define HEAD_MAX	(2048u + HTTP_HEAD_MAX)	/* of the answer */

struct call_request {
	uint64_t	 id;
	uint32_t	 len;
	bool		 silent;	/* Pong: has no answer */
	bool		 answered;
	uint8_t		*body;
};

struct call {
	struct conn		*c;
	enum call_phase		 phase;
	const struct call_ops	*ops;
	void			*state;
	size_t			 state_size;
	bool			 keep, asked, time_over;
	uint32_t		 wait_ms;
	char			 token[TOKEN_CHARS + 1];	/* until it is used */
	bool			 kept;		/* the session outlives calls: of this token */
	uint8_t			 kept_hash[HASH_BYTES];
	struct call_request	*requests;	/* REQUESTS_MAX; NULL between calls */
	unsigned		 n, given;
	enum kith_err		 refusal;	/* CALL_REFUSED: why */
	uint32_t		 refusal_retry_ms;
	struct told		 told;		/* lost: Resync follows */
	struct event		 step, timer;
};

/* False: the event does not count in this phase. */
static bool
advance(struct call *call, enum call_event event)
{
	enum call_phase next = call_phase_after(call->phase, event);

	if (next == CALL_PHASES)
		return false;
	call->phase = next;
	return true;
}

static unsigned
count_open(const struct call *call)
{
	unsigned open = 0;

	for (unsigned i = 0; i < call->n; i++)
		open += !call->requests[i].answered;
	return open;
}

/* -- what is told --------------------------------------------------------- */

static void
wake(struct call *call)
{
	if (call->phase != CALL_IDLE)
		event_active(&call->step, EV_TIMEOUT, 0);
}

void
call_tell(struct call *call, const char *json, size_t len, bool news)
{
	told_add(&call->told, json, len, news);
	wake(call);
}

const char *
call_told(struct call *call, size_t *len)
{
	static const char resync[] = "{\"resync\":{}}";

	if (call->told.lost && call->keep)
		told_add(&call->told, resync, sizeof(resync) - 1, true);
	*len = call->told.text.len;
	return *len > 0 ? (const char *)call->told.text.data : "";
}

/* What no open Request needs. */
size_t
call_room(const struct call *call)
{
	size_t taken = conn_unsent(call->c) + HEAD_MAX + call->told.text.len +
	    count_open(call) * (size_t)CALL_SMALL_MAX;
	size_t hard = call->c->w->p->conf->output_hard;

	return taken < hard ? hard - taken : 0;
}

/* -- sessions ------------------------------------------------------------- */

static void
hash_token(const char *token, uint8_t hash[HASH_BYTES])
{
	EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL);
}

/* Is the connection's session still that of the same token? */
static bool
is_same(const struct call *call, const uint8_t hash[HASH_BYTES])
{
	return call->kept && call->c->session.state == S_READY &&
	    CRYPTO_memcmp(call->kept_hash, hash, HASH_BYTES) == 0;
}

/* Goes on with the session, or begins another one. */
static void
take_session(struct call *call, const struct call_spec *spec)
{
	struct conn *c = call->c;
	uint8_t hash[HASH_BYTES] = { 0 };

	if (spec->token != NULL)
		hash_token(spec->token, hash);
	if (spec->keep && spec->token != NULL && is_same(call, hash)) {
		advance(call, CALL_EV_BEGIN);
		return;
	}
	session_restart(c);
	told_forget(&call->told);
	call->kept = false;
	memcpy(call->kept_hash, hash, sizeof(hash));
	advance(call, spec->token != NULL ? CALL_EV_BEGIN_LOGIN : CALL_EV_BEGIN);
	if (spec->token == NULL)
		return;
	c->session.light = !spec->keep;
	c->session.by_hook = spec->hook;
	memcpy(call->token, spec->token, strlen(spec->token) + 1);
}

/* -- calls ---------------------------------------------------------------- */

static void on_step(evutil_socket_t fd, short what, void *arg);

static void
on_time_over(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)what;
	call->time_over = true;
	wake(call);
}

static struct call *
make_call(struct conn *c)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->c = c;
	evtimer_assign(&call->step, c->w->p->base, on_step, call);
	evtimer_assign(&call->timer, c->w->p->base, on_time_over, call);
	return call;
}

static void
free_requests(struct call *call)
{
	while (call->n > 0) {
		struct call_request *r = &call->requests[--call->n];

		explicit_bzero(r->body, r->len);
		free(r->body);
	}
	free(call->requests);
	call->requests = NULL;
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

struct call *
call_begin(struct call **at, struct conn *c, const struct call_spec *spec)
{
	struct call *call;

	if (*at == NULL)
		*at = make_call(c);
	if ((call = *at) == NULL)
		return NULL;
	call->requests = calloc(REQUESTS_MAX, sizeof(*call->requests));
	if (call->requests == NULL || (spec->state_size > 0 &&
	    (call->state = calloc(1, spec->state_size)) == NULL)) {
		free_requests(call);
		return NULL;
	}
	call->state_size = spec->state_size;
	call->ops = spec->ops;
	call->keep = spec->keep && spec->token != NULL;
	call->wait_ms = spec->wait_ms;
	call->asked = call->time_over = false;
	call->refusal = KITH_E_OK;
	take_session(call, spec);
	return call;
}

int
call_add(struct call *call, const uint8_t *body, uint32_t len, bool asked)
{
	struct unpackmem *mem = &call->c->w->reply_mem;
	struct call_request *q;
	const Kith__V1__Request *r;
	ProtobufCMessage *message;

	if (call->n == REQUESTS_MAX)
		return -E2BIG;
	q = &call->requests[call->n];
	if ((q->body = malloc(len + 1)) == NULL)
		return -ENOMEM;
	memcpy(q->body, body, len);
	q->len = len;
	q->id = 0;
	q->silent = q->answered = false;
	if (wire_unpack(&kith__v1__request__descriptor, body, len, mem, &q->id, &message) ==
	    KITH_E_OK) {
		r = (const Kith__V1__Request *)message;
		q->silent = r->body_case == KITH__V1__REQUEST__BODY_PONG;
	}
	unpackmem_reset(mem);
	call->asked |= asked;
	call->n++;
	return 0;
}

int
call_add_message(struct call *call, const Kith__V1__Request *r)
{
	struct worker *w = call->c->w;
	size_t len = kith__v1__request__get_packed_size(r);
	int rc = -E2BIG;

	if (len <= sizeof(w->request)) {
		kith__v1__request__pack(r, w->request);
		rc = call_add(call, w->request, (uint32_t)len, true);
		explicit_bzero(w->request, len);
	}
	return rc;
}

void
call_go(struct call *call)
{
	wake(call);
}

void *
call_state(struct call *call)
{
	return call->state;
}

/* -- the end of a call ---------------------------------------------------- */

/* Before the answer: whatever that does with the connection, the call is over. */
static void
end_call(struct call *call)
{
	advance(call, CALL_EV_END);
	event_del(&call->step);
	event_del(&call->timer);
	free_requests(call);
	explicit_bzero(call->token, sizeof(call->token));
}

/* After the answer. A session that is not kept ends. */
static void
forget_call(struct call *call)
{
	free_state(call);
	told_forget(&call->told);
	if (!call->kept && call->c->state == CONN_OPEN)
		session_restart(call->c);
}

static void
call_done(struct call *call)
{
	struct conn *c = call->c;

	end_call(call);
	call->kept = call->keep && c->session.state == S_READY && c->session.registered;
	call->ops->done(c, call);
	forget_call(call);
}

static void
call_failed(struct call *call, enum kith_err code, uint32_t retry_ms)
{
	end_call(call);
	call->kept = false;
	call->ops->failed(call->c, code, NULL, retry_ms);
	forget_call(call);
}

void
call_fail(struct call *call, enum kith_err code)
{
	call_failed(call, code, 0);
}

/* -- steps ---------------------------------------------------------------- */

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
ask_hello(struct call *call)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	char client[] = "http";

	hello.version_min = hello.version_max = KITH_PROTOCOL_VERSION;
	hello.client = client;
	r.body_case = KITH__V1__REQUEST__BODY_HELLO;
	r.hello = &hello;
	ask_own(call->c, &r);
}

static void
ask_login(struct call *call)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;

	advance(call, CALL_EV_ASK);	/* the answer may come at once */
	login.token = call->token;
	r.body_case = KITH__V1__REQUEST__BODY_LOGIN_TOKEN;
	r.login_token = &login;
	ask_own(call->c, &r);
	explicit_bzero(call->token, sizeof(call->token));
}

/* As a native client that does not wait for replies: until input rests. */
static void
give_requests(struct call *call)
{
	struct conn *c = call->c;

	while (call->given < call->n && c->state == CONN_OPEN &&
	    (c->paused & ~CONN_PAUSE_DOOR) == 0) {
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
run_call(struct call *call)
{
	struct timeval wait = { (time_t)(call->wait_ms / 1000),
		(suseconds_t)(call->wait_ms % 1000) * 1000 };

	give_requests(call);
	if (call->c->state != CONN_OPEN || call->phase == CALL_IDLE)
		return;
	if (is_over(call))
		call_done(call);
	else if (count_open(call) == 0 && advance(call, CALL_EV_WAIT))
		event_add(&call->timer, &wait);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;
	struct conn *c = call->c;

	(void)fd;
	(void)what;
	c->w->now = c->w->clock();
	if (c->state != CONN_OPEN)
		return;
	switch (call->phase) {
	case CALL_HELLO:
		ask_hello(call);
		break;
	case CALL_LOGIN:
		ask_login(call);
		break;
	case CALL_REFUSED:
		call_failed(call, call->refusal, call->refusal_retry_ms);
		break;
	case CALL_READY:
		advance(call, CALL_EV_RUN);
		if (call->ops->ready != NULL)
			call->ops->ready(c, call);
		if (call->phase == CALL_RUNNING)
			run_call(call);
		break;
	case CALL_RUNNING:
	case CALL_WAITING:
		run_call(call);
		break;
	case CALL_IDLE:
	case CALL_ASKED:
	case CALL_PHASES:
		break;
	}
}

void
call_on_resume(struct call *call)
{
	if (call != NULL)
		wake(call);
}

/* -- what the session says ------------------------------------------------ */

static void
tell_message(struct call *call, const Kith__V1__Reply *r, bool news)
{
	struct worker *w = call->c->w;
	size_t n = json_from_message(&r->base, w->json, sizeof(w->json));

	if (n > 0) {
		call_tell(call, w->json, n, news);
	} else {
		stats_add(w->p->stats, STAT_replies_lost, 1);
		call->told.lost = true;
	}
	explicit_bzero(w->json, n);
}

/* Our own requests: each answer leads to the next phase. What the connection has to say
 * meanwhile is no answer. */
static void
on_own_reply(struct call *call, Kith__V1__Reply *r)
{
	enum call_event event;

	if (r->id != OWN_ID)
		return;
	switch (r->body_case) {
	case KITH__V1__REPLY__BODY_ERROR:
		call->refusal = (enum kith_err)r->error->code;
		call->refusal_retry_ms = r->error->retry_after_ms;
		advance(call, CALL_EV_REFUSE);
		return;
	case KITH__V1__REPLY__BODY_WELCOME:
		event = CALL_EV_WELCOME;
		break;
	default:
		event = CALL_EV_LOGGED_IN;
		break;
	}
	r->id = 0;
	if (advance(call, event) && call->keep)
		tell_message(call, r, false);
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
	return call->phase != CALL_IDLE ? call->keep : call->kept;
}

static void
take_reply(struct call *call, Kith__V1__Reply *r)
{
	int place;

	switch (call->phase) {
	case CALL_HELLO:
	case CALL_LOGIN:
	case CALL_ASKED:
	case CALL_REFUSED:
		on_own_reply(call, r);
		break;
	default:
		if (call->phase != CALL_IDLE && (place = find_request(call, r)) >= 0) {
			call->requests[place].answered = true;
			if (call->ops->reply != NULL)
				call->ops->reply(call->c, call, (unsigned)place, r);
		} else if (collects_news(call))
			tell_message(call, r, true);
		break;
	}
	wake(call);
}

int
call_on_reply(struct call *call, const uint8_t *reply, uint32_t len)
{
	ProtobufCMessage *message;
	struct unpackmem *mem;
	enum kith_err err;

	if (call == NULL)
		return 0;
	mem = &call->c->w->reply_mem;
	err = wire_unpack(&kith__v1__reply__descriptor, reply, len, mem, NULL, &message);
	if (err == KITH_E_OK)
		take_reply(call, (Kith__V1__Reply *)message);
	unpackmem_reset(mem);		/* it may have held a token */
	return err == KITH_E_OK ? 0 : -EBADMSG;
}

/* Over the bound they are left out, as conn_queue_live() and conn_queue_hint() do. Nobody is told
 * in the next call who was writing before it. */
void
call_on_live(struct call *call, const uint8_t *json, size_t len, bool hint)
{
	struct worker *w;
	bool fits;

	if (call == NULL || !collects_news(call) || (hint && call->phase == CALL_IDLE))
		return;
	w = call->c->w;
	fits = told_has_room(&call->told, len, w->p->conf->output_soft);
	if (!fits && hint)
		return;
	if (!fits) {
		call->told.lost = true;
		stats_add(w->p->stats, STAT_resyncs, 1);
		return;
	}
	call_tell(call, (const char *)json, len, true);
	stats_add(w->p->stats, STAT_events_delivered, 1);
}

/* After a Logout what was answered is told; the rest has no answer, as at the other doors. */
void
call_on_close(struct call *call, enum kith_err why)
{
	if (call == NULL || call->phase == CALL_IDLE)
		return;
	if (why == KITH_E_OK)
		call_done(call);
	else
		call_failed(call, why, why == KITH_E_SHUTTING_DOWN ? RETRY_RESTART_MS : 0);
}

void
call_destroy(struct call *call)
{
	if (call == NULL)
		return;
	event_del(&call->step);
	event_del(&call->timer);
	free_requests(call);
	free_state(call);
	told_forget(&call->told);
	explicit_bzero(call, sizeof(*call));
	free(call);
}
