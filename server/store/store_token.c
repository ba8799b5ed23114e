/*
 * store_token.c - rows of tokens.
 */
#include "server/store/store_token.h"

#include "server/store/store_query.h"

enum db_class
store_token_revoke(struct store *s, uint64_t user, uint64_t device, uint64_t now_ms, bool *found)
{
	enum db_class c = store_query_row(s, store_query(s,
	    "SELECT 1 FROM tokens WHERE id = ? AND user = ?", "nn", device, user), 0);

	*found = c == DB_OK;
	if (c != DB_OK)
		return c == DB_DONE ? DB_OK : c;
	return store_query_run(s, store_query(s,
	    "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", "nn",
	    now_ms, device));
}

enum db_class
store_token_revoke_all(struct store *s, uint64_t user, uint64_t except, uint64_t now_ms)
{
	return store_query_run(s, store_query(s, "UPDATE tokens SET revoked_ms = ?"
	    " WHERE user = ? AND id <> ? AND revoked_ms IS NULL", "nnn", now_ms, user, except));
}

enum db_class
store_token_find_made(struct store *s, const struct store_token_new *t, uint64_t *device)
{
	return store_query_row(s, store_query(s,
	    "SELECT id FROM tokens WHERE hash = ? AND user = ?", "dn", &t->hash, t->user), 1,
	    device);
}

enum db_class
store_token_insert(struct store *s, const struct store_token_new *t, uint64_t *device)
{
	enum db_class c = store_query_run(s, store_query(s,
	    "INSERT INTO tokens (user, hash, device_name, created_ms, used_ms, hook)"
	    " VALUES (?, ?, ?, ?, ?, ?)", "ndtnnn", t->user, &t->hash, t->name, t->now_ms,
	    t->now_ms, t->hook));

	if (c == DB_OK)
		*device = (uint64_t)db_last_id(s->db);
	return c;
}
