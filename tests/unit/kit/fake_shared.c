#include "tests/unit/kit/fake_shared.h"

#include <stdlib.h>

#define INBOX_BYTES	(256u * 1024u)

_Static_assert(ROLE_WORKER + 1 == ROLE_COUNT, "FAKE_SLOT: the workers come last");

static void *
take(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) / 64 * 64);

	if (mem == NULL)
		abort();
	for (size_t i = 0; i < size; i++)
		((char *)mem)[i] = 0;
	return mem;
}

struct shared *
fake_shared_create(void)
{
	struct shared *s = take(sizeof(*s));

	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		s->first[r] = s->nslots;
		s->count[r] = r == ROLE_WORKER ? FAKE_WORKERS : 1;
		s->nslots += s->count[r];
	}
	s->slots = take(s->nslots * sizeof(*s->slots));
	s->stats = take(s->nslots * sizeof(*s->stats));
	for (unsigned i = 0; i < s->nslots; i++) {
		atomic_store(&s->slots[i].generation, FAKE_GENERATION);
		s->slots[i].role = proc_slot_role(s, i);
		s->slots[i].index = i - s->first[s->slots[i].role];
		if (ring_init(&s->rings[i], take(ring_space(INBOX_BYTES)), INBOX_BYTES) < 0 ||
		    wake_init(&s->wakes[i], take(sizeof(struct wake_shared))) < 0)
			abort();
		ring_attach(&s->rings[i]);
	}
	return s;
}

void
fake_shared_destroy(struct shared *s)
{
	for (unsigned i = 0; i < s->nslots; i++) {
		free(s->wakes[i].shared);
		wake_fini(&s->wakes[i]);
		free(s->rings[i].shared);
	}
	free(s->slots);
	free(s->stats);
	free(s);
}

struct proc
fake_proc(struct shared *s, unsigned slot)
{
	enum role role = proc_slot_role(s, slot);

	return (struct proc){
		.role = role,
		.index = slot - s->first[role],
		.slot = slot,
		.generation = FAKE_GENERATION,
		.shared = s,
		.stats = &s->stats[slot],
		.life_fd = -1,
	};
}
