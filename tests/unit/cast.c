/* cast.c - rings, wakes, slots and a registry in ordinary memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cast.h"

#define SESSIONS_MAX	64u
#define GROUPS_MAX	64u

static void *
take_mem(struct cast *c, size_t size)
{
	size_t whole = (size + 63u) & ~(size_t)63u;
	void *mem = aligned_alloc(64, whole);

	assert_non_null(mem);
	memset(mem, 0, whole);
	c->mem[c->nmem++] = mem;
	return mem;
}

static void
init_proc(struct cast *c, enum role r, unsigned index, unsigned slot)
{
	struct proc *p = &c->procs[slot];

	*p = (struct proc){
		.role = r, .index = index, .slot = slot, .generation = 1,
		.conf = &c->conf, .shared = &c->shared, .stats = &c->shared.stats[slot],
	};
	c->shared.slots[slot].generation = 1;
	c->shared.slots[slot].role = r;
	c->shared.slots[slot].index = index;
	assert_int_equal(ring_init(&c->shared.rings[slot], take_mem(c, ring_space(CAST_INBOX)),
	    CAST_INBOX), 0);
	ring_attach(&c->shared.rings[slot]);
	assert_int_equal(wake_init(&c->shared.wakes[slot], take_mem(c,
	    sizeof(struct wake_shared))), 0);
}

void
cast_init(struct cast *c)
{
	void *sessions, *groups;
	unsigned slot = 0;

	memset(c, 0, sizeof(*c));
	c->shared.slots = take_mem(c, PROC_SLOTS_MAX * sizeof(*c->shared.slots));
	c->shared.stats = take_mem(c, PROC_SLOTS_MAX * sizeof(*c->shared.stats));
	sessions = take_mem(c, registry_space_sessions(SESSIONS_MAX));
	groups = take_mem(c, registry_space_groups(GROUPS_MAX));
	assert_int_equal(registry_init(&c->shared.registry, sessions, SESSIONS_MAX,
	    groups, GROUPS_MAX), 0);
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		c->shared.first[r] = slot;
		c->shared.count[r] = r == ROLE_WORKER ? CAST_WORKERS : 1;
		for (unsigned i = 0; i < c->shared.count[r]; i++)
			init_proc(c, (enum role)r, i, slot++);
	}
	c->shared.nslots = slot;
}

void
cast_fini(struct cast *c)
{
	for (unsigned i = 0; i < c->shared.nslots; i++)
		wake_fini(&c->shared.wakes[i]);
	for (unsigned i = 0; i < c->nmem; i++)
		free(c->mem[i]);
}

struct proc *
cast_proc(struct cast *c, enum role r, unsigned index)
{
	return &c->procs[c->shared.first[r] + index];
}

bool
cast_take(struct cast *c, struct proc *p, struct ipc_head *h, const uint8_t **body, uint32_t *len)
{
	struct ring *ring = &c->shared.rings[p->slot];
	uint32_t size;

	while (ring_read(ring, c->record, sizeof(c->record), &size) == 0) {
		ring_release(ring);
		if (ipc_check(p, c->record, size, h, body, len) == 0)
			return true;
	}
	return false;
}
