/*
 * table.h - hash table of fixed-size entries in shared memory: one lock per
 * stripe, repaired one stripe at a time.
 *
 * Shape  2^n stripes; each has its lock, sequence counter, bucket heads, a free
 *        list and its own entries. Nothing crosses a stripe. An entry is a
 *        uint64_t key and `value_bytes` bytes. A key may have several entries.
 * Lock   One stripe's, RANK_TABLE, for each call below, unless it says without.
 *        Visitors run under it: no system call, no allocation, no log, no
 *        second table.
 * Crash  Each change first notes absolute old values in the stripe's undo
 *        record; after a death the next taker puts them back. So a change
 *        happened or did not, and a second death in the repair does no harm.
 * Trust  Indexes read from the shared part are range-checked. A stripe that is
 *        not consistent is counted (table_broken) and answers -EBADMSG until
 *        table_clear_broken(). Values are copied out, but not judged.
 */
#ifndef KITH_SHM_TABLE_H
#define KITH_SHM_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define TABLE_VALUE_MAX		512u
#define TABLE_STRIPES_MAX	65536u
#define TABLE_PER_STRIPE_MAX	65536u

struct table {				/* one process's handle */
	unsigned char	*shared;	/* borrowed from the arena */
	uint32_t	 stripes, per_stripe, value_bytes;
	uint32_t	 buckets;	/* of a stripe, a power of two */
	size_t		 stripe_bytes;
};

/* What to do with the entry that the visitor was shown: bits. */
enum table_act {
	TABLE_NEXT = 0,
	TABLE_STOP = 1,
	TABLE_WRITE = 2,		/* store the visitor's copy */
	TABLE_ERASE = 4
};

/* `value` is a private copy. */
typedef int table_visit(uint64_t key, void *value, void *arg);

/* Bytes of arena; 0 if table_init() would refuse the numbers. */
size_t	table_space(uint32_t stripes, uint32_t per_stripe,
	    uint32_t value_bytes);

/* Makes a table in `mem`: table_space() zeroed bytes, aligned to 64. Master
 * only, before it forks. 0, -EINVAL (stripes is not a power of two, value_bytes
 * not a multiple of 8, a number is 0 or over its maximum), or rlock_init()'s
 * error. */
int	table_init(struct table *t, void *mem, uint32_t stripes,
	    uint32_t per_stripe, uint32_t value_bytes);

/* 0, -ENOSPC (the key's stripe is full), -EBADMSG, or rlock_take()'s error. */
int	table_add(struct table *t, uint64_t key, const void *value);

/* Shows all entries of `key`. Number visited, or a negative errno. */
int	table_visit_key(struct table *t, uint64_t key, table_visit *fn,
	    void *arg);

/* "Update or insert": the same, and unless the visitor returned TABLE_STOP,
 * adds (key, value) under the same lock. Also -ENOSPC. */
int	table_upsert(struct table *t, uint64_t key, table_visit *fn, void *arg,
	    const void *value);

/* Copies the values of up to `cap` entries of `key` to `out`. Without the lock,
 * unless writers keep interfering, so that a stopped process does not hold up
 * readers. Number of entries (may exceed cap), -EBADMSG, or rlock_take()'s
 * error. */
int	table_read(struct table *t, uint64_t key, void *out, unsigned cap);

/* Shows every entry of one stripe, 0 to stripes - 1. Number visited, or a
 * negative errno. */
int	table_visit_stripe(struct table *t, uint32_t stripe, table_visit *fn,
	    void *arg);

/* Different keys in one stripe, or a negative errno. */
int	table_stripe_keys(struct table *t, uint32_t stripe);

/* Checks every invariant of every stripe. 0, -EBADMSG, or rlock_take()'s
 * error. */
int	table_check(struct table *t);

/* Empties each stripe that answers -EBADMSG or whose lock is lost, and makes
 * its lock again. Returns their number. -ETIMEDOUT: none, but not all could be
 * checked. Master only. */
int	table_clear_broken(struct table *t);

/* Without locks. */
uint64_t table_count(const struct table *t);	/* entries */
uint64_t table_deaths(const struct table *t);	/* of lock holders; repaired */
unsigned table_broken(const struct table *t);	/* stripes with -EBADMSG */

#endif
