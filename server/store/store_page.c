/*
 * store_page.c - pages of events, bounded by events, bytes and intervals of
 * membership.
 */
#include "server/store/store_page.h"

#include <string.h>

#include "server/store/store_event.h"
#include "server/store/store_list.h"
#include "server/store/store_query.h"

#define EVENT_BYTES	128u		/* of a packed event besides its texts: at most */

#define EVENTS_OF_SPAN	"SELECT " DB_EVENT_NAMES " FROM events"		\
	" WHERE conversation = ? AND seq >= ? AND seq <= ?"

void
store_page_start(struct store_page *p, uint32_t limit, size_t other)
{
	p->limit = store_list_limit(limit, PAGE_EVENTS_DEFAULT, PAGE_EVENTS_MAX);
	p->room = FRAME_BYTES_MAX - other;
	p->n = 0;
	p->bytes = p->text_used = 0;
	p->more = false;
}

static char *
page_keep(struct store_page *p, const char *text, size_t len)
{
	char *at = p->text + p->text_used;

	memcpy(at, text, len);
	at[len] = '\0';
	p->text_used += len + 1;
	return at;
}

/* The row at hand. DB_DONE: the page is full without it. */
static enum db_class
page_add_event(struct store *s, struct store_page *p, struct db_stmt *st)
{
	struct store_event_names names;
	struct db_event e;
	Kith__V1__Event *m;
	enum db_class c;
	size_t bytes;

	if (p->n == p->limit)
		return DB_DONE;
	m = &p->rows[p->n];
	db_event_read(st, &e);
	if ((c = store_event_message(s, &e, &names, m)) != DB_OK)
		return c;
	bytes = EVENT_BYTES + e.body_len + strlen(m->sender_name) + strlen(m->subject_name);
	if (p->bytes + bytes > p->room)
		return DB_DONE;
	p->bytes += bytes;
	p->list[p->n++] = m;
	m->text = page_keep(p, e.body, e.body_len);
	m->sender_name = page_keep(p, m->sender_name, strlen(m->sender_name));
	m->subject_name = page_keep(p, m->subject_name, strlen(m->subject_name));
	return DB_OK;
}

/* Adds the events of a span; p->more if they do not all fit. */
static enum db_class
page_add_span(struct store *s, struct store_page *p, uint64_t conversation,
    const struct store_span *span, bool backward)
{
	static const char forward_sql[] = EVENTS_OF_SPAN " ORDER BY seq LIMIT ?";
	static const char backward_sql[] = EVENTS_OF_SPAN " ORDER BY seq DESC LIMIT ?";
	struct db_stmt *st = store_query(s, backward ? backward_sql : forward_sql, "nnnn",
	    conversation, span->first, span->last, (uint64_t)(p->limit - p->n + 1));
	enum db_class c, added = DB_OK;

	while ((c = store_query_next(s, st)) == DB_ROW && added == DB_OK)
		added = page_add_event(s, p, st);
	c = store_query_end(st, c);
	p->more |= added == DB_DONE;
	return added == DB_OK || added == DB_DONE ? c : added;
}

/* -- intervals ------------------------------------------------------------ */

enum db_class
store_page_spans(struct store *s, uint64_t user, uint64_t conversation, uint64_t last_seq,
    uint64_t bound, bool backward, struct store_span spans[STORE_SPANS_MAX], unsigned *n)
{
	static const char forward_sql[] = "SELECT since_seq, until_seq FROM members"
	    " WHERE conversation = ? AND user = ? AND since_seq > 0"
	    " AND (until_seq IS NULL OR until_seq > ?) ORDER BY since_seq LIMIT ?";
	static const char backward_sql[] = "SELECT since_seq, until_seq FROM members"
	    " WHERE conversation = ? AND user = ? AND since_seq > 0"
	    " AND since_seq < ? ORDER BY since_seq DESC LIMIT ?";
	struct db_stmt *st = store_query(s, backward ? backward_sql : forward_sql, "nnnn",
	    conversation, user, bound, (uint64_t)STORE_SPANS_MAX);
	enum db_class c;

	*n = 0;
	while ((c = store_query_next(s, st)) == DB_ROW && *n < STORE_SPANS_MAX) {
		struct store_span *span = &spans[(*n)++];

		span->first = (uint64_t)db_int(st, 0);
		span->last = db_null(st, 1) ? last_seq : (uint64_t)db_int(st, 1);
		if (backward && span->last >= bound)
			span->last = bound - 1;
		if (!backward && span->first <= bound)
			span->first = bound + 1;
	}
	return store_query_end(st, c);
}

enum db_class
store_page_add(struct store *s, struct store_page *p, uint64_t user, uint64_t conversation,
    uint64_t last_seq, uint64_t bound, bool backward)
{
	struct store_span spans[STORE_SPANS_MAX];
	enum db_class c;
	unsigned n;

	c = store_page_spans(s, user, conversation, last_seq, bound, backward, spans, &n);
	for (unsigned i = 0; c == DB_OK && i < n && !p->more; i++)
		if (spans[i].first <= spans[i].last)
			c = page_add_span(s, p, conversation, &spans[i], backward);
	return c;
}
