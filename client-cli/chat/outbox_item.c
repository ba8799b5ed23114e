/*
 * outbox_item.c - one text in the outbox.
 */
#include "client-cli/chat/outbox_item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat.h"

struct outbox_item *
outbox_item_new(struct chat *c, const char *targets, const char *text)
{
	struct outbox_item *item = calloc(1, sizeof(*item));

	if (item == NULL || (item->targets = strdup(targets)) == NULL ||
	    (item->text = strdup(text)) == NULL) {
		if (item != NULL)
			free(item->targets);
		free(item);
		pane_note(&c->pane, "not sent: %s: %s", strerror(ENOMEM), text);
		return NULL;
	}
	item->chat = c;
	if (c->outbox.place != NULL)
		TAILQ_INSERT_BEFORE(c->outbox.place, item, link);
	else
		TAILQ_INSERT_TAIL(&c->outbox.items, item, link);
	return item;
}

int
outbox_item_is_visible(const struct outbox_item *item)
{
	return item->state != ITEM_SENDING || item->shown < item->n;
}

int
outbox_item_is_stored(const struct outbox_item *item)
{
	return item->state == ITEM_SENDING && (item->answered || !outbox_item_is_visible(item));
}

void
outbox_item_free(struct outbox *o, struct outbox_item *item)
{
	if (o->place == item)
		o->place = TAILQ_NEXT(item, link);
	TAILQ_REMOVE(&o->items, item, link);
	free(item->targets);
	free(item->text);
	free(item->why);
	free(item->places);
	free(item);
}
