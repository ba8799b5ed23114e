/*
 * store_batch_int.h - the writer's open batch, which store_batch.c collects and
 * answers, and store_batch_commit.c stores. Known to these two only.
 */
#ifndef KITH_SERVER_STORE_BATCH_INT_H
#define KITH_SERVER_STORE_BATCH_INT_H

#include <string.h>

#include "server/store/store_int.h"
#include "server/store/store_target.h"

#define BATCH_ROWS	DB_BATCH_MAX
#define BATCH_ITEMS	DB_BATCH_MAX		/* of each other kind */
#define BATCH_TWINS	(4u * BATCH_ROWS)	/* to find copies */

/* Texts of the rows. Pages that are not touched cost nothing. */
#define BATCH_TEXT	(BATCH_ROWS * (TEXT_BYTES_MAX + 1u))

struct batch_send {				/* a Send request */
	struct ipc_head	head;
	const char	*text;
	uint32_t	len;
	unsigned	first, n;	/* its rows */
	bool		replay;		/* see store_transact_replaying() */
};

struct batch_row {				/* one target */
	struct store_target	to;
	unsigned		send;
	enum kith_err		unreadable; /* what is wrong with `to` itself */
	enum kith_err		err;	/* why it is refused */
	/* A row before it in the same Send that leads to the same
	 * conversation, and stores for both; -1: none. */
	int			same;
	/* The row that stores the same message; -1: none. */
	int			twin;
	/* Its client id is stored: as `event` (repeated), or by another
	 * message (err). */
	bool			settled, repeated;
	/* In transactions apart: waits for its turn, is in this one. */
	bool			waits, in_part;
	struct db_event		event;
};

struct batch_mark {				/* a MarkRead request */
	struct ipc_head	head;
	uint64_t	conversation, seq;
	/* The mark that does this one's work; -1: none. */
	int		same;
	enum kith_err	err;
	bool		moved;
	/* No other device of the user had read so far. */
	bool		read_first;
	bool		replay;
};

struct batch_seen {
	uint64_t	user, time_ms;
};

struct store_batch {
	struct batch_send	sends[BATCH_ROWS];
	struct batch_row	rows[BATCH_ROWS];
	struct batch_mark	marks[BATCH_ITEMS];
	struct batch_seen	seen[BATCH_ITEMS];
	unsigned	nsends, nrows, nmarks, nseen;
	char		*text;		/* BATCH_TEXT */
	size_t		text_used;
	uint64_t	time_ms;	/* of all its events */

	/* Of one attempt: the whole, or what is not settled and these. */
	unsigned	first_mark, end_mark, end_seen;
	struct db_event	events[BATCH_ROWS];	/* to insert */
	unsigned	row_of[BATCH_ROWS];	/* of each event */
	struct db_seqs	seqs[BATCH_ROWS];
	unsigned	nevents, nseqs;
	/* row + 1, by (sender, client id); 0: free */
	int16_t		twins[BATCH_TWINS];
};

/* A copy that lasts as long as the batch, with a NUL. NULL: no room, which a
 * text within its limit always has. */
static inline const char *
store_batch_keep_text(struct store_batch *b, const char *text, size_t len)
{
	char *at = b->text + b->text_used;

	if (len >= BATCH_TEXT - b->text_used)
		return NULL;
	memcpy(at, text, len);
	at[len] = '\0';
	b->text_used += len + 1;
	return at;
}

/* Stores all of it in one transaction, or, when somebody holds a lock on a row,
 * each conversation in one of its own. After that each row and mark knows its
 * outcome. DB_OK, or a failure that holds for all. */
enum db_class	store_batch_commit(struct store *s);

#endif
