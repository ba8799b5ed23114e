/*
 * registry.c - sessions and followers, on top of table.
 */
#include "shm/registry.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shm/point.h"

#define STRIPES_MAX	256u
#define STRIPE_FILL	64u		/* entries of a stripe before there are more stripes */
#define SWEEP_BATCH	32u
#define USER_BATCH	16u		/* sessions of one user that are read without a lock */

struct followers {			/* value of the groups table */
	uint32_t	count[REGISTRY_WORKERS_MAX];
};

_Static_assert(sizeof(struct registry_session) == 168 &&
    offsetof(struct registry_session, admin) == 164, "layout of a session, without padding");
_Static_assert(sizeof(struct followers) == 128, "layout of a group");

/* -- sizes ---------------------------------------------------------------- */

/* How many stripes, and how large. Keys fall on stripes at random: of n entries on s
 * stripes each stripe gets m = n/s on average, with a deviation of sqrt(m); of
 * sqrt(k m), if each user has k sessions. "Certainly fits" is about the fullest of 256.
 * A reserve of 12 sqrt(m) + 16 is 6 deviations at k = 4 (about 1 chance in 10^9 for
 * each stripe); the 16 is for small m, where the tail is longer. Stripes of 64 or more
 * entries keep the reserve below twice m. */

static uint32_t
stripes_for(uint32_t entries)
{
	uint32_t n = 1;

	while (n < STRIPES_MAX && entries / (n * 2) >= STRIPE_FILL)
		n *= 2;
	return n;
}

static uint32_t
root_above(uint32_t n)
{
	uint32_t root = 0;

	while ((uint64_t)root * root < n)
		root++;
	return root;
}

static uint32_t
per_stripe_for(uint32_t entries)
{
	uint32_t mean = (entries - 1) / stripes_for(entries) + 1;

	return mean + 12 * root_above(mean) + 16;
}

static size_t
space_for(uint32_t entries, uint32_t value_bytes)
{
	if (entries == 0)
		return 0;
	return table_space(stripes_for(entries), per_stripe_for(entries), value_bytes);
}

static int
init_for(struct table *t, void *mem, uint32_t entries, uint32_t value_bytes)
{
	if (entries == 0)
		return -EINVAL;
	return table_init(t, mem, stripes_for(entries), per_stripe_for(entries), value_bytes);
}

size_t
registry_space_sessions(uint32_t sessions_max)
{
	return space_for(sessions_max, sizeof(struct registry_session));
}

size_t
registry_space_groups(uint32_t groups_max)
{
	return space_for(groups_max, sizeof(struct followers));
}

int
registry_init(struct registry *r, void *sessions_mem, uint32_t sessions_max, void *groups_mem,
    uint32_t groups_max)
{
	int rc;

	rc = init_for(&r->sessions, sessions_mem, sessions_max, sizeof(struct registry_session));
	if (rc == 0)
		rc = init_for(&r->groups, groups_mem, groups_max, sizeof(struct followers));
	return rc;
}

/* -- sessions ------------------------------------------------------------- */

static bool
session_sound(const struct registry_session *s)
{
	return s->worker < REGISTRY_WORKERS_MAX && memchr(s->name, '\0', sizeof(s->name)) != NULL;
}

static bool
same_session(const struct registry_session *a, const struct registry_session *b)
{
	return a->worker == b->worker && a->slot == b->slot && a->serial == b->serial;
}

static int
replace_same(uint64_t user, void *value, void *arg)
{
	const struct registry_session *s = arg;

	(void)user;
	if (!same_session(value, s))
		return TABLE_NEXT;
	memcpy(value, s, sizeof(*s));
	return TABLE_WRITE | TABLE_STOP;
}

int
registry_add(struct registry *r, uint64_t user, const struct registry_session *s)
{
	struct registry_session copy = *s;
	int rc;

	if (!session_sound(s))
		return -EINVAL;
	rc = table_upsert(&r->sessions, user, replace_same, &copy, &copy);
	return rc < 0 ? rc : 0;
}

struct removal {
	struct registry_session	what;
	bool			done;
};

static int
erase_same(uint64_t user, void *value, void *arg)
{
	struct removal *removal = arg;

	(void)user;
	if (!same_session(value, &removal->what))
		return TABLE_NEXT;
	removal->done = true;
	return TABLE_ERASE | TABLE_STOP;
}

int
registry_remove(struct registry *r, uint64_t user, uint32_t worker, uint32_t slot, uint32_t serial)
{
	struct removal removal = {
		.what = { .worker = worker, .slot = slot, .serial = serial },
	};
	int rc = table_visit_key(&r->sessions, user, erase_same, &removal);

	if (rc < 0)
		return rc;
	return removal.done ? 0 : -ENOENT;
}

int
registry_find(struct registry *r, uint64_t user, struct registry_session *out, unsigned cap)
{
	int n = table_read(&r->sessions, user, out, cap);

	for (int i = 0; i < n && (unsigned)i < cap; i++)
		if (!session_sound(&out[i]))
			return -EBADMSG;
	return n;
}

static int
add_to_mask(uint64_t user, void *value, void *arg)
{
	const struct registry_session *s = value;
	uint32_t *mask = arg;

	(void)user;
	if (s->worker < REGISTRY_WORKERS_MAX)
		*mask |= UINT32_C(1) << s->worker;
	return TABLE_NEXT;
}

int
registry_user_workers(struct registry *r, uint64_t user, uint32_t *mask)
{
	struct registry_session some[USER_BATCH];
	int n = registry_find(r, user, some, USER_BATCH);

	*mask = 0;
	if (n > (int)USER_BATCH)
		n = table_visit_key(&r->sessions, user, add_to_mask, mask);
	else
		for (int i = 0; i < n; i++)
			add_to_mask(user, &some[i], mask);
	return n < 0 ? n : 0;
}

/* -- groups --------------------------------------------------------------- */

static bool
nobody_follows(const struct followers *f)
{
	for (unsigned i = 0; i < REGISTRY_WORKERS_MAX; i++)
		if (f->count[i] != 0)
			return false;
	return true;
}

/* After a count went down. */
static int
keep_or_erase(const struct followers *f)
{
	return nobody_follows(f) ? TABLE_ERASE : TABLE_WRITE;
}

static int
count_up(uint64_t group, void *value, void *arg)
{
	struct followers *f = value;
	const uint32_t *worker = arg;

	(void)group;
	f->count[*worker]++;
	return TABLE_WRITE | TABLE_STOP;
}

struct unfollow_group {
	uint32_t	worker;
	bool		done;
};

static int
count_down(uint64_t group, void *value, void *arg)
{
	struct followers *f = value;
	struct unfollow_group *u = arg;

	(void)group;
	if (f->count[u->worker] == 0)
		return TABLE_STOP;
	f->count[u->worker]--;
	u->done = true;
	return keep_or_erase(f) | TABLE_STOP;
}

static int
follow_group(struct registry *r, uint64_t group, uint32_t worker)
{
	struct followers first = { { 0 } };
	int rc;

	first.count[worker] = 1;
	rc = table_upsert(&r->groups, group, count_up, &worker, &first);
	return rc < 0 ? rc : 0;
}

static int
unfollow_group(struct registry *r, uint64_t group, uint32_t worker)
{
	struct unfollow_group u = { .worker = worker };
	int rc = table_visit_key(&r->groups, group, count_down, &u);

	if (rc < 0)
		return rc;
	return u.done ? 0 : -ENOENT;
}

int
registry_follow(struct registry *r, uint64_t group, uint32_t worker, int delta)
{
	if (worker >= REGISTRY_WORKERS_MAX || (delta != 1 && delta != -1))
		return -EINVAL;
	return delta > 0 ? follow_group(r, group, worker) : unfollow_group(r, group, worker);
}

int
registry_group_workers(struct registry *r, uint64_t group, uint32_t *mask)
{
	struct followers f;
	int n = table_read(&r->groups, group, &f, 1);

	*mask = 0;
	for (unsigned i = 0; n > 0 && i < REGISTRY_WORKERS_MAX; i++)
		if (f.count[i] != 0)
			*mask |= UINT32_C(1) << i;
	return n < 0 ? n : 0;
}

/* -- sweep and walk ------------------------------------------------------- */

/* Entries are copied under their stripe's lock, and passed on without it. */

struct found {
	uint64_t		user;
	struct registry_session	session;
};

struct sweep {
	uint32_t	worker;
	unsigned	n;
	struct found	batch[SWEEP_BATCH];
};

/* Removes the worker's entries, and those that no worker can have made. */
static int
sweep_session(uint64_t user, void *value, void *arg)
{
	const struct registry_session *s = value;
	struct sweep *sweep = arg;
	struct found *found = &sweep->batch[sweep->n];

	if (!session_sound(s))
		return TABLE_ERASE;
	if (s->worker != sweep->worker)
		return TABLE_NEXT;
	found->user = user;
	found->session = *s;
	return TABLE_ERASE | (++sweep->n == SWEEP_BATCH ? TABLE_STOP : TABLE_NEXT);
}

static int
sweep_stripe(struct registry *r, uint32_t stripe, uint32_t worker, registry_gone *gone, void *arg)
{
	struct sweep sweep = { .worker = worker };
	int rc;

	do {
		sweep.n = 0;
		rc = table_visit_stripe(&r->sessions, stripe, sweep_session, &sweep);
		KITH_POINT("registry.sweep.batch");
		for (unsigned i = 0; i < sweep.n; i++)
			gone(sweep.batch[i].user, &sweep.batch[i].session, arg);
	} while (rc >= 0 && sweep.n == SWEEP_BATCH);
	return rc < 0 ? rc : 0;
}

static int
sweep_group(uint64_t group, void *value, void *arg)
{
	struct followers *f = value;
	const uint32_t *worker = arg;

	(void)group;
	if (f->count[*worker] == 0)
		return TABLE_NEXT;
	f->count[*worker] = 0;
	return keep_or_erase(f);
}

int
registry_sweep(struct registry *r, uint32_t worker, registry_gone *gone, void *arg)
{
	int rc, first = 0;

	if (worker >= REGISTRY_WORKERS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < r->sessions.stripes; i++) {
		rc = sweep_stripe(r, i, worker, gone, arg);
		if (rc < 0 && first == 0)
			first = rc;
	}
	for (uint32_t i = 0; i < r->groups.stripes; i++) {
		rc = table_visit_stripe(&r->groups, i, sweep_group, &worker);
		if (rc < 0 && first == 0)
			first = rc;
	}
	return first;
}

struct walk {
	uint32_t	 n, cap;
	struct found	*found;
};

static int
collect_session(uint64_t user, void *value, void *arg)
{
	struct walk *walk = arg;

	if (walk->n == walk->cap)
		return TABLE_STOP;
	if (!session_sound(value))
		return TABLE_NEXT;
	walk->found[walk->n].user = user;
	memcpy(&walk->found[walk->n].session, value, sizeof(struct registry_session));
	walk->n++;
	return TABLE_NEXT;
}

int
registry_walk(struct registry *r, registry_each *fn, void *arg)
{
	struct walk walk = { .cap = r->sessions.per_stripe };
	bool stopped = false;
	int rc = 0;

	if ((walk.found = calloc(walk.cap, sizeof(*walk.found))) == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; rc >= 0 && !stopped && i < r->sessions.stripes; i++) {
		walk.n = 0;
		rc = table_visit_stripe(&r->sessions, i, collect_session, &walk);
		for (uint32_t k = 0; rc >= 0 && !stopped && k < walk.n; k++)
			stopped = fn(walk.found[k].user, &walk.found[k].session, arg) != 0;
	}
	free(walk.found);
	return rc < 0 ? rc : 0;
}

int
registry_heal(struct registry *r)
{
	int sessions = table_clear_broken(&r->sessions);
	int groups = table_clear_broken(&r->groups);

	if (sessions > 0 && groups > 0)
		return sessions + groups;
	return sessions > 0 || groups == 0 ? sessions : groups;
}

uint64_t
registry_sessions(const struct registry *r)
{
	return table_count(&r->sessions);
}

uint64_t
registry_users(struct registry *r)
{
	uint64_t users = 0;
	int n;

	for (uint32_t i = 0; i < r->sessions.stripes; i++)
		if ((n = table_stripe_keys(&r->sessions, i)) > 0)
			users += (uint64_t)n;
	return users;
}
