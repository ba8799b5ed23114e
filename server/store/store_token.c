/*
 * store_token.c - devices: tokens, and the sessions that users see and end. Writer and
 * reader.
 */
#include <stdio.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/store/store_account.h"
#include "server/store/store_list.h"
#include "shm/registry.h"

#define ONLINE_MAX	256u		/* sessions of one user that list_sessions looks at */

/*
 * Revoking.
 */

enum db_class
token_revoke(struct store *s, uint64_t user, uint64_t device, uint64_t now_ms, bool *found)
{
	struct db_stmt *st = store_stmt(s, "SELECT 1 FROM tokens WHERE id = ? AND user = ?", 2,
	    device, user);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	c = db_step(st);
	db_reset(st);
	*found = c == DB_ROW;
	if (c != DB_ROW)
		return c == DB_DONE ? DB_OK : c;
	return store_exec(s, store_stmt(s,
	    "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", 2,
	    now_ms, device));
}

enum db_class
token_revoke_all(struct store *s, uint64_t user, uint64_t but, uint64_t now_ms)
{
	return store_exec(s, store_stmt(s,
	    "UPDATE tokens SET revoked_ms = ? WHERE user = ? AND id <> ? AND revoked_ms IS NULL", 3,
	    now_ms, user, but));
}

/*
 * Making.
 */

static bool
create_valid(const void *body)
{
	const Kith__Ipc__CreateToken *c = body;

	return c->hash.len == ACCOUNT_SECRET_BYTES && c->user_id <= USER_ID_MAX &&
	    strlen(c->device_name) <= DEVICE_NAME_BYTES_MAX;
}

enum db_class
token_find_made(struct store *s, const struct token_new *t, uint64_t *device)
{
	struct db_stmt *st = store_stmt(s, "SELECT id FROM tokens WHERE hash = ? AND user = ?", 0);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	account_bind_data(st, 0, &t->hash);
	db_bind_int(st, 1, (int64_t)t->user);
	if ((c = db_step(st)) == DB_ROW)
		*device = (uint64_t)db_int(st, 0);
	db_reset(st);
	return c;
}

enum db_class
token_insert(struct store *s, const struct token_new *t, uint64_t *device)
{
	struct db_stmt *st = store_stmt(s,
	    "INSERT INTO tokens (user, hash, device_name, created_ms, used_ms, hook) "
	    "VALUES (?, ?, ?, ?, ?, ?)", 0);
	enum db_class c;

	if (st != NULL) {
		db_bind_int(st, 0, (int64_t)t->user);
		account_bind_data(st, 1, &t->hash);
		account_bind_text(st, 2, t->name);
		db_bind_int(st, 3, (int64_t)t->now_ms);
		db_bind_int(st, 4, (int64_t)t->now_ms);
		db_bind_int(st, 5, (int64_t)t->hook);
	}
	if ((c = store_exec(s, st)) == DB_OK)
		*device = (uint64_t)db_last_id(s->db);
	return c;
}

/* The user's DEVICES_PER_USER_MAX most recently used other devices, less one, may stay. Hooks are
 * counted apart, and none is lost by a login. */
static enum db_class
revoke_oldest(struct store *s, struct account_work *w)
{
	const Kith__Ipc__CreateToken *t = w->body;
	struct db_stmt *st = store_stmt(s,
	    "SELECT id FROM tokens WHERE user = ? AND hook = 0 AND revoked_ms IS NULL AND id <> ? "
	    "ORDER BY used_ms DESC, id DESC LIMIT 1 OFFSET ?", 3,
	    t->user_id, w->device, (uint64_t)(DEVICES_PER_USER_MAX - 1));
	uint64_t oldest = 0;
	enum db_class c;
	bool found;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW)
		oldest = (uint64_t)db_int(st, 0);
	db_reset(st);
	if (c != DB_ROW)
		return c == DB_DONE ? DB_OK : c;
	w->revoked = true;
	w->revoked_user = t->user_id;
	w->revoked_device = oldest;
	return token_revoke(s, t->user_id, oldest, w->now_ms, &found);
}

/* The newest row stays, so that no database gives a device's number again. */
static enum db_class
sweep(struct store *s, struct account_work *w)
{
	const Kith__Ipc__CreateToken *t = w->body;

	return store_exec(s, store_stmt(s,
	    "DELETE FROM tokens WHERE user = ? AND revoked_ms < ?", 2,
	    t->user_id, w->now_ms - ACCOUNT_REVOKED_MS));
}

static enum db_class
create(struct store *s, struct account_work *w)
{
	const Kith__Ipc__CreateToken *t = w->body;
	const struct token_new new = { .user = t->user_id, .hash = t->hash,
		.name = t->device_name, .now_ms = w->now_ms };
	enum db_class c = token_find_made(s, &new, &w->device);

	if (c != DB_DONE)
		return c == DB_ROW ? DB_DONE : c;
	if ((c = account_by_id(s, t->user_id, w)) != DB_ROW)
		return c == DB_DONE ? account_refuse(w, KITH_E_NO_SUCH_USER) : c;
	if (w->account.disabled)
		return account_refuse(w, KITH_E_DISABLED);
	if (strcmp(w->account.hash, t->verified) != 0)
		return account_refuse(w, KITH_E_AUTH_FAILED);
	if ((c = token_insert(s, &new, &w->device)) != DB_OK)
		return c;
	if (w->device > DEVICE_MAX)
		return account_refuse(w, KITH_E_SERVER_FULL);
	c = revoke_oldest(s, w);
	return c == DB_OK ? sweep(s, w) : c;
}

const struct account_row token_create_row = { create_valid, create, true, KITH_E_INTERNAL };

/*
 * Finding.
 */

static bool
find_valid(const void *body)
{
	const Kith__Ipc__FindToken *f = body;

	return f->hash.len == ACCOUNT_SECRET_BYTES;
}

/* The highest client id of the device that is stored. */
static enum db_class
last_client_id(struct store *s, struct account_work *w)
{
	uint64_t first = w->device << CLIENT_ID_DEVICE_SHIFT;
	struct db_stmt *st = store_stmt(s,
	    "SELECT MAX(client_id) FROM events WHERE sender = ? AND client_id BETWEEN ? AND ?", 3,
	    w->account.id, first, first | UINT32_MAX);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW)
		w->last_client_id = (uint64_t)db_int(st, 0);
	db_reset(st);
	return c == DB_ROW ? DB_DONE : c;
}

static enum db_class
find(struct store *s, struct account_work *w)
{
	const Kith__Ipc__FindToken *f = w->body;
	struct db_stmt *st = store_stmt(s,
	    "SELECT a.id, a.name, a.hash, a.admin, a.disabled, t.id, t.hook, t.device_name "
	    "FROM tokens t JOIN accounts a ON a.id = t.user "
	    "WHERE t.hash = ? AND t.revoked_ms IS NULL AND (t.hook <> 0) = ?", 0);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	account_bind_data(st, 0, &f->hash);
	db_bind_int(st, 1, f->hook);
	if ((c = account_read(s, st, w)) == DB_ROW) {
		w->device = (uint64_t)db_int(st, 5);
		w->hook = (uint64_t)db_int(st, 6);
		store_copy_text(st, 7, w->device_name, sizeof(w->device_name));
	}
	db_reset(st);
	if (c != DB_ROW)
		return c == DB_DONE ? account_refuse(w, KITH_E_TOKEN_INVALID) : c;
	w->tell_account = true;
	return last_client_id(s, w);
}

const struct account_row token_find_row = { find_valid, find, false, KITH_E_INTERNAL };

static bool
used_valid(const void *body)
{
	const Kith__Ipc__TokensUsed *u = body;

	return u->time_ms <= INT64_MAX;
}

static enum db_class
used(struct store *s, struct account_work *w)
{
	const Kith__Ipc__TokensUsed *u = w->body;
	enum db_class c = DB_OK;

	for (size_t i = 0; c == DB_OK && i < u->n_devices; i++)
		c = store_exec(s, store_stmt(s,
		    "UPDATE tokens SET used_ms = ? WHERE id = ? AND used_ms < ?", 3,
		    u->time_ms, u->devices[i], u->time_ms));
	return c;
}

const struct account_row token_used_row = { used_valid, used, true, KITH_E_INTERNAL };

/*
 * Requests of clients.
 */

struct revoke_work {
	uint64_t	user, device, now_ms;
	bool		found;
};

static enum db_class
revoke_one(struct store *s, void *arg)
{
	struct revoke_work *w = arg;

	return token_revoke(s, w->user, w->device, w->now_ms, &w->found);
}

/* The answer goes out before the session is closed. */
static void
logout(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct revoke_work w = { h->user[0], h->device, clock_utc_ms(), false };
	enum kith_err code = store_err(store_transact(s, revoke_one, &w));
	Kith__V1__Done done = KITH__V1__DONE__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	struct ipc_head out;

	(void)r;
	if (code != KITH_E_OK) {
		store_reply_error(s, h, code);
		return;
	}
	reply.id = h->request;
	reply.body_case = KITH__V1__REPLY__BODY_DONE;
	reply.done = &done;
	store_answer_head(h, IPC_REPLY, &out);
	out.flags = IPC_F_CLOSE;
	ipc_send_msg(s->p, h->from, &out, &reply.base);
	account_tell_revoked(s, w.user, w.device, 0);
}

static void
revoke_session(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct revoke_work w = { h->user[0], r->revoke_session->device, clock_utc_ms(), false };
	enum kith_err code = store_err(store_transact(s, revoke_one, &w));

	if (code == KITH_E_OK && !w.found)
		code = KITH_E_NO_SUCH_SESSION;
	if (code != KITH_E_OK) {
		store_reply_error(s, h, code);
		return;
	}
	store_reply_done(s, h);
	account_tell_revoked(s, w.user, w.device, 0);
}

#define LIST_MAX	(2 * DEVICES_PER_USER_MAX)	/* devices and hooks */

struct list_work {
	uint64_t		user;
	size_t			n;
	Kith__V1__Session	sessions[LIST_MAX];
	Kith__V1__Session	*list[LIST_MAX];
	char			names[LIST_MAX][DEVICE_NAME_BYTES_MAX + 1];
};

static void
list_row(struct list_work *w, struct db_stmt *st)
{
	Kith__V1__Session *session = &w->sessions[w->n];
	char *name = w->names[w->n];

	kith__v1__session__init(session);
	session->device = (uint64_t)db_int(st, 0);
	store_copy_text(st, 1, name, sizeof(w->names[0]));
	session->device_name = name;
	session->created_ms = (uint64_t)db_int(st, 2);
	session->used_ms = (uint64_t)db_int(st, 3);
	session->hook = (uint64_t)db_int(st, 4);
	w->list[w->n++] = session;
}

static enum db_class
list(struct store *s, void *arg)
{
	struct list_work *w = arg;
	enum db_class c;
	struct db_stmt *st = store_stmt(s,
	    "SELECT id, device_name, created_ms, used_ms, hook FROM tokens "
	    "WHERE user = ? AND revoked_ms IS NULL ORDER BY id", 1, w->user);

	if (st == NULL)
		return db_class(s->db);
	w->n = 0;
	while ((c = db_step(st)) == DB_ROW && w->n < LIST_MAX)
		list_row(w, st);
	db_reset(st);
	return c == DB_ROW ? DB_DONE : c;
}

static void
mark_online(struct store *s, struct list_work *w)
{
	struct registry_session online[ONLINE_MAX];
	int n = registry_find(&s->p->shared->registry, w->user, online, ONLINE_MAX);

	for (int i = 0; i < n && i < (int)ONLINE_MAX; i++)
		for (size_t k = 0; k < w->n; k++)
			if (w->sessions[k].device == online[i].device)
				w->sessions[k].online = true;
}

static void
list_sessions(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	Kith__V1__Sessions sessions = KITH__V1__SESSIONS__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	struct list_work w;
	enum kith_err code;

	(void)r;
	w.user = h->user[0];
	if ((code = store_err(store_transact(s, list, &w))) != KITH_E_OK) {
		store_reply_error(s, h, code);
		return;
	}
	mark_online(s, &w);
	for (size_t i = 0; i < w.n; i++)
		w.sessions[i].current = w.sessions[i].device == h->device;
	sessions.n_sessions = w.n;
	sessions.sessions = w.list;
	reply.body_case = KITH__V1__REPLY__BODY_SESSIONS;
	reply.sessions = &sessions;
	store_reply(s, h, &reply);
}

static const struct {
	Kith__V1__Request__BodyCase what;
	bool	writer;
	void	(*run)(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r);
} requests[] = {
	{ KITH__V1__REQUEST__BODY_LOGOUT, true, logout },
	{ KITH__V1__REQUEST__BODY_REVOKE_SESSION, true, revoke_session },
	{ KITH__V1__REQUEST__BODY_LIST_SESSIONS, false, list_sessions },
};

void
store_account_request(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].what == r->body_case && requests[i].writer == s->writer) {
			requests[i].run(s, h, r);
			return;
		}
	}
	store_reply_error(s, h, KITH_E_BAD_REQUEST);
}
