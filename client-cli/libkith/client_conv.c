/*
 * client_conv.c - the conversations that a client knows, and the order of their
 * events.
 */
#include "client-cli/libkith/client_conv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"

#define HELD_MAX	512		/* events held back per conversation */

/* An event that came before its turn, packed. */
struct held {
	struct held	*next;
	uint64_t	 seq;
	size_t		 len;
	uint8_t		 bytes[];
};

/* -- the table ------------------------------------------------------------ */

static void
drop_held_events(struct conv *c)
{
	struct held *h;

	while ((h = c->held) != NULL) {
		c->held = h->next;
		free(h);
	}
	c->n_held = 0;
}

void
client_conv_fini(struct convs *all)
{
	for (size_t i = 0; i < all->n; i++) {
		drop_held_events(&all->list[i]);
		free(all->list[i].pub.name);
	}
	free(all->list);
	all->list = NULL;
	all->n = all->size = 0;
}

/* The place of `id`, or where to insert it. */
static size_t
conv_place(const struct convs *all, uint64_t id)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (all->list[mid].pub.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct conv *
client_conv_find(const struct convs *all, uint64_t id)
{
	size_t i = conv_place(all, id);

	return i < all->n && all->list[i].pub.id == id ? &all->list[i] : NULL;
}

struct conv *
client_conv_get(struct convs *all, uint64_t id)
{
	size_t i = conv_place(all, id), size;
	struct conv *convs;

	if (i < all->n && all->list[i].pub.id == id)
		return &all->list[i];
	if (all->n == all->size) {
		size = all->size ? 2 * all->size : 16;
		if ((convs = reallocarray(all->list, size, sizeof(*convs))) == NULL)
			return NULL;
		all->list = convs;
		all->size = size;
	}
	memmove(&all->list[i + 1], &all->list[i], (all->n - i) * sizeof(*all->list));
	all->n++;
	memset(&all->list[i], 0, sizeof(all->list[i]));
	all->list[i].pub.id = id;
	all->changed = 1;
	return &all->list[i];
}

int
client_conv_set_name(struct conv *c, const Kith__V1__Conversation *from)
{
	int direct = (c->pub.id & CONVERSATION_DIRECT_BIT) != 0;

	free(c->pub.name);
	c->pub.name = NULL;
	c->pub.kind = direct ? KITH__V1__CONVERSATION_KIND__DIRECT :
	    KITH__V1__CONVERSATION_KIND__GROUP;
	if (from != NULL && from->name[0] != '\0') {
		if (asprintf(&c->pub.name, "%c%s", direct ? '@' : '#', from->name) < 0)
			c->pub.name = NULL;
	} else if (asprintf(&c->pub.name, "%c%" PRIu64, direct ? '@' : '#', c->pub.id) < 0) {
		c->pub.name = NULL;
	}
	return c->pub.name != NULL ? 0 : -ENOMEM;
}

/* -- events: drop, deliver, hold back ------------------------------------- */

void
client_conv_note_last(struct convs *all, struct conv *c, uint64_t seq)
{
	if (seq > c->last)
		c->last = seq;
	if (c->pub.have < c->last)
		all->changed = 1;
}

static void
deliver_one(struct convs *all, struct conv *c, const Kith__V1__Event *e)
{
	c->pub.have = e->seq;
	c->tries = 0;
	client_conv_note_last(all, c, e->seq);
	all->deliver(e, all->arg);
}

int
client_conv_drain(struct convs *all, struct conv *c)
{
	struct held *h;
	Kith__V1__Event *e;
	int rc = 0;

	while (c->placed && c->pub.name != NULL && (h = c->held) != NULL &&
	    h->seq <= c->pub.have + 1) {
		c->held = h->next;
		c->n_held--;
		if (h->seq == c->pub.have + 1) {
			if ((e = kith__v1__event__unpack(NULL, h->len, h->bytes)) != NULL)
				deliver_one(all, c, e);
			else
				rc = -ENOMEM;
			kith__v1__event__free_unpacked(e, NULL);
		}
		free(h);
	}
	return rc;
}

int
client_conv_deliver(struct convs *all, struct conv *c, const Kith__V1__Event *e)
{
	deliver_one(all, c, e);
	return client_conv_drain(all, c);
}

/* Over HELD_MAX it keeps nothing: `last` is noted, and the log has the rest. */
static int
hold_back(struct conv *c, const Kith__V1__Event *e)
{
	struct held **at = &c->held, *h;
	size_t len;

	while (*at != NULL && (*at)->seq < e->seq)
		at = &(*at)->next;
	if ((*at != NULL && (*at)->seq == e->seq) || c->n_held >= HELD_MAX)
		return 0;
	len = kith__v1__event__get_packed_size(e);
	if ((h = malloc(sizeof(*h) + len)) == NULL)
		return -ENOMEM;
	h->seq = e->seq;
	h->len = kith__v1__event__pack(e, h->bytes);
	h->next = *at;
	*at = h;
	c->n_held++;
	return 0;
}

int
client_conv_event(struct convs *all, const Kith__V1__Event *e)
{
	struct conv *c = client_conv_get(all, e->conversation);

	if (c == NULL)
		return -ENOMEM;
	if (c->placed && e->seq <= c->pub.have)
		return 0;
	if (!c->placed || c->pub.name == NULL || e->seq != c->pub.have + 1) {
		client_conv_note_last(all, c, e->seq);
		return hold_back(c, e);
	}
	return client_conv_deliver(all, c, e);
}

int
client_conv_has_hole(const struct conv *c)
{
	return c->placed && c->pub.name != NULL && c->pub.have < c->last;
}

int
client_conv_give_up_hole(struct convs *all, struct conv *c)
{
	c->tries = 0;
	if (c->held == NULL) {
		c->last = c->pub.have;
		return 0;
	}
	if (c->held->seq > c->pub.have + 1)
		c->pub.have = c->held->seq - 1;
	return client_conv_drain(all, c);
}

uint64_t
client_conv_held_seq(const struct conv *c)
{
	return c->held != NULL ? c->held->seq : 0;
}
