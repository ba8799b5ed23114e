/*
 * store_account.c - auth's questions: accounts, passwords, invites. Writer and reader.
 */
#include "server/store/store_account.h"

#include <stdio.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/wire.h"
#include "server/lib/log.h"
#include "server/store/store_cache.h"
#include "shm/registry.h"

#define ACCOUNT_COLUMNS	"id, name, hash, admin, disabled"

void
account_bind_text(struct db_stmt *st, unsigned i, const char *text)
{
	db_bind_bytes(st, i, text, strlen(text));
}

void
account_bind_data(struct db_stmt *st, unsigned i, const ProtobufCBinaryData *d)
{
	db_bind_bytes(st, i, d->data, d->len);
}

enum db_class
account_refuse(struct account_work *w, enum kith_err code)
{
	w->code = code;
	return DB_DONE;
}

void
account_tell_revoked(struct store *s, uint64_t user, uint64_t device, uint64_t except)
{
	struct ipc_head h = { .type = IPC_REVOKED, .user = { user }, .device = device,
		.except = except };
	uint32_t mask;
	int found = registry_user_workers(&s->p->shared->registry, user, &mask);

	ipc_send_workers(s->p, found, mask, &h, NULL, 0);
}

/*
 * Reading.
 */

enum db_class
account_read(struct store *s, struct db_stmt *st, struct account_work *w)
{
	struct account *a = &w->account;
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) != DB_ROW)
		return c;
	a->id = (uint64_t)db_int(st, 0);
	snprintf(a->name, sizeof(a->name), "%s", db_bytes(st, 1, NULL));
	snprintf(a->hash, sizeof(a->hash), "%s", db_bytes(st, 2, NULL));
	a->admin = db_int(st, 3) != 0;
	a->disabled = db_int(st, 4) != 0;
	return DB_ROW;
}

static enum db_class
read_and_reset(struct store *s, struct db_stmt *st, struct account_work *w)
{
	enum db_class c = account_read(s, st, w);

	if (st != NULL)
		db_reset(st);
	return c;
}

static enum db_class
by_name(struct store *s, const char *name, struct account_work *w)
{
	struct db_stmt *st = store_stmt(s,
	    "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE name = ?", 0);

	if (st != NULL)
		account_bind_text(st, 0, name);
	return read_and_reset(s, st, w);
}

enum db_class
account_by_id(struct store *s, uint64_t id, struct account_work *w)
{
	return read_and_reset(s, store_stmt(s,
	    "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id = ?", 1, id), w);
}

static bool
find_valid(const void *body)
{
	const Kith__Ipc__FindAccount *f = body;

	return strlen(f->name) <= NAME_BYTES_MAX && f->id <= USER_ID_MAX;
}

static enum db_class
find(struct store *s, struct account_work *w)
{
	const Kith__Ipc__FindAccount *f = w->body;
	enum db_class c = f->name[0] != '\0' ? by_name(s, f->name, w) : account_by_id(s, f->id, w);

	if (c == DB_DONE)
		return account_refuse(w, KITH_E_NO_SUCH_USER);
	w->tell_account = w->tell_hash = true;
	return c == DB_ROW ? DB_DONE : c;
}

/*
 * Creating.
 */

static bool
create_valid(const void *body)
{
	const Kith__Ipc__CreateAccount *c = body;

	return c->name[0] != '\0' && strlen(c->name) <= NAME_BYTES_MAX &&
	    c->skeleton[0] != '\0' && strlen(c->skeleton) <= ACCOUNT_SKELETON_MAX &&
	    strlen(c->display_name) <= DISPLAY_NAME_BYTES_MAX &&
	    c->hash[0] != '\0' && strlen(c->hash) <= ACCOUNT_HASH_MAX &&
	    (!c->need_invite || c->invite_hash.len == ACCOUNT_SECRET_BYTES);
}

/* One use less. DB_OK, DB_DONE (no such invite, or no longer), or a failure. */
static enum db_class
use_invite(struct store *s, const ProtobufCBinaryData *hash, uint64_t now_ms, bool *admin)
{
	struct db_stmt *st = store_stmt(s,
	    "SELECT admin FROM invites WHERE hash = ? AND uses_left > 0 AND expires_ms > ?", 0);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	account_bind_data(st, 0, hash);
	db_bind_int(st, 1, (int64_t)now_ms);
	if ((c = db_step(st)) == DB_ROW)
		*admin = db_int(st, 0) != 0;
	db_reset(st);
	if (c != DB_ROW)
		return c;
	st = store_stmt(s,
	    "UPDATE invites SET uses_left = uses_left - 1 WHERE hash = ? AND uses_left > 0", 0);
	if (st != NULL)
		account_bind_data(st, 0, hash);
	if ((c = store_exec(s, st)) != DB_OK)
		return c;
	/* Another writer may have been faster. */
	return db_changes(s->db) == 1 ? DB_OK : DB_DONE;
}

static enum db_class
insert(struct store *s, struct account_work *w, bool admin)
{
	const Kith__Ipc__CreateAccount *c = w->body;
	struct account *a = &w->account;
	enum db_class cls;
	struct db_stmt *st = store_stmt(s,
	    "INSERT INTO accounts (name, skeleton, display_name, hash, admin, disabled, "
	    "created_ms, last_seen_ms) VALUES (?, ?, ?, ?, ?, 0, ?, 0)", 0);

	if (st != NULL) {
		account_bind_text(st, 0, c->name);
		account_bind_text(st, 1, c->skeleton);
		account_bind_text(st, 2, c->display_name);
		account_bind_text(st, 3, c->hash);
		db_bind_int(st, 4, admin);
		db_bind_int(st, 5, (int64_t)w->now_ms);
	}
	if ((cls = store_exec(s, st)) != DB_OK)
		return cls;
	a->id = (uint64_t)db_last_id(s->db);
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	a->admin = admin;
	return a->id > USER_ID_MAX ? account_refuse(w, KITH_E_SERVER_FULL) : DB_OK;
}

/* The invite comes before the name: who has none learns nothing about names. */
static enum db_class
create(struct store *s, struct account_work *w)
{
	const Kith__Ipc__CreateAccount *create = w->body;
	enum db_class c = by_name(s, create->name, w);
	bool exists = c == DB_ROW, admin = false;

	if (c != DB_ROW && c != DB_DONE)
		return c;
	w->tell_account = true;
	/* Its salt is random: this very question made it, and joined the lobby. */
	if (exists && strcmp(w->account.hash, create->hash) == 0)
		return DB_DONE;
	if (create->need_invite) {
		c = use_invite(s, &create->invite_hash, w->now_ms, &admin);
		if (c != DB_OK)
			return c == DB_DONE ? account_refuse(w, KITH_E_INVITE_INVALID) : c;
	}
	if (exists)
		return account_refuse(w, KITH_E_NAME_TAKEN);
	if ((c = insert(s, w, admin || create->admin)) != DB_OK)
		return c;
	return store_group_join_lobby(s, w->account.id);
}

static bool
invite_valid(const void *body)
{
	const Kith__Ipc__CreateInvite *i = body;

	return i->hash.len == ACCOUNT_SECRET_BYTES && i->expires_ms <= INT64_MAX && i->uses > 0;
}

/* Those that nobody can use any more go at this occasion. */
static enum db_class
sweep_invites(struct store *s, uint64_t now_ms)
{
	return store_exec(s, store_stmt(s,
	    "DELETE FROM invites WHERE uses_left = 0 OR expires_ms <= ?", 1, now_ms));
}

static enum db_class
create_invite(struct store *s, struct account_work *w)
{
	const Kith__Ipc__CreateInvite *i = w->body;
	struct db_stmt *st;
	enum db_class c;

	if ((c = sweep_invites(s, w->now_ms)) != DB_OK)
		return c;
	st = store_stmt(s,
	    "INSERT INTO invites (hash, admin, expires_ms, uses_left, created_ms) "
	    "VALUES (?, ?, ?, ?, ?)", 0);
	if (st != NULL) {
		account_bind_data(st, 0, &i->hash);
		db_bind_int(st, 1, i->admin);
		db_bind_int(st, 2, (int64_t)i->expires_ms);
		db_bind_int(st, 3, i->uses);
		db_bind_int(st, 4, (int64_t)w->now_ms);
	}
	return store_exec(s, st);
}

/*
 * Changing.
 */

static bool
password_valid(const void *body)
{
	const Kith__Ipc__SetPassword *p = body;

	return p->hash[0] != '\0' && strlen(p->hash) <= ACCOUNT_HASH_MAX &&
	    p->user_id <= USER_ID_MAX && p->keep_device <= INT64_MAX;
}

static enum db_class
set_password(struct store *s, struct account_work *w)
{
	const Kith__Ipc__SetPassword *p = w->body;
	enum db_class c = account_by_id(s, p->user_id, w);
	struct db_stmt *st;

	if (c != DB_ROW)
		return c == DB_DONE ? account_refuse(w, KITH_E_NO_SUCH_USER) : c;
	if ((st = store_stmt(s, "UPDATE accounts SET hash = ? WHERE id = ?", 0)) != NULL) {
		account_bind_text(st, 0, p->hash);
		db_bind_int(st, 1, (int64_t)p->user_id);
	}
	if ((c = store_exec(s, st)) != DB_OK || p->same_password)
		return c;
	w->revoked = true;
	w->revoked_user = p->user_id;
	w->revoked_except = p->keep_device;
	return token_revoke_all(s, p->user_id, p->keep_device, w->now_ms);
}

static bool
disabled_valid(const void *body)
{
	const Kith__Ipc__SetDisabled *d = body;

	return strlen(d->name) <= NAME_BYTES_MAX;
}

/* Tokens stay: whoever is enabled again is logged in where he was. */
static enum db_class
set_disabled(struct store *s, struct account_work *w)
{
	const Kith__Ipc__SetDisabled *d = w->body;
	enum db_class c = by_name(s, d->name, w);

	if (c != DB_ROW)
		return c == DB_DONE ? account_refuse(w, KITH_E_NO_SUCH_USER) : c;
	w->revoked = d->disabled;
	w->revoked_user = w->account.id;
	store_forget_user(s, w->account.id);
	return store_exec(s, store_stmt(s, "UPDATE accounts SET disabled = ? WHERE id = ?", 2,
	    (uint64_t)d->disabled, w->account.id));
}

/*
 * Questions and answers.
 */

static const struct account_row find_row = { find_valid, find, false, KITH_E_INTERNAL };
static const struct account_row create_row = { create_valid, create, true, KITH_E_NAME_TAKEN };
static const struct account_row password_row = { password_valid, set_password, true, KITH_E_INTERNAL };
static const struct account_row disabled_row = { disabled_valid, set_disabled, true, KITH_E_INTERNAL };
/* It stands already: this is a repetition. */
static const struct account_row invite_row = { invite_valid, create_invite, true, KITH_E_OK };

#define ASK(what)	[KITH__IPC__ASK__WHAT_##what]

static const struct account_row *const rows[] = {
	ASK(FIND_ACCOUNT) = &find_row,
	ASK(CREATE_ACCOUNT) = &create_row,
	ASK(SET_PASSWORD) = &password_row,
	ASK(CREATE_TOKEN) = &token_create_row,
	ASK(FIND_TOKEN) = &token_find_row,
	ASK(CREATE_INVITE) = &invite_row,
	ASK(SET_DISABLED) = &disabled_row,
	ASK(TOKENS_USED) = &token_used_row,
};

static enum db_class
run(struct store *s, void *arg)
{
	struct account_work *w = arg;

	*w = (struct account_work){ .row = w->row, .body = w->body, .now_ms = w->now_ms };
	return w->row->work(s, w);
}

static void
answer(struct store *s, const struct ipc_head *h, struct account_work *w)
{
	Kith__Ipc__Account account = KITH__IPC__ACCOUNT__INIT;
	Kith__Ipc__Answer a = KITH__IPC__ANSWER__INIT;
	struct ipc_head out;

	a.code = w->code;
	if (w->code == KITH_E_OK && w->tell_account) {
		account.id = w->account.id;
		account.name = w->account.name;
		account.hash = w->tell_hash ? w->account.hash : store_empty;
		account.admin = w->account.admin;
		account.disabled = w->account.disabled;
		a.account = &account;
	}
	a.device = w->device;
	a.last_client_id = w->last_client_id;
	a.hook = w->hook;
	a.device_name = w->device_name;
	store_answer_head(h, IPC_ANSWER, &out);
	ipc_send_msg(s->p, h->from, &out, &a.base);
}

/* Runs the row's work, if it is this role's to do. */
static void
handle(struct store *s, struct account_work *w)
{
	enum db_class c;

	if (w->row == NULL || w->row->writer != s->writer || !w->row->valid(w->body)) {
		log_warn(0, "store.ask", "not a question for the %s", s->writer ? "writer" : "reader");
		w->code = KITH_E_BAD_REQUEST;
		return;
	}
	c = store_transact(s, run, w);
	if (c == DB_DUPLICATE)
		w->code = w->row->duplicate;
	else if (store_err(c) != KITH_E_OK)
		w->code = store_err(c);
	if (c == DB_OK && w->revoked)
		account_tell_revoked(s, w->revoked_user, w->revoked_device, w->revoked_except);
}

void
store_account_ask(struct store *s, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct account_work w = { .now_ms = clock_utc_ms() };
	const Kith__Ipc__Ask *ask;
	ProtobufCMessage *m;

	if (wire_unpack(&kith__ipc__ask__descriptor, body, len, &s->mem, NULL, &m) == KITH_E_OK) {
		ask = (const Kith__Ipc__Ask *)m;
		/* All members of the oneof lie in one place. */
		w.row = rows[ask->what_case];
		w.body = ask->find_account;
	}
	handle(s, &w);
	answer(s, h, &w);
	explicit_bzero(&w, sizeof(w));
	unpackmem_reset(&s->mem);
}
