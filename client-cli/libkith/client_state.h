/*
 * client_state.h - how far the client has each conversation, and what it has to
 * ask next so that nothing is missed or seen twice.
 *
 * Events come from three sides: live, in a SyncPage and in a HistoryPage; late,
 * twice, or not at all. Those up to `have` are dropped; the one after it is
 * delivered; one further on is held back, and the hole is fetched
 * (client_conv.h).
 *
 * No I/O and no clock: the owner asks what client_state_next() says and gives
 * back what the server answers. So tests can script the answers.
 *
 * Limits  Sync tells the server of SYNC_HAVE_MAX conversations; the others are
 *         synced from the read cursor. A hole that this leaves is noticed, and
 *         filled, at the next event of that conversation.
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
struct client_state *client_state_create(uint32_t back,
	    client_conv_deliver_fn deliver, void *arg);
void	 client_state_destroy(struct client_state *s);

/* Logged in on a new connection: nothing is under way, live events were
 * missed. */
void	 client_state_restart(struct client_state *s);

/* Another history: forgets all conversations, marks as well, and begins where
 * it began. client_state_restart() follows. */
void	 client_state_forget(struct client_state *s);

/* Resync from the server. */
void	 client_state_resync(struct client_state *s);

enum client_state_want {
	STATE_WANT_NOTHING,	/* all is there, or an answer is under way */
	STATE_WANT_LIST,	/* ListConversations after `after` */
	STATE_WANT_NAMES,	/* ListConversations of ids[0..n) */
	STATE_WANT_SYNC,	/* Sync, filled by client_state_fill_sync() */
	STATE_WANT_HISTORY,	/* History of `conversation` after `after`; if
				   that is 0, of the first event alone (before
				   2) */
	STATE_WANT_MARK,	/* MarkRead of `conversation`, `after` */
	STATE_WANT_LATER	/* the server's log lags: client_state_later()
				   in a moment */
};

#define STATE_NAMES_MAX	64

struct client_state_ask {
	uint64_t	conversation, after;
	uint64_t	ids[STATE_NAMES_MAX];
	size_t		n;		/* of ids */
};

/* What to ask now: one question at a time. Give its answer, or that it failed
 * for good, to client_state_answer(), then call this again. */
enum client_state_want client_state_next(struct client_state *s,
	    struct client_state_ask *ask);

/* The moment has passed. */
void	 client_state_later(struct client_state *s);

/* Is everything that was missed handed over, as far as is known? */
int	 client_state_complete(const struct client_state *s);

/* Fills in the Sync, which borrows from the state until its next change. */
void	 client_state_fill_sync(struct client_state *s, Kith__V1__Sync *sync);

/* The answer to the last question, of the kind that belongs to it; NULL: it
 * failed. 0, or -ENOMEM: events were missed; client_state_resync() fetches
 * them. */
int	 client_state_answer(struct client_state *s,
	    const Kith__V1__Reply *reply);

/* A live event. The same. */
int	 client_state_event(struct client_state *s,
	    const Kith__V1__Event *event);

/* The user saw everything up to seq. client_state_flush_marks() makes WANT_MARK
 * follow. */
void	 client_state_seen(struct client_state *s, uint64_t conversation,
	    uint64_t seq);
void	 client_state_flush_marks(struct client_state *s);
/* Are there marks that the server does not have yet? */
int	 client_state_has_marks(const struct client_state *s);

/* Does it wait for client_state_later()? */
int	 client_state_wants_later(const struct client_state *s);

const struct kith_conversation *client_state_find(const struct client_state *s,
	    uint64_t id);
const struct kith_conversation *client_state_at(const struct client_state *s,
	    size_t i);

#endif
