/* door.c - the list of doors, and what is the same at each. */
#include <string.h>

#include "conn.h"
#include "door.h"

static const struct door_ops *const doors[DOOR_COUNT] = {
	[DOOR_NATIVE] = &door_native,
};

const struct door_ops *
door_by_byte(uint8_t first)
{
	for (unsigned i = 0; i < DOOR_COUNT; i++)
		if (doors[i]->recognise(first))
			return doors[i];
	return NULL;
}

const struct door_ops *
door_by_alpn(const char *alpn)
{
	for (unsigned i = 0; i < DOOR_COUNT; i++)
		if (strcmp(doors[i]->alpn, alpn) == 0)
			return doors[i];
	return NULL;
}

void
door_send(struct conn *c, const uint8_t *reply, uint32_t len)
{
	static uint8_t wrapped[DOOR_WRAPPED_MAX];

	if (len <= FRAME_BYTES_MAX)
		conn_queue(c, wrapped, c->door->wrap(reply, len, wrapped));
}
