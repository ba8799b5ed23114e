/*
 * store_list.h - conversations, groups and members as their users see them.
 */
#ifndef KITH_SERVER_STORE_LIST_H
#define KITH_SERVER_STORE_LIST_H

#include "server/store/store.h"

struct store_conversation {		/* a message and the memory of its strings */
	Kith__V1__Conversation	msg;
	char			name[NAME_BYTES_MAX + 1];
	char			topic[TOPIC_BYTES_MAX + 1];
};

/* The conversation `id` as `user` sees it, who is or was in it. In a transaction. DB_OK, DB_DONE
 * (never in it), or a failure. */
enum db_class	store_load_conversation(struct store *s, uint64_t user, uint64_t id,
		    struct store_conversation *out);

/* How far the logs go of conversations that a user is or was in. */
struct store_seqs {
	uint64_t	conversation;
	uint64_t	newest_since;	/* where the newest interval begins */
	uint64_t	last_seq;	/* of what the user may read */
	uint64_t	read_seq;
};

/* A user's read cursor: the highest of all devices, 0 if there is none. DB_OK or a failure. */
enum db_class	store_load_cursor(struct store *s, uint64_t user, uint64_t conversation,
		    uint64_t *seq);

/* By rising conversation, those after `after`. DB_OK or a failure. */
enum db_class	store_load_seqs(struct store *s, uint64_t user, uint64_t after,
		    struct store_seqs *out, unsigned cap, unsigned *n);

/* The single number that a bound statement gives. `st` may be NULL: a failed store_stmt(). */
enum db_class	store_number(struct store *s, struct db_stmt *st, uint32_t *n);

/* Members of a group now. */
enum db_class	store_count_members(struct store *s, uint64_t group, uint32_t *n);

/* Groups that a user is in. */
enum db_class	store_count_groups(struct store *s, uint64_t user, uint32_t *n);

/* The reader's requests; each answers. */
void	store_list_conversations(struct store *s, const struct ipc_head *h,
	    const Kith__V1__Request *r);
void	store_list_groups(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);

/* As these, in store_people.c. */
void	store_list_members(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);
void	store_who(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);

/* A column's text, cut to `size` with its NUL. */
void		store_copy_text(struct db_stmt *st, unsigned column, char *out, size_t size);

/* A list's limit as asked for: 0 is the default, and there is a highest. */
uint32_t	store_limit(uint32_t asked, uint32_t by_default, uint32_t max);

#endif
