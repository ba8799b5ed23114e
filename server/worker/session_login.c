/*
 * session_login.c - the way in (server/README.md, "Login") and the way out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "protocol/wire.h"
#include "server/conf/conf.h"
#include "server/lib/log.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/session.h"
#include "server/worker/session_int.h"
#include "server/worker/worker.h"
#include "shm/stats.h"


/* -- the way in ----------------------------------------------------------- */

/* What the login says of the user. -EINVAL: it cannot be. */
static int
take_login(struct session *s, const Kith__Ipc__Login *login)
{
	if (strlen(login->name) >= sizeof(s->name) ||
	    (login->hook != 0) != s->by_hook)
		return -EINVAL;
	strcpy(s->name, login->name);
	s->user = login->user_id;
	s->device = login->device;
	s->admin = login->admin;
	if ((s->hook = login->hook) == 0)
		return 0;
	if (strlen(login->device_name) >= sizeof(s->hook_name))
		return -EINVAL;
	strcpy(s->hook_name, login->device_name);
	return 0;
}

/* In the registry and in the index: MEMBER and REVOKED reach it from here on. */
static int
enter_tables(struct conn *c)
{
	struct worker *w = c->w;
	struct session *s = &c->session;
	struct registry_session entry = {
		.worker = w->p->index, .generation = w->p->generation,
		.slot = c->place, .serial = c->serial,
		.device = s->device, .since_ms = clock_utc_ms(), .admin = s->admin,
	};
	int rc;

	strcpy(entry.name, s->name);
	if (registry_sessions(&w->p->shared->registry) >= w->p->conf->sessions_max)
		return -ENOSPC;
	if ((rc = index_add(&w->users, s->user, c->place)) < 0)
		return rc;
	if ((rc = registry_add(&w->p->shared->registry, s->user, &entry)) < 0) {
		index_remove(&w->users, s->user, c->place);
		return rc;
	}
	s->registered = true;
	return 0;
}

static void
leave_tables(struct conn *c)
{
	struct worker *w = c->w;
	struct session *s = &c->session;

	session_unfollow_all(c);
	if (s->registered) {
		registry_remove(&w->p->shared->registry, s->user, w->p->index, c->place, c->serial);
		index_remove(&w->users, s->user, c->place);
		s->registered = false;
	}
	session_set_loading(c, LOAD_NONE);
	if (s->welcome != NULL)		/* it has the fresh token */
		explicit_bzero(s->welcome, s->welcome_len);
	free(s->welcome);
	s->welcome = NULL;
}

/* GREETED again, in no table. */
static void
login_over(struct conn *c)
{
	struct session *s = &c->session;

	leave_tables(c);
	session_become(c, S_GREETED);
	s->user = s->device = s->hook = 0;
	s->admin = false;
	door_resume(c, CONN_PAUSE_FULL);
}

void
session_fail(struct conn *c, struct request *r, enum kith_err code, uint32_t retry_after_ms)
{
	uint64_t id = r->id;

	if (r->login)
		login_over(c);
	session_answered(c, r);
	session_error(c, id, code, NULL, retry_after_ms);
}

/* With auth's own words, if it has some. */
static void
refuse_login(struct conn *c, struct request *r, const Kith__Ipc__Login *login)
{
	uint64_t id = r->id;

	login_over(c);
	session_answered(c, r);
	session_error(c, id, (enum kith_err)login->code,
	    *login->text != '\0' ? login->text : NULL, login->retry_after_ms);
}

static int
keep_welcome(struct session *s, const Kith__Ipc__Login *login)
{
	if ((s->welcome = malloc(login->reply.len + 1)) == NULL)
		return -ENOMEM;
	if (login->reply.len > 0)
		memcpy(s->welcome, login->reply.data, login->reply.len);
	s->welcome_len = (uint32_t)login->reply.len;
	return 0;
}

static struct request *
login_of(struct conn *c)
{
	struct request *r;

	LIST_FOREACH(r, &c->session.requests, of_session)
		if (r->login)
			break;
	return r;
}

/* The last step: whatever the client syncs from here on, live events cover the time since. (A
 * light session gets none.) */
static void
now_ready(struct conn *c)
{
	struct worker *w = c->w;
	struct session *s = &c->session;
	struct request *r = login_of(c);

	session_become(c, S_READY);
	door_logged_in(c);
	stats_add(w->p->stats, STAT_logins, 1);
	session_pass_reply(c, r != NULL ? r->id : 0, s->welcome, s->welcome_len);
	explicit_bzero(s->welcome, s->welcome_len);
	free(s->welcome);
	s->welcome = NULL;
	if (r != NULL)
		session_answered(c, r);
	door_resume(c, CONN_PAUSE_FULL);
}

/* A login that auth granted: OK, or why it fails all the same. */
static enum kith_err
begin_session(struct conn *c, const Kith__Ipc__Login *login)
{
	struct session *s = &c->session;
	int rc = take_login(s, login);

	if (rc == 0)
		rc = keep_welcome(s, login);
	if (rc == 0 && !s->light)
		rc = enter_tables(c);
	switch (rc) {
	case 0:
		session_become(c, S_LOADING);
		if (s->light)
			now_ready(c);
		else
			session_set_loading(c, LOAD_WANTED);
		return KITH_E_OK;
	case -ENOSPC:
		return KITH_E_SERVER_FULL;
	default:
		log_error(login->user_id, "session.enter", "errno=%d", -rc);
		return KITH_E_INTERNAL;
	}
}

void
session_on_login(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct conn *c = conn_find(w, h->session, h->session_serial);
	struct request *r = c == NULL ? NULL : session_find_request(c, h->request);
	const Kith__Ipc__Login *login;
	ProtobufCMessage *message;
	enum kith_err err;

	if (r == NULL || !r->login || r->slot != h->from || c->session.state != S_LOGGING_IN)
		return;
	if (wire_unpack(&kith__ipc__login__descriptor, body, len, &w->mem, NULL, &message) !=
	    KITH_E_OK) {
		stats_add(w->p->stats, STAT_ipc_refused, 1);
		session_fail(c, r, KITH_E_INTERNAL, 0);
		return;
	}
	login = (const Kith__Ipc__Login *)message;
	if (login->code != KITH_E_OK) {
		stats_add(w->p->stats, STAT_logins_failed, 1);
		refuse_login(c, r, login);
	} else if ((err = begin_session(c, login)) != KITH_E_OK)
		session_fail(c, r, err, RETRY_SOON_MS);
	unpackmem_reset(&w->mem);	/* the reply held a token */
}

/* The database is away. Who is READY stays so, and is asked about again after LOAD_MS. */
static void
load_failed(struct conn *c)
{
	struct request *r = login_of(c);

	if (r != NULL)
		session_fail(c, r, KITH_E_UNAVAILABLE, RETRY_SOON_MS);
}

void
session_on_loaded(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct conn *c = conn_find(w, h->session, h->session_serial);
	const Kith__Ipc__Loaded *loaded;
	ProtobufCMessage *message;

	if (c == NULL || c->session.loading != LOAD_SENT || h->request != c->session.load)
		return;
	if (wire_unpack(&kith__ipc__loaded__descriptor, body, len, &w->mem, NULL, &message) !=
	    KITH_E_OK) {
		stats_add(w->p->stats, STAT_ipc_refused, 1);
		session_close(c, KITH_E_INTERNAL);
		return;
	}
	if (h->code != KITH_E_OK) {
		load_failed(c);
		return;
	}
	loaded = (const Kith__Ipc__Loaded *)message;
	if (!loaded->valid) {
		session_close(c, KITH_E_REVOKED);
		return;
	}
	if (session_follow_loaded(c, loaded) < 0) {
		session_close(c, KITH_E_SERVER_FULL);
		return;
	}
	session_set_loading(c, LOAD_NONE);
	if (c->session.state == S_LOADING)
		now_ready(c);
	else
		conn_fall_behind(c);	/* what it missed until now, nobody knows */
}

/* -- news of the store ---------------------------------------------------- */

void
session_on_revoked(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	const struct index_set *set;
	struct conn *c;
	uint32_t i = 0;

	(void)body;
	(void)len;
	/* A closed session leaves the set, and the last one takes its place. */
	while ((set = index_find(&w->users, h->user[0])) != NULL && i < set->n) {
		c = w->conns[set->places[i]];
		if (h->device != 0 ? c->session.device == h->device :
		    h->except == 0 || c->session.device != h->except)
			session_close(c, KITH_E_REVOKED);
		else
			i++;
	}
}

void
session_distrust_all(struct worker *w)
{
	struct request *r;
	struct conn *c;
	uint32_t i;

	while ((r = TAILQ_FIRST(&w->requests)) != NULL)
		session_fail(conn_find(w, r->place, r->serial), r, KITH_E_UNAVAILABLE,
		    RETRY_SOON_MS);
	for (i = 0; i < w->places; i++) {
		c = w->conns[i];
		if (c != NULL && c->state == CONN_OPEN && c->session.state == S_READY &&
		    c->session.registered)
			session_set_loading(c, LOAD_WANTED);
	}
}

/* -- the way out ---------------------------------------------------------- */

static void
tell_seen(struct conn *c)
{
	struct proc *p = c->w->p;
	struct ipc_head h = {
		.type = IPC_SEEN, .user = { c->session.user, 0 }, .device = c->session.device,
		.time_ms = clock_utc_ms(),
	};

	if (registry_find(&p->shared->registry, c->session.user, NULL, 0) == 0)
		ipc_send(p, ipc_slot(p, ROLE_WRITER, c->session.user), &h, NULL, 0);
}

void
session_end(struct conn *c)
{
	struct worker *w = c->w;
	struct session *s = &c->session;
	bool was_registered = s->registered;
	struct request *r;

	if (s->state == S_ENDED)
		return;
	while ((r = LIST_FIRST(&s->requests)) != NULL) {
		TAILQ_REMOVE(&w->requests, r, by_deadline);
		LIST_REMOVE(r, of_session);
		free(r);
	}
	leave_tables(c);
	if (was_registered)
		tell_seen(c);
	free(s->groups);
	s->groups = NULL;
	session_become(c, S_ENDED);
}

void
session_restart(struct conn *c)
{
	struct limit_bucket sends = c->session.sends;

	session_end(c);
	c->serial = ++c->w->last_serial;
	session_init(&c->session);
	c->session.sends = sends;
	c->behind = false;		/* that was the other's */
	door_resume(c, CONN_PAUSE_FULL | CONN_PAUSE_STALLED);
}
