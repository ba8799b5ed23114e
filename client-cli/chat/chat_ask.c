/*
 * chat_ask.c - requests whose answer the person at the chat waits for.
 */
#include "client-cli/chat/chat_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct asked *
chat_ask_new(struct chat *c, const char *what)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (a == NULL || (a->what = strdup(what)) == NULL) {
		free(a);
		pane_note(&c->pane, "%s: out of memory", what);
		return NULL;
	}
	a->chat = c;
	LIST_INSERT_HEAD(&c->asked, a, link);
	return a;
}

void
chat_ask_done(struct asked *a)
{
	LIST_REMOVE(a, link);
	if (a->more != NULL)
		a->free_more(a->more);
	free(a->what);
	free(a->done);
	free(a);
}

void
chat_ask_check(struct asked *a, int rc)
{
	if (rc == 0)
		return;
	pane_note(&a->chat->pane, "%s: %s", a->what, rc == -EMSGSIZE ? "too large" : strerror(-rc));
	chat_ask_done(a);
}

int
chat_ask_failed(const struct asked *a, const struct kith_failure *why)
{
	if (why != NULL)
		pane_note(&a->chat->pane, "%s: %s", a->what, why->text);
	return why != NULL;
}
