/*
 * conv.h - conversations and groups: ids, standing, permissions. Pure rules, no
 * I/O.
 *
 * conv_may() decides, at every door, who may do what in which conversation. To
 * a stranger a private group looks as if it did not exist.
 */
#ifndef KITH_SERVER_CONV_H
#define KITH_SERVER_CONV_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/error.h"

enum conv_verb {
	CONV_SEND,
	CONV_READ,			/* history, sync: while a member */
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
	CONV_INVITED,			/* not in it (any more); may join */
	CONV_FORMER,			/* was in it: may read that part */
	CONV_MEMBER,
	CONV_OWNER,
	CONV_STANDING_COUNT
};

struct conv_user {			/* who asks */
	enum conv_standing	standing; /* direct: MEMBER, or STRANGER */
	uint32_t		groups;	/* that the user is in; JOIN only */
};

struct conv_object {
	bool			direct;
	bool			peer_disabled;	/* direct: gets nothing */
	bool			is_public;	/* a group */
	uint32_t		members;	/* JOIN only */
};

/* OK, NO_SUCH_USER, NO_SUCH_GROUP, NO_SUCH_CONVERSATION, NOT_MEMBER,
 * NOT_PERMITTED, TOO_MANY. */
enum kith_err	conv_may(const struct conv_user *user, enum conv_verb verb,
		    const struct conv_object *object);

/* The direct conversation of two users, in either order; a == b: notes to
 * oneself. 0: one of the ids is impossible. */
uint64_t	conv_direct(uint64_t a, uint64_t b);

/* `id` has the form of a direct conversation. Its users are *a <= *b. */
bool		conv_is_direct(uint64_t id, uint64_t *a, uint64_t *b);

/* `id` has the form of a group's id. */
bool		conv_is_group(uint64_t id);

/* The other user of a direct conversation; 0: it is not one of `user`. */
uint64_t	conv_peer(uint64_t id, uint64_t user);

/* A client id and the n - 1 after it belong to `device`, or are all free ones
 * (CLIENT_ID_FREE_BIT). */
bool		conv_client_ids_ok(uint64_t first, uint64_t device, unsigned n);

#endif
