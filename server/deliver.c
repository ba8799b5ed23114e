/*
 * deliver.c - what the store committed, to this worker's own sessions: encoded once by
 * the store, wrapped once per door. The bytes are passed on unread: all trust the store.
 */
#include "conn.h"
#include "door.h"
#include "ipc.h"
#include "worker.h"

/* The event at hand, as each door sends it; made when the first of its sessions is met. */
struct wrapped {
	bool	made;
	size_t	len;			/* 0: it can't be sent so */
	uint8_t	bytes[DOOR_WRAPPED_MAX];
};

static struct wrapped wrapped[DOOR_COUNT];

static void
begin(void)
{
	for (unsigned i = 0; i < DOOR_COUNT; i++)
		wrapped[i].made = false;
	door_json_forget();
}

static void
to_conn(struct conn *c, const uint8_t *body, uint32_t len)
{
	struct wrapped *as = &wrapped[c->door->id];

	if (!as->made)
		as->len = c->door->wrap(c->w, body, len, as->bytes);
	as->made = true;
	if (as->len == 0)
		conn_fall_behind(c);
	else if (c->door->live != NULL)
		c->door->live(c, as->bytes, as->len);
	else
		conn_queue_live(c, as->bytes, as->len);
}

/* Queueing ends no session (conn_break), so the set stays as it is. */
static void
to_set(struct worker *w, const struct index_set *set, uint64_t but_device, const uint8_t *body,
    uint32_t len)
{
	struct conn *c;

	for (uint32_t i = 0; set != NULL && i < set->n; i++) {
		c = w->conns[set->places[i]];
		if (c->session.state != S_READY || c->session.device == but_device)
			continue;
		to_conn(c, body, len);
	}
}

void
deliver_event(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	begin();
	if (h->flags & IPC_F_FOLLOWERS)
		to_set(w, index_find(&w->groups, h->conversation), 0, body, len);
	if (h->flags & IPC_F_USERS) {
		to_set(w, index_find(&w->users, h->user[0]), 0, body, len);
		if (h->user[1] != h->user[0])
			to_set(w, index_find(&w->users, h->user[1]), 0, body, len);
	}
}

/* To the user's other devices: h->device moved it. */
void
deliver_cursor(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	begin();
	to_set(w, index_find(&w->users, h->user[0]), h->device, body, len);
}
