/*
 * oneof.h - the message that a oneof holds, whichever member it is.
 */
#ifndef KITH_PROTOCOL_ONEOF_H
#define KITH_PROTOCOL_ONEOF_H

#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

/* `which` is the oneof's case, which is its member's field number; the member
 * is a message. Borrowed from `m`. NULL: none is set, or there is no such
 * field. */
static inline void *
oneof_body(const ProtobufCMessage *m, unsigned which)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(m->descriptor, which);
	void *body;

	if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE)
		return NULL;
	memcpy(&body, (const char *)m + f->offset, sizeof(body));
	return body;
}

/* Puts `body` into `m` as `which`, a message of a oneof. `m` keeps the
 * pointer. */
static inline void
oneof_set(ProtobufCMessage *m, unsigned which, void *body)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(m->descriptor, which);
	uint32_t is = which;

	if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE)
		return;
	memcpy((char *)m + f->quantifier_offset, &is, sizeof(is));
	memcpy((char *)m + f->offset, &body, sizeof(body));
}

#endif
