/*
 * deliver.c - what the store committed, to this worker's own sessions: encoded once by
 * the store, wrapped once per door.
 */
#include "conn.h"
#include "door.h"
#include "ipc.h"
#include "worker.h"

/* Queueing ends no session (conn_break), so the set stays as it is. */
static void
to_set(struct worker *w, const struct index_set *set, const struct ipc_head *h,
    const uint8_t *body, uint32_t len)
{
	struct conn *c;
	uint32_t i;

	for (i = 0; set != NULL && i < set->n; i++) {
		c = w->conns[set->places[i]];
		if (c->session.state == S_READY && c->session.device != h->device)
			c->door->send(c, body, len, true);
	}
}

void
deliver_event(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	if (h->flags & IPC_F_FOLLOWERS)
		to_set(w, index_find(&w->groups, h->conversation), h, body, len);
	if (h->flags & IPC_F_USERS) {
		to_set(w, index_find(&w->users, h->user[0]), h, body, len);
		if (h->user[1] != h->user[0])
			to_set(w, index_find(&w->users, h->user[1]), h, body, len);
	}
}

/* To the user's other devices: h->device moved it. */
void
deliver_cursor(struct worker *w, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	to_set(w, index_find(&w->users, h->user[0]), h, body, len);
}
