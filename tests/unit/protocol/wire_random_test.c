/*
 * wire_random_test.c - damaged and random bytes through both readers, with too
 * little memory as well. What the walker lets through, protobuf-c must take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "protocol/wire.h"
#include "tests/fuzz/mutate.h"
#include "tests/unit/kit/sample.h"

#define INPUTS		200000u
#define INPUT_MAX	2048u

static const ProtobufCMessageDescriptor *const types[] = {
	&kith__v1__request__descriptor, &kith__v1__reply__descriptor,
	&kith__ipc__ask__descriptor, &kith__ipc__loaded__descriptor,
};

/* malloc() that fails at the nth call and gives dirty memory: for protobuf-c
 * itself, which has to give back all that it took. */
struct failing {
	ProtobufCAllocator	allocator;
	unsigned		left;
	unsigned		live;
};

static void *
failing_alloc(void *data, size_t size)
{
	struct failing *f = data;
	void *p;

	if (f->left == 0)
		return NULL;
	f->left--;
	p = malloc(size);
	assert_non_null(p);
	f->live++;
	return memset(p, 0xa5, size);
}

static void
failing_free(void *data, void *p)
{
	struct failing *f = data;

	f->live -= p != NULL;
	free(p);
}

/* protobuf-c cleans up after each refusal, and after success when told to. */
static void
unpack_with_failing_malloc(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
    size_t len, unsigned left)
{
	struct failing f = { { failing_alloc, failing_free, &f }, left, 0 };
	ProtobufCMessage *msg = protobuf_c_message_unpack(type, &f.allocator, len, bytes);

	if (msg != NULL)
		protobuf_c_message_free_unpacked(msg, &f.allocator);
	assert_int_equal(f.live, 0);
}

/* One input: all readers agree with the walker. Returns whether strict took it. */
static int
try_input(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len,
    struct unpackmem *large, struct unpackmem *small, unsigned left)
{
	enum kith_err err = wire_walk(type, bytes, len, NULL), again;
	ProtobufCMessage *msg;

	again = wire_unpack(type, bytes, len, large, NULL, &msg);
	assert_int_equal(again, err);
	again = wire_unpack(type, bytes, len, small, NULL, &msg);
	assert_true(again == err || again == KITH_E_TOO_LARGE);
	assert_true(small->used <= small->size);
	again = wire_unpack_lax(type, bytes, len, small, &msg);
	assert_true(again == KITH_E_OK || again == KITH_E_BAD_REQUEST || again == KITH_E_TOO_LARGE);
	assert_true(small->used <= small->size);
	/* Strict is the narrower one. */
	again = wire_unpack_lax(type, bytes, len, large, &msg);
	assert_true(err != KITH_E_OK || again == KITH_E_OK);
	if (again == KITH_E_OK)
		unpack_with_failing_malloc(type, bytes, len, left);
	return err == KITH_E_OK;
}

static size_t
make_input(const ProtobufCMessageDescriptor *type, uint8_t *buf, struct unpackmem *mem,
    uint32_t *seed)
{
	ProtobufCMessage *msg;
	size_t len;

	if (mutate_random(seed) % 8 == 0) {
		len = mutate_random(seed) % 64;
		for (size_t i = 0; i < len; i++)
			buf[i] = (uint8_t)mutate_random(seed);
		return len;
	}
	unpackmem_reset(mem);
	msg = sample_message(mem, type, seed, mutate_random(seed));
	assert_in_range(protobuf_c_message_get_packed_size(msg), 1, INPUT_MAX);
	len = protobuf_c_message_pack(msg, buf);
	return mutate(buf, len, INPUT_MAX, seed);
}

static void
damaged_input_is_refused_or_whole(void **state)
{
	static uint8_t buf[INPUT_MAX];
	struct unpackmem large, sample;
	uint32_t seed = 5484;
	unsigned taken = 0;

	(void)state;
	assert_int_equal(unpackmem_init(&large, UNPACK_BYTES_MAX), 0);
	assert_int_equal(unpackmem_init(&sample, 64 * 1024), 0);
	for (unsigned i = 0; i < INPUTS; i++) {
		const ProtobufCMessageDescriptor *type = types[i % 4];
		size_t len = make_input(type, buf, &sample, &seed);
		struct unpackmem small = large;

		/* The same block, with less of it. */
		unpackmem_reset(&large);
		small.allocator.allocator_data = &small;
		small.size = mutate_random(&seed) % 2048 / 16 * 16;
		taken += (unsigned)try_input(type, buf, len, &large, &small,
		    mutate_random(&seed) % 32);
	}
	/* Not a test of the refusals alone. */
	assert_in_range(taken, INPUTS / 50, INPUTS * 9 / 10);
	unpackmem_fini(&large);
	unpackmem_fini(&sample);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_input_is_refused_or_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
