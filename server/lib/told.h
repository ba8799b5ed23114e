/*
 * told.h - JSON texts gathered for one answer, separated by commas.
 *
 * Bound   None of its own: callers that add live events ask told_has_room()
 *         first. `lost` becomes true if a text found no memory; callers set it
 *         for a text that they left out.
 */
#ifndef KITH_SERVER_TOLD_H
#define KITH_SERVER_TOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/wipebuf.h"

struct told {				/* all zero: empty */
	struct wipebuf	text;		/* wiped: it may hold a token */
	bool		news;		/* a text that ends a wait for news */
	bool		lost;		/* a text is missing */
};

void	told_add(struct told *t, const char *json, size_t len, bool news);

/* `len` more bytes would stay within `max`, and nothing is missing. */
bool	told_has_room(const struct told *t, size_t len, size_t max);

void	told_forget(struct told *t);

#endif
