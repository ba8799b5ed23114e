/*
 * feed.h - the events that arrive, on their way to the screen.
 *
 * Shape  While the client catches up after a lost connection, or another
 *        conversation is being opened, events wait. Of each conversation that
 *        has many waiting only the last FEED_SHOWN are shown; the others are
 *        counted, and stay unread.
 */
#ifndef KITH_CLI_FEED_H
#define KITH_CLI_FEED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "client-cli/libkith/kith.h"

#define FEED_SHOWN	20	/* of a conversation, after catching up */

struct chat;
struct feed_event;

struct feed {
	TAILQ_HEAD(feed_events, feed_event) waiting;
	size_t	n;
	int	syncing;	/* until libkith is ready */
	/* Opened meanwhile: shown up to this event. */
	uint64_t opened, shown;
	int	day;		/* of the last line, as YYYYMMDD */
	char	*folded;	/* the last text with too many rows, or NULL */
};

void	feed_init(struct feed *f);
void	feed_fini(struct feed *f);

/* The next event of its conversation. */
void	feed_event(struct chat *c, const Kith__V1__Event *e);

/* Nothing is in the way any more, or only the catching up: shows what waits, at
 * once or after it, except what was shown of `conversation` (0: of none) up to
 * `shown`. */
void	feed_release(struct chat *c, uint64_t conversation, uint64_t shown);

/* Shows one event; `name` is that of its conversation. */
void	feed_show(struct chat *c, const char *name, const Kith__V1__Event *e);

/* Shows the last long text whole: /full. 0: there is none. */
int	feed_show_folded(struct chat *c);

#endif
