/* json_text.c - JSON text as jansson's tree, in memory that is wiped. */
#include "protocol/json_text.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct block {
	size_t	size;
	alignas(max_align_t) char	bytes[];
};

static int starved;	/* malloc failed: jansson reports bad syntax, or goes on */

static void *
wiped_alloc(size_t size)
{
	struct block *b = NULL;

	if (size <= SIZE_MAX - sizeof(*b))
		b = malloc(sizeof(*b) + size);
	if (b == NULL) {
		starved = 1;
		return NULL;
	}
	b->size = size;
	return b->bytes;
}

static void
wiped_free(void *p)
{
	struct block *b;

	if (p == NULL)
		return;
	b = (struct block *)((char *)p - offsetof(struct block, bytes));
	explicit_bzero(b->bytes, b->size);
	free(b);
}

/* jansson's own seed of its hash tables comes from /dev/urandom, which a process in an
 * empty root does not have, and else from the clock. 0 or -1. */
static int
seed_once(void)
{
	static int done;
	uint32_t seed;

	if (done)
		return 0;
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -1;
	json_object_seed(seed | 1);	/* 0 asks for a seed of its own */
	done = 1;
	return 0;
}

enum kith_err
json_text_open(struct json_text *t, const char *text, size_t len)
{
	t->tree = NULL;
	json_get_alloc_funcs(&t->others_malloc, &t->others_free);
	json_set_alloc_funcs(wiped_alloc, wiped_free);

	/* jansson passes over a NUL that stands behind a number. */
	if (len == 0 || memchr(text, '\0', len) != NULL)
		return KITH_E_BAD_REQUEST;
	if (seed_once() < 0)
		return KITH_E_BUSY;
	starved = 0;
	/* Its error text would quote the text, so none is asked for. */
	t->tree = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (starved) {
		json_decref(t->tree);
		t->tree = NULL;
		return KITH_E_BUSY;
	}
	return t->tree == NULL ? KITH_E_BAD_REQUEST : KITH_E_OK;
}

void
json_text_close(struct json_text *t)
{
	json_decref(t->tree);
	t->tree = NULL;
	json_set_alloc_funcs(t->others_malloc, t->others_free);
}
