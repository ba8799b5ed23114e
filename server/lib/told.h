/*
 * told.h - JSON texts that gather for one answer, separated by commas.
 *
 * Bound   None of its own: who adds live events asks told_has_room() first. What was left out,
 *         or found no memory, makes `lost` true.
 * Wiped when it is forgotten or grows: there may be a token in it.
 */
#ifndef KITH_SERVER_TOLD_H
#define KITH_SERVER_TOLD_H

#include <stdbool.h>
#include <stddef.h>

struct told {				/* zeroed: nothing */
	char	*text;
	size_t	 len, cap;
	bool	 news;			/* something that ends the waiting for it */
	bool	 lost;			/* something is missing */
};

void	told_add(struct told *t, const char *json, size_t len, bool news);

/* Would it stay within `max` bytes, and is nothing missing yet? */
bool	told_has_room(const struct told *t, size_t len, size_t max);

void	told_forget(struct told *t);

#endif
