/*
 * unpackmem.h - the capped allocator that protobuf-c unpacks into.
 *
 * protobuf-c multiplies memory (up to 68 times for empty sub-messages) and
 * calls malloc per field. Here a message unpacks into one block with a bump
 * pointer; over the cap protobuf-c gets NULL and gives up cleanly. free() does
 * nothing; unpackmem_reset() drops and wipes everything at once.
 */
#ifndef KITH_PROTOCOL_UNPACKMEM_H
#define KITH_PROTOCOL_UNPACKMEM_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct unpackmem {
	ProtobufCAllocator	 allocator;	/* for protobuf-c */
	uint8_t			*block;
	size_t			 size, used;	/* bytes */
};

/* One per process, made once; do not move it, since the allocator points to it.
 * 0 or -ENOMEM. */
int	unpackmem_init(struct unpackmem *m, size_t size);
void	unpackmem_fini(struct unpackmem *m);

/* Drops and wipes all that was unpacked. */
void	unpackmem_reset(struct unpackmem *m);

#endif
