/*
 * wire_fuzz.c - the walker and protobuf-c behind it.
 *
 * The first byte chooses the type, the rest is the message. `make check` replays
 * seeds/wire and mutations of it (replay.c). To let libFuzzer search, build with
 * clang -fsanitize=fuzzer,address in place of replay.c.
 */
#include <stdlib.h>

#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "protocol/wire.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_seeds[] = "wire";

static const ProtobufCMessageDescriptor *const types[] = {
	&kith__v1__request__descriptor, &kith__v1__reply__descriptor,
	&kith__ipc__ask__descriptor, &kith__ipc__answer__descriptor,
	&kith__ipc__login__descriptor, &kith__ipc__loaded__descriptor,
	&kith__ipc__admin__descriptor, &kith__ipc__admin_answer__descriptor,
};

/* What came in goes out again, and is then read the same way. */
static void
pack_again(const ProtobufCMessageDescriptor *type, const ProtobufCMessage *msg)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	uint8_t *bytes = malloc(len + 1);

	FUZZ_CHECK(bytes != NULL);
	FUZZ_CHECK(protobuf_c_message_pack(msg, bytes) == len);
	FUZZ_CHECK(wire_walk(type, bytes, len, NULL) == KITH_E_OK);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *type;
	struct unpackmem mem;
	ProtobufCMessage *msg;
	enum kith_err err;

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	FUZZ_CHECK(unpackmem_init(&mem, UNPACK_BYTES_MAX) == 0);
	err = wire_unpack(type, data + 1, size - 1, &mem, NULL, &msg);
	FUZZ_CHECK((err == KITH_E_OK) == (msg != NULL));
	FUZZ_CHECK(mem.used <= UNPACK_BYTES_MAX);
	if (msg != NULL)
		pack_again(type, msg);
	FUZZ_CHECK(wire_unpack_lax(type, data + 1, size - 1, &mem, &msg) == KITH_E_OK ||
	    err != KITH_E_OK);
	unpackmem_fini(&mem);
	return 0;
}
