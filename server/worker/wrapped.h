/*
 * wrapped.h - one encoded Reply on its way out, as each door sends it.
 *
 * A Reply goes to one session or, when it is news, to many. Each form of it is
 * made when the first session of that door asks for it, and once: the JSON text
 * also when several doors send it.
 *
 * Memory  The worker has one, with room for the largest Reply at each door; the
 *         pages are touched as they are needed. Between wrapped_begin() and the
 *         next one, what was made stays where it is.
 */
#ifndef KITH_SERVER_WRAPPED_H
#define KITH_SERVER_WRAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"

struct door_ops;
struct unpackmem;

#define WRAPPED_BYTES_MAX	(JSON_BYTES_MAX + 16u)	/* a frame's head */
#define WRAPPED_DOORS_MAX	8u

struct wrapped {
	const uint8_t		*reply;		/* the caller's */
	uint32_t		 len;
	struct unpackmem	*mem;		/* for the way to JSON */
	char			*json;		/* JSON_BYTES_MAX + 1 */
	size_t			 json_len;	/* 0: it cannot be said so */
	bool			 has_json;	/* it was tried */
	unsigned		 nforms;
	struct wrapped_form {
		const struct door_ops	*door;
		size_t			 len;	/* 0: it cannot be sent so */
		uint8_t			*bytes;	/* WRAPPED_BYTES_MAX; or NULL */
	} forms[WRAPPED_DOORS_MAX];
};

/* 0 or -ENOMEM. `mem` is used and left reset. */
int		wrapped_init(struct wrapped *r, struct unpackmem *mem);
void		wrapped_fini(struct wrapped *r);

/* Another Reply, of at most FRAME_BYTES_MAX; borrowed until the next one. */
void		wrapped_begin(struct wrapped *r, const uint8_t *reply,
		    uint32_t len);

/* As the door sends it, and its length. NULL: it cannot be sent so (no JSON,
 * no memory). */
const uint8_t	*wrapped_for(struct wrapped *r, const struct door_ops *door,
		    size_t *len);

/* As JSON text, for doors that send that. NULL: it cannot be said so. */
const char	*wrapped_json(struct wrapped *r, size_t *len);

/* Wipes what was made: there was a token in the Reply, or might have been. */
void		wrapped_wipe(struct wrapped *r);

#endif
