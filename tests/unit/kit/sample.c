/* sample.c - a filled message of any type, from its descriptor alone. */
#include "tests/unit/kit/sample.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "protocol/limits.h"
#include "tests/fuzz/mutate.h"

#define ELEMENTS	2u
#define SAMPLE_BYTES	(1024u * 1024u)

struct unpackmem unpack_mem, sample_mem;

int
sample_setup(void **state)
{
	(void)state;
	return unpackmem_init(&unpack_mem, UNPACK_BYTES_MAX) < 0 ||
	    unpackmem_init(&sample_mem, SAMPLE_BYTES) < 0;
}

int
sample_teardown(void **state)
{
	(void)state;
	unpackmem_fini(&unpack_mem);
	unpackmem_fini(&sample_mem);
	return 0;
}

static void *
take(struct unpackmem *mem, size_t size)
{
	void *p = mem->allocator.alloc(mem->allocator.allocator_data, size);

	assert(p != NULL);
	return memset(p, 0, size);
}

static char *
sample_string(struct unpackmem *mem, uint32_t *seed)
{
	char *s = take(mem, 48);

	snprintf(s, 48, "%08x \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", (unsigned)mutate_random(seed));
	return s;
}

/* Fills the element at `at`, never with the default: that is not sent. */
static size_t
fill_value(struct unpackmem *mem, const ProtobufCFieldDescriptor *f, void *at,
    uint32_t *seed, unsigned pick)
{
	const ProtobufCEnumDescriptor *e;
	ProtobufCBinaryData *b;

	switch (f->type) {
	case PROTOBUF_C_TYPE_UINT64:
		*(uint64_t *)at = (uint64_t)mutate_random(seed) << 32 | mutate_random(seed);
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)at = mutate_random(seed);
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)at = 1;
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		e = f->descriptor;
		*(int *)at = e->values[1 + mutate_random(seed) % (e->n_values - 1)].value;
		return sizeof(int);
	case PROTOBUF_C_TYPE_STRING:
		*(char **)at = sample_string(mem, seed);
		return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		b = at;
		b->data = (uint8_t *)sample_string(mem, seed);
		b->len = 12;
		return sizeof(*b);
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)at = sample_message(mem, f->descriptor, seed, pick);
		return sizeof(ProtobufCMessage *);
	default:
		assert(!"a type that the schema did not have when this was written");
		return 0;
	}
}

static void
fill_repeated(struct unpackmem *mem, const ProtobufCFieldDescriptor *f, char *msg,
    uint32_t *seed, unsigned pick)
{
	char *array = take(mem, ELEMENTS * sizeof(ProtobufCBinaryData)), *at = array;

	for (unsigned i = 0; i < ELEMENTS; i++)
		at += fill_value(mem, f, at, seed, pick + i);
	*(char **)(msg + f->offset) = array;
	*(size_t *)(msg + f->quantifier_offset) = ELEMENTS;
}

unsigned
sample_picks(const ProtobufCMessageDescriptor *type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < type->n_fields; i++)
		n += (type->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
	return n > 0 ? n : 1;
}

ProtobufCMessage *
sample_message(struct unpackmem *mem, const ProtobufCMessageDescriptor *type,
    uint32_t *seed, unsigned pick)
{
	char *msg = take(mem, type->sizeof_message);
	unsigned picked = pick % sample_picks(type), nth = 0;

	protobuf_c_message_init(type, msg);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];

		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			fill_repeated(mem, f, msg, seed, pick);
			continue;
		}
		if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			if (nth++ != picked)
				continue;
			*(uint32_t *)(msg + f->quantifier_offset) = f->id;
		}
		fill_value(mem, f, msg + f->offset, seed, pick);
	}
	return (ProtobufCMessage *)msg;
}
