/*
 * heap.h - malloc() and free() for a test of one module: counted, failing on
 * demand, and searched for a secret.
 *
 * A program that lists $(heap_kit) and links with $(malloc_ldflags) has these
 * in place of malloc() and free() in our own code; libraries keep theirs,
 * unless they are given an allocator. realloc() and calloc() are not watched:
 * what passes a secret must not use them.
 */
#ifndef KITH_TESTS_UNIT_HEAP_H
#define KITH_TESTS_UNIT_HEAP_H

#include <stddef.h>

#define HEAP_SECRET	"correct horse battery"

extern struct heap {
	unsigned	taken;		/* allocations so far */
	unsigned	fail_at;	/* which of them fails, 0: none */
	/* blocks freed with HEAP_SECRET in them */
	unsigned	told;
	size_t		largest;	/* bytes of the largest allocation */
} heap;

/* The true ones, for memory of the test itself; and those that watch. */
void	*__real_malloc(size_t size);
void	 __real_free(void *p);
void	*__wrap_malloc(size_t size);
void	 __wrap_free(void *p);

/* All counts are 0, nothing fails. What is held stays known. As a setup,
 * too. */
int		heap_setup(void **state);

unsigned	heap_held(void);	/* blocks that are not freed */

#endif
