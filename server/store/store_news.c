/*
 * store_news.c - what a transaction wants to tell the workers.
 */
#include "server/store/store_news.h"

#include <string.h>

#include "server/lib/log.h"
#include "server/store/store_cache.h"
#include "server/store/store_event.h"
#include "server/store/store_query.h"
#include "server/store/store_transact.h"

/* An event that was not told is among this many last ones, or is not worth the
 * search. */
#define AGAIN_SCAN	1000u

static struct store_news *
add_news(struct store *s)
{
	static struct store_news surplus;

	if (s->writer->nnews < STORE_NEWS_MAX)
		return &s->writer->news[s->writer->nnews++];
	log_error(0, "store.news", "effect=dropped");
	return &surplus;
}

static void
add_news_event(struct store *s, const struct db_event *e)
{
	struct store_news *n = add_news(s);

	n->what = NEWS_EVENT;
	n->event = *e;
	if (n->event.len > TOPIC_BYTES_MAX)
		n->event.len = TOPIC_BYTES_MAX;
	memcpy(n->text, e->body, n->event.len);
}

enum db_class
store_news_event(struct store *s, struct db_event *e)
{
	enum db_class c = store_event_put(s, e);

	if (c == DB_OK)
		add_news_event(s, e);
	return c;
}

enum db_class
store_news_again(struct store *s, uint64_t conversation, uint32_t kind, uint64_t sender)
{
	struct db_event e = { .conversation = conversation, .kind = kind, .sender = sender };
	struct db_stmt *st;
	enum db_class c;
	size_t len;

	if (!s->commit_lost && !store_transact_replaying(s))
		return DB_OK;
	st = store_query(s, "SELECT seq, time_ms, subject, body FROM events"
	    " WHERE conversation = ? AND sender = ? AND kind = ?"
	    " AND seq > (SELECT last_seq - ? FROM conversations WHERE id = ?)"
	    " ORDER BY seq DESC LIMIT 1", "nnnnn", conversation, sender, (uint64_t)kind,
	    (uint64_t)AGAIN_SCAN, conversation);
	if ((c = store_query_next(s, st)) == DB_ROW) {
		e.seq = (uint64_t)db_int(st, 0);
		e.time_ms = (uint64_t)db_int(st, 1);
		e.subject = (uint64_t)db_int(st, 2);
		e.body = db_bytes(st, 3, &len);
		e.len = (uint32_t)len;
		add_news_event(s, &e);
	}
	return store_query_end(st, c);
}

void
store_news_member(struct store *s, uint64_t group, uint64_t user, bool joined)
{
	struct store_news *n = add_news(s);

	n->what = joined ? NEWS_JOINED : NEWS_LEFT;
	n->user = user;
	n->conversation = group;
	store_cache_forget_standing(s, group, user);
}
