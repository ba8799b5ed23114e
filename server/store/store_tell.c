/*
 * store_tell.c - what workers hear after a commit.
 */
#include "server/store/store_tell.h"

#include <inttypes.h>

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/rules/conv.h"
#include "server/store/store_event.h"
#include "server/store/store_news.h"
#include "shm/registry.h"

/* By then a worker has read that its user joined, or is dead. */
#define JOIN_MS		2000u

/* The longest live copy: a text, two names, numbers. */
#define LIVE_BYTES_MAX	(TEXT_BYTES_MAX + 2 * NAME_BYTES_MAX + 256u)

/* -- workers -------------------------------------------------------------- */

static int
workers_of_user(struct store *s, uint64_t user, uint32_t *mask)
{
	return registry_user_workers(&s->p->shared->registry, user, mask);
}

static int
workers_of_pair(struct store *s, const uint64_t user[2], uint32_t *mask)
{
	uint32_t other;
	int found = workers_of_user(s, user[0], mask), rc = workers_of_user(s, user[1], &other);

	*mask |= other;
	return found < 0 ? found : rc;
}

static int
workers_of_group(struct store *s, uint64_t group, uint32_t *mask)
{
	int found = registry_group_workers(&s->p->shared->registry, group, mask);
	const struct store_join *joins = s->writer->joins;
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < STORE_JOINS_MAX; i++)
		if (joins[i].group == group && joins[i].until_ms > now)
			*mask |= joins[i].workers;
	return found;
}

void
store_tell_revoked(struct store *s, uint64_t user, uint64_t device, uint64_t except)
{
	struct ipc_head h = { .type = IPC_REVOKED, .user = { user }, .device = device,
		.except = except };
	uint32_t mask;
	int found = workers_of_user(s, user, &mask);

	ipc_send_workers(s->p, found, mask, &h, NULL, 0);
}

/* -- events --------------------------------------------------------------- */

/* Packs Reply{event}; its length, or 0: it does not fit. */
static size_t
pack_event(struct store *s, const struct db_event *e, uint8_t *buf, size_t cap)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	struct store_event_names names;
	Kith__V1__Event m;

	/* A live copy is a hint: a name that cannot be looked up is empty. */
	(void)store_event_message(s, e, &names, &m);
	r.body_case = KITH__V1__REPLY__BODY_EVENT;
	r.event = &m;
	if (protobuf_c_message_get_packed_size(&r.base) > cap)
		return 0;
	return protobuf_c_message_pack(&r.base, buf);
}

/* In place of an event that has no live copy: its readers read on from the store. */
static size_t
pack_resync(struct store *s, const struct db_event *e, uint8_t *buf)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Resync resync = KITH__V1__RESYNC__INIT;

	stats_add(s->p->stats, STAT_events_resynced, 1);
	log_warn(0, "store.event", "conversation=%" PRIu64 " seq=%" PRIu64 " bytes=%" PRIu32
	    " effect=resync", e->conversation, e->seq, e->body_len);
	r.body_case = KITH__V1__REPLY__BODY_RESYNC;
	r.resync = &resync;
	return protobuf_c_message_pack(&r.base, buf);
}

void
store_tell_event(struct store *s, const struct db_event *e)
{
	struct ipc_head h = { .type = IPC_EVENT, .conversation = e->conversation, .seq = e->seq };
	uint8_t buf[LIVE_BYTES_MAX];
	uint32_t workers;
	size_t len;
	int found;

	if (conv_is_direct(e->conversation, &h.user[0], &h.user[1])) {
		h.flags = IPC_F_USERS;
		found = workers_of_pair(s, h.user, &workers);
	} else {
		h.flags = IPC_F_FOLLOWERS;
		found = workers_of_group(s, e->conversation, &workers);
	}
	if (found == 0 && workers == 0)
		return;
	len = e->body != NULL ? pack_event(s, e, buf, sizeof(buf)) : 0;
	if (len == 0)
		len = pack_resync(s, e, buf);
	ipc_send_workers(s->p, found, workers, &h, buf, (uint32_t)len);
}

/* -- cursors -------------------------------------------------------------- */

/* `user` read up to there: to the sessions that the head names. */
static void
tell_cursor(struct store *s, struct ipc_head *h, uint64_t user)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__CursorMoved moved = KITH__V1__CURSOR_MOVED__INIT;
	uint8_t buf[64];
	uint32_t workers;
	int found = workers_of_user(s, h->user[0], &workers);

	moved.conversation = h->conversation;
	moved.seq = h->seq;
	moved.user = user;
	r.body_case = KITH__V1__REPLY__BODY_CURSOR_MOVED;
	r.cursor_moved = &moved;
	ipc_send_workers(s->p, found, workers, h, buf,
	    (uint32_t)protobuf_c_message_pack(&r.base, buf));
}

void
store_tell_cursor(struct store *s, const struct ipc_head *mover, uint64_t conversation,
    uint64_t seq)
{
	struct ipc_head h = { .type = IPC_CURSOR, .user = { mover->user[0] },
		.device = mover->device, .conversation = conversation, .seq = seq };

	tell_cursor(s, &h, mover->user[0]);
}

void
store_tell_peer_cursor(struct store *s, const struct ipc_head *mover, uint64_t conversation,
    uint64_t seq)
{
	uint64_t peer = conv_peer(conversation, mover->user[0]);
	struct ipc_head h = { .type = IPC_CURSOR, .user = { peer },
		.conversation = conversation, .seq = seq };

	if (peer != 0 && peer != mover->user[0])
		tell_cursor(s, &h, mover->user[0]);
}

/* -- news ----------------------------------------------------------------- */

static void
tell_member(struct store *s, const struct store_news *n)
{
	struct ipc_head h = { .type = IPC_MEMBER, .user = { n->user },
		.flags = n->what == NEWS_JOINED ? IPC_F_JOINED : 0,
		.conversation = n->conversation };
	uint32_t workers;
	int found = workers_of_user(s, n->user, &workers);

	workers = ipc_send_workers(s->p, found, workers, &h, NULL, 0);
	if (n->what == NEWS_JOINED && workers != 0)
		s->writer->joins[s->writer->njoins++ % STORE_JOINS_MAX] = (struct store_join){
			n->conversation, clock_now_ms() + JOIN_MS, workers };
}

void
store_tell_news(struct store *s)
{
	for (unsigned i = 0; i < s->writer->nnews; i++) {
		const struct store_news *n = &s->writer->news[i];

		if (n->what == NEWS_EVENT)
			store_tell_event(s, &n->event);
		else
			tell_member(s, n);
	}
	store_news_drop(s);
}
