/* stats.c - counters per process, one writer each. */
#include "stats.h"

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

/* One writer: a plain read-change-write, atomic only against torn reads. */
void
stats_add(struct stats_slot *s, enum stat_id id, uint64_t n)
{
	stats_set(s, id, atomic_load_explicit(&s->v[id], memory_order_relaxed) + n);
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
	unsigned i;

	for (i = 0; i < n; i++)
		sum += atomic_load_explicit(&slots[i].v[id], memory_order_relaxed);
	return sum;
}
