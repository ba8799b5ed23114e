/*
 * store_session.c - the sessions that users see and end.
 */
#include "server/store/store_session.h"

#include "protocol/base/clock.h"
#include "server/store/store.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_tell.h"
#include "server/store/store_token.h"
#include "server/store/store_transact.h"
#include "shm/registry.h"

#define ONLINE_MAX	256u		/* sessions of one user that are looked at */
#define LIST_MAX	(2 * DEVICES_PER_USER_MAX)	/* devices and hooks */

struct session_revoke {
	uint64_t	user, device, now_ms;
	bool		found;
};

static enum db_class
revoke_session(struct store *s, void *arg)
{
	struct session_revoke *w = arg;

	return store_token_revoke(s, w->user, w->device, w->now_ms, &w->found);
}

/* The answer goes out before the session is closed. */
void
store_session_logout(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct session_revoke w = { h->user[0], h->device, clock_utc_ms(), false };
	enum kith_err code = store_err(store_transact(s, revoke_session, &w));

	(void)r;
	if (code != KITH_E_OK) {
		store_reply_error(s, h, code);
		return;
	}
	store_reply_done_and_close(s, h);
	store_tell_revoked(s, w.user, w.device, 0);
}

void
store_session_revoke(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct session_revoke w = { h->user[0], r->revoke_session->device, clock_utc_ms(),
		false };
	enum kith_err code = store_err(store_transact(s, revoke_session, &w));

	if (code == KITH_E_OK && !w.found)
		code = KITH_E_NO_SUCH_SESSION;
	if (code != KITH_E_OK) {
		store_reply_error(s, h, code);
		return;
	}
	store_reply_done(s, h);
	store_tell_revoked(s, w.user, w.device, 0);
}

/* -- list ----------------------------------------------------------------- */

struct session_page {
	uint64_t		user;
	size_t			n;
	Kith__V1__Session	sessions[LIST_MAX];
	Kith__V1__Session	*list[LIST_MAX];
	char			names[LIST_MAX][DEVICE_NAME_BYTES_MAX + 1];
};

_Static_assert(sizeof(struct session_page) <= STORE_PAGE_BYTES, "it lies in the page");

static void
read_session(struct session_page *w, struct db_stmt *st)
{
	Kith__V1__Session *session = &w->sessions[w->n];
	char *name = w->names[w->n];

	kith__v1__session__init(session);
	session->device = (uint64_t)db_int(st, 0);
	store_query_copy(st, 1, name, sizeof(w->names[0]));
	session->device_name = name;
	session->created_ms = (uint64_t)db_int(st, 2);
	session->used_ms = (uint64_t)db_int(st, 3);
	session->hook = (uint64_t)db_int(st, 4);
	w->list[w->n++] = session;
}

static enum db_class
load_sessions(struct store *s, void *arg)
{
	struct session_page *w = arg;
	struct db_stmt *st = store_query(s,
	    "SELECT id, device_name, created_ms, used_ms, hook FROM tokens"
	    " WHERE user = ? AND revoked_ms IS NULL ORDER BY id", "n", w->user);
	enum db_class c;

	w->n = 0;
	while ((c = store_query_next(s, st)) == DB_ROW && w->n < LIST_MAX)
		read_session(w, st);
	return store_query_end(st, c);
}

static void
mark_sessions_online(struct store *s, struct session_page *w)
{
	struct registry_session online[ONLINE_MAX];
	int n = registry_find(&s->p->shared->registry, w->user, online, ONLINE_MAX);

	for (int i = 0; i < n && i < (int)ONLINE_MAX; i++)
		for (size_t k = 0; k < w->n; k++)
			if (w->sessions[k].device == online[i].device)
				w->sessions[k].online = true;
}

void
store_session_list(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	Kith__V1__Sessions sessions = KITH__V1__SESSIONS__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	struct session_page *w = s->page;
	enum kith_err code;

	(void)r;
	w->user = h->user[0];
	if ((code = store_err(store_transact(s, load_sessions, w))) != KITH_E_OK) {
		store_reply_error(s, h, code);
		return;
	}
	mark_sessions_online(s, w);
	for (size_t i = 0; i < w->n; i++)
		w->sessions[i].current = w->sessions[i].device == h->device;
	sessions.n_sessions = w->n;
	sessions.sessions = w->list;
	reply.body_case = KITH__V1__REPLY__BODY_SESSIONS;
	reply.sessions = &sessions;
	store_reply(s, h, &reply);
}
