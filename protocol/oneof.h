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
static inline const void *
oneof_body(const ProtobufCMessage *m, unsigned which)
{
	const ProtobufCFieldDescriptor *f = oneof_field(m, which);
	const char *bytes = (const char *)m;

	if (f == NULL ||
	    *(const uint32_t *)(bytes + f->quantifier_offset) != which)
		return NULL;
	return *(void *const *)(bytes + f->offset);
}

/* Puts `body` into `m` as `which`, which must be a message of a oneof. `m`
 * keeps the pointer. */
static inline void
oneof_set(ProtobufCMessage *m, unsigned which, void *body)
{
	const ProtobufCFieldDescriptor *f = oneof_field(m, which);
	char *bytes = (char *)m;

	if (f == NULL)
		return;
	*(uint32_t *)(bytes + f->quantifier_offset) = which;
	*(void **)(bytes + f->offset) = body;
}

#endif
