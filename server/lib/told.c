/* told.c - JSON texts gathered for one answer. */
#include "server/lib/told.h"

#include <stdint.h>
#include <string.h>

void
told_add(struct told *t, const char *json, size_t len, bool news)
{
	if (wipebuf_reserve(&t->text, len + 1, SIZE_MAX) < 0) {
		t->lost = true;
		return;
	}
	if (t->text.len > 0)
		t->text.data[t->text.len++] = ',';
	memcpy(t->text.data + t->text.len, json, len);
	t->text.len += len;
	t->news |= news;
}

bool
told_has_room(const struct told *t, size_t len, size_t max)
{
	return !t->lost && t->text.len + len <= max;
}

void
told_forget(struct told *t)
{
	wipebuf_fini(&t->text);
	*t = (struct told){ 0 };
}
