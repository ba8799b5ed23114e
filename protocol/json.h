/*
 * json.h - messages as JSON: the canonical mapping of proto3, by the descriptors.
 *
 * There is no code for single messages. Source of the mapping: the ProtoJSON chapter
 * of the protobuf documentation; python3-protobuf's json_format is what the tests compare
 * with. 64-bit numbers are strings, bytes are base64, enum values are their names,
 * fields are lowerCamelCase; what has its default is left out, unless it is in a oneof.
 *
 * In   Both spellings of a field, numbers as numbers or as strings of digits, enum values
 *      as names or numbers, base64 with either alphabet and with or without padding, null
 *      as absent (but never in an array). As strict as wire.h otherwise: the same
 *      limits, the same errors. A number without quotes may have a fraction of zeros or
 *      an exponent below 2^53, and must be below 2^63; in quotes, all of uint64 will do.
 * Out  Compact, one line, UTF-8, fields by their numbers; U+2028 and U+2029 as they are.
 * Both end at a schema of uint32, uint64, bool, enum, string, bytes and messages: we have no other
 * numbers, maps or well-known types, and a unit test fails when there is one.
 *
 * Cost  An event with a text of 120 bytes: out 0.6 us, without jansson and without memory
 *       but `mem`; a Send of that in 3.6 us, most of it jansson's tree. 64 KiB of the
 *       worst text make a tree of 7 MiB for 5 ms.
 */
#ifndef KITH_PROTOCOL_JSON_H
#define KITH_PROTOCOL_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "protocol/error.h"
#include "protocol/unpackmem.h"

/* One JSON object as the wire bytes of a `type`, which wire_walk() accepts. KITH_E_OK, *out_len
 * is set, or
 *   KITH_E_BAD_REQUEST     not JSON (RFC 8259: UTF-8, no BOM, no lone surrogate, nothing after it),
 *                          over 2048 levels, anywhere a name twice or a number of 2^63 or more;
 *                          a name in both spellings, two of a oneof, a value of the wrong type
 *                          or out of its range, an unknown enum value, U+0000
 *   KITH_E_UNKNOWN_FIELD   a name that is not in the schema, even with null
 *   KITH_E_UNKNOWN_REQUEST the same with an object, at the top of kith.v1.Request
 *   KITH_E_TOO_LARGE       limits.h: depth, fields, elements; or does not fit into `cap`
 *   KITH_E_BUSY            no memory
 * What is not JSON comes first, then whichever comes first in the text. *id, if given, gets
 * the `id` at the top (the request's), wherever it stands and whatever else is wrong, if only
 * it is JSON; otherwise 0.
 * What was parsed is wiped, and on errors `out` too: it may have held a password. json_text.h's
 * limits apply. */
enum kith_err	json_to_wire(const ProtobufCMessageDescriptor *type, const char *text, size_t len,
		    uint8_t *out, size_t cap, size_t *out_len, uint64_t *id);

/* Wire bytes of our own side as JSON. `mem` is used and left reset. The length without
 * the NUL that is written too; or 0: wire_unpack() refuses them, or it does not fit into `cap`. */
size_t		json_from_wire(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
		    size_t len, struct unpackmem *mem, char *out, size_t cap);

/* The same of a message. An enum value that the schema does not have is its number. */
size_t		json_from_message(const ProtobufCMessage *m, char *out, size_t cap);

#endif
