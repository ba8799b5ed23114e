/*
 * wire.h - bytes to checked messages and back.
 *
 * wire_unpack() is the only way in: the walker checks the bytes iteratively
 * against the descriptor (depth, field count, element count, wire types,
 * lengths, UTF-8 and NUL in strings, unknown fields, unknown enum values, a
 * oneof set twice), and only then protobuf-c unpacks them into the capped
 * arena. So protobuf-c never sees input that is not well formed.
 */
#ifndef KITH_PROTOCOL_WIRE_H
#define KITH_PROTOCOL_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "protocol/error.h"
#include "protocol/unpackmem.h"

/* Checks only. KITH_E_OK (also for empty input), or
 *   KITH_E_BAD_REQUEST     truncated; a wrong wire type, or a group; a tag or length
 *                          of over 5 bytes, a varint of over 10; field number 0; a
 *                          string with bad UTF-8 or NUL; an enum value that is
 *                          not in the schema; a bool over 1, a uint32 over 32
 *                          bits; a singular field or a oneof set twice
 *   KITH_E_UNKNOWN_FIELD   a field number that is not in the schema
 *   KITH_E_UNKNOWN_REQUEST the same with a length, at the top of kith.v1.Request
 *   KITH_E_TOO_LARGE       a limit of limits.h: depth, fields, elements
 * whichever comes first in the bytes. *id, if given, gets the value of a varint
 * field number 1 at the top (the request's id), as far as it was seen, also on
 * errors; otherwise 0. Numbers may be padded within their bytes (80 00 is 0). */
enum kith_err	wire_walk(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, uint64_t *id);

/* Walks, then unpacks into `mem` (which is reset first). *out is valid until
 * the next use of `mem`, NULL on errors. As wire_walk(), and KITH_E_TOO_LARGE if
 * it does not fit into `mem`. */
enum kith_err	wire_unpack(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, struct unpackmem *mem,
		    uint64_t *id, ProtobufCMessage **out);

/* As wire_unpack(), tolerant as a client must be: fields and bodies of a newer
 * server are passed over (protobuf-c keeps them, in `mem`: so they are bounded
 * by it), unknown enum values stay as their number, too large numbers lose
 * their high bits. All else is refused as above, a field that came twice also:
 * no server sends that, and merging the two would be protobuf-c's work. */
enum kith_err	wire_unpack_lax(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, struct unpackmem *mem,
		    ProtobufCMessage **out);

/* Packs a frame, header included, into `buf`. Returns its whole length, or 0 if
 * the body is empty, over FRAME_BYTES_MAX or does not fit into `cap`. */
size_t		wire_pack_frame(const ProtobufCMessage *msg, uint8_t *buf, size_t cap);

#endif
