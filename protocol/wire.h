/*
 * wire.h - bytes to checked messages and back.
 *
 * wire_unpack() is the only way in. First the walker checks the bytes against
 * the descriptor, iteratively: depth, field count, element count, wire types,
 * lengths, UTF-8 and NUL in strings, unknown fields, unknown enum values, a
 * oneof set twice. Only then protobuf-c unpacks them into the capped arena. So
 * protobuf-c never sees malformed input.
 */
#ifndef KITH_PROTOCOL_WIRE_H
#define KITH_PROTOCOL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "protocol/error.h"
#include "protocol/unpackmem.h"

/* Checks only. KITH_E_OK (also for empty input), or the first error in the
 * bytes:
 *   KITH_E_BAD_REQUEST     truncated; a wrong wire type, or a group; a tag or
 *                          length of over 5 bytes, a varint of over 10; field
 *                          number 0; a string with bad UTF-8 or NUL; an enum
 *                          value that is not in the schema; a bool over 1, a
 *                          uint32 over 32 bits; a singular field or a oneof
 *                          set twice
 *   KITH_E_UNKNOWN_FIELD   a field number that is not in the schema
 *   KITH_E_UNKNOWN_REQUEST the same with a length, at the top of a Request
 *   KITH_E_TOO_LARGE       a limit of limits.h: depth, fields, elements
 * *id, if given, gets the value of a varint field number 1 at the top (the
 * request's id), if it came before any error; otherwise 0. Numbers may be
 * padded within their bytes (80 00 is 0). */
enum kith_err	wire_walk(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, uint64_t *id);

/* Walks, then unpacks into `mem`, which it resets first. *out is valid until
 * the next use of `mem`, NULL on errors. As wire_walk(), and KITH_E_TOO_LARGE
 * if it does not fit into `mem`. */
enum kith_err	wire_unpack(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, struct unpackmem *mem,
		    uint64_t *id, ProtobufCMessage **out);

/* As wire_unpack(), tolerant as a client must be: it skips fields and bodies of
 * a newer server (protobuf-c keeps them in `mem`, so they are bounded by it);
 * unknown enum values stay numbers; numbers that are too large lose their high
 * bits. Everything else is refused as above, including a field that came twice:
 * no server sends that, and protobuf-c would merge the two. */
enum kith_err	wire_unpack_lax(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, struct unpackmem *mem,
		    ProtobufCMessage **out);

/* Packs a frame, header included, into `buf`. Returns its whole length, or 0 if
 * the body is empty, over FRAME_BYTES_MAX or does not fit into `cap`. */
size_t		wire_pack_frame(const ProtobufCMessage *msg, uint8_t *buf,
		    size_t cap);

/* A copy of `m`, which may borrow its fields, or NULL: no memory. Free it with
 * protobuf_c_message_free_unpacked(copy, NULL). */
ProtobufCMessage *wire_copy(const ProtobufCMessage *m);

#endif
