/* told.c - JSON texts that gather for one answer. */
#include "server/lib/told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_MIN	1024u

static int
make_room(struct told *t, size_t more)
{
	size_t cap = t->cap > 0 ? t->cap : TOLD_MIN;
	char *text;

	while (cap - t->len < more)
		cap *= 2;
	if (cap == t->cap)
		return 0;
	if ((text = malloc(cap)) == NULL)
		return -ENOMEM;
	if (t->len > 0) {
		memcpy(text, t->text, t->len);
		explicit_bzero(t->text, t->len);
	}
	free(t->text);
	t->text = text;
	t->cap = cap;
	return 0;
}

void
told_add(struct told *t, const char *json, size_t len, bool news)
{
	if (make_room(t, len + 1) < 0) {
		t->lost = true;
		return;
	}
	if (t->len > 0)
		t->text[t->len++] = ',';
	memcpy(t->text + t->len, json, len);
	t->len += len;
	t->news |= news;
}

bool
told_has_room(const struct told *t, size_t len, size_t max)
{
	return !t->lost && t->len + len <= max;
}

void
told_forget(struct told *t)
{
	if (t->text != NULL)
		explicit_bzero(t->text, t->len);
	free(t->text);
	memset(t, 0, sizeof(*t));
}
