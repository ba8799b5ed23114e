/*
 * store_ask.h - auth's questions: one row of a table for each kind.
 *
 * Each question is one transaction. Asked again, because the store was killed
 * between commit and answer, it is answered the same: what it made is found by
 * its hash, which is random.
 */
#ifndef KITH_SERVER_STORE_ASK_H
#define KITH_SERVER_STORE_ASK_H

#include "protocol/ipc.pb-c.h"
#include "server/store/store_int.h"

/* Sizes that the schema has room for. */
#define STORE_HASH_MAX		512u	/* bytes of a password hash */
#define STORE_SKELETON_MAX	768u
#define STORE_SECRET_BYTES	32u	/* SHA-256 of a token or an invite */

struct store_account {
	uint64_t	id;		/* 0: none */
	char		name[NAME_BYTES_MAX + 1];
	char		hash[STORE_HASH_MAX + 1];
	bool		admin, disabled;
};

/* A question and its answer. All except the first three is cleared before each
 * run of the work. */
struct store_ask {
	const struct store_ask_row *row;
	const void	*body;		/* the message in the Ask's oneof */
	uint64_t	 now_ms;

	enum kith_err	 code;
	struct store_account account;
	bool		 tell_account, tell_hash;	/* in the answer */
	uint64_t	 device, last_client_id, hook, history;
	char		 device_name[DEVICE_NAME_BYTES_MAX + 1];
	bool		 revoked;	/* tell the workers after the commit */
	uint64_t	 revoked_user, revoked_device, revoked_except;
};

struct store_ask_row {
	bool		(*valid)(const void *body);	/* sizes */
	enum db_class	(*work)(struct store *s, struct store_ask *a);
	bool		  writer;
	enum kith_err	  duplicate;	/* what a unique key's refusal means */
};

/* Answers. */
void	store_ask(struct store *s, const struct ipc_head *h,
	    const uint8_t *body, uint32_t len);

/* For works: refuses. */
static inline enum db_class
store_ask_refuse(struct store_ask *a, enum kith_err code)
{
	a->code = code;
	return DB_DONE;
}

#endif
