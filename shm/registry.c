/* registry.c - the typed face of two tables: sessions by user, followers by group. */
#include <errno.h>
#include <string.h>

#include "registry.h"

#define STRIPES_MAX	256u
#define PER_STRIPE_MEAN	32u		/* below it, fewer stripes */
#define SWEEP_MAX	1024u		/* sessions of one stripe told at a time */

struct followers {
	uint32_t	count[REGISTRY_WORKERS_MAX];
};

_Static_assert(sizeof(struct registry_session) == 168, "layout: raise ARENA_LAYOUT");
_Static_assert(sizeof(struct registry_session) <= TABLE_VALUE_MAX, "fits an entry");

static uint32_t
stripes_for(uint32_t entries)
{
	uint32_t n = 1;

	while (n < STRIPES_MAX && n * PER_STRIPE_MEAN < entries)
		n *= 2;
	return n;
}

/*
 * Entries in a stripe are a Poisson variable of mean m: 8 standard deviations over it
 * are not met in the life of a server (below 1e-12 at m = 32). The constant is
 * for small means, and for one user's many devices, which share a stripe.
 */
static uint32_t
per_stripe(uint32_t entries)
{
	uint32_t mean = (entries + stripes_for(entries) - 1) / stripes_for(entries), root = 1;

	while (root * root < mean)
		root++;
	return mean + 8 * root + 64;
}

size_t
registry_space_sessions(uint32_t sessions_max)
{
	return table_space(stripes_for(sessions_max), per_stripe(sessions_max),
	    sizeof(struct registry_session));
}

size_t
registry_space_groups(uint32_t groups_max)
{
	return table_space(stripes_for(groups_max), per_stripe(groups_max),
	    sizeof(struct followers));
}

int
registry_init(struct registry *r, void *sessions_mem, uint32_t sessions_max,
    void *groups_mem, uint32_t groups_max)
{
	int rc;

	r->sessions_max = sessions_max;
	r->groups_max = groups_max;
	rc = table_init(&r->sessions, sessions_mem, stripes_for(sessions_max),
	    per_stripe(sessions_max), sizeof(struct registry_session));
	if (rc < 0)
		return rc;
	return table_init(&r->groups, groups_mem, stripes_for(groups_max),
	    per_stripe(groups_max), sizeof(struct followers));
}

int
registry_add(struct registry *r, uint64_t user, const struct registry_session *s)
{
	if (s->worker >= REGISTRY_WORKERS_MAX)
		return -EINVAL;
	if (table_count(&r->sessions) >= r->sessions_max)
		return -ENOSPC;
	return table_add(&r->sessions, user, s);
}

struct which {
	uint32_t	worker, slot, serial;
	int		found;
};

static int
erase_session(uint64_t user, void *value, void *arg)
{
	const struct registry_session *s = value;
	struct which *w = arg;

	(void)user;
	if (s->worker != w->worker || s->slot != w->slot || s->serial != w->serial)
		return TABLE_NEXT;
	w->found = 1;
	return TABLE_ERASE | TABLE_STOP;
}

int
registry_remove(struct registry *r, uint64_t user, uint32_t worker, uint32_t slot,
    uint32_t serial)
{
	struct which w = { worker, slot, serial, 0 };
	int rc = table_visit_key(&r->sessions, user, erase_session, &w);

	if (rc < 0)
		return rc;
	return w.found ? 0 : -ENOENT;
}

struct collect {
	struct registry_session	*out;
	unsigned		 cap, n;
};

static int
collect_session(uint64_t user, void *value, void *arg)
{
	struct collect *c = arg;

	(void)user;
	if (c->n < c->cap)
		memcpy(&c->out[c->n], value, sizeof(c->out[0]));
	c->n++;
	return TABLE_NEXT;
}

int
registry_find(struct registry *r, uint64_t user, struct registry_session *out, unsigned cap)
{
	struct collect c = { out, cap, 0 };
	int rc = table_visit_key(&r->sessions, user, collect_session, &c);

	return rc < 0 ? rc : (int)c.n;
}

static int
collect_worker(uint64_t user, void *value, void *arg)
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
	int rc;

	*mask = 0;
	rc = table_visit_key(&r->sessions, user, collect_worker, mask);
	return rc < 0 ? rc : 0;
}

struct follow {
	uint32_t	worker;
	int		delta;
};

static int
any_follower(const struct followers *f)
{
	uint32_t i;

	for (i = 0; i < REGISTRY_WORKERS_MAX; i++)
		if (f->count[i] != 0)
			return 1;
	return 0;
}

static int
change_count(uint64_t group, void *value, void *arg)
{
	struct followers *f = value;
	const struct follow *c = arg;

	(void)group;
	if (c->delta > 0)
		f->count[c->worker]++;
	else if (f->count[c->worker] > 0)
		f->count[c->worker]--;
	return TABLE_STOP | (any_follower(f) ? TABLE_WRITE : TABLE_ERASE);
}

int
registry_follow(struct registry *r, uint64_t group, uint32_t worker, int delta)
{
	struct follow c = { worker, delta };
	struct followers first = { { 0 } };
	int rc;

	if (worker >= REGISTRY_WORKERS_MAX)
		return -EINVAL;
	if (delta < 0) {
		rc = table_visit_key(&r->groups, group, change_count, &c);
		return rc < 0 ? rc : 0;
	}
	if (table_count(&r->groups) >= r->groups_max)
		return -ENOSPC;
	first.count[worker] = 1;
	return table_upsert(&r->groups, group, change_count, &c, &first);
}

static int
collect_followers(uint64_t group, void *value, void *arg)
{
	const struct followers *f = value;
	uint32_t *mask = arg, i;

	(void)group;
	for (i = 0; i < REGISTRY_WORKERS_MAX; i++)
		if (f->count[i] != 0)
			*mask |= UINT32_C(1) << i;
	return TABLE_STOP;
}

int
registry_group_workers(struct registry *r, uint64_t group, uint32_t *mask)
{
	int rc;

	*mask = 0;
	rc = table_visit_key(&r->groups, group, collect_followers, mask);
	return rc < 0 ? rc : 0;
}

/* Copies of one stripe's sessions, to be told after its lock is given back. */
struct taken {
	uint32_t		worker;		/* only its sessions, and erase them */
	int			sweep;
	unsigned		n;
	struct {
		uint64_t		user;
		struct registry_session	session;
	} of[SWEEP_MAX];
};

static int
take_session(uint64_t user, void *value, void *arg)
{
	const struct registry_session *s = value;
	struct taken *t = arg;

	if (t->sweep && s->worker != t->worker)
		return TABLE_NEXT;
	if (t->n == SWEEP_MAX)
		return TABLE_STOP;
	t->of[t->n].user = user;
	t->of[t->n].session = *s;
	t->n++;
	return t->sweep ? TABLE_ERASE : TABLE_NEXT;
}

static int
zero_count(uint64_t group, void *value, void *arg)
{
	struct followers *f = value;
	const uint32_t *worker = arg;

	(void)group;
	if (f->count[*worker] == 0)
		return TABLE_NEXT;
	f->count[*worker] = 0;
	return any_follower(f) ? TABLE_WRITE : TABLE_ERASE;
}

/* The master allocates nothing after its start, and callers are single-threaded. */
static struct taken taken;

int
registry_sweep(struct registry *r, uint32_t worker, registry_gone *gone, void *arg)
{
	uint32_t stripe;
	unsigned i;
	int rc;

	for (stripe = 0; stripe < r->sessions.stripes; stripe++) {
		do {
			taken.worker = worker;
			taken.sweep = 1;
			taken.n = 0;
			rc = table_visit_stripe(&r->sessions, stripe, take_session, &taken);
			if (rc < 0)
				return rc;
			for (i = 0; i < taken.n && gone != NULL; i++)
				gone(taken.of[i].user, &taken.of[i].session, arg);
		} while (taken.n == SWEEP_MAX);
	}
	for (stripe = 0; stripe < r->groups.stripes; stripe++)
		if ((rc = table_visit_stripe(&r->groups, stripe, zero_count, &worker)) < 0)
			return rc;
	return 0;
}

int
registry_walk(struct registry *r, registry_each *fn, void *arg)
{
	uint32_t stripe;
	unsigned i;
	int rc;

	for (stripe = 0; stripe < r->sessions.stripes; stripe++) {
		taken.sweep = 0;
		taken.n = 0;
		rc = table_visit_stripe(&r->sessions, stripe, take_session, &taken);
		if (rc < 0)
			return rc;
		for (i = 0; i < taken.n; i++)
			if (fn(taken.of[i].user, &taken.of[i].session, arg))
				return 0;
	}
	return 0;
}

uint64_t
registry_sessions(const struct registry *r)
{
	return table_count(&r->sessions);
}

/* A user's sessions share a stripe, so that counting needs no memory of other stripes. */
static uint64_t
distinct_taken(void)
{
	uint64_t users = 0;
	unsigned i, j;

	for (i = 0; i < taken.n; i++) {
		for (j = 0; j < i && taken.of[j].user != taken.of[i].user; j++)
			;
		users += j == i;
	}
	return users;
}

uint64_t
registry_users(struct registry *r)
{
	uint64_t users = 0;
	uint32_t stripe;

	for (stripe = 0; stripe < r->sessions.stripes; stripe++) {
		taken.sweep = 0;
		taken.n = 0;
		if (table_visit_stripe(&r->sessions, stripe, take_session, &taken) > 0)
			users += distinct_taken();
	}
	return users;
}
