/*
 * client_queue.c - requests until their answers: the outbox.
 *
 * A request keeps its bytes until it is answered, so that it can be sent again
 * on the next connection: the same id, the same client ids, in the same order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/libkith/client.h"
#include "protocol/limits.h"

#define PASSING_MS	1000		/* wait after BUSY that names no time */

void
queue_init(struct queue *q, uint32_t request_ms)
{
	TAILQ_INIT(&q->all);
	q->n = q->in_flight = 0;
	q->next_id = CLIENT_ID_FIRST;
	q->paused_until = 0;
	q->request_ms = request_ms;
}

static void
request_free(struct kith *k, struct request *r)
{
	TAILQ_REMOVE(&k->queue.all, r, link);
	k->queue.n--;
	if (r->sent)
		k->queue.in_flight--;
	explicit_bzero(r->frame, r->len);	/* it may hold a password */
	free(r);
}

/* Takes the request out, then tells: the callback may add others. */
static void
request_done(struct kith *k, struct request *r, const struct kith_failure *why,
    const Kith__V1__Reply *reply)
{
	kith_reply_fn fn = r->fn;
	void *arg = r->arg;

	request_free(k, r);
	if (fn != NULL)
		fn(k, why, reply, arg);
}

int
queue_add(struct kith *k, uint64_t id, const uint8_t *frame, size_t len,
    const struct request_kind *kind, unsigned flags, kith_reply_fn fn, void *arg)
{
	struct queue *q = &k->queue;
	struct request *r = malloc(sizeof(*r) + len);

	if (r == NULL)
		return -ENOMEM;
	r->id = id;
	r->deadline = UINT64_MAX;
	if (!(flags & REQ_INTERNAL) && q->request_ms != KITH_FOREVER)
		r->deadline = client_now() + q->request_ms;
	r->flags = flags | kind->flags;
	r->expect = kind->reply;
	r->sent = 0;
	r->fn = fn;
	r->arg = arg;
	r->len = len;
	memcpy(r->frame, frame, len);
	TAILQ_INSERT_TAIL(&q->all, r, link);
	q->n++;
	queue_pump(k);
	client_want_tick(k);
	return 0;
}

static size_t
in_flight_max(const struct kith *k)
{
	uint32_t max = k->limits.in_flight;

	return max >= 1 && max < IN_FLIGHT_MAX ? max : IN_FLIGHT_MAX;
}

void
queue_pump(struct kith *k)
{
	struct queue *q = &k->queue;
	struct request *r;

	if (!k->online || (q->paused_until != 0 && client_now() < q->paused_until))
		return;
	q->paused_until = 0;
	TAILQ_FOREACH(r, &q->all, link) {
		if (q->in_flight >= in_flight_max(k))
			return;
		if (r->sent)
			continue;
		if (client_send_frame(k, r->frame, r->len) < 0)
			return;		/* full: the tick tries again */
		r->sent = 1;
		q->in_flight++;
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
		failure_from_server(&f, e);
		if (failure_is_passing(&f))
			return e;
	}
	return NULL;
}

/* Puts the request back if the server may take it later, and in time. */
static int
put_back(struct kith *k, struct request *r, const Kith__V1__Error *e)
{
	struct queue *q = &k->queue;
	struct kith_failure f;
	uint64_t until;

	failure_from_server(&f, e);
	if (!failure_is_passing(&f) || (r->flags & REQ_ONCE))
		return 0;
	until = client_now() + (f.retry_after_ms ? f.retry_after_ms : PASSING_MS);
	if (until >= r->deadline)
		return 0;
	r->sent = 0;
	q->in_flight--;
	if (until > q->paused_until)
		q->paused_until = until;
	return 1;
}

void
queue_answer(struct kith *k, const Kith__V1__Reply *reply)
{
	const Kith__V1__Error *e = NULL;
	struct kith_failure f;
	struct request *r;

	TAILQ_FOREACH(r, &k->queue.all, link)
		if (r->sent && r->id == reply->id)
			break;
	if (r == NULL)
		return;			/* given up meanwhile */
	if (reply->body_case == KITH__V1__REPLY__BODY_ERROR)
		e = reply->error;
	else if (reply->body_case == KITH__V1__REPLY__BODY_SENT)
		e = passing_outcome(reply->sent);
	if (e != NULL && put_back(k, r, e))
		return;
	if (reply->body_case == r->expect) {
		request_done(k, r, NULL, reply);
	} else {
		if (reply->body_case == KITH__V1__REPLY__BODY_ERROR)
			failure_from_server(&f, reply->error);
		else
			failure_local(&f, KITH_L_PROTOCOL, "the answer is of another kind");
		request_done(k, r, &f, NULL);
	}
	queue_pump(k);
}

/* Fails, oldest first, each request that `picks`. Those that callbacks add
 * meanwhile have higher ids, and are not looked at. */
static void
fail_if(struct kith *k, int (*picks)(const struct request *, uint64_t), uint64_t now,
    const struct kith_failure *why)
{
	uint64_t end = k->queue.next_id, done = 0;
	struct request *r;

	do {
		TAILQ_FOREACH(r, &k->queue.all, link)
			if (r->id > done && r->id < end && picks(r, now))
				break;
		if (r == NULL)
			return;
		done = r->id;
		if (r->flags & REQ_INTERNAL)
			request_free(k, r);
		else
			request_done(k, r, why, NULL);
	} while (1);
}

static int
picks_unrepeatable(const struct request *r, uint64_t now)
{
	(void)now;
	return (r->flags & REQ_INTERNAL) || (r->sent && (r->flags & REQ_ONCE));
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

void
queue_lost(struct kith *k, const struct kith_failure *why)
{
	struct request *r;

	fail_if(k, picks_unrepeatable, 0, why);
	TAILQ_FOREACH(r, &k->queue.all, link)
		r->sent = 0;
	k->queue.in_flight = 0;
	k->queue.paused_until = 0;
}

void
queue_fail_all(struct kith *k, const struct kith_failure *why)
{
	fail_if(k, picks_all, 0, why);
}

void
queue_expire(struct kith *k)
{
	struct kith_failure why;

	failure_local(&why, KITH_L_NO_ANSWER, NULL);
	fail_if(k, picks_expired, client_now(), &why);
}

void
queue_wipe(struct kith *k)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&k->queue.all)) != NULL)
		request_free(k, r);
}
