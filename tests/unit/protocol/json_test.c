/* json_test.c - promises of protocol/json.h, case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/poll.pb-c.h"
#include "protocol/wire.h"
#include "tests/unit/kit/sample.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define BYTES(s)	s, sizeof(s) - 1
#define TEXT_MAX	(512u * 1024u)

static char text[TEXT_MAX];
static uint8_t wire[FRAME_BYTES_MAX];

#define REQUEST	(&kith__v1__request__descriptor)
#define REPLY	(&kith__v1__reply__descriptor)
#define POLL	(&kith__v1__poll__descriptor)
#define POLLED	(&kith__v1__polled__descriptor)
#define EVENT	(&kith__v1__event__descriptor)
#define ERROR	(&kith__v1__error__descriptor)
#define HELLO	(&kith__v1__hello__descriptor)
#define GROUP	(&kith__v1__create_group__descriptor)
#define LIST	(&kith__v1__list_conversations__descriptor)
#define SENT	(&kith__v1__sent__descriptor)
#define SYNC	(&kith__v1__sync__descriptor)
#define TARGET	(&kith__v1__target__descriptor)
#define TOKEN	(&kith__ipc__find_token__descriptor)

static const ProtobufCMessageDescriptor *const tops[] = { REQUEST, REPLY, POLL, POLLED };

/* A type that holds itself, which the schema must not have: the depth does not rely on that. */
static const ProtobufCMessageDescriptor deep;
static const ProtobufCFieldDescriptor deep_fields[] = {
	{ .id = 1, .name = "deep", .type = PROTOBUF_C_TYPE_MESSAGE,
	    .label = PROTOBUF_C_LABEL_OPTIONAL, .descriptor = &deep },
	{ .id = 2, .name = "more", .type = PROTOBUF_C_TYPE_MESSAGE,
	    .label = PROTOBUF_C_LABEL_REPEATED, .descriptor = &deep },
};
static const ProtobufCIntRange deep_ranges[] = { { 1, 0 }, { 0, COUNT(deep_fields) } };
static const ProtobufCMessageDescriptor deep = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, .name = "deep",
	.n_fields = COUNT(deep_fields), .fields = deep_fields,
	.n_field_ranges = 1, .field_ranges = deep_ranges,
};

#define OK	KITH_E_OK
#define BAD	KITH_E_BAD_REQUEST
#define FIELD	KITH_E_UNKNOWN_FIELD
#define NUMBER	KITH_E_UNKNOWN_REQUEST
#define LARGE	KITH_E_TOO_LARGE

/* From a copy of its own size, so that a sanitizer sees a read beyond the end. */
static enum kith_err
to_wire(const ProtobufCMessageDescriptor *type, const char *json, size_t len, size_t *wire_len,
    uint64_t *id)
{
	char *copy = malloc(len + (len == 0));
	enum kith_err err;

	assert_non_null(copy);
	memcpy(copy, json, len);
	err = json_to_wire(type, copy, len, wire, sizeof(wire), wire_len, id);
	free(copy);
	return err;
}

/* What is accepted comes back as `out`: the same message, in its canonical form. */
static const struct text_case {
	const char	*name;
	const ProtobufCMessageDescriptor *type;
	const char	*in;
	enum kith_err	 err;
	const char	*out;		/* NULL: as `in` */
} text_cases[] = {
	{ "empty message", REQUEST, "{}", OK, NULL },
	{ "a request", REQUEST, "{\"id\":\"1\",\"hello\":{\"versionMin\":1,\"versionMax\":1,"
	    "\"client\":\"web\"}}", OK, NULL },
	{ "empty body", REQUEST, "{\"id\":\"1\",\"ping\":{}}", OK, NULL },
	{ "a reply", REPLY, "{\"id\":\"1\",\"error\":{\"code\":\"NO_SUCH_USER\","
	    "\"text\":\"no such user\"}}", OK, NULL },
	{ "whitespace", REQUEST, " \t\r\n{ \"id\" : \"1\" , \"ping\" : { } } \n", OK,
	    "{\"id\":\"1\",\"ping\":{}}" },
	{ "fields in any order", REQUEST, "{\"ping\":{},\"id\":\"1\"}", OK,
	    "{\"id\":\"1\",\"ping\":{}}" },
	{ "defaults are left out", EVENT, "{\"conversation\":\"0\",\"kind\":\"NONE\",\"text\":\"\"}",
	    OK, "{}" },
	{ "empty arrays are left out", SYNC, "{\"have\":[],\"limit\":0}", OK, "{}" },
	{ "a default in an array", LIST, "{\"ids\":[\"0\",\"1\"]}", OK, NULL },
	{ "empty strings in an array", HELLO, "{\"features\":[\"\",\"a\",\"\"]}", OK, NULL },
	{ "empty messages in an array", SENT, "{\"outcomes\":[{},{}]}", OK, NULL },
	{ "a default in a oneof", TARGET, "{\"conversation\":\"0\"}", OK, NULL },
	{ "an empty string in a oneof", TARGET, "{\"user\":\"\"}", OK, NULL },

	/* Not JSON. */
	{ "nothing", REQUEST, "", BAD, NULL },
	{ "only whitespace", REQUEST, " ", BAD, NULL },
	{ "cut", REQUEST, "{\"id\":\"1\"", BAD, NULL },
	{ "trailing garbage", REQUEST, "{}x", BAD, NULL },
	{ "two objects", REQUEST, "{}{}", BAD, NULL },
	{ "trailing comma", REQUEST, "{\"id\":\"1\",}", BAD, NULL },
	{ "comment", REQUEST, "{/**/}", BAD, NULL },
	{ "single quotes", REQUEST, "{'id':'1'}", BAD, NULL },
	{ "name without quotes", REQUEST, "{id:\"1\"}", BAD, NULL },
	{ "byte order mark", REQUEST, "\xef\xbb\xbf{}", BAD, NULL },
	{ "array", REQUEST, "[]", BAD, NULL },
	{ "array around", REQUEST, "[{}]", BAD, NULL },
	{ "null", REQUEST, "null", BAD, NULL },
	{ "string", REQUEST, "\"\"", BAD, NULL },
	{ "number", REQUEST, "1", BAD, NULL },
	{ "NaN", REQUEST, "{\"id\":NaN}", BAD, NULL },
	{ "Infinity", REQUEST, "{\"id\":Infinity}", BAD, NULL },

	/* Names. */
	{ "the proto's spelling", HELLO, "{\"version_min\":1,\"version_max\":2}", OK,
	    "{\"versionMin\":1,\"versionMax\":2}" },
	{ "a mixed spelling", LIST, "{\"Ids\":[]}", FIELD, NULL },
	{ "a half spelling", EVENT, "{\"sender_Name\":\"x\"}", FIELD, NULL },
	{ "a name's beginning", EVENT, "{\"sende\":\"1\"}", FIELD, NULL },
	{ "a name and more", EVENT, "{\"senders\":\"1\"}", FIELD, NULL },
	{ "empty name", EVENT, "{\"\":1}", FIELD, NULL },
	{ "escaped name", EVENT, "{\"\\u0073eq\":\"1\"}", OK, "{\"seq\":\"1\"}" },
	{ "NUL in a name", EVENT, "{\"se\\u0000q\":\"1\"}", BAD, NULL },
	{ "twice", REQUEST, "{\"id\":\"1\",\"id\":\"1\"}", BAD, NULL },
	{ "twice, escaped", REQUEST, "{\"id\":\"1\",\"\\u0069d\":\"1\"}", BAD, NULL },
	{ "both spellings", HELLO, "{\"versionMin\":1,\"version_min\":1}", BAD, NULL },
	{ "both spellings, one null", HELLO, "{\"versionMin\":null,\"version_min\":1}", BAD, NULL },
	{ "both spellings of an array", REPLY, "{\"sessions\":{\"sessions\":[{\"deviceName\":\"a\","
	    "\"device_name\":\"b\"}]}}", BAD, NULL },
	{ "unknown", EVENT, "{\"nope\":1}", FIELD, NULL },
	{ "unknown, null", EVENT, "{\"nope\":null}", FIELD, NULL },
	{ "unknown scalar in Request", REQUEST, "{\"nope\":1}", FIELD, NULL },
	{ "unknown request", REQUEST, "{\"id\":\"1\",\"nope\":{}}", NUMBER, NULL },
	{ "unknown below a request", REQUEST, "{\"hello\":{\"nope\":{}}}", FIELD, NULL },
	{ "unknown reply", REPLY, "{\"nope\":{}}", FIELD, NULL },
	{ "unknown request in a poll", POLL, "{\"requests\":[{\"nope\":{}}]}", FIELD, NULL },
	{ "number of a field as its name", REQUEST, "{\"1\":\"1\"}", FIELD, NULL },

	/* null and oneof. */
	{ "null is absent", REQUEST, "{\"id\":null,\"hello\":null,\"ping\":{}}", OK, "{\"ping\":{}}" },
	{ "null array", SYNC, "{\"have\":null,\"limit\":1}", OK, "{\"limit\":1}" },
	{ "null in an array of messages", SYNC, "{\"have\":[null]}", BAD, NULL },
	{ "null in an array of numbers", LIST, "{\"ids\":[null]}", BAD, NULL },
	{ "null in an array of strings", HELLO, "{\"features\":[null]}", BAD, NULL },
	{ "oneof twice", REQUEST, "{\"hello\":{},\"ping\":{}}", BAD, NULL },
	{ "oneof of scalars twice", TARGET, "{\"user\":\"a\",\"group\":\"\"}", BAD, NULL },
	{ "oneof, one null", TARGET, "{\"user\":null,\"group\":\"a\"}", OK, "{\"group\":\"a\"}" },

	/* uint64. */
	{ "number", REQUEST, "{\"id\":7}", OK, "{\"id\":\"7\"}" },
	{ "largest number", REQUEST, "{\"id\":9223372036854775807}", OK,
	    "{\"id\":\"9223372036854775807\"}" },
	{ "number of 2^63", REQUEST, "{\"id\":9223372036854775808}", BAD, NULL },
	{ "number of 20 digits", REQUEST, "{\"id\":99999999999999999999}", BAD, NULL },
	{ "2^64-1", REQUEST, "{\"id\":\"18446744073709551615\"}", OK, NULL },
	{ "2^64", REQUEST, "{\"id\":\"18446744073709551616\"}", BAD, NULL },
	{ "2^65", REQUEST, "{\"id\":\"36893488147419103232\"}", BAD, NULL },
	{ "20 digits", REQUEST, "{\"id\":\"99999999999999999999\"}", BAD, NULL },
	{ "zeros before", REQUEST, "{\"id\":\"0000000000000000000000000000000007\"}", OK,
	    "{\"id\":\"7\"}" },
	{ "zeros before a number", REQUEST, "{\"id\":07}", BAD, NULL },
	{ "whole fraction", REQUEST, "{\"id\":7.0}", OK, "{\"id\":\"7\"}" },
	{ "exponent", REQUEST, "{\"id\":1e2}", OK, "{\"id\":\"100\"}" },
	{ "negative exponent", REQUEST, "{\"id\":700E-2}", OK, "{\"id\":\"7\"}" },
	{ "fraction", REQUEST, "{\"id\":1.5}", BAD, NULL },
	{ "2^53-1 as a fraction", REQUEST, "{\"id\":9007199254740991.0}", OK,
	    "{\"id\":\"9007199254740991\"}" },
	{ "2^53 as a fraction", REQUEST, "{\"id\":9007199254740992.0}", BAD, NULL },
	{ "2^53+1 as a fraction", REQUEST, "{\"id\":9007199254740993.0}", BAD, NULL },
	{ "1e300", REQUEST, "{\"id\":1e300}", BAD, NULL },
	{ "1e400", REQUEST, "{\"id\":1e400}", BAD, NULL },
	{ "-0", REQUEST, "{\"id\":-0}", OK, "{}" },
	{ "-0.0", REQUEST, "{\"id\":-0.0}", OK, "{}" },
	{ "-1", REQUEST, "{\"id\":-1}", BAD, NULL },
	{ "-1.0", REQUEST, "{\"id\":-1.0}", BAD, NULL },
	{ "-0.5", REQUEST, "{\"id\":-0.5}", BAD, NULL },
	{ "\"-1\"", REQUEST, "{\"id\":\"-1\"}", BAD, NULL },
	{ "\"+1\"", REQUEST, "{\"id\":\"+1\"}", BAD, NULL },
	{ "\" 1\"", REQUEST, "{\"id\":\" 1\"}", BAD, NULL },
	{ "\"1 \"", REQUEST, "{\"id\":\"1 \"}", BAD, NULL },
	{ "\"1_0\"", REQUEST, "{\"id\":\"1_0\"}", BAD, NULL },
	{ "\"0x1\"", REQUEST, "{\"id\":\"0x1\"}", BAD, NULL },
	{ "\"1e2\"", REQUEST, "{\"id\":\"1e2\"}", BAD, NULL },
	{ "\"1.0\"", REQUEST, "{\"id\":\"1.0\"}", BAD, NULL },
	{ "no digits", REQUEST, "{\"id\":\"\"}", BAD, NULL },
	{ "true as number", REQUEST, "{\"id\":true}", BAD, NULL },
	{ "array as number", REQUEST, "{\"id\":[1]}", BAD, NULL },
	{ "object as number", REQUEST, "{\"id\":{}}", BAD, NULL },

	/* uint32. */
	{ "2^32-1", HELLO, "{\"versionMin\":4294967295}", OK, NULL },
	{ "2^32", HELLO, "{\"versionMin\":4294967296}", BAD, NULL },
	{ "2^32 as a string", HELLO, "{\"versionMin\":\"4294967296\"}", BAD, NULL },
	{ "2^32 as a fraction", HELLO, "{\"versionMin\":4294967296.0}", BAD, NULL },
	{ "uint32 as a string", HELLO, "{\"versionMin\":\"7\"}", OK, "{\"versionMin\":7}" },

	/* bool. */
	{ "true", GROUP, "{\"public\":true}", OK, NULL },
	{ "false", GROUP, "{\"public\":false}", OK, "{}" },
	{ "\"true\"", GROUP, "{\"public\":\"true\"}", BAD, NULL },
	{ "1 as bool", GROUP, "{\"public\":1}", BAD, NULL },

	/* enum. */
	{ "name", ERROR, "{\"code\":\"BUSY\"}", OK, NULL },
	{ "number of a name", ERROR, "{\"code\":24}", OK, "{\"code\":\"BUSY\"}" },
	{ "number of a name in quotes", ERROR, "{\"code\":\"24\"}", OK, "{\"code\":\"BUSY\"}" },
	{ "unknown name", ERROR, "{\"code\":\"NOPE\"}", BAD, NULL },
	{ "name in small letters", ERROR, "{\"code\":\"busy\"}", BAD, NULL },
	{ "empty name", ERROR, "{\"code\":\"\"}", BAD, NULL },
	{ "unknown number", ERROR, "{\"code\":1000}", BAD, NULL },
	{ "negative number", ERROR, "{\"code\":-1}", BAD, NULL },
	{ "number over 32 bits", ERROR, "{\"code\":4294967320}", BAD, NULL },
	{ "true as enum", ERROR, "{\"code\":true}", BAD, NULL },

	/* string. */
	{ "escapes", EVENT, "{\"text\":\"\\u0022\\u005C\\/\\u0008\\u000C\\u000A\\u000D\\u0009\\u001F\"}",
	    OK, "{\"text\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\"}" },
	{ "DEL as it is", EVENT, "{\"text\":\"\x7f\"}", OK, NULL },
	{ "UTF-8", EVENT, "{\"text\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}", OK, NULL },
	{ "escaped UTF-16", EVENT, "{\"text\":\"\\u00e4\\u20AC\\ud83d\\uDE00\"}", OK,
	    "{\"text\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}" },
	{ "U+2028 as it is", EVENT, "{\"text\":\"\xe2\x80\xa8\xe2\x80\xa9\"}", OK, NULL },
	{ "the last code point", EVENT, "{\"text\":\"\xf4\x8f\xbf\xbf\"}", OK, NULL },
	{ "high surrogate alone", EVENT, "{\"text\":\"\\ud800\"}", BAD, NULL },
	{ "high surrogate and more", EVENT, "{\"text\":\"\\ud800x\"}", BAD, NULL },
	{ "two high surrogates", EVENT, "{\"text\":\"\\ud800\\ud800\"}", BAD, NULL },
	{ "low surrogate alone", EVENT, "{\"text\":\"\\udc00\"}", BAD, NULL },
	{ "surrogate in UTF-8", EVENT, "{\"text\":\"\xed\xa0\x80\"}", BAD, NULL },
	{ "overlong", EVENT, "{\"text\":\"\xc0\xaf\"}", BAD, NULL },
	{ "over U+10FFFF", EVENT, "{\"text\":\"\xf4\x90\x80\x80\"}", BAD, NULL },
	{ "cut UTF-8", EVENT, "{\"text\":\"\xe2\x82\"}", BAD, NULL },
	{ "bare control character", EVENT, "{\"text\":\"\n\"}", BAD, NULL },
	{ "U+0000", EVENT, "{\"text\":\"a\\u0000b\"}", BAD, NULL },
	{ "unknown escape", EVENT, "{\"text\":\"\\x41\"}", BAD, NULL },
	{ "short escape", EVENT, "{\"text\":\"\\u41\"}", BAD, NULL },
	{ "number as string", EVENT, "{\"text\":1}", BAD, NULL },
	{ "object as string", EVENT, "{\"text\":{}}", BAD, NULL },
	{ "array as string", EVENT, "{\"text\":[\"a\"]}", BAD, NULL },

	/* bytes. */
	{ "one byte", TOKEN, "{\"hash\":\"/w==\"}", OK, NULL },
	{ "two bytes", TOKEN, "{\"hash\":\"//8=\"}", OK, NULL },
	{ "three bytes", TOKEN, "{\"hash\":\"+/8A\"}", OK, NULL },
	{ "four bytes", TOKEN, "{\"hash\":\"AAECAw==\"}", OK, NULL },
	{ "no bytes", TOKEN, "{\"hash\":\"\"}", OK, "{}" },
	{ "the other alphabet", TOKEN, "{\"hash\":\"-_8A\"}", OK, "{\"hash\":\"+/8A\"}" },
	{ "one byte, no padding", TOKEN, "{\"hash\":\"_w\"}", OK, "{\"hash\":\"/w==\"}" },
	{ "two bytes, no padding", TOKEN, "{\"hash\":\"__8\"}", OK, "{\"hash\":\"//8=\"}" },
	{ "half a padding", TOKEN, "{\"hash\":\"/w=\"}", BAD, NULL },
	{ "too much padding", TOKEN, "{\"hash\":\"//8==\"}", BAD, NULL },
	{ "padding of nothing", TOKEN, "{\"hash\":\"+/8A====\"}", BAD, NULL },
	{ "only padding", TOKEN, "{\"hash\":\"====\"}", BAD, NULL },
	{ "three of padding", TOKEN, "{\"hash\":\"A===\"}", BAD, NULL },
	{ "padding inside", TOKEN, "{\"hash\":\"/w==/w==\"}", BAD, NULL },
	{ "one digit", TOKEN, "{\"hash\":\"A\"}", BAD, NULL },
	{ "five digits", TOKEN, "{\"hash\":\"AAAAA\"}", BAD, NULL },
	{ "bits of no byte", TOKEN, "{\"hash\":\"/x==\"}", BAD, NULL },
	{ "space", TOKEN, "{\"hash\":\"+/ 8A\"}", BAD, NULL },
	{ "number as bytes", TOKEN, "{\"hash\":1}", BAD, NULL },

	/* messages and arrays. */
	{ "array as message", REQUEST, "{\"ping\":[]}", BAD, NULL },
	{ "string as message", REQUEST, "{\"ping\":\"\"}", BAD, NULL },
	{ "false as message", REQUEST, "{\"ping\":false}", BAD, NULL },
	{ "object as array", SYNC, "{\"have\":{}}", BAD, NULL },
	{ "string as array", HELLO, "{\"features\":\"a\"}", BAD, NULL },
	{ "array in an array", HELLO, "{\"features\":[[]]}", BAD, NULL },
	{ "a poll", POLL, "{\"requests\":[{\"id\":\"1\",\"send\":{\"targets\":[{\"user\":\"bob\"}],"
	    "\"text\":\"hi\"}}],\"have\":[{\"conversation\":\"3\",\"seq\":\"4\"}],\"waitMs\":25000}",
	    OK, NULL },
	{ "the deepest", POLLED, "{\"replies\":[{\"sent\":{\"outcomes\":[{\"error\":"
	    "{\"code\":\"BUSY\"}}]}}]}", OK, NULL },
};

static void
text_table(void **state)
{
	const struct text_case *c;
	enum kith_err err;
	size_t len;

	(void)state;
	for (c = text_cases; c < text_cases + COUNT(text_cases); c++) {
		len = 99;
		if ((err = to_wire(c->type, c->in, strlen(c->in), &len, NULL)) != c->err)
			fail_msg("%s: %s instead of %s", c->name, kith_err_name(err),
			    kith_err_name(c->err));
		if (err != OK) {
			assert_int_equal(len, 0);
			continue;
		}
		assert_int_equal(wire_walk(c->type, wire, len, NULL), OK);
		len = json_from_wire(c->type, wire, len, &unpack_mem, text, sizeof(text));
		if (len == 0 || strcmp(text, c->out != NULL ? c->out : c->in) != 0)
			fail_msg("%s: %s", c->name, len > 0 ? text : "refused");
		assert_int_equal(len, strlen(text));
	}
}

/* A NUL ends nothing: the length counts. */
static void
nul_bytes_are_refused(void **state)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
	} cases[] = {
		{ BYTES("{}\0") }, { BYTES("\0{}") }, { BYTES("{\0}") }, { BYTES("{\0}\0") },
		{ BYTES("{\"text\":\"a\0b\"}") }, { BYTES("{\"text\0\":\"a\"}") },
		{ BYTES("{\"seq\":1\0}") }, { BYTES("{\"seq\":1\0,\"kind\":1}") },
		{ BYTES("{\"seq\":null\0}") }, { BYTES("{\"seq\":\0" "1}") },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(to_wire(EVENT, cases[i].bytes, cases[i].len, &len, NULL), BAD);
}

/* The same mistake in both forms. */
static void
errors_agree_with_the_walker(void **state)
{
	static const struct {
		const char	*json, *bytes;
		size_t		 len;
		const ProtobufCMessageDescriptor *type;
		enum kith_err	 err;
	} cases[] = {
		{ "{\"id\":\"1\",\"id\":\"1\"}", BYTES("\x08\x01\x08\x01"), REQUEST, BAD },
		{ "{\"hello\":{},\"ping\":{}}", BYTES("\x52\x00\x92\x01\x00"), REQUEST, BAD },
		{ "{\"id\":\"18446744073709551616\"}",
		    BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), REQUEST, BAD },
		{ "{\"id\":{}}", BYTES("\x0a\x00"), REQUEST, BAD },
		{ "{\"ping\":1}", BYTES("\x90\x01\x01"), REQUEST, BAD },
		{ "{\"versionMin\":4294967296}", BYTES("\x08\x80\x80\x80\x80\x10"), HELLO, BAD },
		{ "{\"public\":2}", BYTES("\x18\x02"), GROUP, BAD },
		{ "{\"code\":1000}", BYTES("\x08\xe8\x07"), ERROR, BAD },
		{ "{\"text\":\"\xff\"}", BYTES("\x12\x01\xff"), ERROR, BAD },
		{ "{\"text\":\"\\u0000\"}", BYTES("\x12\x01\x00"), ERROR, BAD },
		{ "{\"nope\":1}", BYTES("\x98\x06\x01"), REQUEST, FIELD },
		{ "{\"nope\":{}}", BYTES("\x9a\x06\x00"), REQUEST, NUMBER },
		{ "{\"nope\":{}}", BYTES("\x9a\x06\x00"), REPLY, FIELD },
		{ "{\"hello\":{\"nope\":{}}}", BYTES("\x52\x03\x9a\x06\x00"), REQUEST, FIELD },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(wire_walk(cases[i].type, (const uint8_t *)cases[i].bytes,
		    cases[i].len, NULL), cases[i].err);
		assert_int_equal(to_wire(cases[i].type, cases[i].json, strlen(cases[i].json),
		    &len, NULL), cases[i].err);
	}
}

static void
id_is_seen_on_errors_too(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char	*json;
		enum kith_err	 err;
		uint64_t	 id;
	} cases[] = {
		{ REQUEST, "{\"id\":\"7\",\"ping\":{}}", OK, 7 },
		{ REQUEST, "{\"id\":7,\"ping\":{}}", OK, 7 },
		{ REQUEST, "{\"ping\":{}}", OK, 0 },
		{ REQUEST, "{\"id\":\"7\",\"nope\":{}}", NUMBER, 7 },
		{ REQUEST, "{\"nope\":{},\"id\":\"7\"}", NUMBER, 7 },
		{ REQUEST, "{\"hello\":{\"nope\":1},\"id\":\"18446744073709551615\"}", FIELD, UINT64_MAX },
		{ REQUEST, "{\"id\":-7}", BAD, 0 },
		{ REQUEST, "{\"id\":\"x\"}", BAD, 0 },
		{ REQUEST, "{\"id\":null}", OK, 0 },
		{ REQUEST, "[7]", BAD, 0 },
		/* Not JSON: the id is found where the text can be followed that far. */
		{ REQUEST, "{\"id\":\"7\"", BAD, 7 },
		{ REQUEST, "{\"id\":\"21\",\"send\":{\"text\":\"a\\u0000b\"}}", BAD, 21 },
		{ REQUEST, "{\"send\":{\"text\":\"a\\u0000b\"},\"id\":\"22\"}", BAD, 22 },
		{ REQUEST, "{ \"send\" : { \"text\" : \"\\ud800\" } , \"id\" : 23 }", BAD, 23 },
		{ REQUEST, "{\"id\":24,\"send\":{\"text\":\"\xff\"}}", BAD, 24 },
		{ REQUEST, "{\"id\":25,\"send\":{\"text\":\"a\nb\"}}", BAD, 25 },
		{ REQUEST, "{\"id\":26,\"who\":{\"names\":[\"a\",\"a\"],\"names\":[]}}", BAD, 26 },
		{ REQUEST, "{\"id\":27,\"sync\":{\"have\":[{\"seq\":99999999999999999999}]}}", BAD, 27 },
		{ REQUEST, "{\"id\":28,}", BAD, 28 },
		{ REQUEST, "{\"id\":9223372036854775808}", BAD, UINT64_C(1) << 63 },
		{ REQUEST, "{\"send\":{\"text\":\"\\\",\\\"id\\\":\\u0000\"},\"id\":29}", BAD, 29 },
		{ REQUEST, "{\"send\":{\"id\":30,\"text\":\"\\ud800\"}}", BAD, 0 },
		{ REQUEST, "{\"send\":[{\"id\":31}],\"text\":\"id\",\"x\":\"\\ud800\"}", BAD, 0 },
		{ REQUEST, "{\"id\":18446744073709551616}", BAD, 0 },
		{ REQUEST, "{\"id\":\"32", BAD, 0 },
		{ REQUEST, "{\"id\":33x,\"text\":1}", BAD, 0 },
		{ REQUEST, "{\"id\":\"\\ud800\"}", BAD, 0 },
		{ REQUEST, "{\"text\":\"\\", BAD, 0 },
		{ REQUEST, "}{\"id\":34}", BAD, 0 },
		{ REQUEST, "{}{\"id\":35}", BAD, 0 },
		{ REQUEST, "", BAD, 0 },
		{ HELLO, "{\"id\":36,}", BAD, 0 },
		{ REPLY, "{\"id\":\"7\",\"nope\":1}", FIELD, 7 },
		{ HELLO, "{\"id\":\"7\"}", FIELD, 0 },
		{ EVENT, "{\"conversation\":\"7\"}", OK, 0 },
		{ POLL, "{\"requests\":[{\"id\":\"7\"}]}", OK, 0 },
	};
	uint64_t id;
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		id = 99;
		assert_int_equal(to_wire(cases[i].type, cases[i].json, strlen(cases[i].json),
		    &len, &id), cases[i].err);
		assert_true(id == cases[i].id);
	}
}

/* `head`, `n` times `piece` with commas between, `tail`. */
static size_t
repeat(const char *head, const char *piece, size_t n, const char *tail)
{
	char *at = stpcpy(text, head);

	for (; n > 0; n--) {
		assert_true(at + strlen(piece) + strlen(tail) + 2 < text + sizeof(text));
		at = stpcpy(at, piece);
		if (n > 1)
			*at++ = ',';
	}
	return (size_t)(stpcpy(at, tail) - text);
}

static void
elements_are_bounded(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char	*head, *piece;
	} cases[] = {
		{ LIST, "{\"ids\":[", "\"1\"" }, { HELLO, "{\"features\":[", "\"\"" },
		{ SYNC, "{\"have\":[", "{}" },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		len = repeat(cases[i].head, cases[i].piece, WALK_ELEMENTS_MAX, "]}");
		assert_int_equal(to_wire(cases[i].type, text, len, &len, NULL), OK);
		assert_int_equal(wire_walk(cases[i].type, wire, len, NULL), OK);
		len = repeat(cases[i].head, cases[i].piece, WALK_ELEMENTS_MAX + 1, "]}");
		assert_int_equal(to_wire(cases[i].type, text, len, &len, NULL), LARGE);
	}
}

/* 1024 requests are 3072 fields: each, its id, its ping. 1024 of Have are the rest, then one
 * more. */
static void
fields_are_bounded(void **state)
{
	static const struct {
		const char	*tail;
		enum kith_err	 err;
	} cases[] = { { "]}", OK }, { "],\"waitMs\":1}", LARGE } };
	char have[WALK_ELEMENTS_MAX * 3 + 16], *at = stpcpy(have, "],\"have\":[{}");
	size_t len;

	(void)state;
	for (unsigned i = 1; i < WALK_ELEMENTS_MAX; i++)
		at = stpcpy(at, ",{}");
	for (size_t i = 0; i < COUNT(cases); i++) {
		len = repeat("{\"requests\":[", "{\"id\":1,\"ping\":{}}", WALK_ELEMENTS_MAX, have);
		len = (size_t)(stpcpy(text + len, cases[i].tail) - text);
		assert_int_equal(to_wire(POLL, text, len, &len, NULL), cases[i].err);
		if (cases[i].err == OK)
			assert_int_equal(wire_walk(POLL, wire, len, NULL), OK);
	}
}

static void
depth_is_bounded(void **state)
{
	char json[2048], *at;
	size_t len;

	(void)state;
	for (unsigned depth = 1; depth <= 200; depth++) {
		at = json;
		for (unsigned i = 1; i < depth; i++)
			at = stpcpy(at, i % 2 ? "{\"deep\":" : "{\"more\":[");
		at = stpcpy(at, "{}");
		for (unsigned i = depth - 1; i > 0; i--)
			at = stpcpy(at, i % 2 ? "}" : "]}");
		assert_int_equal(to_wire(&deep, json, (size_t)(at - json), &len, NULL),
		    depth <= WALK_DEPTH_MAX ? OK : LARGE);
		if (depth <= WALK_DEPTH_MAX)
			assert_int_equal(wire_walk(&deep, wire, len, NULL), OK);
	}
}

/* jansson recurses: its own limit must come before the stack's end. */
static void
deep_text_is_refused(void **state)
{
	static const char *const pieces[] = { "[", "{\"id\":", "{\"id\":[", "[[[[{\"\":" };
	size_t len, piece;

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		piece = strlen(pieces[i]);
		for (len = 0; len + piece <= FRAME_BYTES_MAX; len += piece)
			memcpy(text + len, pieces[i], piece);
		assert_int_equal(to_wire(REQUEST, text, len, &len, NULL), BAD);
	}
	memset(text, '[', FRAME_BYTES_MAX);
	memset(text + FRAME_BYTES_MAX / 2, ']', FRAME_BYTES_MAX / 2);
	assert_int_equal(to_wire(REQUEST, text, FRAME_BYTES_MAX, &len, NULL), BAD);
}

/* What fits into exactly so much does not fit into one less, and nothing is written behind. */
static void
cap_is_kept(void **state)
{
	static const char json[] =
	    "{\"requests\":[{\"id\":\"300\",\"send\":{\"targets\":[{\"user\":"
	    "\"bob\"},{\"conversation\":\"7\"}],\"text\":\"\\u0001\\\"x\xe2\x80\xa8\"}},"
	    "{\"listConversations\":{\"ids\":[\"1\",\"300\"]}}],\"waitMs\":70000}";
	uint8_t *out;
	size_t need, cap, len;
	char *back;

	(void)state;
	assert_int_equal(to_wire(POLL, json, strlen(json), &need, NULL), OK);
	for (cap = 0; cap <= need; cap++) {
		assert_non_null(out = malloc(cap + (cap == 0)));
		assert_int_equal(json_to_wire(POLL, json, strlen(json), out, cap, &len, NULL),
		    cap < need ? LARGE : OK);
		assert_int_equal(len, cap < need ? 0 : need);
		free(out);
	}
	for (cap = 0; cap <= strlen(json) + 1; cap++) {
		assert_non_null(back = malloc(cap + (cap == 0)));
		assert_int_equal(json_from_wire(POLL, wire, need, &unpack_mem, back, cap),
		    cap <= strlen(json) ? 0 : strlen(json));
		assert_int_equal(unpack_mem.used, 0);
		free(back);
	}
}

/* Bytes go by the same rule; they are no part of the public schema. */
static void
cap_is_kept_by_bytes(void **state)
{
	static const char json[] = "{\"hash\":\"AAECAwQF\"}";
	size_t len;

	(void)state;
	for (size_t cap = 0; cap <= 8; cap++)
		assert_int_equal(json_to_wire(TOKEN, json, strlen(json), wire, cap, &len, NULL),
		    cap < 8 ? LARGE : OK);
}

static void
a_small_arena_refuses(void **state)
{
	struct unpackmem small;
	size_t len;

	(void)state;
	assert_int_equal(unpackmem_init(&small, 64), 0);
	assert_int_equal(to_wire(REQUEST, BYTES("{\"id\":\"1\",\"ping\":{}}"), &len, NULL), OK);
	assert_int_equal(json_from_wire(REQUEST, wire, len, &small, text, sizeof(text)), 0);
	assert_int_equal(small.used, 0);
	unpackmem_fini(&small);
}

static void
what_is_no_message_has_no_text(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char	*bytes;
		size_t		 len;
	} cases[] = {
		{ REPLY, BYTES("\x08") },			/* cut */
		{ REPLY, BYTES("\x9a\x06\x00") },		/* an unknown body */
		{ ERROR, BYTES("\x08\xe8\x07") },		/* an unknown enum value */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(json_from_wire(cases[i].type, (const uint8_t *)cases[i].bytes,
		    cases[i].len, &unpack_mem, text, sizeof(text)), 0);
	assert_int_equal(json_from_wire(REPLY, NULL, 0, &unpack_mem, text, sizeof(text)), 2);
	assert_string_equal(text, "{}");
}

/* Every character that is one byte: escaped where RFC 8259 wants it, and nowhere else. */
static void
escapes_are_those_that_must_be(void **state)
{
	static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	Kith__V1__Error error = KITH__V1__ERROR__INIT;
	char c[2] = "", expected[32];
	const char *found;

	(void)state;
	error.text = c;
	for (int i = 1; i < 0x80; i++) {
		c[0] = (char)i;
		if ((found = strchr(shorts, i)) != NULL)
			snprintf(expected, sizeof(expected), "{\"text\":\"\\%c\"}",
			    letters[found - shorts]);
		else
			snprintf(expected, sizeof(expected), i < 0x20 ? "{\"text\":\"\\u%04x\"}" :
			    "{\"text\":\"%c\"}", (unsigned)i);
		assert_true(json_from_message(&error.base, text, sizeof(text)) > 0);
		assert_string_equal(text, expected);
	}
}

/* Messages of our own, not unpacked. */
static void
messages_as_c_code_makes_them(void **state)
{
	Kith__V1__Target target = KITH__V1__TARGET__INIT;
	Kith__V1__Error error = KITH__V1__ERROR__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;

	(void)state;
	error.code = (Kith__V1__ErrorCode)1000;
	error.text = NULL;
	assert_int_equal(json_from_message(&error.base, text, sizeof(text)), 13);
	assert_string_equal(text, "{\"code\":1000}");
	error.code = (Kith__V1__ErrorCode)INT32_MIN;
	json_from_message(&error.base, text, sizeof(text));
	assert_string_equal(text, "{\"code\":-2147483648}");

	/* As protobuf-c packs them: a member that was chosen but never set is not there. */
	target.to_case = KITH__V1__TARGET__TO_USER;
	assert_int_equal(protobuf_c_message_get_packed_size(&target.base), 0);
	json_from_message(&target.base, text, sizeof(text));
	assert_string_equal(text, "{}");
	reply.body_case = KITH__V1__REPLY__BODY_ERROR;
	assert_int_equal(protobuf_c_message_get_packed_size(&reply.base), 0);
	json_from_message(&reply.base, text, sizeof(text));
	assert_string_equal(text, "{}");
}

/* Each type of field and of body, filled: to text and back to the same bytes. */
static void
every_body_comes_back(void **state)
{
	static uint8_t packed[FRAME_BYTES_MAX];
	uint32_t seed = 1;
	size_t len, back, n;

	(void)state;
	for (size_t t = 0; t < COUNT(tops); t++) {
		/* More picks than any oneof has members; polls take two at a time. */
		for (unsigned pick = 0; pick < 64; pick++) {
			unpackmem_reset(&sample_mem);
			len = protobuf_c_message_pack(sample_message(&sample_mem, tops[t], &seed,
			    pick), packed);
			n = json_from_wire(tops[t], packed, len, &unpack_mem, text, sizeof(text));
			assert_true(n > 0 && n == strlen(text));
			assert_int_equal(to_wire(tops[t], text, n, &back, NULL), OK);
			assert_int_equal(back, len);
			assert_memory_equal(wire, packed, len);
		}
	}
}

/* small_letters, so that lowerCamelCase is no riddle and there are two spellings at most. */
static void
check_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (*p == '_' ? p == name || p[-1] == '_' || p[1] < 'a' || p[1] > 'z' :
		    *p < 'a' || *p > 'z')
			fail_msg("%s: not a name that json.h maps", name);
}

static void
check_type(const ProtobufCMessageDescriptor *type, unsigned depth)
{
	static const unsigned supported = 1u << PROTOBUF_C_TYPE_UINT32 |
	    1u << PROTOBUF_C_TYPE_UINT64 | 1u << PROTOBUF_C_TYPE_BOOL |
	    1u << PROTOBUF_C_TYPE_ENUM | 1u << PROTOBUF_C_TYPE_STRING |
	    1u << PROTOBUF_C_TYPE_BYTES | 1u << PROTOBUF_C_TYPE_MESSAGE;
	const ProtobufCFieldDescriptor *f;

	assert_in_range(depth, 1, WALK_DEPTH_MAX);
	assert_in_range(type->n_fields, 0, 64);
	if (strncmp(type->name, "kith.", 5) != 0)
		fail_msg("%s: well-known types have a mapping of their own", type->name);
	for (f = type->fields; f < type->fields + type->n_fields; f++) {
		check_name(f->name);
		if (!(1u << f->type & supported))
			fail_msg("%s.%s: json.h does not map this type", type->name, f->name);
		/* "optional uint64 x" would have a presence that nothing here asks for. */
		if (f->label == PROTOBUF_C_LABEL_REQUIRED ||
		    (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_MESSAGE &&
		    !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)))
			fail_msg("%s.%s: json.h does not know this label", type->name, f->name);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			check_type(f->descriptor, depth + 1);
	}
}

static void
schema_is_what_json_maps(void **state)
{
	(void)state;
	for (size_t t = 0; t < COUNT(tops); t++)
		check_type(tops[t], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_table),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(errors_agree_with_the_walker),
		cmocka_unit_test(id_is_seen_on_errors_too),
		cmocka_unit_test(elements_are_bounded),
		cmocka_unit_test(fields_are_bounded),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(deep_text_is_refused),
		cmocka_unit_test(cap_is_kept),
		cmocka_unit_test(cap_is_kept_by_bytes),
		cmocka_unit_test(a_small_arena_refuses),
		cmocka_unit_test(what_is_no_message_has_no_text),
		cmocka_unit_test(escapes_are_those_that_must_be),
		cmocka_unit_test(messages_as_c_code_makes_them),
		cmocka_unit_test(every_body_comes_back),
		cmocka_unit_test(schema_is_what_json_maps),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
