/*
 * stripe.h - one stripe of a table: its layout, its changes, its repair. Only
 * for table.c; everybody else includes table.h.
 *
 * Shape  Entries count from 1; 0 ends a list. `links` holds the buckets' chain
 *        heads, then each entry's next, so that any link is one number. What
 *        readers without the lock may see is atomic, word by word; seq tells
 *        them that a value was torn.
 * Lock   While it is free and its last owner did not die: undo.op is UNDO_NONE,
 *        seq is even, and each entry is in exactly one list, the chain of its
 *        key's bucket or the free list; `count` entries are in chains.
 * Crash  stripe_take() makes that true again.
 * Trust  Sizes and bounds come from the handle. An index from the stripe is
 *        read once, and compared with them before it is used.
 */
#ifndef KITH_SHM_STRIPE_H
#define KITH_SHM_STRIPE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shm/rlock.h"
#include "shm/table.h"

#define VALUE_WORDS_MAX	(TABLE_VALUE_MAX / 8)

enum undo_op {
	UNDO_NONE = 0,
	UNDO_LINKS = 1,			/* an entry was added or erased */
	UNDO_VALUE = 2			/* an entry's value was overwritten */
};

/* Old values of the change in progress. They are absolute: putting them back
 * twice, or before the change reached them, does no harm. */
struct undo {
	_Atomic uint32_t	op;
	_Atomic uint32_t	entry;
	_Atomic uint32_t	link;		/* leads to it, or will */
	_Atomic uint32_t	link_old;
	_Atomic uint32_t	next_old;	/* the entry's own link */
	_Atomic uint32_t	free_old;
	_Atomic uint32_t	count_old;
	uint32_t		unused;
	uint64_t		value[VALUE_WORDS_MAX];
};

struct stripe {
	_Alignas(64) struct rlock lock;		/* RANK_TABLE */
	_Atomic uint32_t	seq;		/* odd: change in progress */
	_Atomic uint32_t	count;		/* entries in chains */
	_Atomic uint32_t	broken;		/* inconsistent */
	_Atomic uint32_t	free_head;
	struct undo		undo;
	_Atomic uint32_t	links[];	/* then key, value, ... */
};

_Static_assert(sizeof(_Atomic uint32_t) == 4 && sizeof(_Atomic uint64_t) == 8,
    "atomics are as large as what they hold");
_Static_assert(sizeof(struct undo) == 32 + TABLE_VALUE_MAX,
    "layout of an undo record");
_Static_assert(offsetof(struct stripe, links) % 8 == 0 &&
    offsetof(struct stripe, links) ==
    offsetof(struct stripe, undo) + sizeof(struct undo), "layout of a stripe");

/* Relaxed: the lock or the sequence counter gives the order. Atomic: words that
 * others can write are read exactly once. */
static inline uint32_t
get(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static inline void
set(_Atomic uint32_t *p, uint32_t n)
{
	atomic_store_explicit(p, n, memory_order_relaxed);
}

/* From the start of a stripe, rounded up to the 8 bytes of an entry's word. */
static inline size_t
entries_offset(uint32_t buckets, uint32_t per_stripe)
{
	return offsetof(struct stripe, links) +
	    ((size_t)buckets + per_stripe + 1) / 2 * 8;
}

static inline struct stripe *
stripe_at(const struct table *t, uint32_t i)
{
	return (struct stripe *)(void *)(t->shared + i * t->stripe_bytes);
}

/* The number of the link that entry `e` holds. */
static inline uint32_t
next_link(const struct table *t, uint32_t e)
{
	return t->buckets + e - 1;
}

static inline _Atomic uint32_t *
next_of(const struct table *t, struct stripe *s, uint32_t e)
{
	return &s->links[next_link(t, e)];
}

/* The words of entry `e`: its key, then its value. */
static inline _Atomic uint64_t *
entry_words(const struct table *t, struct stripe *s, uint32_t e)
{
	unsigned char *first = (unsigned char *)s +
	    entries_offset(t->buckets, t->per_stripe);

	return (_Atomic uint64_t *)(void *)(first +
	    (size_t)(e - 1) * (8 + t->value_bytes));
}

static inline uint64_t
entry_key(const struct table *t, struct stripe *s, uint32_t e)
{
	return atomic_load_explicit(entry_words(t, s, e), memory_order_relaxed);
}

static inline void
entry_value(const struct table *t, struct stripe *s, uint32_t e, void *to)
{
	const _Atomic uint64_t *words = entry_words(t, s, e) + 1;
	unsigned char *at = to;
	uint64_t word;

	for (uint32_t i = 0; i < t->value_bytes / 8; i++) {
		word = atomic_load_explicit(&words[i], memory_order_relaxed);
		memcpy(at + i * 8, &word, 8);
	}
}

struct stripe	*stripe_of(const struct table *t, uint64_t key);
uint32_t	 stripe_bucket_of(const struct table *t, uint64_t key);

/* Takes the lock, and repairs after a death. 0, -EBADMSG (broken: not taken),
 * or rlock_take()'s error. Give it back with rlock_give(). */
int	stripe_take(const struct table *t, struct stripe *s);

/* Makes an empty stripe of any bytes. Takes no lock. */
void	stripe_reset(const struct table *t, struct stripe *s);

/* All below: the caller holds the lock. */

/* Marks it as inconsistent. Returns -EBADMSG. */
int	stripe_break_locked(struct stripe *s);

/* Checks all that "Lock" above says. 0 or -EBADMSG. */
int	stripe_check_locked(const struct table *t, struct stripe *s);

/* 0, -ENOSPC or -EBADMSG. The new entry becomes the first of its chain. */
int	stripe_add_locked(const struct table *t, struct stripe *s, uint64_t key,
	    const void *value);

/* Erases entry `e`, to which `link` leads; then `link` leads to the next. */
void	stripe_erase_locked(const struct table *t, struct stripe *s,
	    uint32_t link, uint32_t e);

void	stripe_write_locked(const struct table *t, struct stripe *s, uint32_t e,
	    const void *value);

#endif
