/*
 * store_target.h - from the target of a request to a conversation, and what its
 * user may do there.
 */
#ifndef KITH_SERVER_STORE_TARGET_H
#define KITH_SERVER_STORE_TARGET_H

#include "server/rules/conv.h"
#include "server/store/store_int.h"

struct store_target {			/* kith.v1.Target, checked and copied */
	enum { TARGET_USER, TARGET_GROUP, TARGET_CONVERSATION } what;
	uint64_t	id;
	char		name[NAME_BYTES_MAX + 1];	/* prepared */
};

struct store_place {		/* where a target leads the user who asks */
	uint64_t		conversation;
	struct conv_object	object;
	enum conv_standing	standing;
};

/* OK, BAD_REQUEST (NULL or empty), NO_SUCH_USER or NO_SUCH_GROUP (no possible
 * name; out->name is empty then). */
enum kith_err	store_target_read(const Kith__V1__Target *t,
		    struct store_target *out);

/* Finds the place and asks conv_may(). DB_OK: *err says whether `user` may;
 * otherwise the database's failure. JOIN is asked without its limits. */
enum db_class	store_target_find(struct store *s, uint64_t user,
		    const struct store_target *t, enum conv_verb verb,
		    struct store_place *place, enum kith_err *err);

#endif
