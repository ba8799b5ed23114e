/*
 * session_login.c - the way in (server/README.md, "Login"), the groups that a session
 * follows, and the way out.
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

#define LOADS_MAX	16u		/* answers of up to 64 KiB on their way to our inbox */
#define LOAD_MS		2000u		/* then it is asked again */
#define CHANGES_MAX	GROUPS_PER_USER_MAX	/* more of them: it is asked again instead */

/* -- groups ---------------------------------------------------------------------- */

static bool
in_list(const uint64_t *list, size_t n, uint64_t group)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] == group)
			return true;
	return false;
}

bool
session_follows(const struct session *s, uint64_t group)
{
	return in_list(s->groups, s->ngroups, group);
}

/* In both or in neither: the registry brings the events to this worker, the index to the
 * session. */
static int
follow(struct conn *c, uint64_t group)
{
	struct worker *w = c->w;
	struct session *s = &c->session;
	uint64_t *groups;
	int rc;

	if (session_follows(s, group))
		return 0;
	if (s->ngroups >= GROUPS_PER_USER_MAX)
		return -ENOSPC;
	if ((groups = realloc(s->groups, (s->ngroups + 1) * sizeof(*groups))) == NULL)
		return -ENOMEM;
	s->groups = groups;
	if ((rc = index_add(&w->groups, group, c->place)) < 0)
		return rc;
	if ((rc = registry_follow(&w->p->shared->registry, group, w->p->index, 1)) < 0) {
		index_remove(&w->groups, group, c->place);
		return rc;
	}
	s->groups[s->ngroups++] = group;
	return 0;
}

static void
unfollow_at(struct conn *c, uint32_t i)
{
	struct session *s = &c->session;
	uint64_t group = s->groups[i];

	s->groups[i] = s->groups[--s->ngroups];
	index_remove(&c->w->groups, group, c->place);
	registry_follow(&c->w->p->shared->registry, group, c->w->p->index, -1);
}

static void
unfollow(struct conn *c, uint64_t group)
{
	uint32_t i;

	for (i = 0; i < c->session.ngroups; i++)
		if (c->session.groups[i] == group) {
			unfollow_at(c, i);
			return;
		}
}

/* Follows what the store said, corrected by what it said meanwhile. */
static int
follow_loaded(struct conn *c, const Kith__Ipc__Loaded *loaded)
{
	struct session *s = &c->session;
	const struct session_change *change;
	uint32_t i;
	int rc = 0;

	for (i = s->ngroups; i-- > 0;)
		if (!in_list(loaded->groups, loaded->n_groups, s->groups[i]))
			unfollow_at(c, i);
	for (i = 0; i < loaded->n_groups && rc == 0; i++)
		rc = follow(c, loaded->groups[i]);
	for (i = 0; i < s->nchanges && rc == 0; i++) {
		change = &s->changes[i];
		if (change->joined)
			rc = follow(c, change->group);
		else
			unfollow(c, change->group);
	}
	return rc;
}

static void
forget_changes(struct session *s)
{
	free(s->changes);
	s->changes = NULL;
	s->nchanges = 0;
}

static int
note_change(struct session *s, uint64_t group, bool joined)
{
	struct session_change *changes;

	if (s->nchanges == CHANGES_MAX)
		return -ENOSPC;
	changes = realloc(s->changes, (s->nchanges + 1) * sizeof(*changes));
	if (changes == NULL)
		return -ENOMEM;
	s->changes = changes;
	s->changes[s->nchanges++] = (struct session_change){ group, joined };
	return 0;
}

/* -- asking for the groups ------------------------------------------------------------ */

static void
set_loading(struct conn *c, enum session_load to)
{
	struct worker *w = c->w;
	struct session *s = &c->session;

	if (s->loading == LOAD_WANTED)
		TAILQ_REMOVE(&w->to_load, c, by_load);
	if (s->loading == LOAD_SENT) {
		TAILQ_REMOVE(&w->loads, c, by_load);
		w->nloads--;
	}
	if (to == LOAD_WANTED)
		TAILQ_INSERT_TAIL(&w->to_load, c, by_load);
	if (to == LOAD_SENT) {
		TAILQ_INSERT_TAIL(&w->loads, c, by_load);
		w->nloads++;
	}
	s->loading = to;
	s->load_ms = w->now;
	forget_changes(s);
}

static int
send_load(struct conn *c)
{
	struct proc *p = c->w->p;
	struct session *s = &c->session;
	struct ipc_head h;

	session_head(c, IPC_LOAD, s->load + 1, &h);
	return ipc_send(p, ipc_slot(p, ROLE_READER, s->user), &h, NULL, 0);
}

void
session_send_loads(struct worker *w)
{
	struct conn *c;

	/* An answer that never came (it was dropped, or the reader died), or a failure. */
	while ((c = TAILQ_FIRST(&w->loads)) != NULL && w->now - c->session.load_ms > LOAD_MS)
		set_loading(c, LOAD_WANTED);
	while (w->nloads < LOADS_MAX && (c = TAILQ_FIRST(&w->to_load)) != NULL) {
		if (send_load(c) < 0) {
			session_retry_soon(w);
			return;
		}
		c->session.load++;
		set_loading(c, LOAD_SENT);	/* what changed before is in the answer */
	}
}

/* -- the way in ------------------------------------------------------------------------ */

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
enter(struct conn *c)
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
leave(struct conn *c)
{
	struct worker *w = c->w;
	struct session *s = &c->session;

	while (s->ngroups > 0)
		unfollow_at(c, s->ngroups - 1);
	if (s->registered) {
		registry_remove(&w->p->shared->registry, s->user, w->p->index, c->place, c->serial);
		index_remove(&w->users, s->user, c->place);
		s->registered = false;
	}
	set_loading(c, LOAD_NONE);
	if (s->welcome != NULL)		/* it has the fresh token */
		explicit_bzero(s->welcome, s->welcome_len);
	free(s->welcome);
	s->welcome = NULL;
}

void
session_login_over(struct conn *c)
{
	struct session *s = &c->session;

	leave(c);
	s->state = S_GREETED;
	s->user = s->device = s->hook = 0;
	s->admin = false;
	conn_resume(c, CONN_PAUSE_FULL);
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

	s->state = S_READY;
	conn_logged_in(c);
	stats_add(w->p->stats, STAT_logins, 1);
	stats_set(w->p->stats, STAT_sessions_open, ++w->nsessions);
	door_send(c, s->welcome, s->welcome_len);
	explicit_bzero(s->welcome, s->welcome_len);
	free(s->welcome);
	s->welcome = NULL;
	if (r != NULL)
		session_answered(c, r);
	conn_resume(c, CONN_PAUSE_FULL);
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
		rc = enter(c);
	switch (rc) {
	case 0:
		s->state = S_LOADING;
		if (s->light)
			now_ready(c);
		else
			set_loading(c, LOAD_WANTED);
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
		session_fail(c, r, (enum kith_err)login->code, login->retry_after_ms);
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
		conn_close(c, KITH_E_INTERNAL);
		return;
	}
	if (h->code != KITH_E_OK) {
		load_failed(c);
		return;
	}
	loaded = (const Kith__Ipc__Loaded *)message;
	if (!loaded->valid) {
		conn_close(c, KITH_E_REVOKED);
		return;
	}
	if (follow_loaded(c, loaded) < 0) {
		conn_close(c, KITH_E_SERVER_FULL);
		return;
	}
	set_loading(c, LOAD_NONE);
	if (c->session.state == S_LOADING)
		now_ready(c);
	else
		conn_fall_behind(c);	/* what it missed until now, nobody knows */
}

/* -- news of the store --------------------------------------------------------------- */

void
session_on_member(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	const struct index_set *set = index_find(&w->users, h->user[0]);
	bool joined = h->flags & IPC_F_JOINED;
	struct conn *c;
	uint32_t i;
	int rc;

	(void)body;
	(void)len;
	for (i = 0; set != NULL && i < set->n; i++) {
		c = w->conns[set->places[i]];
		rc = 0;
		if (c->session.loading == LOAD_SENT)
			rc = note_change(&c->session, h->conversation, joined);
		if (c->session.state == S_READY && rc == 0) {
			if (joined)
				rc = follow(c, h->conversation);
			else
				unfollow(c, h->conversation);
		}
		/* Its events would be missing silently. */
		if (rc < 0)
			set_loading(c, LOAD_WANTED);
	}
}

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
			conn_close(c, KITH_E_REVOKED);
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
			set_loading(c, LOAD_WANTED);
	}
}

/* -- the way out --------------------------------------------------------------------- */

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
	if (s->state == S_READY)
		stats_set(w->p->stats, STAT_sessions_open, --w->nsessions);
	leave(c);
	if (was_registered)
		tell_seen(c);
	free(s->groups);
	s->groups = NULL;
	s->state = S_ENDED;
}

void
session_restart(struct conn *c)
{
	struct limit_bucket sends = c->session.sends;

	session_end(c);
	c->serial = ++c->w->last_serial;
	memset(&c->session, 0, sizeof(c->session));
	session_init(&c->session);
	c->session.sends = sends;
	c->behind = false;		/* that was the other's */
	conn_resume(c, CONN_PAUSE_FULL | CONN_PAUSE_STALLED);
}
