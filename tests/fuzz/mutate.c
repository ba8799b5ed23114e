/* mutate.c - small deterministic damage to bytes, for tests without a fuzzer. */
#include "tests/fuzz/mutate.h"

#include <string.h>

uint32_t
mutate_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static uint32_t
chance(uint32_t *seed, size_t below)
{
	return below == 0 ? 0 : mutate_random(seed) % (uint32_t)below;
}

/* What decoders stumble over: ends of ranges, tags, long varints. */
static const uint8_t nasty[] = {
	0x00, 0x01, 0x02, 0x08, 0x0a, 0x0b, 0x0c, 0x12, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xc2,
	0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xfe, 0xff,
};

static size_t
cut(uint8_t *buf, size_t len, uint32_t *seed)
{
	size_t at = chance(seed, len), n = 1 + chance(seed, len - at);

	memmove(buf + at, buf + at + n, len - at - n);
	return len - n;
}

/* Repeats a piece of the bytes right behind itself. */
static size_t
repeat(uint8_t *buf, size_t len, size_t cap, uint32_t *seed)
{
	size_t at = chance(seed, len), n = 1 + chance(seed, len - at);

	if (n > cap - len)
		return len;
	memmove(buf + at + n, buf + at, len - at);
	return len + n;
}

static size_t
insert(uint8_t *buf, size_t len, size_t cap, uint32_t *seed)
{
	size_t at = chance(seed, len + 1);

	if (len == cap)
		return len;
	memmove(buf + at + 1, buf + at, len - at);
	buf[at] = nasty[chance(seed, sizeof(nasty))];
	return len + 1;
}

size_t
mutate(uint8_t *buf, size_t len, size_t cap, uint32_t *seed)
{
	for (unsigned n = 1 + chance(seed, 4); n > 0; n--) {
		if (len == 0) {
			len = insert(buf, len, cap, seed);
			continue;
		}
		switch (chance(seed, 6)) {
		case 0: buf[chance(seed, len)] ^= (uint8_t)(1u << chance(seed, 8)); break;
		case 1: buf[chance(seed, len)] = nasty[chance(seed, sizeof(nasty))]; break;
		case 2: buf[chance(seed, len)] = (uint8_t)chance(seed, 256); break;
		case 3: len = cut(buf, len, seed); break;
		case 4: len = repeat(buf, len, cap, seed); break;
		case 5: len = insert(buf, len, cap, seed); break;
		}
	}
	return len;
}
