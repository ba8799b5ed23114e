/* heap.c - see heap.h. */
#include "tests/unit/kit/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS_MAX	256u


struct heap heap;

static struct block {
	void	*at;
	size_t	 size;
} blocks[BLOCKS_MAX];

void *
__wrap_malloc(size_t size)
{
	struct block *b = blocks;

	if (++heap.taken == heap.fail_at)
		return NULL;
	while (b->at != NULL)
		assert_true(++b < blocks + BLOCKS_MAX);
	*b = (struct block){ __real_malloc(size), size };
	if (size > heap.largest)
		heap.largest = size;
	return b->at;
}

void
__wrap_free(void *p)
{
	for (struct block *b = blocks; b < blocks + BLOCKS_MAX; b++)
		if (p != NULL && b->at == p) {
			heap.told += memmem(p, b->size, HEAP_SECRET, strlen(HEAP_SECRET)) != NULL;
			b->at = NULL;
		}
	__real_free(p);
}

int
heap_setup(void **state)
{
	(void)state;
	heap = (struct heap){ 0 };
	return 0;
}

unsigned
heap_held(void)
{
	unsigned n = 0;

	for (const struct block *b = blocks; b < blocks + BLOCKS_MAX; b++)
		n += b->at != NULL;
	return n;
}
