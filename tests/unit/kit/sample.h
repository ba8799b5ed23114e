/*
 * sample.h - a filled message of any type, from its descriptor alone: so the
 * tests of the wire cover every request and reply, the coming ones included.
 */
#ifndef KITH_TESTS_UNIT_SAMPLE_H
#define KITH_TESTS_UNIT_SAMPLE_H

#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "protocol/unpackmem.h"

/* Memory of a test: for what is unpacked, and for samples. A setup and a
 * teardown. */
extern struct unpackmem	unpack_mem, sample_mem;
int	sample_setup(void **state);
int	sample_teardown(void **state);

/* A message of `type` in `mem`, all its fields set to values made from *seed;
 * of each oneof the member number `pick`, modulo how many there are. Repeated
 * fields get two elements. */
ProtobufCMessage *sample_message(struct unpackmem *mem,
	    const ProtobufCMessageDescriptor *type, uint32_t *seed,
	    unsigned pick);

/* Members of the first oneof of `type`, 1 if it has none. */
unsigned	sample_picks(const ProtobufCMessageDescriptor *type);

#endif
