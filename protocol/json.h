/*
 * json.h - messages as JSON: the canonical mapping of proto3, by the descriptors.
 *
 * There is no code for single messages. Source of the mapping: the ProtoJSON chapter
 * of the protobuf documentation; python3-protobuf's json_format is what the tests compare
 * with. 64-bit numbers are strings, bytes are base64, enum values are their names,
 * fields are lowerCamelCase; what has its default is left out, unless it is in a oneof.
 *
 * In   Both spellings of a field, numbers as numbers or strings, enum values as names or
 *      numbers, base64 with either alphabet, null as absent. As strict as wire.h
 *      otherwise: the same limits, the same errors.
 * Out  Compact, one line, UTF-8; U+2028 and U+2029 as they are.
 * Both end at a schema of 32- and 64-bit integers, bool, enum, string, bytes and messages: we have no
 * floats, maps or well-known types, and a unit test fails when there is one.
 */
#ifndef KITH_PROTOCOL_JSON_H
#define KITH_PROTOCOL_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "unpackmem.h"

/* One JSON object as the wire bytes of a `type`, which wire_walk() accepts. KITH_E_OK, *len is set, or
 *   KITH_E_BAD_REQUEST     not JSON (RFC 8259: UTF-8, no BOM, no lone surrogate, nothing
 *                          after it), a name twice (also in both spellings), two of a oneof, a value
 *                          of the wrong type or out of its range, an unknown enum value, U+0000
 *   KITH_E_UNKNOWN_FIELD, KITH_E_UNKNOWN_REQUEST   as wire_walk()
 *   KITH_E_TOO_LARGE       limits.h: depth, elements; or does not fit into `cap`
 *   KITH_E_BUSY            no memory
 * *id, if given: as wire_walk(), the `id` at the top as far as it could be read, else 0.
 * What was parsed is wiped: it may have held a password. */
enum kith_err	json_to_wire(const ProtobufCMessageDescriptor *type, const char *text, size_t len,
		    uint8_t *out, size_t cap, size_t *out_len, uint64_t *id);

/* Wire bytes of our own side as JSON. `mem` is used and left reset. The length without
 * the NUL that is written too; or 0: it is not a `type`, or does not fit into `cap`. */
size_t		json_from_wire(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
		    size_t len, struct unpackmem *mem, char *out, size_t cap);

/* The same of a message. */
size_t		json_from_message(const ProtobufCMessage *m, char *out, size_t cap);

#endif
