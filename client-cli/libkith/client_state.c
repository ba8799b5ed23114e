/*
 * client_state.c - which conversations the client knows, how far it has each,
 * and what it has to ask next.
 */
#include "client-cli/libkith/client_state.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/limits.h"

#define LAG_TRIES	20		/* questions until a hole counts as unreadable */

struct client_state {
	struct convs	 convs;
	uint32_t	 back;
	Kith__V1__Have	*have;		/* of the last Sync asked */
	Kith__V1__Have **have_ptr;
	enum client_state_want asking;	/* the question under way, and its details */
	struct client_state_ask ask;
	uint64_t	 list_after;
	int		 list, sync;	/* wanted */
	int		 restored;	/* begin at restored_seq */
	int		 again;		/* this is not the first login */
	int		 marks;		/* flushed ones may be waiting */
};

struct client_state *
client_state_create(uint32_t back, client_conv_deliver_fn deliver, void *arg)
{
	struct client_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->back = back;
	s->convs.deliver = deliver;
	s->convs.arg = arg;
	s->list = s->convs.changed = 1;
	return s;
}

void
client_state_destroy(struct client_state *s)
{
	if (s == NULL)
		return;
	client_conv_fini(&s->convs);
	free(s->have);
	free(s->have_ptr);
	free(s);
}

const struct kith_conversation *
client_state_find(const struct client_state *s, uint64_t id)
{
	const struct conv *c = client_conv_find(&s->convs, id);

	return c != NULL && c->pub.name != NULL ? &c->pub : NULL;
}

const struct kith_conversation *
client_state_at(const struct client_state *s, size_t i)
{
	return i < s->convs.n ? &s->convs.list[i].pub : NULL;
}

/* -- what to ask ---------------------------------------------------------- */

static enum client_state_want
want_names(struct client_state *s)
{
	s->ask.n = 0;
	for (size_t i = 0; i < s->convs.n && s->ask.n < STATE_NAMES_MAX; i++)
		if (s->convs.list[i].pub.name == NULL)
			s->ask.ids[s->ask.n++] = s->convs.list[i].pub.id;
	return s->ask.n > 0 ? STATE_WANT_NAMES : STATE_WANT_NOTHING;
}

static enum client_state_want
want_history(struct client_state *s)
{
	enum client_state_want later = STATE_WANT_NOTHING;

	for (size_t i = 0; i < s->convs.n; i++) {
		struct conv *c = &s->convs.list[i];

		if (!client_conv_has_hole(c))
			continue;
		if (c->lagging) {
			later = STATE_WANT_LATER;
			continue;
		}
		s->ask.conversation = c->pub.id;
		s->ask.after = c->pub.have;
		return STATE_WANT_HISTORY;
	}
	return later;
}

static enum client_state_want
want_mark(struct client_state *s)
{
	for (size_t i = 0; s->marks && i < s->convs.n; i++) {
		struct conv *c = &s->convs.list[i];

		if (c->seen <= c->marked)
			continue;
		s->ask.conversation = c->pub.id;
		s->ask.after = c->seen;
		return STATE_WANT_MARK;
	}
	s->marks = 0;
	return STATE_WANT_NOTHING;
}

static enum client_state_want
choose(struct client_state *s)
{
	enum client_state_want want, history;

	if (s->list) {
		s->ask.after = s->list_after;
		return STATE_WANT_LIST;
	}
	if ((want = want_names(s)) != STATE_WANT_NOTHING)
		return want;
	if (s->sync) {
		s->sync = 0;	/* a Resync while it is under way wants another */
		return STATE_WANT_SYNC;
	}
	if ((history = want_history(s)) == STATE_WANT_HISTORY)
		return history;
	want = want_mark(s);
	return want != STATE_WANT_NOTHING ? want : history;
}

enum client_state_want
client_state_next(struct client_state *s, struct client_state_ask *ask)
{
	enum client_state_want want;

	if (!s->convs.changed || s->asking != STATE_WANT_NOTHING)
		return STATE_WANT_NOTHING;
	want = choose(s);
	s->convs.changed = want != STATE_WANT_NOTHING;
	if (want != STATE_WANT_LATER)
		s->asking = want;
	*ask = s->ask;
	return want;
}

void
client_state_later(struct client_state *s)
{
	for (size_t i = 0; i < s->convs.n; i++)
		s->convs.list[i].lagging = 0;
	s->convs.changed = 1;
}

int
client_state_complete(const struct client_state *s)
{
	if (s->list || s->sync || (s->asking != STATE_WANT_NOTHING && s->asking != STATE_WANT_MARK))
		return 0;
	for (size_t i = 0; i < s->convs.n; i++)
		if (s->convs.list[i].pub.name == NULL || client_conv_has_hole(&s->convs.list[i]))
			return 0;
	return 1;
}

void
client_state_restart(struct client_state *s)
{
	s->asking = STATE_WANT_NOTHING;
	s->again = !s->list;
	s->sync = s->convs.changed = s->marks = 1;
	for (size_t i = 0; i < s->convs.n; i++)
		s->convs.list[i].lagging = 0;
}

void
client_state_forget(struct client_state *s)
{
	client_conv_fini(&s->convs);
	s->restored = s->list = 1;
	s->list_after = 0;
}

void
client_state_resync(struct client_state *s)
{
	s->sync = s->convs.changed = 1;
}

/* -- Sync ----------------------------------------------------------------- */

void
client_state_fill_sync(struct client_state *s, Kith__V1__Sync *sync)
{
	size_t max = s->convs.n < SYNC_HAVE_MAX ? s->convs.n : SYNC_HAVE_MAX, n = 0;

	free(s->have);
	free(s->have_ptr);
	s->have = calloc(max + 1, sizeof(*s->have));
	s->have_ptr = calloc(max + 1, sizeof(struct Kith__V1__Have *));
	for (size_t i = 0; i < s->convs.n; i++) {
		struct conv *c = &s->convs.list[i];

		c->listed = s->have != NULL && s->have_ptr != NULL && c->placed && n < max;
		if (!c->listed)
			continue;
		kith__v1__have__init(&s->have[n]);
		s->have[n].conversation = c->pub.id;
		s->have[n].seq = c->pub.have;
		s->have_ptr[n] = &s->have[n];
		n++;
	}
	sync->have = s->have_ptr;
	sync->n_have = n;
	sync->limit = PAGE_EVENTS_MAX;
}

static int
take_position(struct client_state *s, const Kith__V1__Position *p)
{
	struct conv *c = client_conv_get(&s->convs, p->conversation);

	if (c == NULL)
		return -ENOMEM;
	/* The server skips what this user may not read. For a conversation that we did
	 * not list it starts at the read cursor: there a gap is a hole. */
	if (p->from_seq > 0 && (c->listed || !c->placed) && p->from_seq > c->pub.have + 1)
		c->pub.have = p->from_seq - 1;
	c->placed = 1;
	client_conv_note_last(&s->convs, c, p->last_seq);
	return client_conv_drain(&s->convs, c);
}

static int
take_synced(struct client_state *s, const Kith__V1__SyncPage *page)
{
	int rc = 0, one;

	if (page == NULL)
		return 0;
	for (size_t i = 0; i < page->n_positions; i++)
		if ((one = take_position(s, page->positions[i])) < 0)
			rc = one;
	for (size_t i = 0; i < page->n_events; i++)
		if ((one = client_conv_event(&s->convs, page->events[i])) < 0)
			rc = one;
	/* An empty page with `more` set would loop forever. */
	if (page->more && page->n_events > 0)
		s->sync = 1;
	return rc;
}

/* -- the other answers ---------------------------------------------------- */

static uint64_t
first_have(const struct client_state *s, const Kith__V1__Conversation *from)
{
	uint64_t have = from->read_seq, floor = from->since_seq > 0 ? from->since_seq - 1 : 0;

	if (s->restored)
		have = from->restored_seq;
	else if (s->back != KITH_FROM_UNREAD)
		have = from->last_seq > s->back ? from->last_seq - s->back : 0;
	return have > floor ? have : floor;
}

static int
take_list(struct client_state *s, const Kith__V1__Conversations *page)
{
	struct conv *c;
	int rc = 0;

	s->list = page != NULL && page->more && page->n_conversations > 0;
	for (size_t i = 0; page != NULL && i < page->n_conversations; i++) {
		const Kith__V1__Conversation *from = page->conversations[i];

		if (from->id > s->list_after)
			s->list_after = from->id;
		c = client_conv_get(&s->convs, from->id);
		if (c == NULL || client_conv_set_name(c, from) < 0) {
			rc = -ENOMEM;
			continue;
		}
		if (!c->placed) {
			c->pub.have = first_have(s, from);
			c->skipped = c->pub.have > from->read_seq && from->unread > 0 &&
			    c->pub.have >= from->since_seq &&
			    !(s->restored && s->back == KITH_FROM_UNREAD);
		}
		c->placed = 1;
		if (from->read_seq > c->marked)
			c->marked = from->read_seq;
		client_conv_drain(&s->convs, c);
	}
	return rc;
}

/* A conversation that is new since we connected. Its read cursor may already count
 * the event that we hold: another device of the user has seen it. */
static void
place_new(struct conv *c, const Kith__V1__Conversation *from)
{
	uint64_t have = 0, floor = 0;

	if (from != NULL) {
		floor = from->since_seq > 0 ? from->since_seq - 1 : 0;
		have = from->read_seq > floor ? from->read_seq : floor;
	}
	if (c->held != NULL && (from == NULL || have >= client_conv_held_seq(c)))
		have = client_conv_held_seq(c) - 1;
	c->pub.have = have;
	c->placed = 1;
}

/* A group that was left is in no list, and Sync tells what is unread there. At the first
 * login that is no news to somebody who wants the last `back` events alone. */
static void
skip_left_group(const struct client_state *s, struct conv *c, const Kith__V1__Conversation *from)
{
	if (s->again || s->restored || s->back == KITH_FROM_UNREAD || from == NULL ||
	    from->kind != KITH__V1__CONVERSATION_KIND__GROUP ||
	    from->role != KITH__V1__ROLE__NOBODY || from->last_seq <= c->pub.have + s->back)
		return;
	c->pub.have = from->last_seq - s->back;
	c->skipped = from->unread > 0;
}

static const Kith__V1__Conversation *
find_listed(const Kith__V1__Conversations *page, uint64_t id)
{
	for (size_t i = 0; page != NULL && i < page->n_conversations; i++)
		if (page->conversations[i]->id == id)
			return page->conversations[i];
	return NULL;
}

static int
take_names(struct client_state *s, const Kith__V1__Conversations *page)
{
	int rc = 0, one;

	for (size_t i = 0; i < s->ask.n; i++) {
		struct conv *c = client_conv_find(&s->convs, s->ask.ids[i]);
		const Kith__V1__Conversation *from = find_listed(page, s->ask.ids[i]);

		if (c == NULL || client_conv_set_name(c, from) < 0) {
			rc = -ENOMEM;
			continue;
		}
		if (!c->placed)
			place_new(c, from);
		skip_left_group(s, c, from);
		if ((one = client_conv_drain(&s->convs, c)) < 0)
			rc = one;
	}
	return rc;
}

static int
take_history(struct client_state *s, const Kith__V1__HistoryPage *page)
{
	struct conv *c = client_conv_find(&s->convs, s->ask.conversation);
	int rc;

	if (c == NULL)
		return 0;
	if (page == NULL)
		return client_conv_give_up_hole(&s->convs, c);
	client_conv_note_last(&s->convs, c, page->last_seq);
	for (size_t i = 0; i < page->n_events; i++) {
		const Kith__V1__Event *e = page->events[i];

		/* A page leaves out only what this user may not read. */
		if (e->conversation != c->pub.id || e->seq <= c->pub.have)
			continue;
		if ((rc = client_conv_deliver(&s->convs, c, e)) < 0)
			return rc;
	}
	if (!client_conv_has_hole(c) || (page->more && page->n_events > 0))
		return 0;
	/* The first event was asked for alone; if it cannot be read, the next may. */
	if (s->ask.after == 0 && page->last_seq > 0) {
		c->pub.have = c->pub.have > 0 ? c->pub.have : 1;
		return client_conv_drain(&s->convs, c);
	}
	/* Another node may have announced an event that this database does not have yet. */
	if (page->last_seq < c->last && c->tries++ < LAG_TRIES) {
		c->lagging = 1;
		return 0;
	}
	return client_conv_give_up_hole(&s->convs, c);
}

static int
take_mark_answer(struct client_state *s)
{
	struct conv *c = client_conv_find(&s->convs, s->ask.conversation);

	if (c != NULL && s->ask.after > c->marked)
		c->marked = s->ask.after;
	return 0;
}

int
client_state_answer(struct client_state *s, const Kith__V1__Reply *reply)
{
	enum client_state_want asked = s->asking;

	s->asking = STATE_WANT_NOTHING;
	s->convs.changed = 1;
	switch (asked) {
	case STATE_WANT_LIST:
		return take_list(s, reply != NULL ? reply->conversations : NULL);
	case STATE_WANT_NAMES:
		return take_names(s, reply != NULL ? reply->conversations : NULL);
	case STATE_WANT_SYNC:
		return take_synced(s, reply != NULL ? reply->sync_page : NULL);
	case STATE_WANT_HISTORY:
		return take_history(s, reply != NULL ? reply->history_page : NULL);
	case STATE_WANT_MARK:
		return take_mark_answer(s);	/* refused: not tried again */
	case STATE_WANT_NOTHING:
	case STATE_WANT_LATER:
		break;
	}
	return 0;
}

/* A live event. */
int
client_state_event(struct client_state *s, const Kith__V1__Event *e)
{
	return client_conv_event(&s->convs, e);
}

/* -- the read cursor ------------------------------------------------------ */

void
client_state_seen(struct client_state *s, uint64_t conversation, uint64_t seq)
{
	struct conv *c = client_conv_find(&s->convs, conversation);

	if (c != NULL && seq > c->seen && !c->skipped)
		c->seen = seq;
}

void
client_state_flush_marks(struct client_state *s)
{
	s->marks = s->convs.changed = 1;
}

int
client_state_has_marks(const struct client_state *s)
{
	for (size_t i = 0; i < s->convs.n; i++)
		if (s->convs.list[i].seen > s->convs.list[i].marked)
			return 1;
	return 0;
}

int
client_state_wants_later(const struct client_state *s)
{
	for (size_t i = 0; i < s->convs.n; i++)
		if (s->convs.list[i].lagging)
			return 1;
	return 0;
}
