/*
 * conv.c - see conv.h. The rules of groups are the table below, in the order of the enums.
 */
#include "server/rules/conv.h"

#include "protocol/limits.h"

#define USER_BITS	31
#define FREE_SHIFT	62		/* to CLIENT_ID_FREE_BIT */

/* What a group's conv_may() says, apart from what a stranger hears of a private group
 * (nothing). conv_may_join() has JOIN. */
static const uint8_t group_rules[CONV_VERB_COUNT][CONV_STANDING_COUNT] = {
#define NO KITH_E_NOT_MEMBER
	/*			STRANGER  INVITED    FORMER	MEMBER	   OWNER */
	[CONV_SEND] =		{ NO,	  NO,	     NO,	KITH_E_OK, KITH_E_OK },
	[CONV_READ] =		{ NO,	  KITH_E_OK, KITH_E_OK, KITH_E_OK, KITH_E_OK },
	[CONV_MARK_READ] =	{ NO,	  KITH_E_OK, KITH_E_OK, KITH_E_OK, KITH_E_OK },
	[CONV_LEAVE] =		{ NO,	  KITH_E_OK, KITH_E_OK, KITH_E_OK, KITH_E_OK },
	[CONV_INVITE] =		{ NO,	  NO,	     NO,	KITH_E_OK, KITH_E_OK },
	[CONV_LIST_MEMBERS] =	{ NO,	  NO,	     NO,	KITH_E_OK, KITH_E_OK },
	[CONV_TYPING] =		{ NO,	  NO,	     NO,	KITH_E_OK, KITH_E_OK },
#undef NO
};

static enum kith_err
conv_may_direct(enum conv_standing standing, enum conv_verb verb,
    const struct conv_object *direct)
{
	if (standing < CONV_MEMBER)
		return KITH_E_NO_SUCH_CONVERSATION;
	if (verb == CONV_SEND)
		return direct->peer_disabled ? KITH_E_NO_SUCH_USER : KITH_E_OK;
	return verb == CONV_READ || verb == CONV_MARK_READ || verb == CONV_TYPING ?
	    KITH_E_OK : KITH_E_NOT_PERMITTED;
}

static enum kith_err
conv_may_join(const struct conv_user *user, const struct conv_object *group)
{
	if (user->standing >= CONV_MEMBER)
		return KITH_E_OK;		/* joined already: a repetition */
	if (user->standing == CONV_FORMER && !group->is_public)
		return KITH_E_NOT_PERMITTED;
	if (group->members >= MEMBERS_PER_GROUP_MAX || user->groups >= GROUPS_PER_USER_MAX)
		return KITH_E_TOO_MANY;
	return KITH_E_OK;
}

enum kith_err
conv_may(const struct conv_user *user, enum conv_verb verb, const struct conv_object *object)
{
	if (object->direct)
		return conv_may_direct(user->standing, verb, object);
	if (user->standing == CONV_STRANGER && !object->is_public)
		return KITH_E_NO_SUCH_GROUP;
	if (verb == CONV_JOIN)
		return conv_may_join(user, object);
	return group_rules[verb][user->standing];
}

uint64_t
conv_direct(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0 || a > USER_ID_MAX || b > USER_ID_MAX)
		return 0;
	return CONVERSATION_DIRECT_BIT | (a < b ? a << USER_BITS | b : b << USER_BITS | a);
}

bool
conv_is_direct(uint64_t id, uint64_t *a, uint64_t *b)
{
	*a = (id & ~CONVERSATION_DIRECT_BIT) >> USER_BITS;
	*b = id & USER_ID_MAX;
	return *a <= *b && id != 0 && conv_direct(*a, *b) == id;
}

bool
conv_is_group(uint64_t id)
{
	return id != 0 && id < CONVERSATION_DIRECT_BIT;
}

uint64_t
conv_peer(uint64_t id, uint64_t user)
{
	uint64_t a, b;

	if (!conv_is_direct(id, &a, &b) || (a != user && b != user))
		return 0;
	return a == user ? b : a;
}

/* No device's number is so high that its ids could look free (DEVICE_MAX). */
bool
conv_client_ids_ok(uint64_t first, uint64_t device, unsigned n)
{
	uint64_t last = first + n - 1;

	if (n == 0)
		return false;
	if (first & CLIENT_ID_FREE_BIT)
		return first >> FREE_SHIFT == 1 && last >> FREE_SHIFT == 1;
	return (uint32_t)first != 0 && first >> CLIENT_ID_DEVICE_SHIFT == device &&
	    last >> CLIENT_ID_DEVICE_SHIFT == device;
}
