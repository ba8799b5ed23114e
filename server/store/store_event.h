/*
 * store_event.h - events: rows of a conversation's log. In a transaction, all
 * except store_event_message() of the writer.
 */
#ifndef KITH_SERVER_STORE_EVENT_H
#define KITH_SERVER_STORE_EVENT_H

#include "server/store/store_cache.h"
#include "server/store/store_int.h"

/* The names in an event. */
struct store_event_names {
	struct store_name	sender, subject;
};

/* Makes the message of an event, for live copies and pages alike. Its strings
 * point into `e`, whose body ends with a NUL, and into `names`. A name is empty
 * for nobody and for an account that is not there. DB_OK, or the failure of a
 * look-up: then the names that were not found are empty. */
enum db_class	store_event_message(struct store *s, const struct db_event *e,
		    struct store_event_names *names, Kith__V1__Event *m);

/* Takes the next number of the conversation and stores the event; sets e->seq
 * and e->time_ms. A counter that lags behind is mended first. */
enum db_class	store_event_put(struct store *s, struct db_event *e);

/* The conversation's counter; 0 if there is no such conversation. */
enum db_class	store_event_last_seq(struct store *s, uint64_t conversation,
		    uint64_t *seq);

/* Raises the counter of a conversation to its last event, if it lags behind (a
 * restored or damaged table), and logs it. */
enum db_class	store_event_mend_counter(struct store *s,
		    uint64_t conversation);

/* Both users of a new direct conversation get their rows. */
enum db_class	store_event_add_direct_members(struct store *s,
		    uint64_t conversation);

#endif
