/*
 * stats.c - counters: a slot has one writer, so a load and a store are enough.
 */
#include "shm/stats.h"

_Static_assert(sizeof(struct stats_slot) % 64 == 0, "slots must not share a cache line");

const char *const stats_name[STAT_COUNT] = {
#define X(name, help) #name,
	STATS(X)
#undef X
};

const char *const stats_help[STAT_COUNT] = {
#define X(name, help) help,
	STATS(X)
#undef X
};

void
stats_add(struct stats_slot *s, enum stat_id id, uint64_t n)
{
	uint64_t old = atomic_load_explicit(&s->v[id], memory_order_relaxed);

	atomic_store_explicit(&s->v[id], old + n, memory_order_relaxed);
}

void
stats_set(struct stats_slot *s, enum stat_id id, uint64_t n)
{
	atomic_store_explicit(&s->v[id], n, memory_order_relaxed);
}

uint64_t
stats_sum(const struct stats_slot *slots, unsigned n, enum stat_id id)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += atomic_load_explicit(&slots[i].v[id], memory_order_relaxed);
	return sum;
}
