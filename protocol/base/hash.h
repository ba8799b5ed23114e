/*
 * hash.h - spreads keys that count up, such as ids, over a table.
 *
 * Fibonacci hashing (Knuth, TAOCP 3, 6.4): a multiplication by 2^64 divided by
 * the golden ratio. The high bits are the good ones: shift, then mask. Not for
 * keys that an enemy chooses.
 */
#ifndef KITH_PROTOCOL_BASE_HASH_H
#define KITH_PROTOCOL_BASE_HASH_H

#include <stdint.h>

static inline uint64_t
hash_mix(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

#endif
