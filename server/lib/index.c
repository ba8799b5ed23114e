/* index.c - from a key to a set of places; open addressing, linear probing. */
#include "server/lib/index.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/hash.h"

#define CELLS_MIN	64u
#define PLACES_MIN	2u

static size_t
home(const struct index *x, uint64_t key)
{
	return (size_t)(hash_mix(key) >> 32) & (x->ncells - 1);
}

static struct index_set *
lookup(const struct index *x, uint64_t key)
{
	size_t i;

	if (x->ncells == 0)
		return NULL;
	for (i = home(x, key); x->cells[i].places != NULL; i = (i + 1) & (x->ncells - 1))
		if (x->cells[i].key == key)
			return &x->cells[i];
	return NULL;
}

static void
insert_cell(struct index *x, struct index_set set)
{
	size_t i;

	for (i = home(x, set.key); x->cells[i].places != NULL; i = (i + 1) & (x->ncells - 1))
		;
	x->cells[i] = set;
	x->used++;
}

/* At most half of the cells are used, so probes are short and always end. */
static int
index_grow(struct index *x)
{
	struct index old = *x;
	size_t i;

	x->ncells = old.ncells == 0 ? CELLS_MIN : old.ncells * 2;
	if ((x->cells = calloc(x->ncells, sizeof(*x->cells))) == NULL) {
		*x = old;
		return -ENOMEM;
	}
	x->used = 0;
	for (i = 0; i < old.ncells; i++)
		if (old.cells[i].places != NULL)
			insert_cell(x, old.cells[i]);
	free(old.cells);
	return 0;
}

/* Closes the gap, so that no probe ends too early (Knuth, algorithm 6.4R). */
static void
free_cell(struct index *x, size_t gap)
{
	size_t i, mask = x->ncells - 1;

	free(x->cells[gap].places);
	x->cells[gap].places = NULL;
	x->used--;
	for (i = (gap + 1) & mask; x->cells[i].places != NULL; i = (i + 1) & mask) {
		if (((i - home(x, x->cells[i].key)) & mask) < ((i - gap) & mask))
			continue;
		x->cells[gap] = x->cells[i];
		x->cells[i].places = NULL;
		gap = i;
	}
}

void
index_fini(struct index *x)
{
	size_t i;

	for (i = 0; i < x->ncells; i++)
		free(x->cells[i].places);
	free(x->cells);
	*x = (struct index){ 0 };
}

static int
new_set(struct index *x, uint64_t key, uint32_t place)
{
	struct index_set set = { .key = key, .n = 1, .cap = PLACES_MIN };

	if (x->used >= x->ncells / 2 && index_grow(x) < 0)
		return -ENOMEM;
	if ((set.places = malloc(PLACES_MIN * sizeof(uint32_t))) == NULL)
		return -ENOMEM;
	set.places[0] = place;
	insert_cell(x, set);
	return 0;
}

int
index_add(struct index *x, uint64_t key, uint32_t place)
{
	struct index_set *s = lookup(x, key);
	uint32_t *places;

	if (s == NULL)
		return new_set(x, key, place);
	if (s->n == s->cap) {
		if ((places = realloc(s->places, 2 * s->cap * sizeof(*places))) == NULL)
			return -ENOMEM;
		s->places = places;
		s->cap *= 2;
	}
	s->places[s->n++] = place;
	return 0;
}

void
index_remove(struct index *x, uint64_t key, uint32_t place)
{
	struct index_set *s = lookup(x, key);
	uint32_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n && s->places[i] != place; i++)
		;
	if (i == s->n)
		return;
	s->places[i] = s->places[--s->n];
	if (s->n == 0)
		free_cell(x, (size_t)(s - x->cells));
}

const struct index_set *
index_find(const struct index *x, uint64_t key)
{
	return lookup(x, key);
}
