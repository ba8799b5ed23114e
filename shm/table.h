/*
 * table.h - hash table of fixed-size entries in shared memory, one lock per
 * stripe, repaired one stripe at a time.
 *
 * Shape  2^n stripes; each has its lock, bucket heads, a free list and its own
 *        entries. Nothing crosses a stripe. An entry is a uint64_t
 *        key and `value_bytes` bytes. The same key may stand several times.
 * Lock   One stripe's, RANK_TABLE, for each call below. Callbacks run under it:
 *        no system call, no allocation, no log, no second table.
 * Crash  Each change first notes absolute old values in the stripe's undo
 *        record; whoever takes the lock after a death puts them back.
 * Trust  Indexes read from the shared part are range-checked; a stripe that
 *        does not add up is counted (table_broken) and answers -EBADMSG until
 *        table_clear_stripe().
 */
#ifndef KITH_SHM_TABLE_H
#define KITH_SHM_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_VALUE_MAX	512u

struct table_shared;

struct table {				/* one process's handle */
	struct table_shared	*shared;
	uint32_t		 stripes, per_stripe, value_bytes;
};

/* What a visitor wants done with the entry it was shown. */
enum table_act {
	TABLE_NEXT = 0,
	TABLE_STOP = 1,
	TABLE_WRITE = 2,		/* the value was changed in the visitor's copy: store it */
	TABLE_ERASE = 4			/* may be or'ed with TABLE_STOP, as may TABLE_WRITE */
};

/* `value` is a private copy. */
typedef int table_visit(uint64_t key, void *value, void *arg);

size_t	table_space(uint32_t stripes, uint32_t per_stripe, uint32_t value_bytes);
int	table_init(struct table *t, void *mem, uint32_t stripes,
	    uint32_t per_stripe, uint32_t value_bytes);

/* 0, -ENOSPC (the key's stripe is full), -EBADMSG, or rlock_take()'s error. */
int	table_add(struct table *t, uint64_t key, const void *value);

/* Shows all entries of `key`. Number visited, or a negative errno. */
int	table_visit_key(struct table *t, uint64_t key, table_visit *fn, void *arg);

/* As above; when the visitor found nothing to stop at (did not return with TABLE_STOP),
 * adds (key, value) under the same lock. For "update or insert". */
int	table_upsert(struct table *t, uint64_t key, table_visit *fn, void *arg,
	    const void *value);

/* Shows every entry of one stripe, 0 to stripes - 1. */
int	table_visit_stripe(struct table *t, uint32_t stripe, table_visit *fn, void *arg);

/* Checks every invariant of every stripe. 0 or -EBADMSG. For tests and the master. */
int	table_check(struct table *t);

/* Empties a stripe that cannot be trusted, re-making its lock if lost. Master only. */
int	table_clear_stripe(struct table *t, uint32_t stripe);

uint64_t table_count(const struct table *t);	/* entries, without locks */

#endif
