/* unpackmem.c - the capped allocator that protobuf-c unpacks into. */
#include "protocol/unpackmem.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN	alignof(max_align_t)

static void *
unpackmem_alloc(void *data, size_t size)
{
	struct unpackmem *m = data;
	size_t room = m->size - m->used;
	void *p;

	/* Compare before rounding up: no size can overflow. used and m->size are
	 * multiples of ALIGN, so the rounded size fits, too. */
	if (size > room)
		return NULL;
	p = m->block + m->used;
	m->used += (size + ALIGN - 1) / ALIGN * ALIGN;
	return p;
}

static void
unpackmem_free(void *data, void *p)
{
	(void)data;
	(void)p;
}

int
unpackmem_init(struct unpackmem *m, size_t size)
{
	*m = (struct unpackmem){
		.allocator = { unpackmem_alloc, unpackmem_free, m },
		.size = size / ALIGN * ALIGN,
	};
	m->block = malloc(m->size);
	return m->block == NULL ? -ENOMEM : 0;
}

void
unpackmem_fini(struct unpackmem *m)
{
	unpackmem_reset(m);
	free(m->block);
	m->block = NULL;
	m->size = 0;
}

void
unpackmem_reset(struct unpackmem *m)
{
	if (m->used > 0)
		explicit_bzero(m->block, m->used);
	m->used = 0;
}
