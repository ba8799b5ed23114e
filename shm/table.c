/*
 * table.c - the striped hash table: visits, reading without the lock, sums.
 */
#undef NDEBUG				/* see rlock.c */

#include "shm/table.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "shm/point.h"
#include "shm/stripe.h"

#define READ_TRIES	200		/* then table_read() takes the lock */

/* At least as many buckets as entries: chains are about one entry long. */
static uint32_t
buckets_for(uint32_t per_stripe)
{
	uint32_t n = 1;

	while (n < per_stripe)
		n *= 2;
	return n;
}

static size_t
stripe_space(uint32_t per_stripe, uint32_t value_bytes)
{
	size_t entries = (size_t)per_stripe * (8 + value_bytes);

	return (entries_offset(buckets_for(per_stripe), per_stripe) + entries + 63) / 64 * 64;
}

size_t
table_space(uint32_t stripes, uint32_t per_stripe, uint32_t value_bytes)
{
	size_t each;

	if (stripes == 0 || stripes > TABLE_STRIPES_MAX || (stripes & (stripes - 1)) != 0 ||
	    per_stripe == 0 || per_stripe > TABLE_PER_STRIPE_MAX ||
	    value_bytes == 0 || value_bytes > TABLE_VALUE_MAX || value_bytes % 8 != 0)
		return 0;
	each = stripe_space(per_stripe, value_bytes);
	return each > SIZE_MAX / stripes ? 0 : each * stripes;
}

int
table_init(struct table *t, void *mem, uint32_t stripes, uint32_t per_stripe, uint32_t value_bytes)
{
	int rc;

	if (table_space(stripes, per_stripe, value_bytes) == 0)
		return -EINVAL;
	t->shared = mem;
	t->stripes = stripes;
	t->per_stripe = per_stripe;
	t->value_bytes = value_bytes;
	t->buckets = buckets_for(per_stripe);
	t->stripe_bytes = stripe_space(per_stripe, value_bytes);
	for (uint32_t i = 0; i < stripes; i++) {
		if ((rc = rlock_init(&stripe_at(t, i)->lock)) < 0)
			return rc;
		stripe_reset(t, stripe_at(t, i));
	}
	return 0;
}

/* -- visits --------------------------------------------------------------- */

struct visit {
	table_visit	*fn;
	void		*arg;
	const uint64_t	*key;		/* NULL: entries of any key */
	int		 visited;
	bool		 stopped;
};

/* Shows one chain. 0, or -EBADMSG: it leaves the stripe, or is a circle. */
static int
visit_chain(const struct table *t, struct stripe *s, uint32_t bucket, struct visit *v)
{
	uint64_t copy[VALUE_WORDS_MAX], key;
	uint32_t e, link = bucket, steps = 0;
	int act;

	while (!v->stopped && (e = get(&s->links[link])) != 0) {
		if (e > t->per_stripe || steps++ == t->per_stripe)
			return stripe_break_locked(s);
		act = TABLE_NEXT;
		key = entry_key(t, s, e);
		if (v->key == NULL || *v->key == key) {
			entry_value(t, s, e, copy);
			act = v->fn(key, copy, v->arg);
			v->visited++;
		}
		v->stopped = (act & TABLE_STOP) != 0;
		if (act & TABLE_WRITE)
			stripe_write_locked(t, s, e, copy);
		if (act & TABLE_ERASE)
			stripe_erase_locked(t, s, link, e);
		else
			link = next_link(t, e);
	}
	return 0;
}

/* With `value` this is table_upsert(), without it table_visit_key(). */
static int
visit_key(struct table *t, uint64_t key, table_visit *fn, void *arg, const void *value)
{
	struct stripe *s = stripe_of(t, key);
	struct visit v = { .fn = fn, .arg = arg, .key = &key };
	int rc;

	if ((rc = stripe_take(t, s)) < 0)
		return rc;
	rc = visit_chain(t, s, stripe_bucket_of(t, key), &v);
	if (rc == 0 && value != NULL && !v.stopped)
		rc = stripe_add_locked(t, s, key, value);
	rlock_give(&s->lock);
	return rc < 0 ? rc : v.visited;
}

int
table_visit_key(struct table *t, uint64_t key, table_visit *fn, void *arg)
{
	return visit_key(t, key, fn, arg, NULL);
}

int
table_upsert(struct table *t, uint64_t key, table_visit *fn, void *arg, const void *value)
{
	return visit_key(t, key, fn, arg, value);
}

int
table_add(struct table *t, uint64_t key, const void *value)
{
	struct stripe *s = stripe_of(t, key);
	int rc;

	if ((rc = stripe_take(t, s)) < 0)
		return rc;
	rc = stripe_add_locked(t, s, key, value);
	rlock_give(&s->lock);
	return rc;
}

int
table_visit_stripe(struct table *t, uint32_t stripe, table_visit *fn, void *arg)
{
	struct stripe *s = stripe_at(t, stripe);
	struct visit v = { .fn = fn, .arg = arg };
	int rc;

	assert(stripe < t->stripes);
	if ((rc = stripe_take(t, s)) < 0)
		return rc;
	for (uint32_t b = 0; rc == 0 && b < t->buckets && !v.stopped; b++)
		rc = visit_chain(t, s, b, &v);
	rlock_give(&s->lock);
	return rc < 0 ? rc : v.visited;
}

/* -- reading without the lock --------------------------------------------- */

/* Copies the entries as they are now. Their number, or -EAGAIN: they changed meanwhile,
 * or make no sense; that is for a holder of the lock to decide. */
static int
read_once(const struct table *t, struct stripe *s, uint64_t key, void *out, unsigned cap)
{
	uint32_t seq = atomic_load_explicit(&s->seq, memory_order_acquire);
	uint32_t steps = 0, e = get(&s->links[stripe_bucket_of(t, key)]);
	unsigned found = 0;

	if (seq % 2 != 0 || get(&s->broken) != 0)
		return -EAGAIN;
	for (; e != 0; e = get(next_of(t, s, e))) {
		if (e > t->per_stripe || steps++ == t->per_stripe)
			return -EAGAIN;
		if (entry_key(t, s, e) != key)
			continue;
		if (found < cap)
			entry_value(t, s, e, (char *)out + (size_t)found * t->value_bytes);
		found++;
	}
	atomic_thread_fence(memory_order_acquire);
	return get(&s->seq) == seq ? (int)found : -EAGAIN;
}

int
table_read(struct table *t, uint64_t key, void *out, unsigned cap)
{
	struct stripe *s = stripe_of(t, key);
	int rc;

	for (int try = 0; try < READ_TRIES; try++)
		if ((rc = read_once(t, s, key, out, cap)) >= 0)
			return rc;
	if ((rc = stripe_take(t, s)) < 0)
		return rc;
	if ((rc = read_once(t, s, key, out, cap)) < 0)
		rc = stripe_break_locked(s);
	rlock_give(&s->lock);
	return rc;
}

/* -- sums, checks, clearing ----------------------------------------------- */

/* The key of entry `e` occurs again after it in its chain. */
static bool
key_recurs(const struct table *t, struct stripe *s, uint32_t e)
{
	uint64_t key = entry_key(t, s, e);

	for (uint32_t steps = 0; steps < t->per_stripe; steps++) {
		e = get(next_of(t, s, e));
		if (e == 0 || e > t->per_stripe)
			return false;
		if (entry_key(t, s, e) == key)
			return true;
	}
	return false;
}

static int
chain_keys(const struct table *t, struct stripe *s, uint32_t bucket)
{
	uint32_t steps = 0;
	int keys = 0;

	for (uint32_t e = get(&s->links[bucket]); e != 0; e = get(next_of(t, s, e))) {
		if (e > t->per_stripe || steps++ == t->per_stripe)
			return stripe_break_locked(s);
		keys += !key_recurs(t, s, e);
	}
	return keys;
}

int
table_stripe_keys(struct table *t, uint32_t stripe)
{
	struct stripe *s = stripe_at(t, stripe);
	int rc, keys = 0;

	assert(stripe < t->stripes);
	if ((rc = stripe_take(t, s)) < 0)
		return rc;
	for (uint32_t b = 0; rc >= 0 && b < t->buckets; b++)
		if ((rc = chain_keys(t, s, b)) > 0)
			keys += rc;
	rlock_give(&s->lock);
	return rc < 0 ? rc : keys;
}

int
table_check(struct table *t)
{
	int rc, result = 0;

	for (uint32_t i = 0; i < t->stripes; i++) {
		struct stripe *s = stripe_at(t, i);

		if ((rc = stripe_take(t, s)) == 0) {
			if ((rc = stripe_check_locked(t, s)) < 0)
				stripe_break_locked(s);
			rlock_give(&s->lock);
		}
		if (rc < 0)
			result = rc;
	}
	return result;
}

/* Empties a stripe that cannot be trusted, and makes its lock again if that is lost. */
static int
clear_stripe(struct table *t, uint32_t stripe)
{
	struct stripe *s = stripe_at(t, stripe);
	int rc;

	assert(stripe < t->stripes);
	if ((rc = rlock_take(&s->lock, RANK_TABLE)) == -ENOTRECOVERABLE) {
		if ((rc = rlock_init(&s->lock)) == 0)
			rc = rlock_take(&s->lock, RANK_TABLE);
	}
	if (rc < 0)
		return rc;
	stripe_reset(t, s);
	if (rc == 1)
		rlock_repaired(&s->lock);
	rlock_give(&s->lock);
	return 0;
}

int
table_clear_broken(struct table *t)
{
	int rc, cleared = 0, failed = 0;

	for (uint32_t i = 0; i < t->stripes; i++) {
		struct stripe *s = stripe_at(t, i);

		if ((rc = stripe_take(t, s)) == 0) {
			rlock_give(&s->lock);
			continue;
		}
		if (rc == -ETIMEDOUT || (rc = clear_stripe(t, i)) < 0)
			failed = rc;
		else
			cleared++;
	}
	return cleared > 0 ? cleared : failed;
}

uint64_t
table_count(const struct table *t)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->stripes; i++)
		sum += get(&stripe_at(t, i)->count);
	return sum;
}

uint64_t
table_deaths(const struct table *t)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->stripes; i++)
		sum += get(&stripe_at(t, i)->lock.deaths);
	return sum;
}

unsigned
table_broken(const struct table *t)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < t->stripes; i++)
		sum += get(&stripe_at(t, i)->broken) != 0;
	return sum;
}
