/* wire_test.c - promises of protocol/wire.h, case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "protocol/poll.pb-c.h"
#include "protocol/wire.h"
#include "tests/unit/kit/sample.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define BYTES(s)	s, sizeof(s) - 1
#define WALKED_MAX	(320u * 1024u)


static const ProtobufCMessageDescriptor *const tops[] = {
	&kith__v1__request__descriptor, &kith__v1__reply__descriptor,
	&kith__v1__poll__descriptor, &kith__v1__polled__descriptor,
	&kith__ipc__ask__descriptor, &kith__ipc__answer__descriptor,
	&kith__ipc__login__descriptor, &kith__ipc__loaded__descriptor,
	&kith__ipc__admin__descriptor, &kith__ipc__admin_answer__descriptor,
};

#define REQUEST	(&kith__v1__request__descriptor)
#define REPLY	(&kith__v1__reply__descriptor)
#define LOADED	(&kith__ipc__loaded__descriptor)
#define EVENT	(&kith__v1__event__descriptor)
#define HELLO	(&kith__v1__hello__descriptor)
#define GROUP	(&kith__v1__create_group__descriptor)
#define TARGET	(&kith__v1__target__descriptor)

/*
 * A type that holds itself and every kind of number, which the schema must not
 * have: the walker does not rely on
 * that. */
static const ProtobufCMessageDescriptor deep;
static const ProtobufCFieldDescriptor deep_fields[] = {
	{ .id = 1, .type = PROTOBUF_C_TYPE_MESSAGE, .label = PROTOBUF_C_LABEL_OPTIONAL,
	    .descriptor = &deep },
	{ .id = 2, .type = PROTOBUF_C_TYPE_FIXED32, .label = PROTOBUF_C_LABEL_NONE },
	{ .id = 3, .type = PROTOBUF_C_TYPE_DOUBLE, .label = PROTOBUF_C_LABEL_NONE },
	{ .id = 4, .type = PROTOBUF_C_TYPE_FLOAT, .label = PROTOBUF_C_LABEL_REPEATED },
	{ .id = 5, .type = PROTOBUF_C_TYPE_SINT32, .label = PROTOBUF_C_LABEL_NONE },
	{ .id = 6, .type = PROTOBUF_C_TYPE_MESSAGE, .label = PROTOBUF_C_LABEL_REPEATED,
	    .descriptor = &deep },
	{ .id = 7, .type = PROTOBUF_C_TYPE_UINT32, .label = PROTOBUF_C_LABEL_REPEATED },
	{ .id = 8, .type = PROTOBUF_C_TYPE_INT32, .label = PROTOBUF_C_LABEL_NONE },
};
static const ProtobufCIntRange deep_ranges[] = { { 1, 0 }, { 0, COUNT(deep_fields) } };
static const ProtobufCMessageDescriptor deep = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, .name = "deep",
	.n_fields = COUNT(deep_fields), .fields = deep_fields,
	.n_field_ranges = 1, .field_ranges = deep_ranges,
};
#define DEEP	(&deep)

#define OK	KITH_E_OK
#define BAD	KITH_E_BAD_REQUEST
#define FIELD	KITH_E_UNKNOWN_FIELD
#define NUMBER	KITH_E_UNKNOWN_REQUEST
#define LARGE	KITH_E_TOO_LARGE
#define SKIP	KITH_E_COUNT		/* not tried: the type has no C struct */

static const struct walk_case {
	const char	*name;
	const ProtobufCMessageDescriptor *type;
	const char	*bytes;
	size_t		 len;
	enum kith_err	 strict, lax;
} walk_cases[] = {
	{ "empty", REQUEST, BYTES(""), OK, OK },
	{ "id", REQUEST, BYTES("\x08\x07"), OK, OK },
	{ "ping", REQUEST, BYTES("\x08\x07\x92\x01\x00"), OK, OK },
	{ "fields in any order", REQUEST, BYTES("\x92\x01\x00\x08\x07"), OK, OK },
	{ "a scalar at its default", REQUEST, BYTES("\x08\x00"), OK, OK },
	{ "target by name", TARGET, BYTES("\x0a\x03" "bob"), OK, OK },

	/* Varints. */
	{ "varint missing", REQUEST, BYTES("\x08"), BAD, BAD },
	{ "varint cut", REQUEST, BYTES("\x08\x80"), BAD, BAD },
	{ "varint padded", REQUEST, BYTES("\x08\x87\x00"), OK, OK },
	{ "varint of 10 bytes", REQUEST, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), OK, OK },
	{ "varint of 65 bits", REQUEST, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), BAD, BAD },
	{ "varint of 11 bytes", REQUEST, BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), BAD, BAD },
	{ "varint without end", REQUEST, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), BAD, BAD },
	{ "uint32 at its limit", HELLO, BYTES("\x08\xff\xff\xff\xff\x0f"), OK, OK },
	{ "uint32 over 32 bits", HELLO, BYTES("\x08\x80\x80\x80\x80\x10"), BAD, OK },
	{ "bool 0", GROUP, BYTES("\x18\x00"), OK, OK },
	{ "bool 1", GROUP, BYTES("\x18\x01"), OK, OK },
	{ "bool 2", GROUP, BYTES("\x18\x02"), BAD, OK },
	{ "sint32 over 32 bits", DEEP, BYTES("\x28\x80\x80\x80\x80\x10"), BAD, SKIP },
	{ "int32 -1", DEEP, BYTES("\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), OK, SKIP },

	/* Tags. */
	{ "tag cut", REQUEST, BYTES("\x92"), BAD, BAD },
	{ "tag padded", REQUEST, BYTES("\x88\x80\x00\x07"), OK, OK },
	{ "tag of 6 bytes", REQUEST, BYTES("\x88\x80\x80\x80\x80\x00\x07"), BAD, BAD },
	{ "tag over 32 bits", REQUEST, BYTES("\x88\x80\x80\x80\x10\x07"), BAD, BAD },
	{ "field 0", REQUEST, BYTES("\x00\x07"), BAD, BAD },
	{ "field 0 padded", REQUEST, BYTES("\x80\x00\x07"), BAD, BAD },
	{ "field 0 with a length", REQUEST, BYTES("\x02\x00"), BAD, BAD },
	{ "group start", REQUEST, BYTES("\x0b\x0c"), BAD, BAD },
	{ "group end", REQUEST, BYTES("\x0c"), BAD, BAD },
	{ "unknown group", REQUEST, BYTES("\x9b\x06\x9c\x06"), BAD, BAD },
	{ "wire type 6", REQUEST, BYTES("\x0e"), BAD, BAD },
	{ "wire type 7", REQUEST, BYTES("\x0f"), BAD, BAD },

	/* Lengths. */
	{ "length missing", REQUEST, BYTES("\x92\x01"), BAD, BAD },
	{ "length over the end", REQUEST, BYTES("\x92\x01\x01"), BAD, BAD },
	{ "length cut", REQUEST, BYTES("\x92\x01\x80"), BAD, BAD },
	{ "length padded", REQUEST, BYTES("\x92\x01\x80\x80\x80\x80\x00"), OK, OK },
	{ "length of 6 bytes", REQUEST, BYTES("\x92\x01\x80\x80\x80\x80\x80\x00"), BAD, BAD },
	{ "length 2^31-1", REQUEST, BYTES("\x92\x01\xff\xff\xff\xff\x07"), BAD, BAD },
	{ "length 2^32-1", REQUEST, BYTES("\x92\x01\xff\xff\xff\xff\x0f"), BAD, BAD },
	{ "length 2^35-1", REQUEST, BYTES("\x92\x01\xff\xff\xff\xff\x7f"), BAD, BAD },
	{ "inner length over the outer", REQUEST, BYTES("\x52\x02\x1a\x01" "x"), BAD, BAD },
	{ "inner varint over the outer", REQUEST, BYTES("\x52\x02\x08\x80\x01"), BAD, BAD },
	{ "inner tag over the outer", REQUEST, BYTES("\x52\x01\x88\x00\x01"), BAD, BAD },

	/* Wire types. */
	{ "id with a length", REQUEST, BYTES("\x0a\x01\x07"), BAD, BAD },
	{ "id as 64 bits", REQUEST, BYTES("\x09\0\0\0\0\0\0\0\0"), BAD, BAD },
	{ "id as 32 bits", REQUEST, BYTES("\x0d\0\0\0\0"), BAD, BAD },
	{ "message as varint", REQUEST, BYTES("\x90\x01\x00"), BAD, BAD },
	{ "message as 32 bits", REQUEST, BYTES("\x95\x01\0\0\0\0"), BAD, BAD },
	{ "string as varint", HELLO, BYTES("\x18\x00"), BAD, BAD },
	{ "fixed32", DEEP, BYTES("\x15\0\0\0\0"), OK, SKIP },
	{ "fixed32 cut", DEEP, BYTES("\x15\0\0\0"), BAD, SKIP },
	{ "double", DEEP, BYTES("\x19\0\0\0\0\0\0\0\0"), OK, SKIP },
	{ "double cut", DEEP, BYTES("\x19\0\0\0\0\0\0\0"), BAD, SKIP },
	{ "singular number packed", DEEP, BYTES("\x12\x04\0\0\0\0"), BAD, SKIP },

	/* Packed. */
	{ "packed empty", LOADED, BYTES("\x12\x00"), OK, OK },
	{ "packed two", LOADED, BYTES("\x12\x02\x01\x02"), OK, OK },
	{ "packed and not", LOADED, BYTES("\x12\x01\x01\x10\x02\x12\x01\x03"), OK, OK },
	{ "packed varint cut", LOADED, BYTES("\x12\x02\x01\x80"), BAD, BAD },
	{ "packed varint over the length", LOADED, BYTES("\x12\x01\x80\x01"), BAD, BAD },
	{ "packed varint of 11 bytes", LOADED,
	    BYTES("\x12\x0b\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), BAD, BAD },
	{ "packed float", DEEP, BYTES("\x22\x08\0\0\0\0\0\0\0\0"), OK, SKIP },
	{ "packed float cut", DEEP, BYTES("\x22\x07\0\0\0\0\0\0\0"), BAD, SKIP },
	{ "packed uint32 over 32 bits", DEEP, BYTES("\x3a\x06\x01\x80\x80\x80\x80\x10"), BAD, SKIP },

	/* Unknown. */
	{ "unknown varint", REQUEST, BYTES("\x98\x06\x01"), FIELD, OK },
	{ "unknown 64 bits", REQUEST, BYTES("\x99\x06\0\0\0\0\0\0\0\0"), FIELD, OK },
	{ "unknown 64 bits cut", REPLY, BYTES("\xf9\x3e\0\0\0\0\0\0\0"), FIELD, BAD },
	{ "unknown 32 bits", REQUEST, BYTES("\x9d\x06\0\0\0\0"), FIELD, OK },
	{ "unknown 32 bits cut", REPLY, BYTES("\xfd\x3e\0\0\0"), FIELD, BAD },
	{ "unknown varint cut", REPLY, BYTES("\xf8\x3e\xff"), FIELD, BAD },
	{ "unknown request", REQUEST, BYTES("\x08\x07\x9a\x06\x00"), NUMBER, OK },
	{ "request of the highest number", REQUEST, BYTES("\xfa\xff\xff\xff\x0f\x00"), NUMBER, OK },
	{ "unknown reply", REPLY, BYTES("\xfa\x3e\x01" "x"), FIELD, OK },
	{ "unknown reply, length over the end", REPLY, BYTES("\xfa\x3e\x02" "x"), BAD, BAD },
	{ "unknown field in a body", REQUEST, BYTES("\x52\x03\xfa\x3e\x00"), FIELD, OK },
	{ "bytes of an unknown field are not looked at", REPLY, BYTES("\xfa\x3e\x02\xff\x00"), FIELD, OK },
	{ "known enum value", EVENT, BYTES("\x20\x06"), OK, OK },
	{ "unknown enum value", EVENT, BYTES("\x20\x07"), BAD, OK },
	{ "negative enum value", EVENT, BYTES("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), BAD, OK },
	{ "enum value 2^32 + 1", EVENT, BYTES("\x20\x81\x80\x80\x80\x10"), BAD, OK },

	/* Twice. */
	{ "id twice", REQUEST, BYTES("\x08\x07\x08\x07"), BAD, BAD },
	{ "string twice", HELLO, BYTES("\x1a\x01" "a\x1a\x01" "b"), BAD, BAD },
	{ "message twice", &kith__v1__welcome__descriptor, BYTES("\x2a\x00\x2a\x00"), BAD, BAD },
	{ "body twice", REQUEST, BYTES("\x92\x01\x00\x92\x01\x00"), BAD, BAD },
	{ "two bodies", REQUEST, BYTES("\x92\x01\x00\x9a\x01\x00"), BAD, BAD },
	{ "target twice", TARGET, BYTES("\x0a\x01" "a\x18\x01"), BAD, BAD },
	{ "repeated twice", HELLO, BYTES("\x22\x01" "a\x22\x01" "a"), OK, OK },

	/* Strings. */
	{ "string empty", HELLO, BYTES("\x1a\x00"), OK, OK },
	{ "string with NUL", HELLO, BYTES("\x1a\x03" "a\0b"), BAD, BAD },
	{ "string with bad UTF-8", HELLO, BYTES("\x1a\x02\xc0\x80"), BAD, BAD },
	{ "element with bad UTF-8", HELLO, BYTES("\x22\x01\xff"), BAD, BAD },
	{ "bytes may be anything", &kith__ipc__login__descriptor, BYTES("\x3a\x03\xff\x00\xc0"), OK, OK },
};

static void
walker_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(walk_cases); i++) {
		const struct walk_case *c = &walk_cases[i];
		const uint8_t *bytes = (const uint8_t *)c->bytes;
		ProtobufCMessage *msg;
		enum kith_err err;

		if ((err = wire_walk(c->type, bytes, c->len, NULL)) != c->strict)
			fail_msg("%s: strict says %s", c->name, kith_err_name(err));
		if (c->lax == SKIP)
			continue;
		err = wire_unpack(c->type, bytes, c->len, &unpack_mem, NULL, &msg);
		if (err != c->strict || (msg != NULL) != (err == OK))
			fail_msg("%s: unpack says %s", c->name, kith_err_name(err));
		err = wire_unpack_lax(c->type, bytes, c->len, &unpack_mem, &msg);
		if (err != c->lax || (msg != NULL) != (err == OK))
			fail_msg("%s: lax says %s", c->name, kith_err_name(err));
	}
}

/* The request's id is wanted for the error reply. */
static void
id_is_seen_on_errors_too(void **state)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
		uint64_t	 id;
	} table[] = {
		{ BYTES(""), 0 },
		{ BYTES("\x92\x01\x00"), 0 },
		{ BYTES("\x08\x07\x92\x01\x00"), 7 },
		{ BYTES("\x92\x01\x00\x08\x07"), 7 },
		{ BYTES("\x08\x07\x9a\x06\x00"), 7 },		/* unknown request */
		{ BYTES("\x08\x07\x52\x02\x1a"), 7 },		/* truncated */
		{ BYTES("\x52\x02\x08\x09\x08\x07"), 7 },	/* field 1 of Hello is none */
		{ BYTES("\x00\x08\x07"), 0 },			/* not seen before the error */
		{ BYTES("\x08\xff"), 0 },
		{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t id = 99;

		wire_walk(REQUEST, (const uint8_t *)table[i].bytes, table[i].len, &id);
		assert_int_equal(id, table[i].id);
	}
}

/* Bytes under construction. */
static struct {
	uint8_t	bytes[WALKED_MAX];
	size_t	len;
} built;

static void
put(const char *bytes, size_t len, unsigned times)
{
	for (; times > 0; times--) {
		assert_true(len <= WALKED_MAX - built.len);
		memcpy(built.bytes + built.len, bytes, len);
		built.len += len;
	}
}

static void
expect_built(const ProtobufCMessageDescriptor *type, enum kith_err expected)
{
	assert_int_equal(wire_walk(type, built.bytes, built.len, NULL), expected);
}

/* Each level is written before the `len` bytes that end at the buffer's end. */
static void
depth_is_bounded(void **state)
{
	uint8_t *end = built.bytes + WALKED_MAX, head[6] = { 0x0a };
	size_t len = 0, n, rest;

	(void)state;
	for (unsigned depth = 1; depth <= 50000; depth++) {
		if (depth <= 10 || depth % 5000 == 0)
			assert_int_equal(wire_walk(DEEP, end - len, len, NULL),
			    depth <= WALK_DEPTH_MAX ? OK : LARGE);
		for (n = 1, rest = len; rest >= 0x80; rest >>= 7)
			head[n++] = (uint8_t)(rest | 0x80);
		head[n++] = (uint8_t)rest;
		len += n;
		memcpy(end - len, head, n);
	}
}

static void
elements_are_bounded(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char	*element;
		size_t		 len;
	} table[] = {
		{ HELLO, BYTES("\x22\x00") },			/* strings */
		{ LOADED, BYTES("\x10\x01") },			/* numbers */
		{ LOADED, BYTES("\x12\x01\x01") },		/* numbers, packed one by one */
		{ &kith__v1__sync__descriptor, BYTES("\x0a\x00") },	/* messages */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		built.len = 0;
		put(table[i].element, table[i].len, WALK_ELEMENTS_MAX);
		expect_built(table[i].type, OK);
		put(table[i].element, table[i].len, 1);
		expect_built(table[i].type, LARGE);
	}
}

static void
packed_elements_are_bounded(void **state)
{
	(void)state;
	built.len = 0;
	put(BYTES("\x12\x80\x08"), 1);
	put("\x01", 1, 1024);
	expect_built(LOADED, OK);
	put(BYTES("\x12\x01\x01"), 1);
	expect_built(LOADED, LARGE);

	built.len = 0;
	put(BYTES("\x12\x81\x08"), 1);
	put("\x01", 1, 1025);
	expect_built(LOADED, LARGE);
}

/* A message's count is its own, and goes on after a message inside it. */
static void
elements_are_counted_per_message(void **state)
{
	(void)state;
	built.len = 0;
	for (unsigned child = 0; child < 2; child++) {
		put(BYTES("\x3a\xf4\x03"), 1);			/* 500 here, packed */
		put("\x01", 1, 500);
		put(BYTES("\x32\xeb\x07\x3a\xe8\x07"), 1);	/* a child with 1,000 */
		put("\x01", 1, 1000);
	}
	expect_built(DEEP, OK);
	put(BYTES("\x38\x01"), 24);
	expect_built(DEEP, OK);
	put(BYTES("\x38\x01"), 1);
	expect_built(DEEP, LARGE);
}

static void
fields_are_bounded_at_any_depth(void **state)
{
	ProtobufCMessage *msg;

	(void)state;
	built.len = 0;
	put(BYTES("\x0a\x04\x08\x01\x10\x01"), WALK_ELEMENTS_MAX);	/* Sync: 3 fields each */
	put(BYTES("\xf8\x3e\x01"), WALK_FIELDS_MAX - 3 * WALK_ELEMENTS_MAX);
	assert_int_equal(wire_unpack_lax(&kith__v1__sync__descriptor, built.bytes, built.len,
	    &sample_mem, &msg), OK);
	put(BYTES("\xf8\x3e\x01"), 1);
	assert_int_equal(wire_unpack_lax(&kith__v1__sync__descriptor, built.bytes, built.len,
	    &sample_mem, &msg), LARGE);
}

static void
a_hundred_thousand_empty_fields(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char	*field;
		size_t		 len;
		enum kith_err	 strict, lax;
	} table[] = {
		{ REQUEST, BYTES("\x9a\x01\x00"), BAD, BAD },	/* pong, twice and more */
		{ HELLO, BYTES("\x22\x00"), LARGE, LARGE },
		{ HELLO, BYTES("\x4a\x00"), FIELD, LARGE },
		{ REPLY, BYTES("\x4a\x00"), FIELD, LARGE },
		{ REQUEST, BYTES("\x4a\x00"), NUMBER, LARGE },
	};
	ProtobufCMessage *msg;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		built.len = 0;
		put(table[i].field, table[i].len, 100000);
		expect_built(table[i].type, table[i].strict);
		assert_int_equal(wire_unpack_lax(table[i].type, built.bytes, built.len, &unpack_mem,
		    &msg), table[i].lax);
	}
}

/* The longest pages that a server may send pass a client's walker. */
static void
pages_fit_the_walker(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *row;
		unsigned	 rows;
	} parts[] = {
		{ &kith__v1__event__descriptor, PAGE_EVENTS_MAX },
		{ &kith__v1__position__descriptor, PAGE_POSITIONS_MAX },
		{ &kith__v1__conversation__descriptor, PAGE_ROWS_MAX },
	};
	unsigned fields[COUNT(parts)];

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		fields[i] = parts[i].rows * (1 + parts[i].row->n_fields);
	assert_true(fields[0] + fields[1] + 4 <= WALK_FIELDS_MAX);	/* SyncPage */
	assert_true(fields[2] + 4 <= WALK_FIELDS_MAX);
}

static size_t
packed_sample(const ProtobufCMessageDescriptor *type, unsigned pick, uint32_t seed)
{
	ProtobufCMessage *msg;

	unpackmem_reset(&sample_mem);
	msg = sample_message(&sample_mem, type, &seed, pick);
	built.len = protobuf_c_message_get_packed_size(msg);
	assert_in_range(built.len, 1, WALKED_MAX);
	return protobuf_c_message_pack(msg, built.bytes);
}

/* Both readers give back every field of every request, reply and record. */
static void
round_trips(void **state)
{
	static uint8_t again[WALKED_MAX];

	(void)state;
	for (size_t t = 0; t < COUNT(tops); t++) {
		for (unsigned pick = 0; pick < sample_picks(tops[t]); pick++) {
			size_t len = packed_sample(tops[t], pick, 1 + pick);
			ProtobufCMessage *msg;

			assert_int_equal(wire_unpack(tops[t], built.bytes, len, &unpack_mem, NULL,
			    &msg), OK);
			assert_int_equal(protobuf_c_message_pack(msg, again), len);
			assert_memory_equal(again, built.bytes, len);
			assert_int_equal(wire_unpack_lax(tops[t], built.bytes, len, &unpack_mem,
			    &msg), OK);
			assert_int_equal(protobuf_c_message_pack(msg, again), len);
			assert_memory_equal(again, built.bytes, len);
		}
	}
}

/* A message cut short is a message cut short, or ends between two fields. */
static void
every_prefix_is_ok_or_malformed(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT(tops); t++) {
		for (unsigned pick = 0; pick < sample_picks(tops[t]); pick++) {
			size_t len = packed_sample(tops[t], pick, 1 + pick), whole = 0;

			for (size_t n = 0; n <= len; n++) {
				enum kith_err err = wire_walk(tops[t], built.bytes, n, NULL);

				assert_true(err == OK || err == BAD);
				whole += err == OK;
			}
			assert_in_range(whole, 2, 1 + tops[t]->n_fields * 2);
		}
	}
}

static void
what_does_not_fit_is_too_large(void **state)
{
	size_t len = packed_sample(REPLY, 8, 1), refused = 0;

	(void)state;
	for (size_t size = 16; size <= 8192; size += 16) {
		struct unpackmem small;
		ProtobufCMessage *msg;
		enum kith_err err;

		assert_int_equal(unpackmem_init(&small, size), 0);
		err = wire_unpack(REPLY, built.bytes, len, &small, NULL, &msg);
		assert_true(small.used <= size);
		assert_true(err == LARGE ? msg == NULL : err == OK);
		/* Once it fits, it fits in all that is larger. */
		refused += err == LARGE;
		assert_true(err == OK || refused * 16 == size);
		unpackmem_fini(&small);
	}
	assert_in_range(refused, 1, 8192 / 16 - 1);
}

static void
pack_frame_has_a_header_and_a_limit(void **state)
{
	static uint8_t buf[FRAME_HEADER_BYTES + FRAME_BYTES_MAX + 1];
	static char text[FRAME_BYTES_MAX + 1];
	Kith__V1__Event event = KITH__V1__EVENT__INIT;
	const ProtobufCMessage *msg = &event.base;
	const size_t overhead = 4;	/* tag, and a length of three bytes */
	size_t whole = FRAME_HEADER_BYTES + FRAME_BYTES_MAX;

	(void)state;
	assert_int_equal(wire_pack_frame(msg, buf, sizeof(buf)), 0);	/* no empty frames */
	event.seq = 1;
	assert_int_equal(wire_pack_frame(msg, buf, 5), 0);
	assert_int_equal(wire_pack_frame(msg, buf, 6), 6);
	assert_memory_equal(buf, "\0\0\0\2\x10\1", 6);

	event.seq = 0;
	event.text = text;
	memset(text, 'x', FRAME_BYTES_MAX - overhead);
	assert_int_equal(wire_pack_frame(msg, buf, whole - 1), 0);
	assert_int_equal(wire_pack_frame(msg, buf, whole), whole);
	assert_memory_equal(buf, "\0\1\0\0", FRAME_HEADER_BYTES);
	text[FRAME_BYTES_MAX - overhead] = 'x';
	assert_int_equal(wire_pack_frame(msg, buf, sizeof(buf)), 0);
}

/* The walker has 64 bits for a message's fields and one level for each depth. */
static unsigned
depth_of(const ProtobufCMessageDescriptor *type)
{
	unsigned deepest = 0;

	assert_true(type->n_fields <= 64);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		unsigned below = f->type == PROTOBUF_C_TYPE_MESSAGE ? depth_of(f->descriptor) : 0;

		if (below > deepest)
			deepest = below;
	}
	return 1 + deepest;
}

static void
schema_fits_the_walker(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT(tops); t++)
		assert_in_range(depth_of(tops[t]), 1, WALK_DEPTH_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walker_table),
		cmocka_unit_test(id_is_seen_on_errors_too),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(elements_are_bounded),
		cmocka_unit_test(packed_elements_are_bounded),
		cmocka_unit_test(elements_are_counted_per_message),
		cmocka_unit_test(fields_are_bounded_at_any_depth),
		cmocka_unit_test(a_hundred_thousand_empty_fields),
		cmocka_unit_test(pages_fit_the_walker),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(every_prefix_is_ok_or_malformed),
		cmocka_unit_test(what_does_not_fit_is_too_large),
		cmocka_unit_test(pack_frame_has_a_header_and_a_limit),
		cmocka_unit_test(schema_fits_the_walker),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
