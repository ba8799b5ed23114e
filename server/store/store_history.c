/*
 * store_history.c - pages of logs, bounded by events, bytes and intervals of membership.
 */
#include "server/store/store_history.h"

#include <stdlib.h>
#include <string.h>

#include "server/store/store_cache.h"
#include "server/store/store_list.h"

#define EVENT_BYTES	128u		/* of a packed event besides its texts: at most */
#define REPLY_BYTES	1024u		/* of a packed page besides events and positions: at most */
#define POSITION_BYTES	48u		/* packed: at most */
#define SPANS_MAX	(PAGE_EVENTS_MAX + 1u)	/* each holds an event at least */
#define CHUNK		200u		/* conversations looked at with one statement */

#define EVENT_COLUMNS	"SELECT seq, time_ms, kind, sender, client_id, subject, body FROM events" \
	" WHERE conversation = ? AND seq >= ? AND seq <= ?"

struct span {				/* seqs, both included */
	uint64_t	first, last;
};

struct page {
	uint32_t	limit;		/* events */
	size_t		room;		/* bytes of packed events */
	unsigned	n;
	size_t		bytes;
	bool		more;
	Kith__V1__Event	rows[PAGE_EVENTS_MAX], *list[PAGE_EVENTS_MAX];
	char		text[FRAME_BYTES_MAX];	/* strings of the rows; `room` counts them too */
	size_t		text_used;
};

struct history {
	const struct ipc_head *head;
	const Kith__V1__History *asked;
	struct store_target target;
	enum kith_err	err;
	uint64_t	conversation, last_seq;
	struct page	*page;
};

struct sync {
	uint64_t	user;
	uint32_t	limit;
	const Kith__V1__Have *have[SYNC_HAVE_MAX];	/* by rising conversation */
	size_t		nhave;
	uint64_t	have_of[PAGE_POSITIONS_MAX];
	Kith__V1__Position rows[PAGE_POSITIONS_MAX], *list[PAGE_POSITIONS_MAX];
	unsigned	n;
	bool		more;
	struct page	*page;
};

static struct page page;		/* one request is handled at a time */

static void
page_start(struct page *p, uint32_t limit, size_t room)
{
	p->limit = store_limit(limit, PAGE_EVENTS_DEFAULT, PAGE_EVENTS_MAX);
	p->room = room;
	p->n = 0;
	p->bytes = p->text_used = 0;
	p->more = false;
}

static char *
page_keep(struct page *p, const char *text, size_t len)
{
	char *at = p->text + p->text_used;

	memcpy(at, text, len);
	at[len] = '\0';
	p->text_used += len + 1;
	return at;
}

/* Empty for nobody, and for an account that is not there. */
static enum db_class
name_of(struct store *s, uint64_t user, struct store_name *out)
{
	enum db_class c = user != 0 ? store_user(s, user, out) : DB_DONE;

	if (c != DB_OK)
		out->name[0] = '\0';
	return c == DB_DONE ? DB_OK : c;
}

/* The row at hand. DB_DONE: the page is full without it. */
static enum db_class
page_add(struct store *s, struct page *p, uint64_t conversation, struct db_stmt *st)
{
	uint64_t sender = (uint64_t)db_int(st, 3), subject = (uint64_t)db_int(st, 5);
	struct store_name from, about;
	Kith__V1__Event *e;
	const char *body;
	enum db_class c;
	size_t len, bytes;

	if ((c = name_of(s, sender, &from)) != DB_OK ||
	    (c = name_of(s, subject, &about)) != DB_OK)
		return c;
	body = db_bytes(st, 6, &len);
	bytes = EVENT_BYTES + len + strlen(from.name) + strlen(about.name);
	if (p->n == p->limit || p->bytes + bytes > p->room)
		return DB_DONE;
	p->bytes += bytes;
	e = &p->rows[p->n];
	p->list[p->n++] = e;
	kith__v1__event__init(e);
	e->conversation = conversation;
	e->seq = (uint64_t)db_int(st, 0);
	e->time_ms = (uint64_t)db_int(st, 1);
	e->kind = (Kith__V1__EventKind)db_int(st, 2);
	e->sender = sender;
	e->client_id = (uint64_t)db_int(st, 4);
	e->subject = subject;
	e->text = page_keep(p, body, len);
	e->sender_name = page_keep(p, from.name, strlen(from.name));
	e->subject_name = page_keep(p, about.name, strlen(about.name));
	return DB_OK;
}

/* Adds the events of a span; p->more if they do not all fit. */
static enum db_class
page_add_span(struct store *s, struct page *p, uint64_t conversation, const struct span *span,
    bool backward)
{
	static const char forward_sql[] = EVENT_COLUMNS " ORDER BY seq LIMIT ?";
	static const char backward_sql[] = EVENT_COLUMNS " ORDER BY seq DESC LIMIT ?";
	struct db_stmt *st = store_stmt(s, backward ? backward_sql : forward_sql, 4, conversation,
	    span->first, span->last, (uint64_t)(p->limit - p->n + 1));
	enum db_class c, added = DB_OK;

	if (st == NULL)
		return db_class(s->db);
	while ((c = db_step(st)) == DB_ROW && added == DB_OK)
		added = page_add(s, p, conversation, st);
	db_reset(st);
	if (added == DB_DONE)
		p->more = true;
	else if (added != DB_OK)
		return added;
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

/*
 * Intervals.
 */

/* Up to SPANS_MAX intervals with something after `after`, rising; or with something before
 * `before`, falling. The open one ends at last_seq. */
static enum db_class
load_spans(struct store *s, uint64_t user, uint64_t conversation, uint64_t last_seq,
    uint64_t bound, bool backward, struct span spans[SPANS_MAX], unsigned *n)
{
	static const char forward_sql[] = "SELECT since_seq, until_seq FROM members"
	    " WHERE conversation = ? AND user = ? AND since_seq > 0"
	    " AND (until_seq IS NULL OR until_seq > ?) ORDER BY since_seq LIMIT ?";
	static const char backward_sql[] = "SELECT since_seq, until_seq FROM members"
	    " WHERE conversation = ? AND user = ? AND since_seq > 0"
	    " AND since_seq < ? ORDER BY since_seq DESC LIMIT ?";
	struct db_stmt *st = store_stmt(s, backward ? backward_sql : forward_sql, 4, conversation,
	    user, bound, (uint64_t)SPANS_MAX);
	enum db_class c;

	*n = 0;
	if (st == NULL)
		return db_class(s->db);
	while ((c = db_step(st)) == DB_ROW && *n < SPANS_MAX) {
		struct span *span = &spans[(*n)++];

		span->first = (uint64_t)db_int(st, 0);
		span->last = db_null(st, 1) ? last_seq : (uint64_t)db_int(st, 1);
		if (backward && span->last >= bound)
			span->last = bound - 1;
		if (!backward && span->first <= bound)
			span->first = bound + 1;
	}
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

/* All events of a conversation in the direction of `bound` that fit. */
static enum db_class
page_add_readable(struct store *s, struct page *p, uint64_t user, uint64_t conversation,
    uint64_t last_seq, uint64_t bound, bool backward)
{
	struct span spans[SPANS_MAX];
	enum db_class c;
	unsigned n;

	c = load_spans(s, user, conversation, last_seq, bound, backward, spans, &n);
	for (unsigned i = 0; c == DB_OK && i < n && !p->more; i++)
		if (spans[i].first <= spans[i].last)
			c = page_add_span(s, p, conversation, &spans[i], backward);
	return c;
}

/*
 * History.
 */

static void
reverse(struct page *p)
{
	for (unsigned i = 0; i < p->n / 2; i++) {
		Kith__V1__Event *e = p->list[i];

		p->list[i] = p->list[p->n - 1 - i];
		p->list[p->n - 1 - i] = e;
	}
}

/* From where the page goes on: what lies beyond the log counts as its end. */
static uint64_t
start_of(const Kith__V1__History *m, uint64_t last)
{
	if (m->after != 0)
		return m->after < last ? m->after : last;
	return m->before != 0 && m->before <= last ? m->before : last + 1;
}

static enum db_class
history_work(struct store *s, void *arg)
{
	struct history *x = arg;
	const Kith__V1__History *m = x->asked;
	uint64_t user = x->head->user[0], last;
	struct store_place place;
	struct store_seqs seqs;
	bool backward = m->after == 0;
	enum db_class c;
	unsigned n;

	page_start(x->page, m->limit, FRAME_BYTES_MAX - REPLY_BYTES);
	x->last_seq = 0;
	c = store_find(s, user, &x->target, CONV_READ, &place, &x->err);
	if (c != DB_OK || x->err != KITH_E_OK)
		return c;
	x->conversation = place.conversation;
	if ((c = store_load_seqs(s, user, place.conversation - 1, &seqs, 1, &n)) != DB_OK)
		return c;
	if (n == 0 || seqs.conversation != place.conversation) {
		/* Invited only; or nothing was ever said to that user. */
		x->err = place.object.direct ? KITH_E_OK : KITH_E_NOT_MEMBER;
		return DB_OK;
	}
	x->last_seq = last = seqs.last_seq;
	return page_add_readable(s, x->page, user, place.conversation, last,
	    start_of(m, last), backward);
}

void
store_history(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct history x = { .head = h, .asked = r->history, .page = &page };
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__HistoryPage m = KITH__V1__HISTORY_PAGE__INIT;
	enum db_class c = DB_OK;

	x.err = store_target_read(x.asked->target, &x.target);
	if (x.asked->after != 0 && x.asked->before != 0)
		x.err = KITH_E_BAD_REQUEST;
	if (x.err == KITH_E_OK)
		c = store_transact(s, history_work, &x);
	if (c != DB_OK || x.err != KITH_E_OK) {
		store_reply_error(s, h, c != DB_OK ? store_err(c) : x.err);
		return;
	}
	if (x.asked->after == 0)
		reverse(&page);
	m.conversation = x.conversation;
	m.n_events = page.n;
	m.events = page.list;
	m.more = page.more;
	m.last_seq = x.last_seq;
	reply.body_case = KITH__V1__REPLY__BODY_HISTORY_PAGE;
	reply.history_page = &m;
	store_reply(s, h, &reply);
}

/*
 * Sync.
 */

static int
by_conversation(const void *a, const void *b)
{
	const Kith__V1__Have *x = *(Kith__V1__Have *const *)a, *y = *(Kith__V1__Have *const *)b;

	return (x->conversation > y->conversation) - (x->conversation < y->conversation);
}

static uint64_t
have_of(const struct sync *x, uint64_t conversation, uint64_t read_seq)
{
	Kith__V1__Have key = { .conversation = conversation };
	const Kith__V1__Have *k = &key, *const *found;

	found = bsearch(&k, x->have, x->nhave, sizeof(x->have[0]), by_conversation);
	return found != NULL ? (*found)->seq : read_seq;
}

/* The first event after `have` that the user may read. */
static enum db_class
first_missing(struct store *s, struct sync *x, Kith__V1__Position *pos, uint64_t have,
    uint64_t newest_since)
{
	struct span spans[SPANS_MAX];
	enum db_class c;
	unsigned n;

	pos->from_seq = have + 1;
	if (have + 1 >= newest_since)
		return DB_OK;
	c = load_spans(s, x->user, pos->conversation, pos->last_seq, have, false, spans, &n);
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

	if ((c = store_load_seqs(s, x->user, *after, rows, CHUNK, &n)) != DB_OK)
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
	unsigned before = x->page->n;
	enum db_class c = page_add_readable(s, x->page, x->user, pos->conversation, pos->last_seq,
	    x->have_of[i], false);

	if (c == DB_OK && x->page->n > before)
		pos->sent_seq = x->page->list[x->page->n - 1]->seq;
	return c;
}

static enum db_class
sync_work(struct store *s, void *arg)
{
	struct sync *x = arg;
	uint64_t after = 0;
	enum db_class c;

	page_start(x->page, x->limit, FRAME_BYTES_MAX - REPLY_BYTES -
	    PAGE_POSITIONS_MAX * POSITION_BYTES);
	x->n = 0;
	x->more = false;
	while ((c = find_missing(s, x, &after)) == DB_OK)
		;
	if (c != DB_DONE)
		return c;
	c = DB_OK;
	for (unsigned i = 0; c == DB_OK && i < x->n && !x->page->more; i++)
		c = add_missing(s, x, i);
	return c;
}

void
store_sync(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	static struct sync x;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__SyncPage m = KITH__V1__SYNC_PAGE__INIT;
	enum db_class c;

	if (r->sync->n_have > SYNC_HAVE_MAX) {
		store_reply_error(s, h, KITH_E_TOO_LARGE);
		return;
	}
	x.user = h->user[0];
	x.page = &page;
	x.limit = r->sync->limit;
	x.nhave = r->sync->n_have;
	for (size_t i = 0; i < x.nhave; i++)
		x.have[i] = r->sync->have[i];
	qsort(x.have, x.nhave, sizeof(x.have[0]), by_conversation);
	if ((c = store_transact(s, sync_work, &x)) != DB_OK) {
		store_reply_error(s, h, store_err(c));
		return;
	}
	m.n_events = page.n;
	m.events = page.list;
	m.n_positions = x.n;
	m.positions = x.list;
	m.more = x.more || page.more;
	reply.body_case = KITH__V1__REPLY__BODY_SYNC_PAGE;
	reply.sync_page = &m;
	store_reply(s, h, &reply);
}
