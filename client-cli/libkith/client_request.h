/*
 * client_request.h - queues a request and knows how it is answered. The requests
 * that programs make are in kith.h.
 */
#ifndef KITH_CLIENT_REQUEST_H
#define KITH_CLIENT_REQUEST_H

#include "client-cli/libkith/kith.h"

/* `body` is the message of the oneof's case `which`. As the functions of kith.h;
 * -EINVAL: no request that is answered through the queue. An internal request has
 * no deadline, and is dropped without a callback when the connection is lost. */
int	client_request_ask(struct kith *k, Kith__V1__Request__BodyCase which,
	    void *body, kith_reply_fn fn, void *arg);
int	client_request_ask_internal(struct kith *k,
	    Kith__V1__Request__BodyCase which, void *body, kith_reply_fn fn);

#endif
