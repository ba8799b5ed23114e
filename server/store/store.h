/*
 * store.h - what the files of the store roles share: the handle, transactions, answers,
 * and what is told to the workers after a commit.
 *
 * store.c has the writer's main, store_read.c the reader's; both use the same struct,
 * with `writer` telling them apart. One request is handled at a time.
 *
 * Crash  All that was answered is committed. What was not answered is still in the
 *        inbox, and its repetition is harmless.
 * Trust  Heads and bodies come from workers, which may have been taken over. A head's
 *        user is believed (DESIGN 1.6), all the rest is checked.
 */
#ifndef KITH_SERVER_STORE_H
#define KITH_SERVER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/conversation.pb-c.h"
#include "protocol/error.h"
#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"
#include "protocol/unpackmem.h"
#include "server/db/db.h"
#include "server/proc/ipc.h"
#include "server/proc/proc.h"
#include "server/rules/conv.h"

struct store_batch;
struct store_cache;

#define STORE_PATIENCE_MS	2000u	/* the writer keeps its work for so long while it connects anew */
#define STORE_RETRY_MS		250u	/* between two attempts to connect */
#define STORE_NEWS_MAX	4u		/* a transaction's own, batches apart */
#define STORE_JOINS_MAX	32u		/* remembered for a moment */

/* What the workers are told after a commit, in this order. */
struct store_news {
	enum { NEWS_EVENT, NEWS_JOINED, NEWS_LEFT } what;
	struct db_event	event;		/* NEWS_EVENT; body is kept in `text` */
	char		text[TOPIC_BYTES_MAX + 1];
	uint64_t	user, conversation;	/* NEWS_JOINED, NEWS_LEFT */
};

/* Who joined just now: until its worker has read that, the registry does not know of it. */
struct store_join {
	uint64_t	group, until_ms;
	uint32_t	workers;
};

struct store {
	struct proc		*p;
	struct db		*db;		/* NULL: away */
	bool			 writer;
	struct unpackmem	 mem;		/* holds the request at hand, nothing else */
	struct store_cache	*cache;
	struct store_batch	*batch;		/* writer: see store_send.h */
	struct store_news	 news[STORE_NEWS_MAX];
	unsigned		 nnews;
	struct store_join	 joins[STORE_JOINS_MAX];
	unsigned		 njoins;	/* ever: the next goes to njoins % STORE_JOINS_MAX */
	uint64_t		 lobby;		/* writer: the group's id, 0: none */
	bool			 draining;	/* writer: ends when its inbox is empty */
	bool			 away;		/* the last attempt to connect failed */
	bool			 connected_once;
	bool			 commit_lost;	/* a COMMIT's answer did not come, since the request began */
	uint64_t		 logged_at;	/* the last failure, and */
	enum db_class		 logged;	/* ... its class */
	uint64_t		 retry_at;	/* while away: the next connection is tried then */
	uint64_t		 replay_end;	/* writer: the inbox up to here was there at the start; 0: none */
	uint64_t		 unsure_from, unsure_to;	/* times of commits whose answer was lost */
};

/*
 * Transactions.
 *
 * The work may be run several times (deadlock, lost connection), so it sets all of its
 * results anew each time. It returns
 *   DB_OK	commit, then tell what it left in `news`
 *   DB_DONE	roll back: refused, for a reason that it left in `arg`
 *   others	of a failed call: as it is
 */
typedef enum db_class store_work(struct store *s, void *arg);

/* DB_OK, DB_DONE, DB_DUPLICATE (rolled back; the caller knows what it means), or, after
 * the time that README.md allows, DB_LOST, DB_RETRY, DB_FULL or DB_ERROR: counted and
 * logged. In the reader it is one snapshot. */
enum db_class	store_transact(struct store *s, store_work *work, void *arg);

/* What a client is told of such a failure. KITH_E_OK for DB_OK and DB_DONE. */
enum kith_err	store_err(enum db_class c);

/* db_stmt() of `sql` with `n` numbers (uint64_t, each) bound from place 0. NULL: db_class(). */
struct db_stmt	*store_stmt(struct store *s, const char *sql, unsigned n, ...);

/* Runs a statement that gives no rows, and resets it. `st` may be NULL: a failed store_stmt(). */
enum db_class	store_exec(struct store *s, struct db_stmt *st);

/* A connection, if it is time to try: DB_OK, or DB_LOST. Migrates, as the writer. At the very first
 * start a wrong setting ends the process (PROC_EX_CONFIG). */
enum db_class	store_connect(struct store *s);

/* Each turn: upkeep of the connection, or of its absence. */
void		store_tend(struct store *s);

/* Unpacks into s->mem, which ends what was there. */
enum kith_err	store_unpack_request(struct store *s, const uint8_t *body, uint32_t len,
		    Kith__V1__Request **out);

/* The handle's parts; 0 or -ENOMEM. */
int		store_init(struct store *s, struct proc *p, bool writer);
void		store_fini(struct store *s);

/* The pieces of both mains, which tests drive without a loop. */
int		store_writer_init(struct store *s, struct proc *p);
void		store_writer_record(struct proc *p, const struct ipc_head *h,
		    const uint8_t *body, uint32_t len);
void		store_writer_turn(struct proc *p);
void		store_reader_record(struct proc *p, const struct ipc_head *h,
		    const uint8_t *body, uint32_t len);

/*
 * Answers.
 */

/* The head of an answer to `asked`: who asked, its generation, its request. */
void		store_answer_head(const struct ipc_head *asked, enum ipc_type type,
		    struct ipc_head *out);

/* Packs and sends a Reply; sets its id from `h`. A reply over the limit becomes TOO_LARGE. */
void		store_reply(struct store *s, const struct ipc_head *h, Kith__V1__Reply *r);
void		store_reply_done(struct store *s, const struct ipc_head *h);
void		store_reply_error(struct store *s, const struct ipc_head *h, enum kith_err code);

/* Fills `e` for an outcome or a reply: code, text, retry_after. */
void		store_error(Kith__V1__Error *e, enum kith_err code);

/* An empty string where the message has to have one: protobuf-c's strings are not const. */
extern char	store_empty[];

/*
 * News, inside a transaction.
 */

/* Appends an event to its conversation's log: takes the number, stores it, notes it as news.
 * e->seq is set. The body is at most TOPIC_BYTES_MAX. */
enum db_class	store_news_event(struct store *s, struct db_event *e);
void		store_news_member(struct store *s, uint64_t group, uint64_t user, bool joined);

/* The request at hand turned out to be a repetition: notes its event as news once more, if
 * nobody knows whether it was told. It is the newest of `kind` by `sender`. */
enum db_class	store_news_again(struct store *s, uint64_t conversation, uint32_t kind,
		    uint64_t sender);

/* The request at hand was in the inbox when this process started: its predecessor may have
 * handled it. */
bool		store_replaying(const struct store *s);

/* After the commit: to the workers. store_transact() does it. */
void		store_tell_news(struct store *s);
void		store_tell_event(struct store *s, const struct db_event *e);
/* `mover` is the head of the MarkRead: to the user's other devices; and to the other
 * user of a direct conversation, if there is one. */
void		store_tell_cursor(struct store *s, const struct ipc_head *mover,
		    uint64_t conversation, uint64_t seq);
void		store_tell_peer_cursor(struct store *s, const struct ipc_head *mover,
		    uint64_t conversation, uint64_t seq);

/*
 * Targets (store_find.c).
 */

struct store_target {			/* kith.v1.Target, checked and copied */
	enum { TARGET_USER, TARGET_GROUP, TARGET_CONVERSATION } what;
	uint64_t	id;
	char		name[NAME_BYTES_MAX + 1];	/* prepared */
};

struct store_place {			/* where a target leads for the user who asks */
	uint64_t		conversation;
	struct conv_object	object;
	enum conv_standing	standing;
	bool			peer_disabled;	/* direct: nothing can be sent there */
};

/* OK, BAD_REQUEST (NULL or empty), NO_SUCH_USER or NO_SUCH_GROUP (no possible name; out->name
 * is empty then). */
enum kith_err	store_target_read(const Kith__V1__Target *t, struct store_target *out);

/* Finds the place and asks conv_may(). DB_OK: *err says whether `user` may; otherwise the
 * database's failure. JOIN is asked without its limits. */
enum db_class	store_find(struct store *s, uint64_t user, const struct store_target *t,
		    enum conv_verb verb, struct store_place *place, enum kith_err *err);

/*
 * Conversations (store_batch.c).
 */

/* In a transaction: raises the counter of a conversation to its last event, if it lags behind
 * (from a restored or damaged table), and logs it. */
enum db_class	store_mend_counter(struct store *s, uint64_t conversation);

/* In a transaction: both users of a new direct conversation get their rows. */
enum db_class	store_add_direct_members(struct store *s, uint64_t conversation);

/*
 * The lobby (store_group.c).
 */

/* Work: finds the public group conf->lobby, or makes it. Writer, at each new connection. */
enum db_class	store_group_make_lobby(struct store *s, void *unused);

/* In the transaction that makes the account: `user` joins the lobby, if there is one. The
 * group hears of it after the commit. */
enum db_class	store_group_join_lobby(struct store *s, uint64_t user);

/*
 * Hooks (store_hook.c).
 */
void		store_hook_create(struct store *s, const struct ipc_head *h,
		    const Kith__V1__Request *r);

/*
 * Accounts (store_account.c). Each opens its own transactions by store_transact(), and answers.
 */
void		store_account_ask(struct store *s, const struct ipc_head *h,
		    const uint8_t *body, uint32_t len);
/* logout, revoke_session (writer), list_sessions (reader). */
void		store_account_request(struct store *s, const struct ipc_head *h,
		    const Kith__V1__Request *r);

#endif
