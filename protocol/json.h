/*
 * json.h - messages as JSON: the canonical mapping of proto3, by descriptors.
 *
 * No code is about single messages. The mapping is that of the ProtoJSON
 * chapter of the protobuf documentation; the tests compare with json_format of
 * python3-protobuf. 64-bit numbers are strings, bytes are base64, enum values
 * are their names, fields are lowerCamelCase. A field with its default is left
 * out, unless it is in a oneof.
 *
 * In     Both spellings of a field, numbers as numbers or as strings of digits,
 *        enum values as names or numbers, base64 with either alphabet, padded
 *        or not, null as absent (but never in an array). Otherwise as strict as
 *        wire.h: the same limits, the same errors. A number without quotes may
 *        have a fraction of zeros, or an exponent below 2^53, and must be below
 *        2^63; in quotes, all of uint64 is allowed.
 * Out    Compact, one line, UTF-8, fields in the order of their numbers; U+2028
 *        and U+2029 as they are.
 * Limits The schema has uint32, uint64, bool, enum, string, bytes and messages:
 *        no other numbers, maps or well-known types. A unit test fails when it
 *        gets one.
 * Cost   An event with a text of 120 bytes: out in 0.6 us, without jansson and
 *        with no memory but `mem`. A Send of such a text: in in 3.6 us, most of
 *        it jansson's tree. 64 KiB of the worst text make a tree of 7 MiB for
 *        5 ms.
 */
#ifndef KITH_PROTOCOL_JSON_H
#define KITH_PROTOCOL_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "protocol/error.h"
#include "protocol/unpackmem.h"

/* Converts one JSON object to the wire bytes of a `type`, which wire_walk()
 * accepts. KITH_E_OK, and *out_len is set, or
 *   KITH_E_BAD_REQUEST     not JSON (RFC 8259: UTF-8, no BOM, no lone
 *                          surrogate, nothing after it); over 2048 levels;
 *                          anywhere a name twice, or a number of 2^63 or more;
 *                          a name in both spellings; two members of a oneof; a
 *                          value of the wrong type or out of its range; an
 *                          unknown enum value; U+0000
 *   KITH_E_UNKNOWN_FIELD   a name that is not in the schema, even with null
 *   KITH_E_UNKNOWN_REQUEST the same with an object, at the top of a Request
 *   KITH_E_TOO_LARGE       limits.h: depth, fields, elements; or over `cap`
 *   KITH_E_BUSY            no memory
 * Text that is not JSON comes first, then the first error in the text. *id, if
 * given, gets the `id` at the top (of the request), no matter what else is
 * wrong; in text that is not JSON its digits, if they can be found. Otherwise
 * 0.
 * The parsed text is wiped, and on errors so is `out`: it may have held a
 * password. The limits of json_text.h apply. */
enum kith_err	json_to_wire(const ProtobufCMessageDescriptor *type,
		    const char *text, size_t len, uint8_t *out, size_t cap,
		    size_t *out_len, uint64_t *id);

/* Converts wire bytes of our own to JSON, with a NUL. Uses `mem` and leaves it
 * reset. The length without the NUL, or 0: wire_unpack() refuses the bytes, or
 * the text does not fit into `cap`. */
size_t		json_from_wire(const ProtobufCMessageDescriptor *type,
		    const uint8_t *bytes, size_t len, struct unpackmem *mem,
		    char *out, size_t cap);

/* The same, from a message. An unknown enum value becomes its number. */
size_t		json_from_message(const ProtobufCMessage *m, char *out,
		    size_t cap);

#endif
