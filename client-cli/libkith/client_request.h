/*
 * client_request.h - makes the requests of the core itself. Those that programs
 * make are in kith.h.
 */
#ifndef KITH_CLIENT_REQUEST_H
#define KITH_CLIENT_REQUEST_H

#include "client-cli/libkith/kith.h"

/* Queues a request that has no deadline, and that is dropped without a callback
 * when the connection is lost: the core asks again. `body` is the message of
 * the oneof's case `which`. As the functions of kith.h, and -EINVAL: no
 * such request. */
int	client_request_internal(struct kith *k,
	    Kith__V1__Request__BodyCase which, void *body, kith_reply_fn fn);

#endif
