/*
 * client_taken.h - a Send of which some copies were refused because their
 * client ids belong to other messages: they are sent again, with fresh ids, and
 * the caller learns one outcome for each target.
 */
#ifndef KITH_CLIENT_TAKEN_H
#define KITH_CLIENT_TAKEN_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/frame.pb-c.h"
#include "protocol/limits.h"

struct client_taken {
	Kith__V1__Sent	*so_far;	/* an outcome for each target */
	size_t		 n;		/* copies that are sent again: */
	uint8_t		 place[TARGETS_MAX];	/* of each in so_far */
	unsigned	 tries;
};

/* All outcomes of a Send in `view`, which borrows from `t` (NULL: none so far),
 * `answer` and `list`. */
void	client_taken_view(const struct client_taken *t,
	    const Kith__V1__Sent *answer, Kith__V1__Sent *view,
	    Kith__V1__Outcome *list[TARGETS_MAX]);

/* Turns the request in `frame` into one of the copies in `all` that were
 * refused, with ids after *last_id (client_id.h). Makes *t when it is NULL;
 * free it with client_taken_free(). 1: *again is the frame to send, from
 * malloc(). 0: none was refused so, or it was tried often enough. */
int	client_taken_again(struct client_taken **t, const Kith__V1__Sent *all,
	    const uint8_t *frame, size_t len, uint64_t *last_id,
	    uint8_t **again, size_t *again_len);
void	client_taken_free(struct client_taken *t);	/* or NULL */

#endif
