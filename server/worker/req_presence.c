/* req_presence.c - who is online, from the registry. */
#include <stdlib.h>
#include <string.h>

#include "protocol/base/utf8.h"
#include "server/worker/conn.h"
#include "server/worker/dispatch.h"
#include "server/worker/worker.h"

/* The `limit` + 1 lowest user ids after `after`, sorted. */
struct online {
	uint64_t	after;
	unsigned	limit, n;
	struct online_user {
		uint64_t	id, since_ms;
		uint32_t	sessions;
		char		name[REGISTRY_NAME_BYTES];
	} users[PAGE_ROWS_MAX + 1];
	Kith__V1__Presence	rows[PAGE_ROWS_MAX], *list[PAGE_ROWS_MAX];
};

/* Where `user` is, or would be. */
static unsigned
online_place(const struct online *o, uint64_t user)
{
	unsigned low = 0, high = o->n, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (o->users[middle].id < user)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
collect_online(uint64_t user, const struct registry_session *s, void *arg)
{
	struct online *o = arg;
	unsigned at = online_place(o, user);
	struct online_user *u = &o->users[at];

	if (user <= o->after || at > o->limit)
		return 0;
	if (at < o->n && u->id == user) {
		u->sessions++;
		if (s->since_ms < u->since_ms)
			u->since_ms = s->since_ms;
		return 0;
	}
	if (o->n == o->limit + 1)
		o->n--;			/* the highest makes room */
	memmove(u + 1, u, (o->n - at) * sizeof(*u));
	o->n++;
	*u = (struct online_user){ .id = user, .since_ms = s->since_ms, .sessions = 1 };
	memcpy(u->name, s->name, sizeof(u->name) - 1);
	/* Another worker wrote it. */
	if (!utf8_valid(u->name, strlen(u->name)))
		u->name[0] = '\0';
	return 0;
}

static void
reply_online(struct conn *c, uint64_t id, struct online *o)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Presences presences = KITH__V1__PRESENCES__INIT;
	unsigned i;

	presences.more = o->n > o->limit;
	presences.n_users = presences.more ? o->limit : o->n;
	presences.users = o->list;
	for (i = 0; i < presences.n_users; i++) {
		Kith__V1__Presence *row = o->list[i] = &o->rows[i];

		kith__v1__presence__init(row);
		row->user_id = o->users[i].id;
		row->name = o->users[i].name;
		row->online = true;
		row->sessions = o->users[i].sessions;
		row->since_ms = o->users[i].since_ms;
	}
	reply.id = id;
	reply.body_case = KITH__V1__REPLY__BODY_PRESENCES;
	reply.presences = &presences;
	session_reply(c, &reply);
}

bool
req_who(struct conn *c, const Kith__V1__Request *r)
{
	const Kith__V1__Who *who = r->who;
	struct online *o;

	if (who->n_names > 0)
		return false;		/* the store knows those who are not here */
	if ((o = calloc(1, sizeof(*o))) == NULL) {
		session_error(c, r->id, KITH_E_BUSY, NULL, 0);
		return true;
	}
	o->after = who->after;
	o->limit = who->limit == 0 ? PAGE_ROWS_DEFAULT :
	    who->limit > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : who->limit;
	if (registry_walk(&c->w->p->shared->registry, collect_online, o) < 0)
		session_error(c, r->id, KITH_E_INTERNAL, NULL, 0);
	else
		reply_online(c, r->id, o);
	free(o);
	return true;
}
