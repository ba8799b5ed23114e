/*
 * store_target.c - from a target in a request to a conversation, and what its
 * user may do there.
 */
#include "server/store/store_target.h"

#include <string.h>

#include "server/rules/name.h"
#include "server/store/store_cache.h"

static bool
target_prepare_name(const char *name, struct store_target *out)
{
	if (name_prepare(name, strlen(name), out->name) == 0)
		return true;
	out->name[0] = '\0';
	return false;
}

enum kith_err
store_target_read(const Kith__V1__Target *t, struct store_target *out)
{
	if (t == NULL)
		return KITH_E_BAD_REQUEST;
	switch (t->to_case) {
	case KITH__V1__TARGET__TO_USER:
		out->what = TARGET_USER;
		return target_prepare_name(t->user, out) ? KITH_E_OK : KITH_E_NO_SUCH_USER;
	case KITH__V1__TARGET__TO_GROUP:
		out->what = TARGET_GROUP;
		return target_prepare_name(t->group, out) ? KITH_E_OK : KITH_E_NO_SUCH_GROUP;
	case KITH__V1__TARGET__TO_CONVERSATION:
		out->what = TARGET_CONVERSATION;
		out->id = t->conversation;
		return KITH_E_OK;
	default:
		return KITH_E_BAD_REQUEST;
	}
}

/* `place->conversation` is a direct one. Users other than its two are strangers. */
static enum db_class
find_direct_target(struct store *s, uint64_t user, struct store_place *place, enum kith_err *err)
{
	uint64_t peer = conv_peer(place->conversation, user);
	struct store_name found;
	enum db_class c;

	place->object.direct = true;
	place->standing = CONV_STRANGER;
	if (peer == 0)
		return DB_OK;
	c = store_cache_user(s, peer, &found);
	if (c == DB_DONE)
		*err = KITH_E_NO_SUCH_CONVERSATION;
	if (c != DB_OK)
		return c == DB_DONE ? DB_OK : c;
	place->standing = CONV_MEMBER;
	place->object.peer_disabled = found.flag;
	return DB_OK;
}

static enum db_class
find_group(struct store *s, uint64_t user, const struct store_name *group,
    struct store_place *place)
{
	place->conversation = group->id;
	place->object.is_public = group->flag;
	return store_cache_standing(s, group->id, user, &place->standing);
}

static enum db_class
find_user_target(struct store *s, uint64_t user, const struct store_target *t,
    struct store_place *place, enum kith_err *err)
{
	struct store_name peer;
	enum db_class c;

	if ((c = store_cache_user_named(s, t->name, &peer)) != DB_OK) {
		*err = KITH_E_NO_SUCH_USER;
		return c == DB_DONE ? DB_OK : c;
	}
	place->conversation = conv_direct(user, peer.id);
	place->object.direct = true;
	place->standing = CONV_MEMBER;
	place->object.peer_disabled = peer.flag;
	if (place->conversation == 0)
		*err = KITH_E_INTERNAL;		/* more users than ids */
	return DB_OK;
}

static enum db_class
find_group_target(struct store *s, uint64_t user, const struct store_target *t,
    struct store_place *place, enum kith_err *err)
{
	struct store_name group;
	enum db_class c = store_cache_group_named(s, t->name, &group);

	if (c == DB_OK)
		return find_group(s, user, &group, place);
	*err = KITH_E_NO_SUCH_GROUP;
	return c == DB_DONE ? DB_OK : c;
}

static enum db_class
find_id_target(struct store *s, uint64_t user, const struct store_target *t,
    struct store_place *place, enum kith_err *err)
{
	struct store_name group;
	uint64_t a, b;
	enum db_class c;

	place->conversation = t->id;
	if (conv_is_direct(t->id, &a, &b))
		return find_direct_target(s, user, place, err);
	*err = KITH_E_NO_SUCH_CONVERSATION;
	if (!conv_is_group(t->id))
		return DB_OK;
	if ((c = store_cache_group(s, t->id, &group)) != DB_OK)
		return c == DB_DONE ? DB_OK : c;
	*err = KITH_E_OK;
	return find_group(s, user, &group, place);
}

enum db_class
store_target_find(struct store *s, uint64_t user, const struct store_target *t, enum conv_verb verb,
    struct store_place *place, enum kith_err *err)
{
	static enum db_class (*const find[])(struct store *, uint64_t, const struct store_target *,
	    struct store_place *, enum kith_err *) = {
		[TARGET_USER] = find_user_target,
		[TARGET_GROUP] = find_group_target,
		[TARGET_CONVERSATION] = find_id_target,
	};
	struct conv_user who = { 0 };
	enum db_class c;

	memset(place, 0, sizeof(*place));
	*err = KITH_E_OK;
	if ((c = find[t->what](s, user, t, place, err)) != DB_OK || *err != KITH_E_OK)
		return c;
	who.standing = place->standing;
	*err = conv_may(&who, verb, &place->object);
	/* What was asked for by its id is told to be missing by the same word. */
	if (*err == KITH_E_NO_SUCH_GROUP && t->what == TARGET_CONVERSATION)
		*err = KITH_E_NO_SUCH_CONVERSATION;
	return DB_OK;
}
