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

/* -- text that is no JSON ------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *
skip_spaces(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* `at` is behind the opening quote. Returns where the closing one is, or `end`. */
static const char *
string_end(const char *at, const char *end)
{
	for (; at < end && *at != '"'; at++)
		if (*at == '\\' && end - at > 1)
			at++;
	return at;
}

/* `at` is behind a member's name. */
static bool
copy_digits(const char *at, const char *end, char *digits, size_t cap)
{
	bool quoted;
	size_t n = 0;

	at = skip_spaces(at, end);
	if (at == end || *at != ':')
		return false;
	at = skip_spaces(at + 1, end);
	quoted = at < end && *at == '"';
	for (at += quoted; at < end && *at >= '0' && *at <= '9' && n + 1 < cap; at++)
		digits[n++] = *at;
	digits[n] = '\0';
	if (quoted)
		return n > 0 && at < end && *at == '"';
	return n > 0 && (at == end || *at == ',' || *at == '}' || is_space(*at));
}

bool
json_text_find_digits(const char *text, size_t len, const char *name, char *digits, size_t cap)
{
	const char *end = text + len, *at, *from;
	bool at_name = false;		/* of a member of the outermost object */
	size_t depth = 0, n = strlen(name);

	for (at = skip_spaces(text, end); at < end; at++)
		switch (*at) {
		case '{':
		case '[':
			at_name = ++depth == 1;
			break;
		case '}':
		case ']':
			if (depth-- <= 1)
				return false;
			break;
		case ',':
			at_name = depth == 1;
			break;
		case '"':
			from = at + 1;
			at = string_end(from, end);
			if (at == end)
				return false;
			if (at_name && (size_t)(at - from) == n && memcmp(from, name, n) == 0)
				return copy_digits(at + 1, end, digits, cap);
			at_name = false;
			break;
		}
	return false;
}
