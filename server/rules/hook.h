/*
 * hook.h - what a hook's token is good for. A pure rule, no I/O.
 *
 * A hook posts to one conversation. Its token may log in for that, on a
 * connection that does one request and is in no table, so that nobody has to
 * close it when the hook is revoked; and no other token may log in there.
 * conv_may() still decides whether the hook's owner may send.
 */
#ifndef KITH_SERVER_HOOK_H
#define KITH_SERVER_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/frame.pb-c.h"

struct hook_session {
	bool		logged_in;
	bool		by_hook;	/* it logs in with a hook's token */
	bool		light;		/* of one call, in no table */
	uint64_t	conversation;	/* logged in: the hook's; 0: no hook */
};

/* May this session ask that? */
bool	hook_may(const struct hook_session *s, const Kith__V1__Request *r);

#endif
