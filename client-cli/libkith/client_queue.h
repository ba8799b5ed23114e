/*
 * client_queue.h - requests until their answers: the outbox.
 *
 * A request keeps its bytes until it is answered, so that it can be sent again
 * on the next connection: the same id, the same client ids, in the same order.
 * Only a message whose client id was taken gets another (client_taken.h).
 *
 * Shape  Knows neither socket nor clock: frames leave by `send`, the time comes
 *        from `now`. Times are milliseconds.
 */
#ifndef KITH_CLIENT_QUEUE_H
#define KITH_CLIENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "client-cli/libkith/kith.h"

/* 0, or a negative errno: the queue tries again later. */
typedef int	(*client_queue_send_fn)(struct kith *k, const uint8_t *frame,
		    size_t len);
typedef uint64_t (*client_queue_now_fn)(void);

struct request;

struct client_queue {
	struct kith		*kith;		/* for send and callbacks */
	client_queue_send_fn	 send;
	client_queue_now_fn	 now;
	TAILQ_HEAD(, request)	 all;		/* by rising id */
	size_t			 n, in_flight;
	size_t			 window;	/* at most; 0: no login */
	/* Sends among them, and at most. With one, messages keep their order
	 * even if the server refuses one for the moment. */
	size_t			 sends, sends_max;
	uint64_t		 last_client_id;	/* client_id_take() */
	uint64_t		 next_id;
	uint64_t		 paused_until;	/* as the server asked */
	uint32_t		 request_ms;
};

/* Flags of a request. */
#define REQUEST_ONCE	 1u	/* not repeated: it may have had its effect */
#define REQUEST_INTERNAL 2u	/* the core asks again: dropped silently */

void	client_queue_init(struct client_queue *q, struct kith *k,
	    client_queue_send_fn send, client_queue_now_fn now,
	    uint32_t request_ms);

/* Drops all without a callback, and wipes them. */
void	client_queue_fini(struct client_queue *q);

/* Packs and queues `body`, the message of the oneof's case `which`; `expect` is
 * the body of its reply. Sends at once if it may. 0, -ENOMEM, -EMSGSIZE. */
int	client_queue_add(struct client_queue *q,
	    Kith__V1__Request__BodyCase which, void *body,
	    Kith__V1__Reply__BodyCase expect, unsigned flags, kith_reply_fn fn,
	    void *arg);

/* Logged in: client_queue_pump() may send. The server takes `in_flight`
 * requests without a reply (0: as many as the protocol allows). */
void	client_queue_open(struct client_queue *q, uint32_t in_flight);

/* Sends what may be sent now. */
void	client_queue_pump(struct client_queue *q);

void	client_queue_answer(struct client_queue *q,
	    const Kith__V1__Reply *reply);

/* The connection is lost: what may not be repeated fails. */
void	client_queue_lost(struct client_queue *q,
	    const struct kith_failure *why);
void	client_queue_fail_all(struct client_queue *q,
	    const struct kith_failure *why);
void	client_queue_fail_sends(struct client_queue *q,
	    const struct kith_failure *why);
/* Was the Send with this first id handed to a connection? 0 also if there is
 * none. */
int	client_queue_has_left(const struct client_queue *q, uint64_t client_id);
/* The next deadline; UINT64_MAX: none. */
uint64_t client_queue_deadline(const struct client_queue *q);
/* When the next pump can send something; UINT64_MAX: only an answer, or a
 * connection, changes that. */
uint64_t client_queue_ready_at(const struct client_queue *q);
/* Fails what has waited for longer than its request_ms. */
void	client_queue_expire(struct client_queue *q);

#endif
