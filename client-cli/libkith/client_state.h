/*
 * client_state.h - which conversations the client knows, how far it has each,
 * and what it has to ask next so that nothing is missed or seen twice.
 *
 * Events come from three sides, live, in a SyncPage and in a HistoryPage, late,
 * twice, or not at all. Those at or below `have` are dropped; the one after it is
 * delivered; one further on is held back, and the hole fetched.
 *
 * No I/O and no clock: the owner does what client_state_next() says and gives back
 * what the server answered. All of it is tested with scripted answers.
 *
 * Limits  Sync tells the server of SYNC_HAVE_MAX conversations; further ones are
 *         synced from the read cursor, and a hole left so is seen, and filled,
 *         at the next event of that conversation.
 */
#ifndef KITH_CLIENT_STATE_H
#define KITH_CLIENT_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "client-cli/libkith/client_conv.h"
#include "client-cli/libkith/kith.h"

struct client_state;

/* back: begin so many events before the last of each conversation, or at
 * KITH_FROM_UNREAD. NULL on ENOMEM. */
struct client_state	*client_state_create(uint32_t back, client_conv_deliver_fn deliver, void *arg);
void		 client_state_destroy(struct client_state *s);

/* Logged in on a new connection: nothing is under way, live events were missed. */
void		 client_state_restart(struct client_state *s);

/* Resync from the server. */
void		 client_state_resync(struct client_state *s);

enum client_state_want {
	STATE_WANT_NOTHING,		/* in order; or answers are under way */
	STATE_WANT_LIST,		/* ListConversations after `after` */
	STATE_WANT_NAMES,		/* ListConversations of ids[0..n) */
	STATE_WANT_SYNC,		/* Sync, filled by client_state_fill_sync() */
	STATE_WANT_HISTORY,		/* History of `conversation` after `after`; if that
					   is 0, of the first event alone (before 2) */
	STATE_WANT_MARK,		/* MarkRead of `conversation`, `after` */
	STATE_WANT_LATER		/* the server's log lags: client_state_later() in a moment */
};

#define STATE_NAMES_MAX	64

struct client_state_ask {
	uint64_t	conversation, after;
	uint64_t	ids[STATE_NAMES_MAX];
	size_t		n;		/* of ids */
};

/* What to ask now: one question at a time. Its answer, or its failure for good,
 * goes to client_state_answer(), after which this is to be called again. */
enum client_state_want	 client_state_next(struct client_state *s, struct client_state_ask *ask);

/* The moment has passed. */
void		 client_state_later(struct client_state *s);

/* Is all that was missed handed over, as far as is known? */
int		 client_state_complete(const struct client_state *s);

/* Fills in the Sync; what it points to is the state's, valid until its next
 * change. */
void		 client_state_fill_sync(struct client_state *s, Kith__V1__Sync *sync);

/* The answer to the last question, of the kind that belongs to it; NULL: it
 * failed. 0, or -ENOMEM: something was missed, and client_state_resync() makes it good. */
int		 client_state_answer(struct client_state *s, const Kith__V1__Reply *reply);

/* A live event. */
int		 client_state_event(struct client_state *s, const Kith__V1__Event *event);

/* Seen by the user up to seq. client_state_flush_marks() lets WANT_MARK follow. */
void		 client_state_seen(struct client_state *s, uint64_t conversation, uint64_t seq);
void		 client_state_flush_marks(struct client_state *s);
/* Are marks collected that no MarkRead carries yet? */
int		 client_state_has_marks(const struct client_state *s);

const struct kith_conversation *client_state_find(const struct client_state *s, uint64_t id);
const struct kith_conversation *client_state_at(const struct client_state *s, size_t i);

#endif
