/*
 * store_news.h - what a transaction wants to tell the workers. Writer, inside
 * store_transact(), which tells it after the commit and drops it after a
 * rollback.
 */
#ifndef KITH_SERVER_STORE_NEWS_H
#define KITH_SERVER_STORE_NEWS_H

#include "server/store/store_int.h"

/* Appends an event to its conversation's log: takes the number, stores the
 * event, notes it as news. Sets e->seq. All of these: DB_OK or a failure. */
enum db_class	store_news_event(struct store *s, struct db_event *e);
enum db_class	store_news_member(struct store *s, uint64_t group,
		    uint64_t user, bool joined);

/* The request at hand turned out to be a repetition: notes its event as news
 * again if nobody knows whether it was told. The event is the newest of `kind`
 * by `sender`. */
enum db_class	store_news_again(struct store *s, uint64_t conversation,
		    uint32_t kind, uint64_t sender);

/* After a rollback, and when all is told. */
void		store_news_drop(struct store *s);

#endif
