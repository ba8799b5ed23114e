/*
 * store_news.c - what a transaction wants to tell the workers.
 */
#include "server/store/store_news.h"

#include <stdlib.h>
#include <string.h>

#include "server/lib/log.h"
#include "server/store/store_cache.h"
#include "server/store/store_event.h"
#include "server/store/store_query.h"
#include "server/store/store_transact.h"

/* An event that was not told is among this many last ones, or is not worth the
 * search. */
#define AGAIN_SCAN	1000u

/* DB_ERROR: there are more than fit. That never happens, and nothing is told of a transaction
 * that is refused. */
static enum db_class
news_add(struct store *s, struct store_news **n)
{
	if (s->writer->nnews == STORE_NEWS_MAX) {
		log_error(0, "store.news", "max=%u effect=refused", STORE_NEWS_MAX);
		return DB_ERROR;
	}
	*n = &s->writer->news[s->writer->nnews];
	**n = (struct store_news){ 0 };
	return DB_OK;
}

static enum db_class
news_add_event(struct store *s, const struct db_event *e)
{
	struct store_news *n;
	enum db_class c = news_add(s, &n);

	if (c != DB_OK)
		return c;
	if ((n->text = malloc(e->body_len + 1u)) == NULL) {
		log_error(0, "store.news", "effect=retry reason=\"out of memory\"");
		return DB_RETRY;
	}
	memcpy(n->text, e->body, e->body_len);
	n->text[e->body_len] = '\0';
	n->what = NEWS_EVENT;
	n->event = *e;
	n->event.body = n->text;
	s->writer->nnews++;
	return DB_OK;
}

void
store_news_drop(struct store *s)
{
	for (unsigned i = 0; i < s->writer->nnews; i++)
		free(s->writer->news[i].text);
	s->writer->nnews = 0;
}

enum db_class
store_news_event(struct store *s, struct db_event *e)
{
	enum db_class c = store_event_put(s, e);

	return c == DB_OK ? news_add_event(s, e) : c;
}

enum db_class
store_news_again(struct store *s, uint64_t conversation, uint32_t kind, uint64_t sender)
{
	struct db_event e;
	struct db_stmt *st;
	enum db_class c, added = DB_OK;

	if (!s->commit_lost && !store_transact_replaying(s))
		return DB_OK;
	st = store_query(s, "SELECT " DB_EVENT_NAMES " FROM events"
	    " WHERE conversation = ? AND sender = ? AND kind = ?"
	    " AND seq > (SELECT last_seq - ? FROM conversations WHERE id = ?)"
	    " ORDER BY seq DESC LIMIT 1", "nnnnn", conversation, sender, (uint64_t)kind,
	    (uint64_t)AGAIN_SCAN, conversation);
	if ((c = store_query_next(s, st)) == DB_ROW) {
		db_event_read(st, &e);
		added = news_add_event(s, &e);
	}
	c = store_query_end(st, c);
	return c == DB_OK ? added : c;
}

enum db_class
store_news_member(struct store *s, uint64_t group, uint64_t user, bool joined)
{
	struct store_news *n;
	enum db_class c = news_add(s, &n);

	if (c != DB_OK)
		return c;
	n->what = joined ? NEWS_JOINED : NEWS_LEFT;
	n->user = user;
	n->conversation = group;
	s->writer->nnews++;
	store_cache_forget_standing(s, group, user);
	return DB_OK;
}
