/*
 * oneof.h - the message that a oneof holds, whichever member it is.
 */
#ifndef KITH_PROTOCOL_ONEOF_H
#define KITH_PROTOCOL_ONEOF_H

#include <stdbool.h>
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

/* The other way round: makes `body`, which stays the caller's, that member. The
 * caller sets the oneof's case. False: there is no such field. */
static inline bool
oneof_set_body(ProtobufCMessage *m, unsigned which, void *body)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(m->descriptor, which);

	if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	memcpy((char *)m + f->offset, &body, sizeof(body));
	return true;
}

#endif
