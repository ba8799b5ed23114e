/*
 * store_int.h - the handle that the files of the store roles share.
 *
 * Writer and reader run the same code on the same base; what only one of them
 * needs is in its own part, and the other one's pointer is NULL. One request is
 * handled at a time.
 *
 * Crash  What was answered is committed. What was not answered is still in the
 *        inbox, and handling it again is harmless.
 * Trust  Heads and bodies come from workers, which may have been taken over. A
 *        head's user is believed; everything else is checked.
 */
#ifndef KITH_SERVER_STORE_INT_H
#define KITH_SERVER_STORE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/conversation.pb-c.h"
#include "protocol/error.h"
#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"
#include "protocol/unpackmem.h"
#include "server/db/db.h"
#include "server/db/db_event.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"

struct store;
struct store_batch;
struct store_cache;

/* The writer keeps its work this long while it connects again, */
#define STORE_PATIENCE_MS	2000u
#define STORE_RETRY_MS		250u	/* and tries this often. */

#define STORE_NEWS_MAX	64u		/* of one transaction, batches apart */
#define STORE_JOINS_MAX	32u		/* remembered for a moment */

/* Memory for the page that the reader is filling. */
#define STORE_PAGE_BYTES	(192u * 1024u)

/* What the workers are told after a commit, in this order. */
struct store_news {
	enum { NEWS_EVENT, NEWS_JOINED, NEWS_LEFT } what;
	struct db_event	event;		/* NEWS_EVENT; body: `text` */
	char		*text;		/* from malloc() */
	uint64_t	user, conversation;	/* NEWS_JOINED, NEWS_LEFT */
};

/* A user who joined. The registry knows of it once the worker has read that. */
struct store_join {
	uint64_t	group, until_ms;
	uint32_t	workers;
};

/* See store_incarnation.h. */
struct store_incarnation {
	uint64_t	id;		/* 0: no connection so far */
	/* Numbers given when the connection was made, and its db_taken_seqs()
	 * then. */
	uint64_t	given, taken;
	uint64_t	marked;		/* what the mark says, if written */
	bool		written, failed;
	int		fd;		/* of the mark; -1: not open */
};

struct store_writer {
	struct store_incarnation incarnation;
	struct store_batch	*batch;	/* see store_batch.h */
	struct store_news	 news[STORE_NEWS_MAX];
	unsigned		 nnews;
	struct store_join	 joins[STORE_JOINS_MAX];
	/* Ever: the next one goes to njoins % STORE_JOINS_MAX. */
	unsigned		 njoins;
	uint64_t		 lobby;		/* the group's id, 0: none */
	bool			 draining;	/* ends with its inbox empty */
	/* The inbox up to here was there at the start; 0: it was empty. */
	uint64_t		 replay_end;
	/* Times of the commits whose answer was lost. */
	uint64_t		 unsure_from, unsure_to;
};

/* See store_health.h. */
struct store_health {
	bool		 bad, full;
	bool		 logged;	/* the start of the outage was */
	uint64_t	 since_ms;
	uint64_t	 proved_ms;	/* something was stored then */
	uint64_t	 looked_ms;	/* its tables were tried */
	uint64_t	 measured_ms;	/* the room was */
	uint64_t	 broken_ms;	/* a request met DB_BROKEN; 0: none */
	uint64_t	 turned_ms;	/* the outage turned into another */
	bool		 doubted;	/* to be proved at the next turn */
	char		 text[256];
};

/* What a role does at these moments. */
struct store_hooks {
	/* A new connection, before its first use: 0, or -1 with err. */
	int	(*prepare)(struct store *s, char *err, size_t errlen,
		    bool *fatal);
	void	(*committed)(struct store *s);
	void	(*rolled_back)(struct store *s);
};

struct store {
	struct proc		*p;
	struct db		*db;	/* NULL: no connection */
	struct unpackmem	 mem;	/* the request at hand, nothing else */
	struct store_cache	*cache;
	const struct store_hooks *hooks;	/* NULL: reader */
	struct store_writer	*writer;	/* NULL: reader */
	void			*page;	/* reader: STORE_PAGE_BYTES */

	bool			 away;	/* the last attempt to connect failed */
	bool			 connected_once;
	bool			 begin_failed;	/* the last transaction did */
	uint64_t		 hurried_until;	/* no waiting for rows */
	struct store_health	 health;
	/* The answer to a COMMIT did not come, since the request began. */
	bool			 commit_lost;
	uint64_t		 connect_logged_at;
	uint64_t		 logged_at;	/* the last failure, and */
	enum db_class		 logged;	/* ... its class */
	uint64_t		 retry_at;	/* away: time of the next try */
};

#endif
