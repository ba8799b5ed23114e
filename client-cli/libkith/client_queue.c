/*
 * client_queue.c - requests until their answers: the outbox.
 */
#include "client-cli/libkith/client_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/libkith/client_failure.h"
#include "client-cli/libkith/client_frame.h"
#include "client-cli/libkith/client_taken.h"
#include "protocol/limits.h"
#include "protocol/wire.h"

#define PASSING_MS	1000		/* wait after BUSY that names no time */

struct request {
	TAILQ_ENTRY(request)	 link;
	uint64_t		 id;
	uint64_t		 deadline;	/* UINT64_MAX: none */
	unsigned		 flags;
	Kith__V1__Reply__BodyCase expect;	/* what answers it, if not an error */
	int			 sent;		/* on this connection, not answered */
	int			 left, lost;	/* on any; without an answer */
	uint64_t		 client_id;	/* of a Send, as the caller knows it */
	kith_reply_fn		 fn;
	void			*arg;
	struct client_taken	*taken;		/* NULL: the usual case */
	size_t			 len;
	uint8_t			*frame;		/* malloc() */
};

void
client_queue_init(struct client_queue *q, struct kith *k, client_queue_send_fn send,
    client_queue_now_fn now, uint32_t request_ms)
{
	memset(q, 0, sizeof(*q));
	q->kith = k;
	q->send = send;
	q->now = now;
	TAILQ_INIT(&q->all);
	q->next_id = CLIENT_ID_FIRST;
	q->request_ms = request_ms;
	q->sends_max = 1;
}

static int
request_is_send(const struct request *r)
{
	return r->expect == KITH__V1__REPLY__BODY_SENT;
}

/* It is no longer in flight. */
static void
request_landed(struct client_queue *q, struct request *r)
{
	if (!r->sent)
		return;
	r->sent = 0;
	q->in_flight--;
	if (request_is_send(r))
		q->sends--;
}

static void
request_free(struct client_queue *q, struct request *r)
{
	TAILQ_REMOVE(&q->all, r, link);
	q->n--;
	request_landed(q, r);
	client_taken_free(r->taken);
	explicit_bzero(r->frame, r->len);	/* it may hold a password */
	free(r->frame);
	free(r);
}

void
client_queue_fini(struct client_queue *q)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&q->all)) != NULL)
		request_free(q, r);
}

/* Takes the request out, then calls back: the callback may add others. */
static void
request_done(struct client_queue *q, struct request *r, const struct kith_failure *why,
    const Kith__V1__Reply *reply)
{
	kith_reply_fn fn = r->fn;
	void *arg = r->arg;

	request_free(q, r);
	if (fn != NULL)
		fn(q->kith, why, reply, arg);
}

int
client_queue_add(struct client_queue *q, Kith__V1__Request__BodyCase which, void *body,
    Kith__V1__Reply__BodyCase expect, unsigned flags, kith_reply_fn fn, void *arg)
{
	Kith__V1__Request request;
	struct request *r;
	size_t len;

	client_frame_fill(&request, q->next_id, which, body);
	if ((len = client_frame_size(&request)) == 0)
		return -EMSGSIZE;
	if ((r = calloc(1, sizeof(*r))) == NULL || (r->frame = malloc(len)) == NULL) {
		free(r);
		return -ENOMEM;
	}
	r->id = q->next_id++;
	r->deadline = UINT64_MAX;
	if (!(flags & REQUEST_INTERNAL) && q->request_ms != KITH_FOREVER)
		r->deadline = q->now() + q->request_ms;
	r->flags = flags;
	if (which == KITH__V1__REQUEST__BODY_SEND)
		r->client_id = ((const Kith__V1__Send *)body)->client_id;
	r->expect = expect;
	r->fn = fn;
	r->arg = arg;
	r->len = len;
	wire_pack_frame(&request.base, r->frame, len);
	TAILQ_INSERT_TAIL(&q->all, r, link);
	q->n++;
	client_queue_pump(q);
	return 0;
}

void
client_queue_open(struct client_queue *q, uint32_t in_flight)
{
	q->window = in_flight >= 1 && in_flight < IN_FLIGHT_MAX ? in_flight : IN_FLIGHT_MAX;
}

void
client_queue_pump(struct client_queue *q)
{
	struct request *r;
	int blocked = 0;

	if (q->window == 0 || (q->paused_until != 0 && q->now() < q->paused_until))
		return;
	q->paused_until = 0;
	TAILQ_FOREACH(r, &q->all, link) {
		if (q->in_flight >= q->window)
			return;
		if (r->sent)
			continue;
		/* What the core asks does not depend on the order. */
		blocked |= request_is_send(r) && q->sends >= q->sends_max;
		if (blocked && !(r->flags & REQUEST_INTERNAL))
			continue;
		if (q->send(q->kith, r->frame, r->len) < 0)
			return;		/* full: the next pump tries again */
		r->sent = r->left = 1;
		q->in_flight++;
		q->sends += (size_t)request_is_send(r);
	}
}

/* The first passing error among the outcomes of a Send, or none. */
static const Kith__V1__Error *
passing_outcome(const Kith__V1__Sent *sent)
{
	struct kith_failure f;

	for (size_t i = 0; i < sent->n_outcomes; i++) {
		const Kith__V1__Error *e = sent->outcomes[i]->error;

		if (e == NULL)
			continue;
		client_failure_from_server(&f, e);
		if (client_failure_is_passing(&f))
			return e;
	}
	return NULL;
}

/* Queues the request again if the server may take it before its deadline. */
static int
put_back(struct client_queue *q, struct request *r, const Kith__V1__Error *e)
{
	struct kith_failure f;
	uint64_t until;

	client_failure_from_server(&f, e);
	if (!client_failure_is_passing(&f) || (r->flags & REQUEST_ONCE))
		return 0;
	until = q->now() + (f.retry_after_ms ? f.retry_after_ms : PASSING_MS);
	if (until >= r->deadline)
		return 0;
	request_landed(q, r);
	if (until > q->paused_until)
		q->paused_until = until;
	return 1;
}

/* Queues what was refused for its client id again, in its place. */
static int
send_again(struct client_queue *q, struct request *r, const Kith__V1__Sent *all)
{
	uint8_t *frame;
	size_t len;

	if (!client_taken_again(&r->taken, all, r->frame, r->len, &q->last_client_id, &frame, &len))
		return 0;
	explicit_bzero(r->frame, r->len);
	free(r->frame);
	r->frame = frame;
	r->len = len;
	request_landed(q, r);
	return 1;
}

static void
answer_send(struct client_queue *q, struct request *r, const Kith__V1__Reply *reply)
{
	Kith__V1__Outcome *list[TARGETS_MAX];
	Kith__V1__Reply whole = *reply;
	struct client_taken *taken;
	Kith__V1__Sent view;

	client_taken_view(r->taken, reply->sent, &view, list);
	whole.sent = &view;
	if (send_again(q, r, &view))
		return;
	taken = r->taken;		/* `view` borrows from it */
	r->taken = NULL;
	request_done(q, r, NULL, &whole);
	client_taken_free(taken);
}

void
client_queue_answer(struct client_queue *q, const Kith__V1__Reply *reply)
{
	const Kith__V1__Error *e = NULL;
	struct kith_failure f;
	struct request *r;

	TAILQ_FOREACH(r, &q->all, link)
		if (r->sent && r->id == reply->id)
			break;
	if (r == NULL)
		return;			/* it has failed meanwhile */
	if (reply->body_case == KITH__V1__REPLY__BODY_ERROR)
		e = reply->error;
	else if (reply->body_case == KITH__V1__REPLY__BODY_SENT)
		e = passing_outcome(reply->sent);
	if (e != NULL && put_back(q, r, e))
		return;
	if (reply->body_case == r->expect && request_is_send(r)) {
		answer_send(q, r, reply);
	} else if (reply->body_case == r->expect) {
		request_done(q, r, NULL, reply);
	} else {
		if (reply->body_case == KITH__V1__REPLY__BODY_ERROR)
			client_failure_from_server(&f, reply->error);
		else
			client_failure_local(&f, KITH_L_PROTOCOL, "the answer is of another kind");
		/* It was repeated, and the answer is not to its first copy. */
		if (r->lost && client_failure_is_passing(&f))
			f.fate = KITH_UNANSWERED;
		request_done(q, r, &f, NULL);
	}
	client_queue_pump(q);
}

/* Fails each request that `picks`, oldest first, but not those that callbacks add
 * meanwhile: their ids are higher. */
static void
fail_if(struct client_queue *q, int (*picks)(const struct request *, uint64_t), uint64_t now,
    const struct kith_failure *why)
{
	uint64_t end = q->next_id, done = 0;
	struct kith_failure mine = *why;
	struct request *r;

	do {
		TAILQ_FOREACH(r, &q->all, link)
			if (r->id > done && r->id < end && picks(r, now))
				break;
		if (r == NULL)
			return;
		done = r->id;
		mine.fate = r->left ? KITH_UNANSWERED : KITH_UNSENT;
		if (r->flags & REQUEST_INTERNAL)
			request_free(q, r);
		else
			request_done(q, r, &mine, NULL);
	} while (1);
}

static int
picks_unrepeatable(const struct request *r, uint64_t now)
{
	(void)now;
	return (r->flags & REQUEST_INTERNAL) || (r->sent && (r->flags & REQUEST_ONCE));
}

static int
picks_expired(const struct request *r, uint64_t now)
{
	return now >= r->deadline;
}

static int
picks_all(const struct request *r, uint64_t now)
{
	(void)r;
	(void)now;
	return 1;
}

static int
picks_sends(const struct request *r, uint64_t now)
{
	(void)now;
	return request_is_send(r);
}

void
client_queue_lost(struct client_queue *q, const struct kith_failure *why)
{
	struct request *r;

	q->window = 0;			/* callbacks may add requests: they wait */
	fail_if(q, picks_unrepeatable, 0, why);
	TAILQ_FOREACH(r, &q->all, link) {
		r->lost |= r->sent;
		request_landed(q, r);
	}
	q->paused_until = 0;
}

void
client_queue_fail_all(struct client_queue *q, const struct kith_failure *why)
{
	fail_if(q, picks_all, 0, why);
}

void
client_queue_fail_sends(struct client_queue *q, const struct kith_failure *why)
{
	fail_if(q, picks_sends, 0, why);
}

int
client_queue_has_left(const struct client_queue *q, uint64_t client_id)
{
	struct request *r;

	TAILQ_FOREACH(r, &q->all, link)
		if (request_is_send(r) && r->client_id == client_id)
			return r->left;
	return 0;
}

uint64_t
client_queue_deadline(const struct client_queue *q)
{
	uint64_t due = UINT64_MAX;
	struct request *r;

	TAILQ_FOREACH(r, &q->all, link)
		if (r->deadline < due)
			due = r->deadline;
	return due;
}

uint64_t
client_queue_ready_at(const struct client_queue *q)
{
	struct request *r;

	if (q->window == 0 || q->in_flight >= q->window)
		return UINT64_MAX;
	TAILQ_FOREACH(r, &q->all, link)
		if (!r->sent)
			return q->paused_until;
	return UINT64_MAX;
}

void
client_queue_expire(struct client_queue *q)
{
	struct kith_failure why;

	client_failure_local(&why, KITH_L_NO_ANSWER, NULL);
	fail_if(q, picks_expired, q->now(), &why);
}
