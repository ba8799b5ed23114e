/*
 * index.h - a hash table from a 64-bit key to a set of places. A worker's: its
 * connections of a user, of a group's followers, or from an address.
 */
#ifndef KITH_SERVER_INDEX_H
#define KITH_SERVER_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct index_set {
	uint64_t	 key;
	uint32_t	*places;	/* in no order; NULL: a free cell */
	uint32_t	 n, cap;
};

struct index {
	struct index_set *cells;	/* open addressing, a power of two */
	size_t		  ncells, used;
};

/* All zero is an empty index. */
void	index_fini(struct index *x);

/* `place` is not in the set of `key` yet. 0 or -ENOMEM. */
int	index_add(struct index *x, uint64_t key, uint32_t place);

/* Harmless if it is not there. */
void	index_remove(struct index *x, uint64_t key, uint32_t place);

/* NULL or the set of `key`; valid until the next add or remove. */
const struct index_set	*index_find(const struct index *x, uint64_t key);

#endif
