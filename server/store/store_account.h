/*
 * store_account.h - accounts, invites, tokens: what store_account.c and store_token.c share.
 * Their entry points are in store.h.
 *
 * Each question and each request is one transaction. Executed twice, since the store was
 * killed between commit and answer, it answers the same: what it made is found again
 * by the hash, which is random.
 *
 * A device is a row of tokens, and so is a hook (store_hook.c); it is revoked by a time in that
 * row, and the row removed ACCOUNT_REVOKED_MS later. Logins by token are written many at a time (TokensUsed).
 */
#ifndef KITH_SERVER_STORE_ACCOUNT_H
#define KITH_SERVER_STORE_ACCOUNT_H

#include "protocol/ipc.pb-c.h"
#include "server/store/store.h"

#define ACCOUNT_HASH_MAX	512u	/* bytes of a password hash, as the schema has it */
#define ACCOUNT_SKELETON_MAX	768u
#define ACCOUNT_SECRET_BYTES	32u	/* SHA-256 of a token or an invite */
#define ACCOUNT_REVOKED_MS	(UINT64_C(30) * 24 * 60 * 60 * 1000)

struct account {
	uint64_t	id;		/* 0: none */
	char		name[NAME_BYTES_MAX + 1];
	char		hash[ACCOUNT_HASH_MAX + 1];
	bool		admin, disabled;
};

/* What a work is told, and what it leaves: all but the first three is cleared before
 * each of its runs. */
struct account_work {
	const struct account_row *row;
	const void	*body;		/* the message in the Ask's oneof */
	uint64_t	 now_ms;

	enum kith_err	 code;
	struct account	 account;
	bool		 tell_account, tell_hash;	/* the answer has it */
	uint64_t	 device, last_client_id, hook;
	char		 device_name[DEVICE_NAME_BYTES_MAX + 1];
	bool		 revoked;	/* the workers are to be told, after the commit */
	uint64_t	 revoked_user, revoked_device, revoked_except;
};

/* A kind of question. */
struct account_row {
	bool		(*valid)(const void *body);	/* sizes that the schema bears */
	enum db_class	(*work)(struct store *s, struct account_work *w);
	bool		  writer;
	enum kith_err	  duplicate;	/* what it means if a unique key refuses a row */
};

/* Bound from place `i` on. */
void		account_bind_text(struct db_stmt *st, unsigned i, const char *text);
void		account_bind_data(struct db_stmt *st, unsigned i, const ProtobufCBinaryData *d);

/* Runs a query of at most one row, columns "id, name, hash, admin, disabled" and more, into
 * w->account. DB_ROW (the row is there until the reset), DB_DONE (none), or a failure. */
enum db_class	account_read(struct store *s, struct db_stmt *st, struct account_work *w);
enum db_class	account_by_id(struct store *s, uint64_t id, struct account_work *w);

/* For works: refuses. */
enum db_class	account_refuse(struct account_work *w, enum kith_err code);

/* To the workers that have sessions of `user`: close those of `device` (0: all but `except`). */
void		account_tell_revoked(struct store *s, uint64_t user, uint64_t device, uint64_t except);

/* Revokes a token. DB_OK, also if it was; *found: the user has one of that number. */
enum db_class	token_revoke(struct store *s, uint64_t user, uint64_t device, uint64_t now_ms,
		    bool *found);
enum db_class	token_revoke_all(struct store *s, uint64_t user, uint64_t but, uint64_t now_ms);

/* A row to be made. The caller refuses a device over DEVICE_MAX. */
struct token_new {
	uint64_t		 user, now_ms;
	ProtobufCBinaryData	 hash;
	const char		*name;
	uint64_t		 hook;		/* a conversation, or 0 */
};
enum db_class	token_insert(struct store *s, const struct token_new *t, uint64_t *device);

/* DB_ROW: this very row was made before, since the secret is random. DB_DONE: it was not. */
enum db_class	token_find_made(struct store *s, const struct token_new *t, uint64_t *device);

extern const struct account_row token_create_row, token_find_row, token_used_row;

#endif
