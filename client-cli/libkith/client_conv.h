/*
 * client_conv.h - the conversations that a client knows, and the only function
 * that decides about an event: drop it, deliver it, or hold it back.
 *
 * Shape   A conversation is `placed` once we know where to begin; it delivers
 *         once it has a name, too. A pointer to one is valid until the next
 *         client_conv_get().
 */
#ifndef KITH_CLIENT_CONV_H
#define KITH_CLIENT_CONV_H

#include <stddef.h>
#include <stdint.h>

#include "client-cli/libkith/kith.h"

/* Takes the next event of its conversation. */
typedef void	(*client_conv_deliver_fn)(const Kith__V1__Event *event,
		    void *arg);

struct held;			/* an event that came before its turn */

struct conv {
	struct kith_conversation pub;	/* name: NULL until it is known */
	uint64_t	 last;		/* highest seq that we know to exist */
	uint64_t	 seen, marked;	/* read cursor: wanted, sent */
	struct held	*held;		/* by rising seq */
	unsigned	 n_held;
	unsigned	 tries;		/* answers that did not fill the hole */
	unsigned	 placed : 1;	/* pub.have means something */
	unsigned	 skipped : 1;	/* unread ones before pub.have were
					   never handed over */
	unsigned	 listed : 1;	/* in the Have of the Sync under way */
	unsigned	 lagging : 1;	/* wait for client_state_later() */
};

struct convs {			/* all zero is empty; then set deliver */
	client_conv_deliver_fn deliver;
	void		*arg;
	struct conv	*list;		/* by rising id */
	size_t		 n, size;
	int		 changed;	/* there may be something to ask */
};

void	client_conv_fini(struct convs *all);

struct conv *client_conv_find(const struct convs *all, uint64_t id);
/* Finds or adds; NULL on ENOMEM. */
struct conv *client_conv_get(struct convs *all, uint64_t id);

/* "#ops", "@alice"; the id if `from` is NULL or has no name. 0 or -ENOMEM. */
int	client_conv_set_name(struct conv *c,
	    const Kith__V1__Conversation *from);

/* The event with this seq exists. */
void	client_conv_note_last(struct convs *all, struct conv *c, uint64_t seq);

/* An event from anywhere. Dropped if it is known; delivered, and held ones
 * after it, if it is the next; else held back. 0, -ENOMEM: it is missed. */
int	client_conv_event(struct convs *all, const Kith__V1__Event *e);

/* The next event that this user may read, whatever its seq. For pages of the
 * log: they leave out only what the user may not read. 0, -ENOMEM. */
int	client_conv_deliver(struct convs *all, struct conv *c,
	    const Kith__V1__Event *e);

/* Delivers held events whose turn it is. 0, -ENOMEM: one is missed. */
int	client_conv_drain(struct convs *all, struct conv *c);

/* Are events missing that may be asked for? */
int	client_conv_has_hole(const struct conv *c);

/* What is missing before the first held event cannot be read: skips it. */
int	client_conv_give_up_hole(struct convs *all, struct conv *c);

/* Of the first held event; 0: none. */
uint64_t client_conv_held_seq(const struct conv *c);

#endif
