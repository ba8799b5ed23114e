/*
 * store_batch.h - the writer's open batch: what store_send.c collects and answers, and
 * store_batch.c stores. Known to these two only.
 */
#ifndef KITH_SERVER_STORE_BATCH_H
#define KITH_SERVER_STORE_BATCH_H

#include "server/store/store.h"

#define BATCH_ROWS	DB_BATCH_MAX
#define BATCH_ITEMS	DB_BATCH_MAX		/* of each other kind */
#define BATCH_TWINS	(4u * BATCH_ROWS)	/* places to find copies within the batch */

/* Texts of the rows, then of what was found stored; pages that are not touched cost nothing. */
#define BATCH_TEXT	(2u * BATCH_ROWS * (TEXT_BYTES_MAX + 1u))

struct batch_send {				/* a Send request */
	struct ipc_head	head;
	const char	*text;
	uint32_t	len;
	unsigned	first, n;	/* its rows */
	bool		replay;		/* it was in the inbox when this process started */
};

struct batch_row {				/* one copy to one target */
	struct store_target	to;
	unsigned		send;
	enum kith_err		err;	/* why it is refused */
	int			twin;	/* the row that stores the same client id; -1: none */
	bool			repeated;	/* stored earlier: `event` is that one */
	struct db_event		event;
};

struct batch_mark {				/* a MarkRead request */
	struct ipc_head	head;
	uint64_t	conversation, seq;
	int		same;		/* the mark that does this one's work; -1: none */
	enum kith_err	err;
	bool		moved;
	bool		read_first;	/* no other device of the user was so far */
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

	/* of one attempt */
	struct db_event	events[BATCH_ROWS];	/* what is to be inserted */
	unsigned	row_of[BATCH_ROWS];	/* of each event */
	struct db_seqs	seqs[BATCH_ROWS];
	unsigned	nevents, nseqs;
	int16_t		twins[BATCH_TWINS];		/* row + 1, by (sender, client id); 0: free */
};

/* A copy, for as long as the batch. NULL: no room, which a text within its limit always has. */
const char	*batch_keep_text(struct store_batch *b, const char *text, size_t len);

/* Stores all of it in one transaction; each row and mark knows its outcome then. DB_OK, or
 * a failure that holds for all. */
enum db_class	batch_commit(struct store *s);

#endif
