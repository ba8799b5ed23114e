/*
 * tickets.c - makes, rotates and reads the keys of session tickets.
 */
#include "server/handout/tickets.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define ALL_BYTES	(TICKETS_KEYS * (uint32_t)sizeof(struct tickets_key))

static int
fill_random(void *buf, size_t len)
{
	/* Up to 256 bytes come whole once the generator is seeded. */
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -EIO;
}

_Static_assert(ALL_BYTES <= 256, "fill_random() needs no loop");

int
tickets_create(struct handout *h)
{
	struct tickets_key keys[TICKETS_KEYS];
	int rc = handout_create(h, "kith-tickets", ALL_BYTES);

	if (rc < 0)
		return rc;
	if ((rc = fill_random(keys, sizeof(keys))) == 0)
		rc = handout_write(h, keys, sizeof(keys));
	if (rc < 0)
		handout_close(h);
	explicit_bzero(keys, sizeof(keys));
	return rc;
}

int
tickets_rotate(struct handout *h)
{
	struct tickets_key keys[TICKETS_KEYS];
	int rc = tickets_read(h, keys);

	if (rc == 0) {
		memmove(keys + 1, keys, sizeof(keys) - sizeof(keys[0]));
		if ((rc = fill_random(keys, sizeof(keys[0]))) == 0)
			rc = handout_write(h, keys, sizeof(keys));
	}
	explicit_bzero(keys, sizeof(keys));
	return rc;
}

int
tickets_read(const struct handout *h, struct tickets_key keys[TICKETS_KEYS])
{
	uint32_t len;
	int rc = handout_read(h, keys, ALL_BYTES, &len);

	return rc == 0 && len != ALL_BYTES ? -EBADF : rc;
}
