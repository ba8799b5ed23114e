/*
 * client_frame.c - packs and sends a request, unpacks a reply.
 */
#include "client-cli/libkith/client_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/libkith/client.h"
#include "protocol/limits.h"
#include "protocol/oneof.h"
#include "protocol/wire.h"

/* -- sending -------------------------------------------------------------- */

void
client_frame_fill(Kith__V1__Request *request, uint64_t id, Kith__V1__Request__BodyCase which,
    void *body)
{
	kith__v1__request__init(request);
	request->id = id;
	oneof_set(&request->base, which, body);
}

size_t
client_frame_size(const Kith__V1__Request *request)
{
	size_t body = kith__v1__request__get_packed_size(request);

	return body <= FRAME_BYTES_MAX ? FRAME_HEADER_BYTES + body : 0;
}

int
client_frame_send(struct kith *k, const uint8_t *frame, size_t len)
{
	k->spoke = 1;
	return net_send(k->net, frame, len);
}

int
client_frame_tell(struct kith *k, uint64_t id, Kith__V1__Request__BodyCase which, void *body)
{
	Kith__V1__Request request;
	uint8_t *frame;
	size_t len;
	int rc;

	client_frame_fill(&request, id, which, body);
	if ((len = client_frame_size(&request)) == 0)
		return -EMSGSIZE;
	if ((frame = malloc(len)) == NULL)
		return -ENOMEM;
	wire_pack_frame(&request.base, frame, len);
	rc = client_frame_send(k, frame, len);
	explicit_bzero(frame, len);	/* it may hold a password */
	free(frame);
	return rc;
}

/* -- receiving ------------------------------------------------------------ */

const Kith__V1__Reply *
client_frame_unpack(struct kith *k, const uint8_t *body, size_t len)
{
	ProtobufCMessage *message;

	if (wire_unpack_lax(&kith__v1__reply__descriptor, body, len, &k->unpacked,
	    &message) != KITH_E_OK)
		return NULL;
	return (const Kith__V1__Reply *)message;
}

void
client_frame_wipe(struct kith *k)
{
	unpackmem_reset(&k->unpacked);
}
