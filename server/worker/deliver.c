/*
 * deliver.c - events that the store committed, to this worker's own sessions: encoded once by
 * the store, wrapped once per door. The bytes are passed on unread, since all trust the store.
 * Typing hints come from other workers, and are checked.
 */
#include <string.h>

#include "protocol/wire.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "server/rules/conv.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

/* What goes to some sessions, and to which of these not. */
struct news {
	const uint8_t	*body;
	uint32_t	 len;
	uint64_t	 but_device, but_user;	/* 0: nobody is left out */
	bool		 hint;				/* nobody misses it */
};

static bool
wants(const struct session *s, const struct news *n)
{
	return s->state == S_READY && s->device != n->but_device && s->user != n->but_user;
}

/* The door cannot send it: the client will read it from the store, or ask in vain. */
static void
event_lost(struct conn *c, const struct news *n)
{
	stats_add(c->w->p->stats, STAT_replies_lost, 1);
	log_error(c->session.user, "event.lost", "bytes=%u door=%s effect=resync", n->len,
	    c->door->name);
}

static void
to_conn(struct conn *c, const struct news *n)
{
	size_t len;
	const uint8_t *bytes = wrapped_for(&c->w->wrapped, c->door, &len);

	if (bytes == NULL) {
		if (!c->behind)
			event_lost(c, n);
		conn_fall_behind(c);
	} else if (c->door->live != NULL)
		c->door->live(c, bytes, len, n->hint);
	else if (n->hint)
		conn_queue_hint(c, bytes, len);
	else
		conn_queue_live(c, bytes, len);
}

/* Queueing ends no session (conn_break), so the set stays as it is. */
static void
to_set(struct worker *w, const struct index_set *set, const struct news *n)
{
	struct conn *c;

	for (uint32_t i = 0; set != NULL && i < set->n; i++) {
		c = w->conns[set->places[i]];
		if (!wants(&c->session, n))
			continue;
		to_conn(c, n);
	}
}

void
deliver_event(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct news n = { .body = body, .len = len };

	wrapped_begin(&w->wrapped, body, len);
	if (h->flags & IPC_F_FOLLOWERS)
		to_set(w, index_find(&w->groups, h->conversation), &n);
	if (h->flags & IPC_F_USERS) {
		to_set(w, index_find(&w->users, h->user[0]), &n);
		if (h->user[1] != h->user[0])
			to_set(w, index_find(&w->users, h->user[1]), &n);
	}
}

/* To the user's other devices: h->device moved it. Or to all: somebody else did. */
void
deliver_cursor(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct news n = { .body = body, .len = len, .but_device = h->device };

	wrapped_begin(&w->wrapped, body, len);
	to_set(w, index_find(&w->users, h->user[0]), &n);
}

/* The head and the body say the same. */
static bool
typing_ok(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	const Kith__V1__Reply *r;
	ProtobufCMessage *message;

	if (wire_unpack(&kith__v1__reply__descriptor, body, len, &w->mem, NULL, &message) !=
	    KITH_E_OK)
		return false;
	r = (const Kith__V1__Reply *)message;
	return r->id == 0 && r->body_case == KITH__V1__REPLY__BODY_TYPING &&
	    r->typing->conversation == h->conversation && r->typing->user_id == h->user[0] &&
	    r->typing->user_id != 0 && strlen(r->typing->name) <= NAME_BYTES_MAX;
}

/* To the others of the conversation. A worker made it, not the store: it is read first. */
void
deliver_typing(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct news n = { .body = body, .len = len, .but_user = h->user[0], .hint = true };

	if (!typing_ok(w, h, body, len)) {
		stats_add(w->p->stats, STAT_ipc_refused, 1);
		return;
	}
	wrapped_begin(&w->wrapped, body, len);
	if (conv_is_group(h->conversation))
		to_set(w, index_find(&w->groups, h->conversation), &n);
	else
		to_set(w, index_find(&w->users, conv_peer(h->conversation, h->user[0])), &n);
}
