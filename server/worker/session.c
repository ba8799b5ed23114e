/*
 * session.c - a session's state, what it is told, and its requests in flight.
 *
 * session_request.c has the way of a request, session_login.c the way in and
 * out, session_groups.c the groups that it follows. Each names only those
 * before it in this list: session, session_groups, session_login, session_request.
 */
#include "server/worker/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/reply.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/lib/netname.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/session_int.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define STALL_RETRY_MS	5u

/* -- state ---------------------------------------------------------------- */

bool
session_may_become(enum session_state from, enum session_state to)
{
	switch (from) {
	case S_CONNECTED:
		return to & (S_GREETED | S_ENDED);
	case S_GREETED:
		return to & (S_LOGGING_IN | S_ENDED);
	case S_LOGGING_IN:
		return to & (S_LOADING | S_GREETED | S_ENDED);
	case S_LOADING:
		return to & (S_READY | S_GREETED | S_ENDED);
	case S_READY:
		return to & S_ENDED;
	case S_ENDED:			/* session_init() begins another one */
		break;
	}
	return false;
}

void
session_become(struct conn *c, enum session_state to)
{
	struct worker *w = c->w;
	struct session *s = &c->session;
	char address[NETNAME_ADDRESS_MAX];

	if (!session_may_become(s->state, to))
		fatalx("session: from state %d to %d", (int)s->state, (int)to);
	if (s->state == S_READY) {
		stats_set(w->p->stats, STAT_sessions_open, --w->nsessions);
		if (!s->light)
			log_info(s->user, "session.end", "name=%s address=%s device=%" PRIu64,
			    s->name, netname_print_address(c->peer, address), s->device);
	}
	if (to == S_READY)
		stats_set(w->p->stats, STAT_sessions_open, ++w->nsessions);
	s->state = to;
}

void
session_init(struct session *s)
{
	*s = (struct session){ .state = S_CONNECTED };
	LIST_INIT(&s->requests);
}

/* -- replies -------------------------------------------------------------- */

/* The door could not send it: the client is told that instead. */
static void
reply_lost(struct conn *c, uint64_t id, size_t len, int why)
{
	enum kith_err code = why == -EMSGSIZE ? KITH_E_TOO_LARGE : KITH_E_INTERNAL;
	struct worker *w = c->w;
	struct reply r;
	size_t n;

	stats_add(w->p->stats, STAT_replies_lost, 1);
	log_error(c->session.user, "reply.lost", "request=%llu bytes=%zu door=%s errno=%d",
	    (unsigned long long)id, len, c->door->name, -why);
	if (id == 0)
		return;
	stats_add(w->p->stats, STAT_requests_failed, 1);
	n = reply_pack(reply_error(&r, id, code, NULL, 0), w->packed, sizeof(w->packed));
	if (door_send(c, w->packed, (uint32_t)n) < 0)
		conn_break(c);		/* no memory */
}

void
session_pass_reply(struct conn *c, uint64_t id, const uint8_t *reply, uint32_t len)
{
	int rc = door_send(c, reply, len);

	if (rc < 0)
		reply_lost(c, id, len, rc);
}

void
session_reply(struct conn *c, const Kith__V1__Reply *r)
{
	uint8_t *packed = c->w->packed;
	size_t len = kith__v1__reply__get_packed_size(r);

	if (len > sizeof(c->w->packed)) {
		reply_lost(c, r->id, len, -EMSGSIZE);
		return;
	}
	kith__v1__reply__pack(r, packed);
	session_pass_reply(c, r->id, packed, (uint32_t)len);
}

void
session_error(struct conn *c, uint64_t id, enum kith_err code, const char *text,
    uint32_t retry_after_ms)
{
	struct reply r;

	stats_add(c->w->p->stats, STAT_requests_failed, 1);
	session_reply(c, reply_error(&r, id, code, text, retry_after_ms));
}

/* -- closing -------------------------------------------------------------- */

void
session_say_closing(struct conn *c, enum kith_err why)
{
	struct reply r;

	session_reply(c, reply_closing(&r, why,
	    why == KITH_E_SHUTTING_DOWN ? RETRY_RESTART_MS : 0));
}

void
session_close(struct conn *c, enum kith_err why)
{
	if (c->state > CONN_OPEN)
		return;
	if (c->door == NULL) {		/* in which language? */
		conn_kill(c);
		return;
	}
	if (c->door->bye != NULL)
		c->door->bye(c, why);
	else
		session_say_closing(c, why);
	conn_finish(c);
}

/* -- what the connection asks --------------------------------------------- */

/* A client that never said a byte where TLS is not required is told in native frames. */
void
session_silent(struct conn *c)
{
	if (c->door == NULL && c->state == CONN_OPEN && c->tls == NULL)
		(void)door_enter_first(c);	/* no memory: closed without a word */
	session_close(c, KITH_E_TIMEOUT);
}

void
session_beat(struct conn *c)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Ping ping = KITH__V1__PING__INIT;

	if (c->session.state != S_READY || !c->door->beats)
		return;
	ping.next_key = c->w->p->conf->tls_next_fingerprint;
	reply.body_case = KITH__V1__REPLY__BODY_PING;
	reply.ping = &ping;
	session_reply(c, &reply);
}

/* What was left out is in the log: the client is told to look there. */
void
session_say_resync(struct conn *c)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Resync resync = KITH__V1__RESYNC__INIT;

	reply.body_case = KITH__V1__REPLY__BODY_RESYNC;
	reply.resync = &resync;
	session_reply(c, &reply);
}

/* -- requests in flight --------------------------------------------------- */

void
session_head(const struct conn *c, enum ipc_type type, uint64_t request, struct ipc_head *h)
{
	*h = (struct ipc_head){
		.type = (uint16_t)type,
		.session = c->place,
		.session_serial = c->serial,
		.request = request,
		.user = { c->session.user, 0 },
		.device = c->session.device,
	};
	memcpy(h->address, c->address, sizeof(h->address));
}

struct request *
session_expect(struct conn *c, uint64_t id, unsigned slot)
{
	struct worker *w = c->w;
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->id = id;
	r->place = c->place;
	r->serial = c->serial;
	r->slot = slot;
	r->generation = w->p->shared->slots[slot].generation;
	r->deadline = w->now + REQUEST_MS;
	TAILQ_INSERT_TAIL(&w->requests, r, by_deadline);
	LIST_INSERT_HEAD(&c->session.requests, r, of_session);
	if (++c->session.in_flight >= IN_FLIGHT_MAX)
		conn_pause(c, CONN_PAUSE_FULL);
	return r;
}

void
session_answered(struct conn *c, struct request *r)
{
	TAILQ_REMOVE(&c->w->requests, r, by_deadline);
	LIST_REMOVE(r, of_session);
	free(r);
	if (--c->session.in_flight < IN_FLIGHT_MAX && c->session.state != S_LOGGING_IN &&
	    c->session.state != S_LOADING)
		door_resume(c, CONN_PAUSE_FULL);
}

struct request *
session_find_request(struct conn *c, uint64_t id)
{
	struct request *r;

	LIST_FOREACH(r, &c->session.requests, of_session)
		if (r->id == id)
			break;
	return r;
}

void
session_retry_soon(struct worker *w)
{
	static const struct timeval soon = { 0, STALL_RETRY_MS * 1000 };

	event_add(&w->retry, &soon);
}
