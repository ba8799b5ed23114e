/*
 * session_groups.c - the groups that a session follows: asked of the store, and
 * kept up to date by what it says.
 */
#include <errno.h>
#include <stdlib.h>

#include "server/proc/ipc.h"
#include "server/worker/conn.h"
#include "server/worker/session.h"
#include "server/worker/session_int.h"
#include "server/worker/worker.h"

#define LOADS_MAX	16u		/* answers of up to 64 KiB on their way to our inbox */
#define LOAD_MS		2000u		/* then it is asked again */
#define CHANGES_MAX	GROUPS_PER_USER_MAX	/* more of them: it is asked again instead */

/* -- following ------------------------------------------------------------ */

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
begin_following(struct conn *c, uint64_t group)
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
stop_following(struct conn *c, uint64_t group)
{
	uint32_t i;

	for (i = 0; i < c->session.ngroups; i++)
		if (c->session.groups[i] == group) {
			unfollow_at(c, i);
			return;
		}
}

/* Follows what the store said, corrected by what it said meanwhile. */
int
session_follow_loaded(struct conn *c, const Kith__Ipc__Loaded *loaded)
{
	struct session *s = &c->session;
	const struct session_change *change;
	uint32_t i;
	int rc = 0;

	for (i = s->ngroups; i-- > 0;)
		if (!in_list(loaded->groups, loaded->n_groups, s->groups[i]))
			unfollow_at(c, i);
	for (i = 0; i < loaded->n_groups && rc == 0; i++)
		rc = begin_following(c, loaded->groups[i]);
	for (i = 0; i < s->nchanges && rc == 0; i++) {
		change = &s->changes[i];
		if (change->joined)
			rc = begin_following(c, change->group);
		else
			stop_following(c, change->group);
	}
	return rc;
}

void
session_unfollow_all(struct conn *c)
{
	while (c->session.ngroups > 0)
		unfollow_at(c, c->session.ngroups - 1);
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

/* -- asking for the groups ------------------------------------------------ */

void
session_set_loading(struct conn *c, enum session_load to)
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
		session_set_loading(c, LOAD_WANTED);
	while (w->nloads < LOADS_MAX && (c = TAILQ_FIRST(&w->to_load)) != NULL) {
		if (send_load(c) < 0) {
			session_retry_soon(w);
			return;
		}
		c->session.load++;
		session_set_loading(c, LOAD_SENT);	/* what changed before is in the answer */
	}
}

/* -- news of the store ---------------------------------------------------- */

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
				rc = begin_following(c, h->conversation);
			else
				stop_following(c, h->conversation);
		}
		/* Its events would be missing silently. */
		if (rc < 0)
			session_set_loading(c, LOAD_WANTED);
	}
}
