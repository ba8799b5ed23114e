/*
 * store_page.h - a page of events, bounded by events, bytes and the user's
 * intervals of membership. Reader, in a transaction.
 *
 * A user may read of a group what falls into its intervals of membership.
 * Nothing outside of them gets into a page.
 */
#ifndef KITH_SERVER_STORE_PAGE_H
#define KITH_SERVER_STORE_PAGE_H

#include "server/store/store_int.h"

/* Each interval holds an event at least. */
#define STORE_SPANS_MAX	(PAGE_EVENTS_MAX + 1u)

struct store_span {			/* seqs, both included */
	uint64_t	first, last;
};

struct store_page {
	uint32_t	limit;		/* events */
	size_t		room;		/* bytes of packed events */
	unsigned	n;
	size_t		bytes;
	bool		more;
	Kith__V1__Event	rows[PAGE_EVENTS_MAX], *list[PAGE_EVENTS_MAX];
	/* Strings of the rows; `room` counts them too. */
	char		text[FRAME_BYTES_MAX];
	size_t		text_used;
};

/* Empties the page. `limit` as asked for; `other`: bytes of the reply that are
 * not events. */
void		store_page_start(struct store_page *p, uint32_t limit,
		    size_t other);

/* Up to STORE_SPANS_MAX intervals with something after `bound`, rising; or with
 * something before it, falling. The open one ends at last_seq. */
enum db_class	store_page_spans(struct store *s, uint64_t user,
		    uint64_t conversation, uint64_t last_seq, uint64_t bound,
		    bool backward, struct store_span spans[STORE_SPANS_MAX],
		    unsigned *n);

/* Adds what `user` may read after `bound`, or before it; p->more if it does not
 * all fit. */
enum db_class	store_page_add(struct store *s, struct store_page *p,
		    uint64_t user, uint64_t conversation, uint64_t last_seq,
		    uint64_t bound, bool backward);

#endif
