/*
 * seen.h - which messages the person at the terminal has seen: the read cursor.
 *
 * Shape  A message is read if it is of the conversation in the prompt, was
 *        written to the terminal, and somebody is there: a key was pressed
 *        after it, or the terminal says that it has the focus and a key was
 *        pressed lately. The cursor never passes one that was not shown.
 */
#ifndef KITH_CLI_SEEN_H
#define KITH_CLI_SEEN_H

#include <stdint.h>

struct chat;

struct seen {				/* of the conversation in the prompt */
	uint64_t	conversation;	/* 0: none */
	uint64_t	to;		/* all up to here is shown, or read */
	uint64_t	wanted;		/* to be told the server */
	uint64_t	marked;		/* told the server */
	int		asking;		/* an answer to that is under way */
	uint64_t	low, high;	/* shown beyond a gap: after low, up to
					   high; 0: nothing */
	int		focus;		/* the terminal's; -1: it never told */
	uint64_t	key_at;		/* the last key; clock_now_ms() */
};

void	seen_init(struct seen *s);

/* The prompt is at this conversation, which is read up to `read_seq`. 0: at
 * none. */
void	seen_begin(struct chat *c, uint64_t conversation, uint64_t read_seq);

/* The events of a conversation with seq over `after`, up to `upto`, are on the
 * terminal. */
void	seen_shown(struct chat *c, uint64_t conversation, uint64_t after,
	    uint64_t upto);

/* How many seqs are between what is read and what was shown. */
uint64_t seen_gap(const struct chat *c);

/* Skips the gap: /read. */
void	seen_all(struct chat *c);

void	seen_key(struct chat *c);
void	seen_focus(struct chat *c, int has);

#endif
