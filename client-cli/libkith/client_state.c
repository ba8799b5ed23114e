/*
 * client_state.c - which conversations the client knows, how far it has each,
 * and what it has to ask next.
 */
#include "client-cli/libkith/client_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"

#define HELD_MAX	512		/* events held back per conversation */
#define LAG_TRIES	20		/* questions until a hole counts as unreadable */

/* An event that came before its turn, packed. */
struct held {
	struct held	*next;		/* seq rising */
	uint64_t	 seq;
	size_t		 len;
	uint8_t		 bytes[];
};

struct conv {
	struct kith_conversation pub;	/* name: NULL until it is known */
	uint64_t	 last;		/* highest seq that we know to exist */
	uint64_t	 seen, marked;	/* read cursor: wanted, told to the server */
	struct held	*held;
	unsigned	 n_held;
	unsigned	 tries;		/* answers without progress on this hole */
	unsigned	 placed : 1;	/* pub.have means something */
	unsigned	 listed : 1;	/* in the Have of the Sync under way */
	unsigned	 lagging : 1;	/* wait for client_state_later() */
};

struct client_state {
	client_state_deliver_fn deliver;
	void		*arg;
	uint32_t	 back;
	struct conv	*convs;		/* by rising id */
	size_t		 n, size;
	Kith__V1__Have	*have;		/* of the last Sync asked */
	Kith__V1__Have **have_ptr;
	enum client_state_want	 asking;	/* the question under way, and its details */
	struct client_state_ask ask;
	uint64_t	 list_after;
	int		 list, sync;	/* wanted */
	int		 marks;		/* flushed ones may be waiting */
	int		 look;		/* client_state_next() may find something */
};

struct client_state *
client_state_create(uint32_t back, client_state_deliver_fn deliver, void *arg)
{
	struct client_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->back = back;
	s->deliver = deliver;
	s->arg = arg;
	s->list = s->look = 1;
	return s;
}

static void
drop_held(struct conv *c)
{
	struct held *h;

	while ((h = c->held) != NULL) {
		c->held = h->next;
		free(h);
	}
	c->n_held = 0;
}

void
client_state_destroy(struct client_state *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		drop_held(&s->convs[i]);
		free(s->convs[i].pub.name);
	}
	free(s->convs);
	free(s->have);
	free(s->have_ptr);
	free(s);
}

/* -- the list of conversations ------------------------------------------- */

/* The place of `id`, or where it belongs. */
static size_t
place_of(const struct client_state *s, uint64_t id)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->convs[mid].pub.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct conv *
conv_find(const struct client_state *s, uint64_t id)
{
	size_t i = place_of(s, id);

	return i < s->n && s->convs[i].pub.id == id ? &s->convs[i] : NULL;
}

/* Finds or adds; NULL on ENOMEM. Moves the others: keep no pointer. */
static struct conv *
conv_get(struct client_state *s, uint64_t id)
{
	size_t i = place_of(s, id), size;
	struct conv *convs;

	if (i < s->n && s->convs[i].pub.id == id)
		return &s->convs[i];
	if (s->n == s->size) {
		size = s->size ? 2 * s->size : 16;
		if ((convs = reallocarray(s->convs, size, sizeof(*convs))) == NULL)
			return NULL;
		s->convs = convs;
		s->size = size;
	}
	memmove(&s->convs[i + 1], &s->convs[i], (s->n - i) * sizeof(*s->convs));
	s->n++;
	memset(&s->convs[i], 0, sizeof(s->convs[i]));
	s->convs[i].pub.id = id;
	s->look = 1;
	return &s->convs[i];
}

const struct kith_conversation *
client_state_find(const struct client_state *s, uint64_t id)
{
	const struct conv *c = conv_find(s, id);

	return c != NULL && c->pub.name != NULL ? &c->pub : NULL;
}

const struct kith_conversation *
client_state_at(const struct client_state *s, size_t i)
{
	return i < s->n ? &s->convs[i].pub : NULL;
}

/* "#ops", "@alice"; the id where the server names none. */
static int
set_name(struct conv *c, const Kith__V1__Conversation *from)
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

/* -- events: drop, deliver, hold back ------------------------------------ */

static void
note_last(struct client_state *s, struct conv *c, uint64_t seq)
{
	if (seq > c->last)
		c->last = seq;
	if (c->pub.have < c->last)
		s->look = 1;
}

static void
deliver(struct client_state *s, struct conv *c, const Kith__V1__Event *e)
{
	c->pub.have = e->seq;
	c->tries = 0;
	note_last(s, c, e->seq);
	s->deliver(e, s->arg);
}

/* Delivers what was held back and has its turn now. */
static int
drain(struct client_state *s, struct conv *c)
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
				deliver(s, c, e);
			else
				rc = -ENOMEM;
			kith__v1__event__free_unpacked(e, NULL);
		}
		free(h);
	}
	return rc;
}

/* Over HELD_MAX nothing is kept: `last` is noted, the log has the rest. */
static int
hold(struct conv *c, const Kith__V1__Event *e)
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
client_state_event(struct client_state *s, const Kith__V1__Event *e)
{
	struct conv *c = conv_get(s, e->conversation);

	if (c == NULL)
		return -ENOMEM;
	if (c->placed && e->seq <= c->pub.have)
		return 0;
	if (!c->placed || c->pub.name == NULL || e->seq != c->pub.have + 1) {
		note_last(s, c, e->seq);
		return hold(c, e);
	}
	deliver(s, c, e);
	return drain(s, c);
}

/* What lies before the first held event is not ours to read. */
static int
give_up_hole(struct client_state *s, struct conv *c)
{
	c->tries = 0;
	if (c->held == NULL) {
		c->last = c->pub.have;
		return 0;
	}
	if (c->held->seq > c->pub.have + 1)
		c->pub.have = c->held->seq - 1;
	return drain(s, c);
}

/* -- what to ask --------------------------------------------------------- */

static int
has_hole(const struct conv *c)
{
	return c->placed && c->pub.name != NULL && c->pub.have < c->last;
}

static enum client_state_want
want_names(struct client_state *s)
{
	s->ask.n = 0;
	for (size_t i = 0; i < s->n && s->ask.n < STATE_NAMES_MAX; i++)
		if (s->convs[i].pub.name == NULL)
			s->ask.ids[s->ask.n++] = s->convs[i].pub.id;
	return s->ask.n > 0 ? STATE_WANT_NAMES : STATE_WANT_NOTHING;
}

static enum client_state_want
want_history(struct client_state *s)
{
	enum client_state_want later = STATE_WANT_NOTHING;

	for (size_t i = 0; i < s->n; i++) {
		struct conv *c = &s->convs[i];

		if (!has_hole(c))
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
	for (size_t i = 0; s->marks && i < s->n; i++) {
		struct conv *c = &s->convs[i];

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

	if (!s->look || s->asking != STATE_WANT_NOTHING)
		return STATE_WANT_NOTHING;
	want = choose(s);
	s->look = want != STATE_WANT_NOTHING;
	if (want != STATE_WANT_LATER)
		s->asking = want;
	*ask = s->ask;
	return want;
}

void
client_state_later(struct client_state *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->convs[i].lagging = 0;
	s->look = 1;
}

int
client_state_complete(const struct client_state *s)
{
	if (s->list || s->sync || (s->asking != STATE_WANT_NOTHING && s->asking != STATE_WANT_MARK))
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->convs[i].pub.name == NULL || has_hole(&s->convs[i]))
			return 0;
	return 1;
}

void
client_state_restart(struct client_state *s)
{
	s->asking = STATE_WANT_NOTHING;
	s->sync = s->look = s->marks = 1;
	for (size_t i = 0; i < s->n; i++)
		s->convs[i].lagging = 0;
}

void
client_state_resync(struct client_state *s)
{
	s->sync = s->look = 1;
}

/* -- Sync ---------------------------------------------------------------- */

void
client_state_fill_sync(struct client_state *s, Kith__V1__Sync *sync)
{
	size_t max = s->n < SYNC_HAVE_MAX ? s->n : SYNC_HAVE_MAX, n = 0;

	free(s->have);
	free(s->have_ptr);
	s->have = calloc(max + 1, sizeof(*s->have));
	s->have_ptr = calloc(max + 1, sizeof(struct Kith__V1__Have *));
	for (size_t i = 0; i < s->n; i++) {
		struct conv *c = &s->convs[i];

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
	struct conv *c = conv_get(s, p->conversation);

	if (c == NULL)
		return -ENOMEM;
	/* The server skipped what this user may not read; of a conversation that we
	 * did not list it knows the read cursor only, so there a hole is a hole. */
	if (p->from_seq > 0 && (c->listed || !c->placed) && p->from_seq > c->pub.have + 1)
		c->pub.have = p->from_seq - 1;
	c->placed = 1;
	note_last(s, c, p->last_seq);
	return drain(s, c);
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
		if ((one = client_state_event(s, page->events[i])) < 0)
			rc = one;
	/* An empty page with more to come would come for ever. */
	if (page->more && page->n_events > 0)
		s->sync = 1;
	return rc;
}

/* -- the other answers --------------------------------------------------- */

static uint64_t
first_have(const struct client_state *s, const Kith__V1__Conversation *from)
{
	uint64_t have = from->read_seq, floor = from->since_seq > 0 ? from->since_seq - 1 : 0;

	if (s->back != KITH_FROM_UNREAD)
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
		if ((c = conv_get(s, from->id)) == NULL || set_name(c, from) < 0) {
			rc = -ENOMEM;
			continue;
		}
		if (!c->placed)
			c->pub.have = first_have(s, from);
		c->placed = 1;
		if (from->read_seq > c->marked)
			c->marked = from->read_seq;
		drain(s, c);
	}
	return rc;
}

/* A conversation that appeared while we were here: what the cursor says may
 * already count the event that we hold, seen on another device of the user. */
static void
place_new(struct conv *c, const Kith__V1__Conversation *from)
{
	uint64_t have = 0, floor = 0;

	if (from != NULL) {
		floor = from->since_seq > 0 ? from->since_seq - 1 : 0;
		have = from->read_seq > floor ? from->read_seq : floor;
	}
	if (c->held != NULL && (from == NULL || have >= c->held->seq))
		have = c->held->seq - 1;
	c->pub.have = have;
	c->placed = 1;
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
		struct conv *c = conv_find(s, s->ask.ids[i]);
		const Kith__V1__Conversation *from = find_listed(page, s->ask.ids[i]);

		if (c == NULL || set_name(c, from) < 0) {
			rc = -ENOMEM;
			continue;
		}
		if (!c->placed)
			place_new(c, from);
		if ((one = drain(s, c)) < 0)
			rc = one;
	}
	return rc;
}

static int
take_history(struct client_state *s, const Kith__V1__HistoryPage *page)
{
	struct conv *c = conv_find(s, s->ask.conversation);
	int rc;

	if (c == NULL)
		return 0;
	if (page == NULL)
		return give_up_hole(s, c);
	note_last(s, c, page->last_seq);
	for (size_t i = 0; i < page->n_events; i++) {
		const Kith__V1__Event *e = page->events[i];

		/* A page has no hole but what this user may not read. */
		if (e->conversation != c->pub.id || e->seq <= c->pub.have)
			continue;
		deliver(s, c, e);
		if ((rc = drain(s, c)) < 0)
			return rc;
	}
	if (!has_hole(c) || (page->more && page->n_events > 0))
		return 0;
	/* The first event was asked for alone; if it may not be read, the next may. */
	if (s->ask.after == 0 && page->last_seq > 0) {
		c->pub.have = c->pub.have > 0 ? c->pub.have : 1;
		return drain(s, c);
	}
	/* Another node may have told of an event that this database does not show yet. */
	if (page->last_seq < c->last && c->tries++ < LAG_TRIES) {
		c->lagging = 1;
		return 0;
	}
	return give_up_hole(s, c);
}

static int
take_mark(struct client_state *s)
{
	struct conv *c = conv_find(s, s->ask.conversation);

	if (c != NULL && s->ask.after > c->marked)
		c->marked = s->ask.after;
	return 0;
}

int
client_state_answer(struct client_state *s, const Kith__V1__Reply *reply)
{
	enum client_state_want asked = s->asking;

	s->asking = STATE_WANT_NOTHING;
	s->look = 1;
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
		return take_mark(s);	/* refused: not worth another try */
	case STATE_WANT_NOTHING:
	case STATE_WANT_LATER:
		break;
	}
	return 0;
}

/* -- the read cursor ----------------------------------------------------- */

void
client_state_seen(struct client_state *s, uint64_t conversation, uint64_t seq)
{
	struct conv *c = conv_find(s, conversation);

	if (c != NULL && seq > c->seen)
		c->seen = seq;
}

void
client_state_flush_marks(struct client_state *s)
{
	s->marks = s->look = 1;
}

int
client_state_has_marks(const struct client_state *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->convs[i].seen > s->convs[i].marked)
			return 1;
	return 0;
}
