/*
 * may.c - what a user may do that concerns no conversation.
 */
#include "server/rules/may.h"

/* Watching the server needs no account on its own machine. A token that was sent decides alone. */
static enum kith_err
may_read_metrics(const struct may_user *user)
{
	if (user->logged_in)
		return user->admin ? KITH_E_OK : KITH_E_NOT_PERMITTED;
	return user->local ? KITH_E_OK : KITH_E_TOKEN_INVALID;
}

enum kith_err
may(const struct may_user *user, enum may_verb verb)
{
	switch (verb) {
	case MAY_READ_METRICS:
		return may_read_metrics(user);
	case MAY_VERB_COUNT:
		break;
	}
	return KITH_E_NOT_PERMITTED;
}
