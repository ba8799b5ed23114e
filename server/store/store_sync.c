/*
 * store_sync.c - what a client missed: a page of events, and the conversations
 * that go on after it.
 */
#include "server/store/store_sync.h"

#include <stdlib.h>

#include "server/store/store.h"
#include "server/store/store_conversation.h"
#include "server/store/store_page.h"
#include "server/store/store_reply.h"
#include "server/store/store_transact.h"

#define REPLY_BYTES	1024u		/* of a packed page besides events and positions: at most */
#define POSITION_BYTES	48u		/* packed: at most */
#define CHUNK		200u		/* conversations looked at with one statement */

struct sync {
	uint64_t	user;
	uint32_t	limit;
	const Kith__V1__Have *have[SYNC_HAVE_MAX];	/* by rising conversation */
	size_t		nhave;
	uint64_t	have_of[PAGE_POSITIONS_MAX];
	Kith__V1__Position rows[PAGE_POSITIONS_MAX], *list[PAGE_POSITIONS_MAX];
	unsigned	n;
	bool		more;
	struct store_page page;
};

_Static_assert(sizeof(struct sync) <= STORE_PAGE_BYTES, "it lies in the page");

static int
compare_haves(const void *a, const void *b)
{
	const Kith__V1__Have *x = *(Kith__V1__Have *const *)a, *y = *(Kith__V1__Have *const *)b;

	return (x->conversation > y->conversation) - (x->conversation < y->conversation);
}

static uint64_t
have_of(const struct sync *x, uint64_t conversation, uint64_t read_seq)
{
	Kith__V1__Have key = { .conversation = conversation };
	const Kith__V1__Have *k = &key, *const *found;

	found = bsearch(&k, x->have, x->nhave, sizeof(x->have[0]), compare_haves);
	return found != NULL ? (*found)->seq : read_seq;
}

/* The first event after `have` that the user may read. */
static enum db_class
first_missing(struct store *s, struct sync *x, Kith__V1__Position *pos, uint64_t have,
    uint64_t newest_since)
{
	struct store_span spans[STORE_SPANS_MAX];
	enum db_class c;
	unsigned n;

	pos->from_seq = have + 1;
	if (have + 1 >= newest_since)
		return DB_OK;
	c = store_page_spans(s, x->user, pos->conversation, pos->last_seq, have, false, spans, &n);
	if (c == DB_OK && n > 0)
		pos->from_seq = spans[0].first;
	return c;
}

/* Looks at up to CHUNK conversations after *after; moves it. DB_DONE: these were the last. */
static enum db_class
find_missing(struct store *s, struct sync *x, uint64_t *after)
{
	struct store_seqs rows[CHUNK];
	enum db_class c;
	unsigned n;

	if ((c = store_conversation_seqs(s, x->user, *after, rows, CHUNK, &n)) != DB_OK)
		return c;
	for (unsigned i = 0; i < n; i++) {
		uint64_t have = have_of(x, rows[i].conversation, rows[i].read_seq);
		Kith__V1__Position *pos;

		*after = rows[i].conversation;
		if (have >= rows[i].last_seq)
			continue;
		if (x->n == PAGE_POSITIONS_MAX) {
			x->more = true;
			return DB_DONE;
		}
		pos = &x->rows[x->n];
		kith__v1__position__init(pos);
		pos->conversation = rows[i].conversation;
		pos->last_seq = rows[i].last_seq;
		x->list[x->n] = pos;
		x->have_of[x->n++] = have;
		if ((c = first_missing(s, x, pos, have, rows[i].newest_since)) != DB_OK)
			return c;
	}
	return n < CHUNK ? DB_DONE : DB_OK;
}

static enum db_class
add_missing(struct store *s, struct sync *x, unsigned i)
{
	Kith__V1__Position *pos = &x->rows[i];
	unsigned before = x->page.n;
	enum db_class c = store_page_add(s, &x->page, x->user, pos->conversation, pos->last_seq,
	    x->have_of[i], false);

	if (c == DB_OK && x->page.n > before)
		pos->sent_seq = x->page.list[x->page.n - 1]->seq;
	return c;
}

static enum db_class
sync_work(struct store *s, void *arg)
{
	struct sync *x = arg;
	uint64_t after = 0;
	enum db_class c;

	store_page_start(&x->page, x->limit, REPLY_BYTES + PAGE_POSITIONS_MAX * POSITION_BYTES);
	x->n = 0;
	x->more = false;
	while ((c = find_missing(s, x, &after)) == DB_OK)
		;
	if (c != DB_DONE)
		return c;
	c = DB_OK;
	for (unsigned i = 0; c == DB_OK && i < x->n && !x->page.more; i++)
		c = add_missing(s, x, i);
	return c;
}

void
store_sync(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct sync *x = s->page;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__SyncPage m = KITH__V1__SYNC_PAGE__INIT;
	enum db_class c;

	if (r->sync->n_have > SYNC_HAVE_MAX) {
		store_reply_error(s, h, KITH_E_TOO_LARGE);
		return;
	}
	x->user = h->user[0];
	x->limit = r->sync->limit;
	x->nhave = r->sync->n_have;
	for (size_t i = 0; i < x->nhave; i++)
		x->have[i] = r->sync->have[i];
	qsort(x->have, x->nhave, sizeof(x->have[0]), compare_haves);
	if ((c = store_transact(s, sync_work, x)) != DB_OK) {
		store_reply_error(s, h, store_err(c));
		return;
	}
	m.n_events = x->page.n;
	m.events = x->page.list;
	m.n_positions = x->n;
	m.positions = x->list;
	m.more = x->more || x->page.more;
	reply.body_case = KITH__V1__REPLY__BODY_SYNC_PAGE;
	reply.sync_page = &m;
	store_reply(s, h, &reply);
}
