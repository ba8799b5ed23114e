/*
 * may.h - what a user may do that concerns no conversation (conv.h has those).
 *
 * Pure rules, no I/O. Any role.
 */
#ifndef KITH_SERVER_MAY_H
#define KITH_SERVER_MAY_H

#include <stdbool.h>

#include "protocol/error.h"

enum may_verb {
	MAY_READ_METRICS,
	MAY_VERB_COUNT
};

struct may_user {
	bool	logged_in;
	bool	admin;			/* if logged in */
	bool	local;			/* on this machine, through no proxy */
};

/* OK, TOKEN_INVALID (logging in may help), NOT_PERMITTED. */
enum kith_err	may(const struct may_user *user, enum may_verb verb);

#endif
