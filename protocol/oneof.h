/*
 * oneof.h - the message in a oneof, by its case.
 *
 * protobuf-c has a member for each case, and all of them lie in one place.
 * Reading one by another one's name would work; this does it by the descriptor.
 */
#ifndef KITH_PROTOCOL_ONEOF_H
#define KITH_PROTOCOL_ONEOF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

/* The field of case `which`. NULL: no message of a oneof has that number. */
static inline const ProtobufCFieldDescriptor *
oneof_field(const ProtobufCMessage *m, unsigned which)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(m->descriptor, which);

	if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE ||
	    !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return NULL;
	return f;
}

/* The message in `m` that has the number `which`; NULL if `m` has another one,
 * or none. Borrowed from `m`. */
static inline void *
oneof_body(const ProtobufCMessage *m, unsigned which)
{
	const ProtobufCFieldDescriptor *f = oneof_field(m, which);
	uint32_t set;
	void *body;

	if (f == NULL)
		return NULL;
	memcpy(&set, (const char *)m + f->quantifier_offset, sizeof(set));
	memcpy(&body, (const char *)m + f->offset, sizeof(body));
	return set == which ? body : NULL;
}

/* Puts `body` into `m` as `which`, which must be a message of a oneof. `m`
 * keeps the pointer. */
static inline void
oneof_set(ProtobufCMessage *m, unsigned which, void *body)
{
	const ProtobufCFieldDescriptor *f = oneof_field(m, which);
	uint32_t set = which;

	if (f == NULL)
		return;
	memcpy((char *)m + f->quantifier_offset, &set, sizeof(set));
	memcpy((char *)m + f->offset, &body, sizeof(body));
}

#endif
