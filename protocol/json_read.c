/*
 * json_read.c - JSON text to wire bytes.
 *
 * jansson makes a tree of the text. The code walks the tree along the descriptors and
 * writes each value as wire bytes at once, without a message in between.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "protocol/base/base64.h"
#include "protocol/frame.pb-c.h"
#include "protocol/json.h"
#include "protocol/json_text.h"
#include "protocol/limits.h"

#define VARINT_BYTES_MAX	10u
#define FIELDS_MAX		64u	/* of one message type: bits of a mask */
#define ID_DIGITS_MAX		20u	/* of a uint64 */

/* Whole doubles below this are exact; larger ones may differ from the text. */
#define REAL_END		9007199254740992.0	/* 2^53 */

struct reader {
	const ProtobufCMessageDescriptor *type;	/* at the top */
	uint8_t		*at, *end;	/* of the output */
	unsigned	 depth;		/* open messages */
	unsigned	 fields;	/* written so far, at any depth */
};

/* The fields of an open message that came: bit i is type->fields[i]. */
struct seen {
	uint64_t	named;		/* also as null */
	uint64_t	set;
};

typedef enum kith_err (*read_fn)(struct reader *r, const ProtobufCFieldDescriptor *f,
    const json_t *v);

static enum kith_err	read_message(struct reader *r, const ProtobufCMessageDescriptor *type,
			    const json_t *v);

static enum kith_err
put_bytes(struct reader *r, const void *bytes, size_t len)
{
	if ((size_t)(r->end - r->at) < len)
		return KITH_E_TOO_LARGE;
	memcpy(r->at, bytes, len);
	r->at += len;
	return KITH_E_OK;
}

static size_t
make_varint(uint8_t *buf, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		buf[n++] = (uint8_t)(v | 0x80);
	buf[n++] = (uint8_t)v;
	return n;
}

static enum kith_err
put_varint(struct reader *r, uint64_t v)
{
	uint8_t buf[VARINT_BYTES_MAX];

	return put_bytes(r, buf, make_varint(buf, v));
}

static enum kith_err
put_tag(struct reader *r, const ProtobufCFieldDescriptor *f, unsigned wire)
{
	if (++r->fields > WALK_FIELDS_MAX)
		return KITH_E_TOO_LARGE;
	return put_varint(r, (uint64_t)f->id << 3 | wire);
}

/* Inserts the length of the bytes since `from` before them. */
static enum kith_err
insert_length(struct reader *r, uint8_t *from)
{
	size_t len = (size_t)(r->at - from), n;
	uint8_t buf[VARINT_BYTES_MAX];

	n = make_varint(buf, len);
	if ((size_t)(r->end - r->at) < n)
		return KITH_E_TOO_LARGE;
	memmove(from + n, from, len);
	memcpy(from, buf, n);
	r->at += n;
	return KITH_E_OK;
}

/* Decimal digits and nothing else. */
static enum kith_err
parse_digits(const char *s, uint64_t *n)
{
	uint64_t digit;

	*n = 0;
	if (*s == '\0')
		return KITH_E_BAD_REQUEST;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return KITH_E_BAD_REQUEST;
		digit = (uint64_t)(*s - '0');
		if (*n > (UINT64_MAX - digit) / 10)
			return KITH_E_BAD_REQUEST;
		*n = *n * 10 + digit;
	}
	return KITH_E_OK;
}

/* A whole number of 0 to `max`, in any of its forms. */
static enum kith_err
parse_whole(const json_t *v, uint64_t max, uint64_t *n)
{
	enum kith_err err = KITH_E_OK;
	double d;

	if (json_is_string(v))
		err = parse_digits(json_string_value(v), n);
	else if (json_is_integer(v) && json_integer_value(v) >= 0)
		*n = (uint64_t)json_integer_value(v);
	else if (json_is_real(v) && (d = json_real_value(v)) >= 0 && d < REAL_END &&
	    d == (double)(uint64_t)d)
		*n = (uint64_t)d;
	else
		err = KITH_E_BAD_REQUEST;
	return err == KITH_E_OK && *n > max ? KITH_E_BAD_REQUEST : err;
}

static enum kith_err
read_whole(struct reader *r, const json_t *v, uint64_t max)
{
	enum kith_err err;
	uint64_t n;

	if ((err = parse_whole(v, max, &n)) != KITH_E_OK)
		return err;
	return put_varint(r, n);
}

static enum kith_err
read_uint32(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	(void)f;
	return read_whole(r, v, UINT32_MAX);
}

static enum kith_err
read_uint64(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	(void)f;
	return read_whole(r, v, UINT64_MAX);
}

static enum kith_err
read_bool(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	(void)f;
	if (!json_is_boolean(v))
		return KITH_E_BAD_REQUEST;
	return put_varint(r, json_is_true(v));
}

static enum kith_err
read_enum(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	const ProtobufCEnumValue *value = NULL;
	uint64_t n;

	if (json_is_string(v))
		value = protobuf_c_enum_descriptor_get_value_by_name(f->descriptor,
		    json_string_value(v));
	if (value == NULL && parse_whole(v, INT32_MAX, &n) == KITH_E_OK)
		value = protobuf_c_enum_descriptor_get_value(f->descriptor, (int)n);
	if (value == NULL)
		return KITH_E_BAD_REQUEST;
	return put_varint(r, (uint64_t)value->value);
}

/* jansson made sure that it is UTF-8 without NUL. */
static enum kith_err
read_string(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	enum kith_err err;

	(void)f;
	if (!json_is_string(v))
		return KITH_E_BAD_REQUEST;
	if ((err = put_varint(r, json_string_length(v))) != KITH_E_OK)
		return err;
	return put_bytes(r, json_string_value(v), json_string_length(v));
}

/* Base64, padded or not. */
static enum kith_err
read_bytes(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	uint8_t *from = r->at;
	ssize_t n;

	(void)f;
	if (!json_is_string(v))
		return KITH_E_BAD_REQUEST;
	n = base64_decode(BASE64_ANY, json_string_value(v), json_string_length(v), r->at,
	    (size_t)(r->end - r->at));
	if (n < 0) {
		explicit_bzero(r->at, (size_t)(r->end - r->at));	/* a part of it */
		return n == -ENOBUFS ? KITH_E_TOO_LARGE : KITH_E_BAD_REQUEST;
	}
	r->at += n;
	return insert_length(r, from);
}

static enum kith_err
read_submessage(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	uint8_t *from = r->at;
	enum kith_err err;

	if ((err = read_message(r, f->descriptor, v)) != KITH_E_OK)
		return err;
	return insert_length(r, from);
}

#define WIRE_VARINT	PROTOBUF_C_WIRE_TYPE_VARINT
#define WIRE_LENGTH	PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED

static const struct {
	uint8_t		wire;
	read_fn		read;		/* writes the value without its tag */
} types[] = {
	[PROTOBUF_C_TYPE_UINT32]  = { WIRE_VARINT, read_uint32 },
	[PROTOBUF_C_TYPE_UINT64]  = { WIRE_VARINT, read_uint64 },
	[PROTOBUF_C_TYPE_BOOL]    = { WIRE_VARINT, read_bool },
	[PROTOBUF_C_TYPE_ENUM]    = { WIRE_VARINT, read_enum },
	[PROTOBUF_C_TYPE_STRING]  = { WIRE_LENGTH, read_string },
	[PROTOBUF_C_TYPE_BYTES]   = { WIRE_LENGTH, read_bytes },
	[PROTOBUF_C_TYPE_MESSAGE] = { WIRE_LENGTH, read_submessage },
};

static enum kith_err
read_field(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *v)
{
	enum kith_err err;

	if ((err = put_tag(r, f, types[f->type].wire)) != KITH_E_OK)
		return err;
	return types[f->type].read(r, f, v);
}

/* Numbers are packed: one field, however many. */
static enum kith_err
read_packed(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *array)
{
	enum kith_err err;
	uint8_t *from;
	size_t i;

	if ((err = put_tag(r, f, WIRE_LENGTH)) != KITH_E_OK)
		return err;
	from = r->at;
	for (i = 0; i < json_array_size(array); i++)
		if ((err = types[f->type].read(r, f, json_array_get(array, i))) != KITH_E_OK)
			return err;
	return insert_length(r, from);
}

static enum kith_err
read_repeated(struct reader *r, const ProtobufCFieldDescriptor *f, const json_t *array)
{
	enum kith_err err = KITH_E_OK;
	size_t i, n = json_array_size(array);

	if (!json_is_array(array))
		return KITH_E_BAD_REQUEST;
	if (n > WALK_ELEMENTS_MAX)
		return KITH_E_TOO_LARGE;
	if (n > 0 && types[f->type].wire == WIRE_VARINT)
		return read_packed(r, f, array);
	for (i = 0; i < n && err == KITH_E_OK; i++)
		err = read_field(r, f, json_array_get(array, i));
	return err;
}

/* `key` is the lowerCamelCase of `name`. */
static int
is_camel(const char *key, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '_' && name[1] >= 'a' && name[1] <= 'z') {
			if (*key++ != *++name - 'a' + 'A')
				return 0;
		} else if (*name != '_' && *key++ != *name)
			return 0;
	}
	return *key == '\0';
}

static const ProtobufCFieldDescriptor *
find_field(const ProtobufCMessageDescriptor *type, const char *key)
{
	const ProtobufCFieldDescriptor *f;

	for (f = type->fields; f < type->fields + type->n_fields; f++)
		if (is_camel(key, f->name) || strcmp(key, f->name) == 0)
			return f;
	return NULL;
}

/* As in wire_walk(): an object at the top of a Request is an unknown request. */
static enum kith_err
unknown_name(const struct reader *r, const json_t *v)
{
	return r->depth == 1 && r->type == &kith__v1__request__descriptor && json_is_object(v) ?
	    KITH_E_UNKNOWN_REQUEST : KITH_E_UNKNOWN_FIELD;
}

/* Another member of f's oneof came before. */
static int
oneof_named(const ProtobufCMessageDescriptor *type, uint64_t set,
    const ProtobufCFieldDescriptor *f)
{
	const ProtobufCFieldDescriptor *other;

	for (; set != 0; set &= set - 1) {
		other = &type->fields[__builtin_ctzll(set)];
		if ((other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		    other->quantifier_offset == f->quantifier_offset)
			return 1;
	}
	return 0;
}

static enum kith_err
read_member(struct reader *r, const ProtobufCMessageDescriptor *type, struct seen *seen,
    const char *key, const json_t *v)
{
	const ProtobufCFieldDescriptor *f = find_field(type, key);
	uint64_t bit;

	if (f == NULL)
		return unknown_name(r, v);
	bit = UINT64_C(1) << (f - type->fields);
	if (seen->named & bit)
		return KITH_E_BAD_REQUEST;
	seen->named |= bit;
	if (json_is_null(v))
		return KITH_E_OK;
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && oneof_named(type, seen->set, f))
		return KITH_E_BAD_REQUEST;
	seen->set |= bit;
	return f->label == PROTOBUF_C_LABEL_REPEATED ?
	    read_repeated(r, f, v) : read_field(r, f, v);
}

static enum kith_err
read_message(struct reader *r, const ProtobufCMessageDescriptor *type, const json_t *v)
{
	json_t *object = (json_t *)v;	/* iterators want it so, and change nothing */
	enum kith_err err = KITH_E_OK;
	struct seen seen = { 0, 0 };
	void *i;

	assert(type->n_fields <= FIELDS_MAX);
	if (!json_is_object(object))
		return KITH_E_BAD_REQUEST;
	if (r->depth == WALK_DEPTH_MAX)
		return KITH_E_TOO_LARGE;
	r->depth++;
	for (i = json_object_iter(object); i != NULL && err == KITH_E_OK;
	    i = json_object_iter_next(object, i))
		err = read_member(r, type, &seen, json_object_iter_key(i),
		    json_object_iter_value(i));
	r->depth--;
	return err;
}

static bool
has_id(const ProtobufCMessageDescriptor *type)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(type, 1);

	return f != NULL && f->type == PROTOBUF_C_TYPE_UINT64 && strcmp(f->name, "id") == 0;
}

/* The request's id, for an error reply, too. Checked later. Without a tree the text is not JSON. */
static uint64_t
find_id(const ProtobufCMessageDescriptor *type, const json_t *tree, const char *text, size_t len)
{
	char digits[ID_DIGITS_MAX + 1];
	enum kith_err err = KITH_E_BAD_REQUEST;
	uint64_t n;

	if (!has_id(type))
		return 0;
	if (tree != NULL)
		err = parse_whole(json_object_get(tree, "id"), UINT64_MAX, &n);
	else if (json_text_find_digits(text, len, "id", digits, sizeof(digits)))
		err = parse_digits(digits, &n);
	return err == KITH_E_OK ? n : 0;
}

enum kith_err
json_to_wire(const ProtobufCMessageDescriptor *type, const char *text, size_t len,
    uint8_t *out, size_t cap, size_t *out_len, uint64_t *id)
{
	struct reader r = { .type = type, .at = out, .end = out + cap };
	struct json_text t;
	enum kith_err err;

	*out_len = 0;
	err = json_text_open(&t, text, len);
	if (id != NULL)
		*id = find_id(type, t.tree, text, len);
	if (err != KITH_E_OK)
		goto out;
	if ((err = read_message(&r, type, t.tree)) == KITH_E_OK)
		*out_len = (size_t)(r.at - out);
	else
		explicit_bzero(out, (size_t)(r.at - out));
out:
	json_text_close(&t);
	return err;
}
