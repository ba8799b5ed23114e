/*
 * wire.c - the walker, and what it guards: protobuf-c's unpack.
 *
 * One loop over the bytes with a small stack of open messages, no recursion and no
 * allocation. It refuses everything that protobuf-c would choke on, and everything that
 * no encoder makes but two decoders could read differently: a singular field twice, a
 * tag or a length in more bytes than it needs.
 */
#include "protocol/wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/utf8.h"
#include "protocol/frame.h"
#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"

#define LEVEL_FIELDS_MAX	64u	/* fields of one message type: bits of `seen` */

#define VARINT_BYTES_MAX	10u
#define PREFIX_BYTES_MAX	5u	/* tags and lengths: as many as protobuf-c reads */

#define WIRE_VARINT	PROTOBUF_C_WIRE_TYPE_VARINT
#define WIRE_64BIT	PROTOBUF_C_WIRE_TYPE_64BIT
#define WIRE_LENGTH	PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED
#define WIRE_32BIT	PROTOBUF_C_WIRE_TYPE_32BIT
/* Bits: all but groups and the two unassigned types. */
#define WIRE_KNOWN \
	(1u << WIRE_VARINT | 1u << WIRE_64BIT | 1u << WIRE_LENGTH | 1u << WIRE_32BIT)

enum mode { STRICT, LAX };

/* An open message. */
struct level {
	const ProtobufCMessageDescriptor *type;
	const uint8_t	*end;
	uint64_t	 seen;		/* bit i: type->fields[i] came */
	uint16_t	 count[LEVEL_FIELDS_MAX];	/* elements; valid where seen */
};

struct walk {
	const uint8_t	*at;
	struct level	*level;		/* the innermost open one, in levels[] */
	uint64_t	*id;		/* may be NULL */
	unsigned	 fields;	/* seen so far, at any depth */
	enum mode	 mode;
	struct level	 levels[WALK_DEPTH_MAX];
};

/* The wire type of a type of field, and its largest value. */
static const struct {
	uint8_t		wire;
	uint64_t	max;		/* varints, strict only */
} types[] = {
	[PROTOBUF_C_TYPE_INT32]    = { WIRE_VARINT, UINT64_MAX },
	[PROTOBUF_C_TYPE_SINT32]   = { WIRE_VARINT, UINT32_MAX },
	[PROTOBUF_C_TYPE_SFIXED32] = { WIRE_32BIT, 0 },
	[PROTOBUF_C_TYPE_INT64]    = { WIRE_VARINT, UINT64_MAX },
	[PROTOBUF_C_TYPE_SINT64]   = { WIRE_VARINT, UINT64_MAX },
	[PROTOBUF_C_TYPE_SFIXED64] = { WIRE_64BIT, 0 },
	[PROTOBUF_C_TYPE_UINT32]   = { WIRE_VARINT, UINT32_MAX },
	[PROTOBUF_C_TYPE_FIXED32]  = { WIRE_32BIT, 0 },
	[PROTOBUF_C_TYPE_UINT64]   = { WIRE_VARINT, UINT64_MAX },
	[PROTOBUF_C_TYPE_FIXED64]  = { WIRE_64BIT, 0 },
	[PROTOBUF_C_TYPE_FLOAT]    = { WIRE_32BIT, 0 },
	[PROTOBUF_C_TYPE_DOUBLE]   = { WIRE_64BIT, 0 },
	[PROTOBUF_C_TYPE_BOOL]     = { WIRE_VARINT, 1 },
	[PROTOBUF_C_TYPE_ENUM]     = { WIRE_VARINT, INT32_MAX },
	[PROTOBUF_C_TYPE_STRING]   = { WIRE_LENGTH, 0 },
	[PROTOBUF_C_TYPE_BYTES]    = { WIRE_LENGTH, 0 },
	[PROTOBUF_C_TYPE_MESSAGE]  = { WIRE_LENGTH, 0 },
};

/* Reads a varint of at most `bytes` bytes. 0 or -1: truncated, too long, or over 64
 * bits. */
static int
read_varint(const uint8_t **at, const uint8_t *end, unsigned bytes, uint64_t *value)
{
	const uint8_t *p = *at;
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < bytes && p < end; i++) {
		v |= (uint64_t)(*p & 0x7f) << (7 * i);
		if (*p++ < 0x80) {
			if (i == VARINT_BYTES_MAX - 1 && p[-1] > 1)
				return -1;
			*at = p;
			*value = v;
			return 0;
		}
	}
	return -1;
}

/* Reads a value without a length. *value is set for varints only: nobody needs the
 * others. */
static int
read_number(const uint8_t **at, const uint8_t *end, unsigned wire, uint64_t *value)
{
	size_t bytes = wire == WIRE_64BIT ? 8 : 4;

	if (wire == WIRE_VARINT)
		return read_varint(at, end, VARINT_BYTES_MAX, value);
	if ((size_t)(end - *at) < bytes)
		return -1;
	*at += bytes;
	return 0;
}

/* A number of field `f`, alone or as a packed element. */
static enum kith_err
walk_number(struct walk *w, const ProtobufCFieldDescriptor *f, const uint8_t *end)
{
	unsigned wire = types[f->type].wire;
	uint64_t v;

	if (read_number(&w->at, end, wire, &v) < 0)
		return KITH_E_BAD_REQUEST;
	if (wire != WIRE_VARINT || w->mode == LAX)
		return KITH_E_OK;
	if (v > types[f->type].max)
		return KITH_E_BAD_REQUEST;
	if (f->type == PROTOBUF_C_TYPE_ENUM &&
	    protobuf_c_enum_descriptor_get_value(f->descriptor, (int)v) == NULL)
		return KITH_E_BAD_REQUEST;
	return KITH_E_OK;
}

/* A field with an unknown number. Its value ends at `end` if it has a length, otherwise
 * before it. */
static enum kith_err
walk_unknown(struct walk *w, unsigned wire, const uint8_t *end)
{
	const struct level *l = w->level;
	uint64_t v;

	if (w->mode == STRICT)
		return l == w->levels && wire == WIRE_LENGTH &&
		    l->type == &kith__v1__request__descriptor ?
		    KITH_E_UNKNOWN_REQUEST : KITH_E_UNKNOWN_FIELD;
	if (wire != WIRE_LENGTH)
		return read_number(&w->at, end, wire, &v) < 0 ? KITH_E_BAD_REQUEST : KITH_E_OK;
	w->at = end;
	return KITH_E_OK;
}

/* Another member of f's oneof came before. */
static int
oneof_taken(const struct level *l, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCFieldDescriptor *other;
	uint64_t rest;

	for (rest = l->seen; rest != 0; rest &= rest - 1) {
		other = &l->type->fields[__builtin_ctzll(rest)];
		if ((other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		    other->quantifier_offset == f->quantifier_offset)
			return 1;
	}
	return 0;
}

/* Notes that a singular field came; twice is an error. */
static enum kith_err
note_singular(struct level *l, const ProtobufCFieldDescriptor *f)
{
	uint64_t bit = UINT64_C(1) << (f - l->type->fields);

	if ((l->seen & bit) ||
	    ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && oneof_taken(l, f)))
		return KITH_E_BAD_REQUEST;
	l->seen |= bit;
	return KITH_E_OK;
}

/* Notes one more element of a repeated field. */
static enum kith_err
note_element(struct level *l, const ProtobufCFieldDescriptor *f)
{
	size_t i = (size_t)(f - l->type->fields);
	uint64_t bit = UINT64_C(1) << i;

	if (!(l->seen & bit))
		l->count[i] = 0;
	l->seen |= bit;
	return ++l->count[i] > WALK_ELEMENTS_MAX ? KITH_E_TOO_LARGE : KITH_E_OK;
}

static enum kith_err
walk_packed(struct walk *w, const ProtobufCFieldDescriptor *f, const uint8_t *end)
{
	enum kith_err err = KITH_E_OK;

	while (w->at < end && err == KITH_E_OK)
		if ((err = note_element(w->level, f)) == KITH_E_OK)
			err = walk_number(w, f, end);
	return err;
}

/* `count` needs no reset: it is valid only where `seen` says so. */
static void
level_init(struct level *l, const ProtobufCMessageDescriptor *type, const uint8_t *end)
{
	assert(type->n_fields <= LEVEL_FIELDS_MAX);
	l->type = type;
	l->end = end;
	l->seen = 0;
}

/* Enters a message; the loop leaves it at its end. */
static enum kith_err
open_message(struct walk *w, const ProtobufCFieldDescriptor *f, const uint8_t *end)
{
	if (w->level == w->levels + WALK_DEPTH_MAX - 1)
		return KITH_E_TOO_LARGE;
	w->level++;
	level_init(w->level, f->descriptor, end);
	return KITH_E_OK;
}

/* A known field with a length, whose value ends at `end`. */
static enum kith_err
walk_bytes(struct walk *w, const ProtobufCFieldDescriptor *f, const uint8_t *end)
{
	const char *text = (const char *)w->at;

	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return open_message(w, f, end);
	if (f->type == PROTOBUF_C_TYPE_STRING && !utf8_valid(text, (size_t)(end - w->at)))
		return KITH_E_BAD_REQUEST;
	w->at = end;
	return KITH_E_OK;
}

/* A known field, after its tag and length; `end` as above. */
static enum kith_err
walk_known(struct walk *w, const ProtobufCFieldDescriptor *f, unsigned wire,
    const uint8_t *end)
{
	enum kith_err err;

	if (wire != types[f->type].wire) {
		/* The only other form: repeated numbers, packed. */
		if (wire != WIRE_LENGTH || f->label != PROTOBUF_C_LABEL_REPEATED)
			return KITH_E_BAD_REQUEST;
		return walk_packed(w, f, end);
	}
	err = f->label == PROTOBUF_C_LABEL_REPEATED ?
	    note_element(w->level, f) : note_singular(w->level, f);
	if (err != KITH_E_OK)
		return err;
	return wire == WIRE_LENGTH ? walk_bytes(w, f, end) : walk_number(w, f, end);
}

/* The request's id, for an error reply, too. Checked later. */
static void
peek_id(const struct walk *w)
{
	const uint8_t *at = w->at;
	uint64_t v;

	if (read_varint(&at, w->level->end, VARINT_BYTES_MAX, &v) == 0)
		*w->id = v;
}

static enum kith_err
walk_field(struct walk *w)
{
	const struct level *l = w->level;
	const ProtobufCFieldDescriptor *f;
	const uint8_t *end = l->end;	/* of the message, or of a value with a length */
	uint64_t tag, len;
	unsigned number, wire;

	if (read_varint(&w->at, end, PREFIX_BYTES_MAX, &tag) < 0)
		return KITH_E_BAD_REQUEST;
	number = (unsigned)(tag >> 3);
	wire = tag & 7;
	if (number == 0 || tag > UINT32_MAX || !(WIRE_KNOWN & 1u << wire))
		return KITH_E_BAD_REQUEST;
	if (++w->fields > WALK_FIELDS_MAX)
		return KITH_E_TOO_LARGE;
	if (wire == WIRE_LENGTH) {
		if (read_varint(&w->at, end, PREFIX_BYTES_MAX, &len) < 0 ||
		    len > (uint64_t)(end - w->at))
			return KITH_E_BAD_REQUEST;
		end = w->at + len;
	} else if (number == 1 && wire == WIRE_VARINT && l == w->levels && w->id != NULL)
		peek_id(w);
	f = protobuf_c_message_descriptor_get_field(l->type, number);
	return f == NULL ? walk_unknown(w, wire, end) : walk_known(w, f, wire, end);
}

static enum kith_err
walk(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    enum mode mode, uint64_t *id)
{
	enum kith_err err = KITH_E_OK;
	struct walk w;

	w.at = bytes;
	w.level = w.levels;
	w.id = id;
	w.fields = 0;
	w.mode = mode;
	level_init(w.level, type, bytes + len);
	if (id != NULL)
		*id = 0;
	while (err == KITH_E_OK) {
		if (w.at < w.level->end)
			err = walk_field(&w);
		else if (w.level == w.levels)
			break;
		else
			w.level--;
	}
	return err;
}

enum kith_err
wire_walk(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    uint64_t *id)
{
	return walk(type, bytes, len, STRICT, id);
}

static enum kith_err
unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    struct unpackmem *mem, enum mode mode, uint64_t *id, ProtobufCMessage **out)
{
	enum kith_err err;

	*out = NULL;
	unpackmem_reset(mem);
	if ((err = walk(type, bytes, len, mode, id)) != KITH_E_OK)
		return err;
	/* After the walk only memory can run out. */
	*out = protobuf_c_message_unpack(type, &mem->allocator, len, bytes);
	return *out == NULL ? KITH_E_TOO_LARGE : KITH_E_OK;
}

enum kith_err
wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    struct unpackmem *mem, uint64_t *id, ProtobufCMessage **out)
{
	return unpack(type, bytes, len, mem, STRICT, id, out);
}

enum kith_err
wire_unpack_lax(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    struct unpackmem *mem, ProtobufCMessage **out)
{
	return unpack(type, bytes, len, mem, LAX, NULL, out);
}

size_t
wire_pack_frame(const ProtobufCMessage *msg, uint8_t *buf, size_t cap)
{
	size_t len = protobuf_c_message_get_packed_size(msg);

	if (len == 0 || len > FRAME_BYTES_MAX || cap < FRAME_HEADER_BYTES + len)
		return 0;
	frame_put_header(buf, (uint32_t)len);
	return FRAME_HEADER_BYTES + protobuf_c_message_pack(msg, buf + FRAME_HEADER_BYTES);
}

/* -- copies --------------------------------------------------------------- */

ProtobufCMessage *
wire_copy(const ProtobufCMessage *m)
{
	uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(m) + 1);
	ProtobufCMessage *copy = NULL;

	if (bytes != NULL)
		copy = protobuf_c_message_unpack(m->descriptor, NULL,
		    protobuf_c_message_pack(m, bytes), bytes);
	free(bytes);
	return copy;
}
