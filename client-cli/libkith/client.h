/*
 * client.h - struct kith: one login. What the files of the client core share;
 * programs see kith.h.
 *
 * client.c creates it and connects; client_login.c is one connection from key
 * to frames; client_sync.c asks for what client_state.c misses;
 * client_request.c makes requests; client_link.c handles loss and back-off;
 * client_queue.c keeps requests until they are answered; client_taken.c changes
 * client ids that were taken; client_id.c makes them; client_frame.c packs,
 * sends and unpacks; client_failure.c fills in failures. Each file calls only
 * those after it:
 *
 *	client > login > sync > request > link > queue > taken > id, frame >
 *	failure
 */
#ifndef KITH_CLIENT_H
#define KITH_CLIENT_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "client-cli/libkith/client_queue.h"
#include "client-cli/libkith/client_state.h"
#include "client-cli/libkith/kith.h"
#include "client-cli/libkith/net.h"
#include "protocol/unpackmem.h"

struct kith {
	struct event_base	*base;
	struct net_address	 address;	/* host is ours */
	struct net_tls		*tls;		/* NULL: address.plain */
	char			 key[NET_KEY_MAX];	/* pinned, or "" */
	char			 next_key[NET_KEY_MAX];	/* pinned, too, or "" */
	char			 seen_key[NET_KEY_MAX];
	char			*client;
	enum kith_login_by	 by;
	char			*token, *name, *password, *invite, *device;
	int			 follow;
	uint32_t		 retry_ms;
	struct kith_hooks	 hooks;
	void			*arg;

	enum kith_phase		 phase;
	struct net		*net;		/* NULL: waiting, or ended */
	int			 greeted;	/* limits: of this connection */
	int			 online;	/* logged in: the same */
	uint64_t		 user;
	uint64_t		 history;	/* of LoggedIn; 0: none told */
	Kith__V1__Limits	 limits;
	struct kith_failure	 closing;	/* of Closing; code 0: none */
	uint32_t		 backoff_ms;	/* bound of the next wait */
	uint64_t		 give_up_at;	/* end of the tries */
	uint64_t		 next_try_at;	/* in KITH_WAITING */
	uint64_t		 restart_until;	/* the server restarts: short
						   waits until then */
	uint64_t		 online_at, heard_at;	/* clock_now_ms() */
	int			 spoke;		/* sent since the last beat */

	struct event		 reconnect, attempt_limit, give_up, beat, tick;
	struct client_queue	 queue;
	struct unpackmem	 unpacked;	/* the reply under way */
	struct client_state	*state;		/* NULL without follow */
};

#endif
