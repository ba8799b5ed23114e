/* mutate.h - small deterministic damage to bytes, for tests without a
 * fuzzer. */
#ifndef KITH_TESTS_FUZZ_MUTATE_H
#define KITH_TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* The next pseudo-random number; *seed must not be 0. */
uint32_t mutate_random(uint32_t *seed);

/* Changes 1 to 4 places of buf[0..len): flips, sets, cuts, doubles, inserts.
 * Returns the new length, at most `cap`. */
size_t	mutate(uint8_t *buf, size_t len, size_t cap, uint32_t *seed);

#endif
