/*
 * store_conversation.h - a conversation as its user sees it. In a transaction.
 * Where it does not say otherwise: DB_OK or the database's failure.
 */
#ifndef KITH_SERVER_STORE_CONVERSATION_H
#define KITH_SERVER_STORE_CONVERSATION_H

#include "server/store/store_int.h"

struct store_conversation {	/* a message and the memory of its strings */
	Kith__V1__Conversation	msg;
	char			name[NAME_BYTES_MAX + 1];
	char			topic[TOPIC_BYTES_MAX + 1];
};

/* The conversation `id`, for a user who is or was in it. Also DB_DONE: never in
 * it. */
enum db_class	store_conversation_load(struct store *s, uint64_t user,
		    uint64_t id, struct store_conversation *out);

/* Those that `user` is in, by rising id, after `after`. *more: there are more
 * than `limit`, which is PAGE_ROWS_MAX at most. */
enum db_class	store_conversation_load_page(struct store *s, uint64_t user,
		    uint64_t after, uint32_t limit,
		    struct store_conversation *rows, unsigned *n, bool *more);

/* How far the log of a conversation goes that a user is or was in. */
struct store_seqs {
	uint64_t	conversation;
	uint64_t	newest_since;	/* where the newest interval begins */
	uint64_t	last_seq;	/* that the user may read */
	uint64_t	read_seq;
};

/* By rising conversation, those after `after`. */
enum db_class	store_conversation_seqs(struct store *s, uint64_t user,
		    uint64_t after, struct store_seqs *out, unsigned cap,
		    unsigned *n);

/* A user's read cursor: the highest of all devices, 0 if there is none. */
enum db_class	store_conversation_cursor(struct store *s, uint64_t user,
		    uint64_t conversation, uint64_t *seq);

/* How many members a group has, and how many groups a user is in. */
enum db_class	store_conversation_members(struct store *s, uint64_t group,
		    uint32_t *n);
enum db_class	store_conversation_groups(struct store *s, uint64_t user,
		    uint32_t *n);

#endif
