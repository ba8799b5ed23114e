/*
 * session_request.c - the way of a request: checked, answered or passed on; and
 * what comes back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/wire.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "server/rules/hook.h"
#include "server/worker/conn.h"
#include "server/worker/dispatch.h"
#include "server/worker/door.h"
#include "server/worker/session.h"
#include "server/worker/session_int.h"
#include "server/worker/worker.h"
#include "shm/stats.h"


/* -- passing on ----------------------------------------------------------- */

/* Keeps the request until there is room, and reads no further from its connection. */
static void
stall(struct conn *c, const struct dispatch_row *row, uint64_t id, const uint8_t *body,
    uint32_t len)
{
	struct stalled *s = malloc(sizeof(*s) + len);

	if (s == NULL) {
		session_error(c, id, KITH_E_BUSY, NULL, RETRY_SOON_MS);
		return;
	}
	s->place = c->place;
	s->serial = c->serial;
	s->row = row;
	s->id = id;
	s->len = len;
	memcpy(s->body, body, len);
	STAILQ_INSERT_TAIL(&c->w->stalled, s, next);
	conn_pause(c, CONN_PAUSE_STALLED);
	session_retry_soon(c->w);
}

/* Which process of a role. Auth counts failures by address, each of its processes for
 * itself: so an address always has the same one. */
static unsigned
slot_for(const struct conn *c, enum role role)
{
	uint64_t key[2];

	if (role != ROLE_AUTH)
		return ipc_slot(c->w->p, role, c->session.user);
	memcpy(key, c->address, sizeof(key));
	return ipc_slot(c->w->p, role, key[0] ^ key[1]);
}

/* The same bytes go on: who receives them walks them again. 0 or -ENOBUFS. */
static int
pass_request(struct conn *c, const struct dispatch_row *row, uint64_t id, const uint8_t *body,
    uint32_t len)
{
	static const enum ipc_type types[ROLE_COUNT] = {
		[ROLE_WRITER] = IPC_REQUEST, [ROLE_READER] = IPC_QUERY, [ROLE_AUTH] = IPC_AUTH,
	};
	unsigned slot = slot_for(c, row->to);
	struct ipc_head h;
	struct request *r;
	int rc;

	session_head(c, types[row->to], id, &h);
	if (row->login && c->session.by_hook)
		h.flags = IPC_F_HOOK;
	rc = ipc_send(c->w->p, slot, &h, body, len);
	if (rc == -ENOBUFS)
		return rc;
	if (rc < 0 || (r = session_expect(c, id, slot)) == NULL) {
		session_error(c, id, KITH_E_UNAVAILABLE, NULL, RETRY_SOON_MS);
		return 0;
	}
	if (row->login) {
		r->login = true;
		session_become(c, S_LOGGING_IN);
		conn_pause(c, CONN_PAUSE_FULL);
	}
	return 0;
}

static unsigned
tokens(const struct dispatch_row *row, const Kith__V1__Request *r)
{
	switch (row->cost) {
	case COST_NONE:
		return 0;
	case COST_ONE:
		return 1;
	case COST_TARGETS:
		return (unsigned)r->send->n_targets;
	}
	return 0;
}

static bool
may_ask(const struct session *s, const Kith__V1__Request *r)
{
	const struct hook_session hook = {
		.logged_in = s->state == S_READY, .by_hook = s->by_hook, .light = s->light,
		.conversation = s->hook,
	};

	return hook_may(&hook, r);
}

/* All that can be said against it here, whatever the row; its tokens last, since they are
 * spent then. */
static enum kith_err
check(struct conn *c, const struct dispatch_row *row, const Kith__V1__Request *r, uint32_t len,
    const char **text, uint32_t *retry_ms)
{
	const struct conf *conf = c->w->p->conf;
	struct session *s = &c->session;
	enum kith_err err;

	if (row == NULL || r->id == 0) {
		*text = row == NULL ? "no request in it" : "id is 0";
		return KITH_E_BAD_REQUEST;
	}
	if (!(row->states & s->state))
		return KITH_E_WRONG_STATE;
	if (!may_ask(s, r))
		return KITH_E_NOT_PERMITTED;
	if (len > row->size)
		return KITH_E_TOO_LARGE;
	if (session_find_request(c, r->id) != NULL) {
		*text = "id is in use";
		return KITH_E_BAD_REQUEST;
	}
	if (row->check != NULL && (err = row->check(c, r, text)) != KITH_E_OK)
		return err;
	*retry_ms = limit_take(&s->sends, c->w->now, conf->send_rate, conf->send_burst,
	    tokens(row, r));
	return *retry_ms > 0 ? KITH_E_RATE_LIMITED : KITH_E_OK;
}

void
session_malformed(struct conn *c, uint64_t id, enum kith_err err)
{
	stats_add(c->w->p->stats, STAT_requests, 1);
	stats_add(c->w->p->stats, STAT_frames_bad, 1);
	session_error(c, id, err, NULL, 0);
}

/* Passes a checked Request on to the role that answers it. */
static void
pass_or_stall(struct conn *c, const struct dispatch_row *row, const Kith__V1__Request *r,
    const uint8_t *body, uint32_t len)
{
	uint8_t filled[FRAME_BYTES_MAX_LOGIN];
	uint32_t n = 0;

	if (r->body_case == KITH__V1__REQUEST__BODY_LOGIN_TOKEN &&
	    *r->login_token->token == '\0' && c->door->fill != NULL)
		n = c->door->fill(c, r, filled);
	if (n > 0) {
		body = filled;
		len = n;
	}
	if (pass_request(c, row, r->id, body, len) == -ENOBUFS)
		stall(c, row, r->id, body, len);
	explicit_bzero(filled, n);
}

void
session_request(struct conn *c, const uint8_t *body, uint32_t len)
{
	struct worker *w = c->w;
	const struct dispatch_row *row;
	const Kith__V1__Request *r;
	ProtobufCMessage *message;
	const char *text = NULL;
	uint32_t retry_ms = 0;
	uint64_t id;
	enum kith_err err;

	err = wire_unpack(&kith__v1__request__descriptor, body, len, &w->mem, &id, &message);
	if (err != KITH_E_OK) {
		session_malformed(c, id, err);
		goto out;
	}
	stats_add(w->p->stats, STAT_requests, 1);
	r = (const Kith__V1__Request *)message;
	row = dispatch_find(r->body_case);
	err = check(c, row, r, len, &text, &retry_ms);
	if (err != KITH_E_OK) {
		log_debug(c->session.user, row != NULL ? row->name : "request",
		    "place=%u refused=%s", c->place, kith_err_name(err));
		session_error(c, id, err, text, retry_ms);
	} else if (row->handle == NULL || !row->handle(c, r))
		pass_or_stall(c, row, r, body, len);
out:
	unpackmem_reset(&w->mem);	/* it may hold a password */
}

/* -- what comes back ------------------------------------------------------ */

void
session_on_reply(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct conn *c = conn_find(w, h->session, h->session_serial);
	struct request *r = c == NULL ? NULL : session_find_request(c, h->request);

	/* The client has gone, or was told UNAVAILABLE long ago. */
	if (r == NULL || r->login || r->slot != h->from)
		return;
	session_answered(c, r);
	session_pass_reply(c, h->request, body, len);
	if (h->flags & IPC_F_CLOSE)
		session_close(c, KITH_E_OK);
}

/* -- time ----------------------------------------------------------------- */

static void
free_stalled(struct stalled *s)
{
	explicit_bzero(s->body, s->len);
	free(s);
}

/* False: there is still no room for it. */
static bool
try_again(struct worker *w, const struct stalled *s)
{
	struct conn *c = conn_find(w, s->place, s->serial);

	if (c == NULL || c->state != CONN_OPEN)
		return true;
	if (pass_request(c, s->row, s->id, s->body, s->len) == -ENOBUFS)
		return false;
	door_resume(c, CONN_PAUSE_STALLED);
	return true;
}

/* In their order, once each. A role that has no room for one has none for those behind it. */
static void
retry_stalled(struct worker *w)
{
	STAILQ_HEAD(, stalled) left = STAILQ_HEAD_INITIALIZER(left);
	struct stalled *s;
	uint32_t full = 0;

	while ((s = STAILQ_FIRST(&w->stalled)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->stalled, next);
		if (!(full & 1u << s->row->to) && try_again(w, s)) {
			free_stalled(s);
			continue;
		}
		full |= 1u << s->row->to;
		STAILQ_INSERT_TAIL(&left, s, next);
	}
	STAILQ_CONCAT(&w->stalled, &left);
	if (full != 0)
		session_retry_soon(w);
}

void
session_drop_stalled(struct worker *w)
{
	struct stalled *s;

	while ((s = STAILQ_FIRST(&w->stalled)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->stalled, next);
		free_stalled(s);
	}
}

/* Auth keeps its logins in its own memory: if it died, they died with it. The store reads its
 * inbox again, and answers all. */
static void
fail_orphans(struct worker *w)
{
	struct proc *p = w->p;
	unsigned first = p->shared->first[ROLE_AUTH], slot;
	struct request *r, *next;
	uint32_t now;

	for (slot = first; slot < first + p->shared->count[ROLE_AUTH]; slot++) {
		now = p->shared->slots[slot].generation;
		if (now == w->auth_generation[slot])
			continue;
		w->auth_generation[slot] = now;
		for (r = TAILQ_FIRST(&w->requests); r != NULL; r = next) {
			next = TAILQ_NEXT(r, by_deadline);
			if (r->slot == slot && r->generation != now)
				session_fail(conn_find(w, r->place, r->serial), r,
				    KITH_E_UNAVAILABLE, RETRY_SOON_MS);
		}
	}
}

void
session_tick(struct worker *w)
{
	struct request *r;

	retry_stalled(w);
	session_send_loads(w);
	fail_orphans(w);
	while ((r = TAILQ_FIRST(&w->requests)) != NULL && w->now >= r->deadline)
		session_fail(conn_find(w, r->place, r->serial), r, KITH_E_UNAVAILABLE,
		    RETRY_SOON_MS);
}
