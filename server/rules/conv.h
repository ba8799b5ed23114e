/*
 * conv.h - conversations and groups: ids, standing, permissions. Pure rules, no I/O.
 *
 * conv_may() decides everything, at every door: who asks, what for, of which
 * conversation. A private group looks to a stranger as if it did not exist.
 */
#ifndef KITH_SERVER_CONV_H
#define KITH_SERVER_CONV_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/error.h"

enum conv_verb {
	CONV_SEND,
	CONV_READ,			/* history, sync: within the intervals of membership */
	CONV_MARK_READ,
	CONV_JOIN,
	CONV_LEAVE,
	CONV_INVITE,
	CONV_LIST_MEMBERS,
	CONV_TYPING,
	CONV_VERB_COUNT
};

enum conv_standing {
	CONV_STRANGER,			/* never in it, nor invited */
	CONV_INVITED,			/* not in it (any more), but may join */
	CONV_FORMER,			/* was in it: keeps what was said then */
	CONV_MEMBER,
	CONV_OWNER,
	CONV_STANDING_COUNT
};

struct conv_user {			/* who asks */
	enum conv_standing	standing;	/* direct: MEMBER for the two, else STRANGER */
	uint32_t		groups;		/* that the user is in; JOIN only */
};

struct conv_object {
	bool			direct;
	bool			peer_disabled;	/* direct: can be sent nothing */
	bool			is_public;	/* a group */
	uint32_t		members;	/* JOIN only */
};

/* OK, NO_SUCH_USER, NO_SUCH_GROUP, NO_SUCH_CONVERSATION, NOT_MEMBER, NOT_PERMITTED, TOO_MANY. */
enum kith_err	conv_may(const struct conv_user *user, enum conv_verb verb,
		    const struct conv_object *object);

/* The direct conversation of two users, in either order; a == b: notes to oneself. 0 if one of
 * the ids is not possible. */
uint64_t	conv_direct(uint64_t a, uint64_t b);

/* `id` has the form of a direct conversation; its two users, *a <= *b. */
bool		conv_is_direct(uint64_t id, uint64_t *a, uint64_t *b);

/* `id` has the form of a group's. */
bool		conv_is_group(uint64_t id);

/* The other user of a direct conversation of `user`; 0 if it is none of this user's. */
uint64_t	conv_peer(uint64_t id, uint64_t user);

/* A client id and the n - 1 after it belong to `device`, or are all free ones
 * (CLIENT_ID_FREE_BIT). */
bool		conv_client_ids_ok(uint64_t first, uint64_t device, unsigned n);

#endif
