/*
 * store_account.c - auth's questions about accounts, passwords and invites.
 */
#include "server/store/store_account.h"

#include <stdio.h>
#include <string.h>

#include "server/store/store_cache.h"
#include "server/store/store_lobby.h"
#include "server/store/store_query.h"
#include "server/store/store_token.h"

enum db_class
store_account_read(struct store *s, struct db_stmt *st, struct store_ask *w)
{
	struct store_account *a = &w->account;
	enum db_class c = store_query_next(s, st);

	if (c != DB_ROW)
		return c;
	a->id = (uint64_t)db_int(st, 0);
	snprintf(a->name, sizeof(a->name), "%s", db_bytes(st, 1, NULL));
	snprintf(a->hash, sizeof(a->hash), "%s", db_bytes(st, 2, NULL));
	a->admin = db_int(st, 3) != 0;
	a->disabled = db_int(st, 4) != 0;
	return DB_ROW;
}

static enum db_class
account_read_only(struct store *s, struct db_stmt *st, struct store_ask *w)
{
	enum db_class c = store_account_read(s, st, w);

	if (st != NULL)
		db_reset(st);
	return c == DB_ROW ? DB_OK : c;
}

static enum db_class
account_by_name(struct store *s, const char *name, struct store_ask *w)
{
	return account_read_only(s, store_query(s,
	    "SELECT " STORE_ACCOUNT_COLUMNS " FROM accounts a WHERE a.name = ?", "t", name), w);
}

enum db_class
store_account_by_id(struct store *s, uint64_t id, struct store_ask *w)
{
	return account_read_only(s, store_query(s,
	    "SELECT " STORE_ACCOUNT_COLUMNS " FROM accounts a WHERE a.id = ?", "n", id), w);
}

/* -- finding -------------------------------------------------------------- */

static bool
account_find_valid(const void *body)
{
	const Kith__Ipc__FindAccount *f = body;

	return strlen(f->name) <= NAME_BYTES_MAX && f->id <= USER_ID_MAX;
}

static enum db_class
account_find(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__FindAccount *f = w->body;
	enum db_class c = f->name[0] != '\0' ? account_by_name(s, f->name, w) :
	    store_account_by_id(s, f->id, w);

	if (c == DB_DONE)
		return store_ask_refuse(w, KITH_E_NO_SUCH_USER);
	w->tell_account = w->tell_hash = true;
	return c;
}

const struct store_ask_row store_account_find = {
	.valid = account_find_valid,
	.work = account_find,
	.duplicate = KITH_E_INTERNAL,
};

/* -- creating ------------------------------------------------------------- */

static bool
account_create_valid(const void *body)
{
	const Kith__Ipc__CreateAccount *c = body;

	return c->name[0] != '\0' && strlen(c->name) <= NAME_BYTES_MAX &&
	    c->skeleton[0] != '\0' && strlen(c->skeleton) <= STORE_SKELETON_MAX &&
	    strlen(c->display_name) <= DISPLAY_NAME_BYTES_MAX &&
	    c->hash[0] != '\0' && strlen(c->hash) <= STORE_HASH_MAX &&
	    (!c->need_invite || c->invite_hash.len == STORE_SECRET_BYTES);
}

/* DB_OK, DB_DONE (no such invite, or no longer), or a failure. */
static enum db_class
find_invite(struct store *s, const ProtobufCBinaryData *hash, uint64_t now_ms, bool *admin)
{
	uint64_t is_admin = 0;
	enum db_class c = store_query_row(s, store_query(s, "SELECT admin FROM invites"
	    " WHERE hash = ? AND uses_left > 0 AND expires_ms > ?", "dn", hash, now_ms), 1,
	    &is_admin);

	*admin = is_admin != 0;
	return c;
}

/* One use less. DB_OK, DB_DONE (no such invite, or no longer), or a failure. */
static enum db_class
use_invite(struct store *s, const ProtobufCBinaryData *hash, uint64_t now_ms, bool *admin)
{
	enum db_class c = find_invite(s, hash, now_ms, admin);

	if (c != DB_OK)
		return c;
	c = store_query_run(s, store_query(s, "UPDATE invites SET uses_left = uses_left - 1"
	    " WHERE hash = ? AND uses_left > 0", "d", hash));
	if (c != DB_OK)
		return c;
	/* Another writer may have been faster. */
	return db_changes(s->db) == 1 ? DB_OK : DB_DONE;
}

static enum db_class
account_insert(struct store *s, struct store_ask *w, bool admin)
{
	const Kith__Ipc__CreateAccount *c = w->body;
	struct store_account *a = &w->account;
	enum db_class cls;

	cls = store_query_run(s, store_query(s,
	    "INSERT INTO accounts (name, skeleton, display_name, hash, admin, disabled,"
	    " created_ms, last_seen_ms) VALUES (?, ?, ?, ?, ?, 0, ?, 0)", "ttttnn",
	    c->name, c->skeleton, c->display_name, c->hash, (uint64_t)admin, w->now_ms));
	if (cls != DB_OK)
		return cls;
	a->id = (uint64_t)db_last_id(s->db);
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	a->admin = admin;
	return a->id > USER_ID_MAX ? store_ask_refuse(w, KITH_E_SERVER_FULL) : DB_OK;
}

/* The invite is checked before the name: without one, nothing is learned about names. */
static enum db_class
account_create(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__CreateAccount *create = w->body;
	enum db_class c = account_by_name(s, create->name, w);
	bool exists = c == DB_OK, admin = false;

	if (c != DB_OK && c != DB_DONE)
		return c;
	w->tell_account = true;
	/* Its salt is random: this very question made it, and joined the lobby. */
	if (exists && strcmp(w->account.hash, create->hash) == 0)
		return DB_DONE;
	if (create->need_invite) {
		c = use_invite(s, &create->invite_hash, w->now_ms, &admin);
		if (c != DB_OK)
			return c == DB_DONE ? store_ask_refuse(w, KITH_E_INVITE_INVALID) : c;
	}
	if (exists)
		return store_ask_refuse(w, KITH_E_NAME_TAKEN);
	if ((c = account_insert(s, w, admin || create->admin)) != DB_OK)
		return c;
	return store_lobby_join(s, w->account.id);
}

const struct store_ask_row store_account_create = {
	.valid = account_create_valid,
	.work = account_create,
	.writer = true,
	.duplicate = KITH_E_NAME_TAKEN,
};

/* -- asking beforehand ---------------------------------------------------- */

static bool
account_check_valid(const void *body)
{
	const Kith__Ipc__CheckInvite *c = body;

	return strlen(c->name) <= NAME_BYTES_MAX && strlen(c->skeleton) <= STORE_SKELETON_MAX &&
	    (!c->need_invite || c->invite_hash.len == STORE_SECRET_BYTES);
}

/* In the order of account_create(): without a valid invite the name is not looked at. */
static enum db_class
account_check(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__CheckInvite *check = w->body;
	enum db_class c = DB_OK;
	uint64_t taken;
	bool admin;

	if (check->need_invite)
		c = find_invite(s, &check->invite_hash, w->now_ms, &admin);
	if (c != DB_OK)
		return c == DB_DONE ? store_ask_refuse(w, KITH_E_INVITE_INVALID) : c;
	if (check->name[0] == '\0')
		return DB_OK;
	c = store_query_row(s, store_query(s, "SELECT COUNT(*) FROM accounts"
	    " WHERE name = ? OR skeleton = ?", "tt", check->name, check->skeleton), 1, &taken);
	if (c != DB_OK)
		return c;
	return taken != 0 ? store_ask_refuse(w, KITH_E_NAME_TAKEN) : DB_OK;
}

const struct store_ask_row store_account_check = {
	.valid = account_check_valid,
	.work = account_check,
	.duplicate = KITH_E_INTERNAL,
};

/* -- invites -------------------------------------------------------------- */

static bool
create_invite_valid(const void *body)
{
	const Kith__Ipc__CreateInvite *i = body;

	return i->hash.len == STORE_SECRET_BYTES && i->expires_ms <= INT64_MAX && i->uses > 0;
}

/* Each new invite removes the ones that nobody can use any more. */
static enum db_class
sweep_invites(struct store *s, uint64_t now_ms)
{
	return store_query_run(s, store_query(s,
	    "DELETE FROM invites WHERE uses_left = 0 OR expires_ms <= ?", "n", now_ms));
}

static enum db_class
account_create_invite(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__CreateInvite *i = w->body;
	enum db_class c = sweep_invites(s, w->now_ms);

	if (c != DB_OK)
		return c;
	return store_query_run(s, store_query(s,
	    "INSERT INTO invites (hash, admin, expires_ms, uses_left, created_ms)"
	    " VALUES (?, ?, ?, ?, ?)", "dnnnn", &i->hash, (uint64_t)(i->admin != 0),
	    (uint64_t)i->expires_ms, (uint64_t)i->uses, w->now_ms));
}

const struct store_ask_row store_account_create_invite = {
	.valid = create_invite_valid,
	.work = account_create_invite,
	.writer = true,
	.duplicate = KITH_E_OK,		/* it is there already: this is a repetition */
};

/* -- changing ------------------------------------------------------------- */

static bool
set_password_valid(const void *body)
{
	const Kith__Ipc__SetPassword *p = body;

	return p->hash[0] != '\0' && strlen(p->hash) <= STORE_HASH_MAX &&
	    p->user_id <= USER_ID_MAX && p->keep_device <= INT64_MAX;
}

static enum db_class
account_set_password(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__SetPassword *p = w->body;
	enum db_class c = store_account_by_id(s, p->user_id, w);

	if (c != DB_OK)
		return c == DB_DONE ? store_ask_refuse(w, KITH_E_NO_SUCH_USER) : c;
	c = store_query_run(s, store_query(s, "UPDATE accounts SET hash = ? WHERE id = ?", "tn",
	    p->hash, (uint64_t)p->user_id));
	if (c != DB_OK || p->same_password)
		return c;
	w->revoked = true;
	w->revoked_user = p->user_id;
	w->revoked_except = p->keep_device;
	return store_token_revoke_all(s, p->user_id, p->keep_device, w->now_ms);
}

const struct store_ask_row store_account_set_password = {
	.valid = set_password_valid,
	.work = account_set_password,
	.writer = true,
	.duplicate = KITH_E_INTERNAL,
};

static bool
set_disabled_valid(const void *body)
{
	const Kith__Ipc__SetDisabled *d = body;

	return strlen(d->name) <= NAME_BYTES_MAX;
}

/* Tokens stay: a user who is enabled again is still logged in on all devices. */
static enum db_class
account_set_disabled(struct store *s, struct store_ask *w)
{
	const Kith__Ipc__SetDisabled *d = w->body;
	enum db_class c = account_by_name(s, d->name, w);

	if (c != DB_OK)
		return c == DB_DONE ? store_ask_refuse(w, KITH_E_NO_SUCH_USER) : c;
	w->revoked = d->disabled;
	w->revoked_user = w->account.id;
	store_cache_forget_user(s, w->account.id);
	return store_query_run(s, store_query(s, "UPDATE accounts SET disabled = ? WHERE id = ?",
	    "nn", (uint64_t)(d->disabled != 0), w->account.id));
}

const struct store_ask_row store_account_set_disabled = {
	.valid = set_disabled_valid,
	.work = account_set_disabled,
	.writer = true,
	.duplicate = KITH_E_INTERNAL,
};
