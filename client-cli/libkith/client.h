/*
 * client.h - what the files of the client core share; programs see kith.h.
 *
 * client.c connects, and does so again; client_login.c is one connection from key
 * to frames; client_queue.c holds the requests until they are answered, client_req.c
 * makes them; client_sync.c drives client_state; client_failure.c words what fails.
 */
#ifndef KITH_CLIENT_H
#define KITH_CLIENT_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "client-cli/libkith/client_state.h"
#include "client-cli/libkith/kith.h"
#include "client-cli/libkith/net.h"

/* Requests of the core itself; those of the queue begin at CLIENT_ID_FIRST. */
#define CLIENT_ID_HELLO	1
#define CLIENT_ID_LOGIN	2
#define CLIENT_ID_BEAT	3
#define CLIENT_ID_FIRST	16

#define TICK_MS		250		/* deadlines, marks, second tries */

struct request {
	TAILQ_ENTRY(request)	 link;		/* in queue.all, by rising id */
	uint64_t		 id;
	uint64_t		 deadline;	/* monotonic ms; UINT64_MAX: none */
	unsigned		 flags;
	Kith__V1__Reply__BodyCase expect;	/* what answers it, if not an error */
	int			 sent;		/* on this connection, not answered */
	kith_reply_fn		 fn;
	void			*arg;
	size_t			 len;
	uint8_t			 frame[];
};

/* Flags of a request. */
#define REQ_ONCE	1u		/* may have effect though no answer came */
#define REQ_INTERNAL	2u		/* made anew after a reconnect: dropped silently */

/* What the core knows about a kind of request: a row of the table in
 * client_req.c. */
struct request_kind {
	Kith__V1__Request__BodyCase request;
	Kith__V1__Reply__BodyCase reply;
	unsigned		 flags;
};

struct queue {
	TAILQ_HEAD(, request)	 all;
	size_t			 n, in_flight;
	uint64_t		 next_id;
	uint64_t		 paused_until;	/* monotonic ms: the server asked for it */
	uint32_t		 request_ms;
};

struct kith {
	struct event_base	*base;
	struct net_address	 address;	/* host is ours */
	char			 key[NET_KEY_MAX];	/* pinned, or "" */
	char			 seen_key[NET_KEY_MAX];
	char			*client;
	enum kith_login_by	 by;
	char			*token, *name, *password, *invite, *device;
	int			 follow;
	uint32_t		 retry_ms;
	struct kith_hooks	 hooks;
	void			*arg;

	enum kith_phase		 phase;
	struct net		*net;		/* NULL in KITH_WAITING and KITH_ENDED */
	int			 online;	/* logged in on this connection */
	uint64_t		 user;
	Kith__V1__Limits	 limits;
	int			 greeted;	/* limits are this connection's */
	struct kith_failure	 closing;	/* what Closing said; code 0: nothing */
	uint32_t		 backoff_ms;	/* bound of the next wait */
	uint64_t		 lost_at;	/* when the tries began, monotonic ms */
	uint64_t		 online_at;	/* when the login came, monotonic ms */
	uint64_t		 heard_at;
	int			 spoke;		/* a frame left since the last beat */

	struct event		 reconnect, login_limit, beat, tick;
	struct queue		 queue;
	struct state		*state;		/* NULL without follow */
};

/* client_failure.c. `text` may be NULL or "". */
void	failure_local(struct kith_failure *f, uint32_t code, const char *text);
void	failure_from_server(struct kith_failure *f, const Kith__V1__Error *e);
/* Would the same request succeed later? */
int	failure_is_passing(const struct kith_failure *f);
/* Would a new connection, made without a person, end in the same way? */
int	failure_is_final(const struct kith_failure *f);

/* client.c */
uint64_t client_now(void);
void	client_arm(struct event *ev, uint64_t ms);
void	client_want_tick(struct kith *k);
void	client_start_beat(struct kith *k);
void	client_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why);
int	client_take_token(struct kith *k, const char *token);
/* Drops the connection, and tries anew if the failure may pass. */
void	client_lost(struct kith *k, const struct kith_failure *why);
void	client_lost_locally(struct kith *k, uint32_t code, const char *text);

/* client_login.c: net's hooks, and what frames are unpacked into. */
void	client_on_up(void *arg, const char *key);
void	client_on_frame(void *arg, const uint8_t *body, uint32_t len);
int	client_send_frame(struct kith *k, const uint8_t *frame, size_t len);
int	client_unpack_ref(void);
void	client_unpack_unref(void);

/* client_req.c */
/* Packs and queues: `body` is the message of the oneof's case `which`. As the
 * functions of kith.h. client_ask_internal() adds REQ_INTERNAL. */
int	client_ask(struct kith *k, Kith__V1__Request__BodyCase which, void *body,
	    kith_reply_fn fn, void *arg);
int	client_ask_internal(struct kith *k, Kith__V1__Request__BodyCase which, void *body,
	    kith_reply_fn fn);
/* Packs and sends at once, outside the queue: greeting, login, heartbeats. */
int	client_tell(struct kith *k, uint64_t id, Kith__V1__Request__BodyCase which, void *body);

/* client_queue.c */
void	queue_init(struct queue *q, uint32_t request_ms);
int	queue_add(struct kith *k, uint64_t id, const uint8_t *frame, size_t len,
	    const struct request_kind *kind, unsigned flags, kith_reply_fn fn, void *arg);
/* Sends what may be sent now. */
void	queue_pump(struct kith *k);
void	queue_answer(struct kith *k, const Kith__V1__Reply *reply);
/* The connection is gone: what can't be repeated fails. */
void	queue_lost(struct kith *k, const struct kith_failure *why);
void	queue_fail_all(struct kith *k, const struct kith_failure *why);
void	queue_expire(struct kith *k);
void	queue_wipe(struct kith *k);

/* client_sync.c: asks the server whatever client_state wants, and tells KITH_READY. */
void	sync_start(struct kith *k);
void	sync_advance(struct kith *k);
void	sync_event(struct kith *k, const Kith__V1__Event *event);
void	sync_again(struct kith *k);
void	sync_tick(struct kith *k);

#endif
