/*
 * store_token.h - rows of the table tokens. Writer, in a transaction.
 *
 * A device is a row there, and so is a hook. It is revoked by a time in its
 * row; the row is removed STORE_TOKEN_REVOKED_MS later.
 */
#ifndef KITH_SERVER_STORE_TOKEN_H
#define KITH_SERVER_STORE_TOKEN_H

#include "server/store/store_int.h"

#define STORE_TOKEN_REVOKED_MS	(UINT64_C(30) * 24 * 60 * 60 * 1000)

/* A row to be made. The caller refuses a device over DEVICE_MAX. */
struct store_token_new {
	uint64_t		 user, now_ms;
	ProtobufCBinaryData	 hash;
	const char		*name;
	uint64_t		 hook;		/* a conversation, or 0 */
};

enum db_class	store_token_insert(struct store *s,
		    const struct store_token_new *t, uint64_t *device);

/* DB_OK: this very row was made before, since the secret is random. DB_DONE: it
 * was not. */
enum db_class	store_token_find_made(struct store *s,
		    const struct store_token_new *t, uint64_t *device);

/* DB_OK, also if it was revoked before; *found: the user has such a device. */
enum db_class	store_token_revoke(struct store *s, uint64_t user,
		    uint64_t device, uint64_t now_ms, bool *found);
enum db_class	store_token_revoke_all(struct store *s, uint64_t user,
		    uint64_t except, uint64_t now_ms);

#endif
