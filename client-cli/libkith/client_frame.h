/*
 * client_frame.h - packs and sends a request, unpacks a reply.
 */
#ifndef KITH_CLIENT_FRAME_H
#define KITH_CLIENT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/frame.pb-c.h"

struct kith;

/* Requests of the core itself; those of the queue begin at CLIENT_ID_FIRST. */
#define CLIENT_ID_HELLO	1
#define CLIENT_ID_LOGIN	2
#define CLIENT_ID_BEAT	3
#define CLIENT_ID_FIRST	16

/* Makes the request around `body`, the message of the oneof's case `which`;
 * borrows `body`. */
void	client_frame_fill(Kith__V1__Request *request, uint64_t id,
	    Kith__V1__Request__BodyCase which, void *body);

/* Bytes of its frame, header included; 0: over FRAME_BYTES_MAX. */
size_t	client_frame_size(const Kith__V1__Request *request);

/* Both hand the frame to net_send() at once: 0, or its error; _tell() packs it
 * first: -EMSGSIZE, -ENOMEM. */
int	client_frame_send(struct kith *k, const uint8_t *frame, size_t len);
int	client_frame_tell(struct kith *k, uint64_t id,
	    Kith__V1__Request__BodyCase which, void *body);

/* NULL: malformed. Valid until the next call for this kith; wipe it before,
 * since a token may be in it. */
const Kith__V1__Reply *client_frame_unpack(struct kith *k, const uint8_t *body,
	    size_t len);
void	client_frame_wipe(struct kith *k);

#endif
