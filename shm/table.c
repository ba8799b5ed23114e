/*
 * table.c - hash table of fixed-size entries in shared memory.
 *
 * A stripe in memory: struct stripe, bucket heads, entries. Links are entry
 * numbers; NONE ends a chain. What is not in a bucket's chain is in the free
 * list, so every entry is in exactly one chain: that is what table_check() checks.
 */
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "point.h"
#include "rlock.h"
#include "table.h"

#define NONE	UINT32_MAX

struct entry {
	uint64_t	key;
	uint32_t	next;
	uint32_t	used;		/* in a bucket's chain, not in the free list */
	uint8_t		value[];
};

/* Old values of all that one change may touch: absolute, so that putting them
 * back twice does no harm. Valid while `open` is 1. */
struct undo {
	_Atomic uint32_t open;
	uint32_t	bucket, bucket_head;
	uint32_t	prev, prev_next;	/* the entry before ours in its chain, or NONE */
	uint32_t	free_head, count;
	uint32_t	entry;
	struct {
		uint64_t	key;
		uint32_t	next, used;
		uint8_t		value[TABLE_VALUE_MAX];
	} old;
};

struct stripe {
	struct rlock	 lock;		/* free: every entry in exactly one chain, undo closed */
	_Atomic uint32_t count;
	uint32_t	 free_head;
	struct undo	 undo;
};

/* Where things are in one stripe; of the handle's sizes, never of shared numbers. */
struct view {
	struct stripe	*s;
	uint32_t	*buckets;
	uint8_t		*entries;
	uint32_t	 nbuckets, nentries;
	uint32_t	 value_bytes;
	size_t		 entry_bytes;
};

static uint32_t
round_up_pow2(uint32_t n)
{
	uint32_t p = 2;			/* keeps the entries behind the buckets aligned to 8 */

	while (p < n)
		p *= 2;
	return p;
}

static size_t
entry_size(uint32_t value_bytes)
{
	return (sizeof(struct entry) + value_bytes + 7) & ~(size_t)7;
}

static size_t
stripe_size(uint32_t per_stripe, uint32_t value_bytes)
{
	size_t n = sizeof(struct stripe) + round_up_pow2(per_stripe) * sizeof(uint32_t) +
	    (size_t)per_stripe * entry_size(value_bytes);

	return (n + 63) & ~(size_t)63;
}

size_t
table_space(uint32_t stripes, uint32_t per_stripe, uint32_t value_bytes)
{
	return stripes * stripe_size(per_stripe, value_bytes);
}

/* The mixing step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
 * number generators", 2014): all bits of the key reach all bits of the hash. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static struct view
view_stripe(const struct table *t, uint32_t stripe)
{
	struct view v = {
		.nbuckets = round_up_pow2(t->per_stripe),
		.nentries = t->per_stripe,
		.value_bytes = t->value_bytes,
		.entry_bytes = entry_size(t->value_bytes),
	};

	v.s = (struct stripe *)((uint8_t *)t->shared +
	    stripe * stripe_size(t->per_stripe, t->value_bytes));
	v.buckets = (uint32_t *)(v.s + 1);
	v.entries = (uint8_t *)(v.buckets + v.nbuckets);
	return v;
}

static struct entry *
entry_at(const struct view *v, uint32_t i)
{
	return (struct entry *)(v->entries + i * v->entry_bytes);
}

/* Stripe by the low bits, bucket by the high ones, so that they are independent. */
static uint32_t
stripe_of(const struct table *t, uint64_t key)
{
	return (uint32_t)mix(key) & (t->stripes - 1);
}

static uint32_t
bucket_of(const struct view *v, uint64_t key)
{
	return (uint32_t)(mix(key) >> 32) & (v->nbuckets - 1);
}

static void
clear_stripe(const struct view *v)
{
	uint32_t i;

	v->s->undo.open = 0;
	for (i = 0; i < v->nbuckets; i++)
		v->buckets[i] = NONE;
	for (i = 0; i < v->nentries; i++) {
		entry_at(v, i)->used = 0;
		entry_at(v, i)->next = i + 1 < v->nentries ? i + 1 : NONE;
	}
	v->s->free_head = v->nentries > 0 ? 0 : NONE;
	v->s->count = 0;
}

int
table_init(struct table *t, void *mem, uint32_t stripes, uint32_t per_stripe,
    uint32_t value_bytes)
{
	struct view v;
	uint32_t i;
	int rc;

	if (stripes == 0 || (stripes & (stripes - 1)) != 0 || per_stripe == 0 ||
	    per_stripe >= NONE / 2 || value_bytes == 0 || value_bytes > TABLE_VALUE_MAX)
		return -EINVAL;
	*t = (struct table){ mem, stripes, per_stripe, value_bytes };
	for (i = 0; i < stripes; i++) {
		v = view_stripe(t, i);
		if ((rc = rlock_init(&v.s->lock, RANK_TABLE)) < 0)
			return rc;
		clear_stripe(&v);
	}
	return 0;
}

/*
 * Changes and their undoing. The next holder comes through the kernel, so all
 * stores of the dead are visible: only the compiler must keep their order.
 */

static void
undo_open(const struct view *v, uint32_t bucket, uint32_t prev, uint32_t entry)
{
	struct undo *u = &v->s->undo;
	struct entry *e = entry_at(v, entry);

	u->bucket = bucket;
	u->bucket_head = v->buckets[bucket];
	u->prev = prev;
	u->prev_next = prev == NONE ? NONE : entry_at(v, prev)->next;
	u->free_head = v->s->free_head;
	u->count = v->s->count;
	u->entry = entry;
	u->old.key = e->key;
	u->old.next = e->next;
	u->old.used = e->used;
	memcpy(u->old.value, e->value, v->value_bytes);
	KITH_POINT("table.undo.filled");
	atomic_store_explicit(&u->open, 1, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	KITH_POINT("table.undo.open");
}

static void
undo_close(const struct view *v)
{
	KITH_POINT("table.changed");
	atomic_store_explicit(&v->s->undo.open, 0, memory_order_release);
	KITH_POINT("table.undo.closed");
}

/* Puts back what a dead holder had begun to change. May be killed and repeated. */
static void
repair(const struct view *v)
{
	struct undo *u = &v->s->undo;
	struct entry *e;

	if (atomic_load_explicit(&u->open, memory_order_acquire) == 0)
		return;
	if (u->bucket < v->nbuckets && u->entry < v->nentries &&
	    (u->prev == NONE || u->prev < v->nentries)) {
		e = entry_at(v, u->entry);
		e->key = u->old.key;
		e->next = u->old.next;
		e->used = u->old.used;
		memcpy(e->value, u->old.value, v->value_bytes);
		KITH_POINT("table.repair.entry");
		if (u->prev != NONE)
			entry_at(v, u->prev)->next = u->prev_next;
		v->buckets[u->bucket] = u->bucket_head;
		KITH_POINT("table.repair.links");
		v->s->free_head = u->free_head;
		v->s->count = u->count;
	}
	KITH_POINT("table.repair.done");
	atomic_store_explicit(&u->open, 0, memory_order_release);
}

static int
take(const struct view *v)
{
	int rc = rlock_take(&v->s->lock);

	if (rc < 0)
		return rc;
	if (rc == 1) {
		repair(v);
		KITH_POINT("table.repaired");
		rlock_repaired(&v->s->lock);
	}
	return 0;
}

/* Each link is range-checked before it is followed, and no chain is longer than there
 * are entries. */
static int
bad_link(const struct view *v, uint32_t i, uint32_t steps)
{
	return i >= v->nentries || steps >= v->nentries;
}

static int
add_locked(const struct view *v, uint64_t key, const void *value)
{
	uint32_t bucket = bucket_of(v, key), i = v->s->free_head;
	struct entry *e;

	assert(rlock_held(&v->s->lock));
	if (i == NONE)
		return -ENOSPC;
	if (bad_link(v, i, 0) || entry_at(v, i)->used)
		return -EBADMSG;
	e = entry_at(v, i);
	undo_open(v, bucket, NONE, i);
	v->s->free_head = e->next;
	KITH_POINT("table.add.taken");
	e->key = key;
	memcpy(e->value, value, v->value_bytes);
	KITH_POINT("table.add.filled");
	e->next = v->buckets[bucket];
	e->used = 1;
	v->buckets[bucket] = i;
	KITH_POINT("table.add.linked");
	v->s->count++;
	undo_close(v);
	return 0;
}

static void
erase_locked(const struct view *v, uint32_t bucket, uint32_t prev, uint32_t i)
{
	struct entry *e = entry_at(v, i);

	undo_open(v, bucket, prev, i);
	if (prev == NONE)
		v->buckets[bucket] = e->next;
	else
		entry_at(v, prev)->next = e->next;
	KITH_POINT("table.erase.unlinked");
	e->used = 0;
	e->next = v->s->free_head;
	KITH_POINT("table.erase.freed");
	v->s->free_head = i;
	v->s->count--;
	undo_close(v);
}

static void
write_locked(const struct view *v, uint32_t bucket, uint32_t i, const void *value)
{
	undo_open(v, bucket, NONE, i);
	memcpy(entry_at(v, i)->value, value, v->value_bytes);
	undo_close(v);
}

/* Shows entry `i` to the visitor and does what it wants. */
static int
show(const struct view *v, uint32_t bucket, uint32_t prev, uint32_t i, table_visit *fn, void *arg)
{
	_Alignas(16) uint8_t value[TABLE_VALUE_MAX];
	int act;

	memcpy(value, entry_at(v, i)->value, v->value_bytes);
	act = fn(entry_at(v, i)->key, value, arg);
	if (act & TABLE_ERASE)
		erase_locked(v, bucket, prev, i);
	else if (act & TABLE_WRITE)
		write_locked(v, bucket, i, value);
	return act;
}

/* Shows a bucket's entries: those of `key`, or all (key NULL). Number shown; *stopped
 * tells that the visitor wants no more. */
static int
visit_bucket(const struct view *v, uint32_t bucket, const uint64_t *key, table_visit *fn,
    void *arg, int *stopped)
{
	uint32_t prev = NONE, i = v->buckets[bucket], next, steps = 0;
	int act, shown = 0;

	assert(rlock_held(&v->s->lock));
	while (i != NONE && !*stopped) {
		if (bad_link(v, i, steps++))
			return -EBADMSG;
		next = entry_at(v, i)->next;
		act = TABLE_NEXT;
		if (key == NULL || entry_at(v, i)->key == *key) {
			act = show(v, bucket, prev, i, fn, arg);
			shown++;
		}
		if (!(act & TABLE_ERASE))
			prev = i;
		*stopped = act & TABLE_STOP;
		i = next;
	}
	return shown;
}

static int
visit_key(struct table *t, uint64_t key, table_visit *fn, void *arg, const void *otherwise)
{
	struct view v = view_stripe(t, stripe_of(t, key));
	int rc, shown, stopped = 0;

	if ((rc = take(&v)) < 0)
		return rc;
	shown = fn == NULL ? 0 : visit_bucket(&v, bucket_of(&v, key), &key, fn, arg, &stopped);
	if (shown >= 0 && otherwise != NULL && !stopped)
		rc = add_locked(&v, key, otherwise);
	rlock_give(&v.s->lock);
	return rc < 0 ? rc : shown;
}

int
table_add(struct table *t, uint64_t key, const void *value)
{
	return visit_key(t, key, NULL, NULL, value);
}

int
table_visit_key(struct table *t, uint64_t key, table_visit *fn, void *arg)
{
	return visit_key(t, key, fn, arg, NULL);
}

int
table_upsert(struct table *t, uint64_t key, table_visit *fn, void *arg, const void *value)
{
	int rc = visit_key(t, key, fn, arg, value);

	return rc < 0 ? rc : 0;
}

int
table_visit_stripe(struct table *t, uint32_t stripe, table_visit *fn, void *arg)
{
	struct view v;
	uint32_t b;
	int rc, shown = 0, stopped = 0;

	if (stripe >= t->stripes)
		return -EINVAL;
	v = view_stripe(t, stripe);
	if ((rc = take(&v)) < 0)
		return rc;
	for (b = 0; b < v.nbuckets && !stopped && rc >= 0; b++) {
		rc = visit_bucket(&v, b, NULL, fn, arg, &stopped);
		shown += rc;
	}
	rlock_give(&v.s->lock);
	return rc < 0 ? rc : shown;
}

/* Every entry in exactly one chain, used ones in their key's. */
static int
check_locked(const struct view *v)
{
	uint32_t b, i, used = 0, unused = 0;

	for (b = 0; b < v->nbuckets; b++)
		for (i = v->buckets[b]; i != NONE; i = entry_at(v, i)->next)
			if (bad_link(v, i, used++) || !entry_at(v, i)->used ||
			    bucket_of(v, entry_at(v, i)->key) != b)
				return -EBADMSG;
	for (i = v->s->free_head; i != NONE; i = entry_at(v, i)->next)
		if (bad_link(v, i, unused++) || entry_at(v, i)->used)
			return -EBADMSG;
	return used == v->s->count && used + unused == v->nentries ? 0 : -EBADMSG;
}

int
table_check(struct table *t)
{
	struct view v;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < t->stripes && rc == 0; i++) {
		v = view_stripe(t, i);
		if ((rc = take(&v)) < 0)
			return rc;
		rc = check_locked(&v);
		rlock_give(&v.s->lock);
	}
	return rc;
}

int
table_clear_stripe(struct table *t, uint32_t stripe)
{
	struct view v;
	int rc;

	if (stripe >= t->stripes)
		return -EINVAL;
	v = view_stripe(t, stripe);
	rc = take(&v);
	if (rc == -ENOTRECOVERABLE) {	/* nobody can hold it: it may be made anew */
		if ((rc = rlock_init(&v.s->lock, RANK_TABLE)) == 0)
			rc = take(&v);
	}
	if (rc < 0)
		return rc;
	clear_stripe(&v);
	rlock_give(&v.s->lock);
	return 0;
}

uint64_t
table_count(const struct table *t)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < t->stripes; i++)
		sum += atomic_load_explicit(&view_stripe(t, i).s->count, memory_order_relaxed);
	return sum;
}
