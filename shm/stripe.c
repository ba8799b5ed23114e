/*
 * stripe.c - changes that can be undone, and the repair that undoes them.
 *
 * The order of stores is the promise. A change: old values into the undo record; op
 * set; seq odd; the stores; op cleared; and only then seq even, so that no reader has
 * seen what a repair undoes. A killed process made all its stores up to some
 * instruction, and the next owner sees them, since it gets the lock through the kernel.
 * So only the compiler must not reorder them: signal fences.
 */
#undef NDEBUG				/* see rlock.c */

#include "shm/stripe.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "shm/point.h"

/* The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
 * Number Generators", 2014) with the constants of David Stafford's mixer 13. It spreads
 * ids, which count up from 1, evenly over both halves of the result. */
static uint64_t
stripe_mix(uint64_t key)
{
	key = (key ^ (key >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	key = (key ^ (key >> 27)) * UINT64_C(0x94d049bb133111eb);
	return key ^ (key >> 31);
}

struct stripe *
stripe_of(const struct table *t, uint64_t key)
{
	return stripe_at(t, (uint32_t)(stripe_mix(key) >> 32) & (t->stripes - 1));
}

uint32_t
stripe_bucket_of(const struct table *t, uint64_t key)
{
	return (uint32_t)stripe_mix(key) & (t->buckets - 1);
}

/* -- changes -------------------------------------------------------------- */

static void
op_set(struct stripe *s, enum undo_op op)
{
	atomic_signal_fence(memory_order_seq_cst);
	set(&s->undo.op, op);
	atomic_signal_fence(memory_order_seq_cst);
}

/* Odd: readers distrust what they read from here on. */
static void
seq_set(struct stripe *s, uint32_t seq)
{
	atomic_store_explicit(&s->seq, seq, memory_order_release);
	atomic_thread_fence(memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

static void
change_begin(struct stripe *s, enum undo_op op)
{
	assert(rlock_held(&s->lock));
	KITH_POINT("table.change.noted");
	op_set(s, op);
	KITH_POINT("table.change.op");
	seq_set(s, get(&s->seq) | 1);
	KITH_POINT("table.change.odd");
}

static void
change_end(struct stripe *s)
{
	KITH_POINT("table.change.done");
	op_set(s, UNDO_NONE);
	KITH_POINT("table.change.cleared");
	seq_set(s, get(&s->seq) + 1);
	KITH_POINT("table.change.even");
}

static void
value_set(const struct table *t, struct stripe *s, uint32_t e, const void *from)
{
	_Atomic uint64_t *words = entry_words(t, s, e) + 1;
	const unsigned char *at = from;
	uint64_t word;

	for (uint32_t i = 0; i < t->value_bytes / 8; i++) {
		memcpy(&word, at + i * 8, 8);
		atomic_store_explicit(&words[i], word, memory_order_relaxed);
		KITH_POINT("table.value.word");
	}
}

static void
note_links(const struct table *t, struct stripe *s, uint32_t link, uint32_t e)
{
	struct undo *u = &s->undo;

	set(&u->entry, e);
	KITH_POINT("table.note.entry");
	set(&u->link, link);
	KITH_POINT("table.note.link");
	set(&u->link_old, get(&s->links[link]));
	KITH_POINT("table.note.link_old");
	set(&u->next_old, get(next_of(t, s, e)));
	KITH_POINT("table.note.next");
	set(&u->free_old, get(&s->free_head));
	KITH_POINT("table.note.free");
	set(&u->count_old, get(&s->count));
}

/* Nobody owns a free entry's key and value, so they need no undo. But a reader without
 * the lock may still be at that entry, so they too are written while seq is odd. */
int
stripe_add_locked(const struct table *t, struct stripe *s, uint64_t key, const void *value)
{
	uint32_t link = stripe_bucket_of(t, key), e = get(&s->free_head);

	if (e == 0)
		return -ENOSPC;
	if (e > t->per_stripe)
		return stripe_break_locked(s);
	note_links(t, s, link, e);
	change_begin(s, UNDO_LINKS);
	atomic_store_explicit(entry_words(t, s, e), key, memory_order_relaxed);
	KITH_POINT("table.add.key");
	value_set(t, s, e, value);
	set(&s->free_head, get(&s->undo.next_old));
	KITH_POINT("table.add.taken");
	set(next_of(t, s, e), get(&s->undo.link_old));
	KITH_POINT("table.add.next");
	set(&s->links[link], e);
	KITH_POINT("table.add.linked");
	set(&s->count, get(&s->undo.count_old) + 1);
	change_end(s);
	return 0;
}

void
stripe_erase_locked(const struct table *t, struct stripe *s, uint32_t link, uint32_t e)
{
	note_links(t, s, link, e);
	change_begin(s, UNDO_LINKS);
	set(&s->links[link], get(&s->undo.next_old));
	KITH_POINT("table.erase.unlinked");
	set(next_of(t, s, e), get(&s->undo.free_old));
	KITH_POINT("table.erase.next");
	set(&s->free_head, e);
	KITH_POINT("table.erase.freed");
	set(&s->count, get(&s->undo.count_old) - 1);
	change_end(s);
}

void
stripe_write_locked(const struct table *t, struct stripe *s, uint32_t e, const void *value)
{
	set(&s->undo.entry, e);
	KITH_POINT("table.note.entry");
	entry_value(t, s, e, s->undo.value);
	change_begin(s, UNDO_VALUE);
	value_set(t, s, e, value);
	change_end(s);
}

/* -- checks --------------------------------------------------------------- */

struct seen {				/* one bit per entry */
	uint64_t	bits[TABLE_PER_STRIPE_MAX / 64];
};

static bool
seen_before(struct seen *seen, uint32_t e)
{
	uint64_t *word = &seen->bits[(e - 1) / 64], bit = UINT64_C(1) << (e - 1) % 64;
	bool before = (*word & bit) != 0;

	*word |= bit;
	return before;
}

/* Follows the list from `head`. Number of its entries, or -EBADMSG: one is out of range
 * or was met before. */
static int
list_check(const struct table *t, struct stripe *s, uint32_t head, struct seen *seen)
{
	int n = 0;

	for (uint32_t e = head; e != 0; e = get(next_of(t, s, e)), n++)
		if (e > t->per_stripe || seen_before(seen, e))
			return -EBADMSG;
	return n;
}

/* After list_check(): the chain ends, and stays inside the stripe. */
static int
chain_check_keys(const struct table *t, struct stripe *s, uint32_t bucket)
{
	uint64_t key;

	for (uint32_t e = get(&s->links[bucket]); e != 0; e = get(next_of(t, s, e))) {
		key = entry_key(t, s, e);
		if (stripe_of(t, key) != s || stripe_bucket_of(t, key) != bucket)
			return -EBADMSG;
	}
	return 0;
}

int
stripe_check_locked(const struct table *t, struct stripe *s)
{
	struct seen seen = { { 0 } };
	uint32_t used = 0;
	int n;

	for (uint32_t b = 0; b < t->buckets; b++) {
		if ((n = list_check(t, s, get(&s->links[b]), &seen)) < 0)
			return n;
		if (chain_check_keys(t, s, b) < 0)
			return -EBADMSG;
		used += (uint32_t)n;
	}
	if ((n = list_check(t, s, get(&s->free_head), &seen)) < 0)
		return n;
	if (used != get(&s->count) || used + (uint32_t)n != t->per_stripe)
		return -EBADMSG;
	return get(&s->undo.op) == UNDO_NONE && get(&s->seq) % 2 == 0 ? 0 : -EBADMSG;
}

int
stripe_break_locked(struct stripe *s)
{
	set(&s->broken, 1);
	return -EBADMSG;
}

/* -- repair --------------------------------------------------------------- */

/* Puts back the old values of the dead owner's change. */
static int
undo_change(const struct table *t, struct stripe *s)
{
	const struct undo *u = &s->undo;
	uint32_t op = get(&u->op), entry = get(&u->entry), link = get(&u->link);

	if (op == UNDO_NONE)
		return 0;
	if (op > UNDO_VALUE || entry == 0 || entry > t->per_stripe)
		return -EBADMSG;
	if (op == UNDO_VALUE) {
		value_set(t, s, entry, u->value);
		return 0;
	}
	if (link >= t->buckets + t->per_stripe)
		return -EBADMSG;
	set(&s->links[link], get(&u->link_old));
	KITH_POINT("table.repair.link");
	set(next_of(t, s, entry), get(&u->next_old));
	KITH_POINT("table.repair.next");
	set(&s->free_head, get(&u->free_old));
	KITH_POINT("table.repair.free");
	set(&s->count, get(&u->count_old));
	return 0;
}

/* May itself be killed anywhere: the next taker repeats it. */
static void
stripe_repair(const struct table *t, struct stripe *s)
{
	int rc;

	KITH_POINT("table.repair.begin");
	seq_set(s, get(&s->seq) | 1);
	KITH_POINT("table.repair.odd");
	rc = undo_change(t, s);
	KITH_POINT("table.repair.undone");
	op_set(s, UNDO_NONE);
	KITH_POINT("table.repair.cleared");
	seq_set(s, get(&s->seq) + 1);
	KITH_POINT("table.repair.even");
	if (rc < 0 || stripe_check_locked(t, s) < 0)
		stripe_break_locked(s);
	KITH_POINT("table.repair.checked");
	rlock_repaired(&s->lock);
	KITH_POINT("table.repair.consistent");
}

int
stripe_take(const struct table *t, struct stripe *s)
{
	int rc = rlock_take(&s->lock, RANK_TABLE);

	if (rc < 0)
		return rc;
	if (rc == 1)
		stripe_repair(t, s);
	KITH_POINT("table.taken");
	if (get(&s->broken) != 0) {
		rlock_give(&s->lock);
		return -EBADMSG;
	}
	return 0;
}

/* Broken until the last store. */
void
stripe_reset(const struct table *t, struct stripe *s)
{
	set(&s->broken, 1);
	seq_set(s, get(&s->seq) | 1);
	op_set(s, UNDO_NONE);
	for (uint32_t b = 0; b < t->buckets; b++)
		set(&s->links[b], 0);
	for (uint32_t e = 1; e <= t->per_stripe; e++)
		set(next_of(t, s, e), e < t->per_stripe ? e + 1 : 0);
	KITH_POINT("table.reset.links");
	set(&s->free_head, 1);
	set(&s->count, 0);
	seq_set(s, get(&s->seq) + 1);
	set(&s->broken, 0);
}
