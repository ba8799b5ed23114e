/*
 * store_device.c - auth's questions about devices and hooks.
 */
#include "server/store/store_device.h"

#include <string.h>

#include "server/store/store_account.h"
#include "server/store/store_incarnation.h"
#include "server/store/store_query.h"
#include "server/store/store_token.h"

/* -- create --------------------------------------------------------------- */

static bool
device_create_valid(const void *body)
{
	const Kith__Ipc__CreateToken *c = body;

	return c->hash.len == STORE_SECRET_BYTES && c->user_id <= USER_ID_MAX &&
	    strlen(c->device_name) <= DEVICE_NAME_BYTES_MAX;
}

/* The user keeps the new device and the DEVICES_PER_USER_MAX - 1 others used most recently.
 * Hooks are counted apart: a login costs none. */
static enum db_class
revoke_oldest_device(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__CreateToken *t = w->body;
	enum db_class c;
	bool found;

	c = store_query_row(s, store_query(s,
	    "SELECT id FROM tokens WHERE user = ? AND hook = 0 AND revoked_ms IS NULL AND id <> ?"
	    " ORDER BY used_ms DESC, id DESC LIMIT 1 OFFSET ?", "nnn",
	    t->user_id, w->device, (uint64_t)(DEVICES_PER_USER_MAX - 1)), 1, &w->revoked_device);
	if (c != DB_OK)
		return c == DB_DONE ? DB_OK : c;
	w->revoked = true;
	w->revoked_user = t->user_id;
	return store_token_revoke(s, t->user_id, w->revoked_device, w->now_ms, &found);
}

/* The newest row stays, so that no database gives a device's number again. */
static enum db_class
sweep_devices(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__CreateToken *t = w->body;

	return store_query_run(s, store_query(s,
	    "DELETE FROM tokens WHERE user = ? AND revoked_ms < ?", "nn",
	    t->user_id, w->now_ms - STORE_TOKEN_REVOKED_MS));
}

static enum db_class
device_create(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__CreateToken *t = w->body;
	const struct store_token_new new = { .user = t->user_id, .hash = t->hash,
		.name = t->device_name, .now_ms = w->now_ms };
	enum db_class c = store_incarnation_get(s, &w->history);

	if (c == DB_OK)
		c = store_token_find_made(s, &new, &w->device);
	if (c != DB_DONE)
		return c == DB_OK ? DB_DONE : c;
	if ((c = store_account_by_id(s, t->user_id, w)) != DB_OK)
		return c == DB_DONE ? store_ask_refuse(w, KITH_E_NO_SUCH_USER) : c;
	if (w->account.disabled)
		return store_ask_refuse(w, KITH_E_DISABLED);
	if (strcmp(w->account.hash, t->verified) != 0)
		return store_ask_refuse(w, KITH_E_AUTH_FAILED);
	if ((c = store_token_insert(s, &new, &w->device)) != DB_OK)
		return c;
	if (w->device > DEVICE_MAX)
		return store_ask_refuse(w, KITH_E_SERVER_FULL);
	c = revoke_oldest_device(s, w);
	return c == DB_OK ? sweep_devices(s, w) : c;
}

const struct store_ask_row store_device_create = {
	.valid = device_create_valid,
	.work = device_create,
	.writer = true,
	.duplicate = KITH_E_INTERNAL,
};

/* -- find ----------------------------------------------------------------- */

static bool
device_find_valid(const void *body)
{
	const Kith__Ipc__FindToken *f = body;

	return f->hash.len == STORE_SECRET_BYTES;
}

/* The device's highest client id in the database. */
static enum db_class
load_last_client_id(struct store *s, struct store_ask *w)
{
	uint64_t first = w->device << CLIENT_ID_DEVICE_SHIFT;

	return store_query_row(s, store_query(s, "SELECT MAX(client_id) FROM events"
	    " WHERE sender = ? AND client_id BETWEEN ? AND ?", "nnn", w->account.id, first,
	    first | UINT32_MAX), 1, &w->last_client_id);
}

static enum db_class
device_find(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__FindToken *f = w->body;
	struct db_stmt *st = store_query(s,
	    "SELECT " STORE_ACCOUNT_COLUMNS ", t.id, t.hook, t.device_name"
	    " FROM tokens t JOIN accounts a ON a.id = t.user"
	    " WHERE t.hash = ? AND t.revoked_ms IS NULL AND (t.hook <> 0) = ?", "dn",
	    &f->hash, (uint64_t)(f->hook != 0));
	enum db_class c = store_account_read(s, st, w);

	if (c == DB_ROW) {
		w->device = (uint64_t)db_int(st, STORE_ACCOUNT_NCOLUMNS);
		w->hook = (uint64_t)db_int(st, STORE_ACCOUNT_NCOLUMNS + 1);
		store_query_copy(st, STORE_ACCOUNT_NCOLUMNS + 2, w->device_name,
		    sizeof(w->device_name));
		w->tell_account = true;
	}
	if (store_query_end(st, c) != DB_OK)
		return c;
	if (c != DB_ROW)
		return store_ask_refuse(w, KITH_E_TOKEN_INVALID);
	if ((c = store_incarnation_get(s, &w->history)) != DB_OK)
		return c;
	return load_last_client_id(s, w);
}

const struct store_ask_row store_device_find = {
	.valid = device_find_valid,
	.work = device_find,
	.duplicate = KITH_E_INTERNAL,
};

/* -- used ----------------------------------------------------------------- */

static bool
device_used_valid(const void *body)
{
	const Kith__Ipc__TokensUsed *u = body;

	return u->time_ms <= INT64_MAX;
}

static enum db_class
device_used(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__TokensUsed *u = w->body;
	enum db_class c = DB_OK;

	for (size_t i = 0; c == DB_OK && i < u->n_devices; i++)
		c = store_query_run(s, store_query(s,
		    "UPDATE tokens SET used_ms = ? WHERE id = ? AND used_ms < ?", "nnn",
		    u->time_ms, u->devices[i], u->time_ms));
	return c;
}

const struct store_ask_row store_device_used = {
	.valid = device_used_valid,
	.work = device_used,
	.writer = true,
	.duplicate = KITH_E_INTERNAL,
};
