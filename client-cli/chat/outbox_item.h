/*
 * outbox_item.h - one text in the outbox: for the files of the outbox alone.
 */
#ifndef KITH_CLI_OUTBOX_ITEM_H
#define KITH_CLI_OUTBOX_ITEM_H

#include <stdint.h>
#include <sys/queue.h>

#include "client-cli/libkith/kith.h"

struct chat;
struct outbox;

enum item_state { ITEM_HELD, ITEM_SENDING, ITEM_FAILED };

struct outbox_item {
	TAILQ_ENTRY(outbox_item) link;
	struct chat	*chat;
	enum item_state	 state;
	unsigned	 number;	/* failed */
	int		 command;	/* held; `targets` is what it sets */
	int		 sets, uses;
	char		*targets, *text, *why;
	/* Of the first of n copies; of a failed one that was not refused, to
	 * be repeated. 0: none yet. */
	uint64_t	 client_id;
	int		 perhaps;	/* an earlier try is perhaps stored */
	uint32_t	 n, shown, stored;
	int		 answered;
	enum kith_fate	 fate;		/* failed, or given up */
	struct place {			/* of the stored copies */
		uint64_t conversation, seq;
		int	 shown;
	}		*places;
};

/* At its place in the list. NULL: no memory, and told. */
struct outbox_item *outbox_item_new(struct chat *c, const char *targets,
	    const char *text);

void	outbox_item_free(struct outbox *o, struct outbox_item *item);

int	outbox_item_is_visible(const struct outbox_item *item);
/* Also before its event has come. */
int	outbox_item_is_stored(const struct outbox_item *item);

/* Draws the outbox again; where it cannot stand above the line, prints what
 * became of the item (outbox_show.c). */
void	outbox_show_item(const struct outbox_item *item);

/* From now on it waits for /resend or /drop (outbox_show.c). */
void	outbox_show_failed(struct outbox_item *item, const char *why);

#endif
