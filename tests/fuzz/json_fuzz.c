/*
 * json_fuzz.c - text from anybody to wire bytes, and back.
 *
 * The first byte chooses the type, the rest is the text: see wire_fuzz.c.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.pb-c.h"
#include "protocol/ipc.pb-c.h"
#include "protocol/json.h"
#include "protocol/limits.h"
#include "protocol/poll.pb-c.h"
#include "protocol/wire.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_seeds[] = "json";

static const ProtobufCMessageDescriptor *const types[] = {
	&kith__v1__request__descriptor, &kith__v1__reply__descriptor,
	&kith__v1__poll__descriptor, &kith__v1__polled__descriptor,
	&kith__ipc__create_account__descriptor,		/* has bytes */
};

static uint8_t first[FRAME_BYTES_MAX], again[FRAME_BYTES_MAX];
static char text[2][JSON_BYTES_MAX];

/* The text of what was accepted is canonical: read, it has the same text again. */
static void
write_and_read(const ProtobufCMessageDescriptor *type, size_t len)
{
	struct unpackmem mem;
	size_t text_len, again_len;

	FUZZ_CHECK(unpackmem_init(&mem, UNPACK_BYTES_MAX) == 0);
	FUZZ_CHECK(wire_walk(type, first, len, NULL) == KITH_E_OK);
	text_len = json_from_wire(type, first, len, &mem, text[0], sizeof(text[0]));
	/* A small text can unpack to more than the arena: many empty messages. */
	if (text_len > 0) {
		FUZZ_CHECK(text_len == strlen(text[0]));
		FUZZ_CHECK(json_to_wire(type, text[0], text_len, again, sizeof(again), &again_len,
		    NULL) == KITH_E_OK);
		FUZZ_CHECK(again_len <= len);
		FUZZ_CHECK(json_from_wire(type, again, again_len, &mem, text[1],
		    sizeof(text[1])) == text_len);
		FUZZ_CHECK(memcmp(text[0], text[1], text_len) == 0);
	}
	unpackmem_fini(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *type;
	uint64_t id = 1;
	size_t len = 1;

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	if (json_to_wire(type, (const char *)data + 1, size - 1, first, sizeof(first), &len,
	    &id) == KITH_E_OK)
		write_and_read(type, len);
	else
		FUZZ_CHECK(len == 0);
	return 0;
}
