/*
 * client_request.c - one function per request: fills in the schema's message and
 * queues it.
 */
#include "client-cli/libkith/client_request.h"

#include <errno.h>
#include <stdlib.h>

#include "client-cli/libkith/client.h"
#include "client-cli/libkith/client_id.h"
#include "client-cli/libkith/client_link.h"
#include "protocol/limits.h"
#include "protocol/request.h"

#define BODY(name)	KITH__V1__REQUEST__BODY_##name

/* What answers a request: a row of REQUESTS. */
static const struct request_kind {
	Kith__V1__Request__BodyCase request;
	Kith__V1__Reply__BodyCase reply;
} kinds[] = {
#define X(request, name, answerer, reply) \
	{ BODY(request), KITH__V1__REPLY__BODY_##reply },
	REQUESTS(X)
#undef X
};

/* NULL: no request. */
static const struct request_kind *
find_request_kind(Kith__V1__Request__BodyCase which)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].request == which)
			return &kinds[i];
	return NULL;
}

/* What cannot be repeated without asking the user: a second time it fails, or does
 * something else. */
static unsigned
repeat_flags(Kith__V1__Request__BodyCase which)
{
	switch (which) {
	case BODY(LOGOUT):
	case BODY(CHANGE_PASSWORD):
	case BODY(REVOKE_SESSION):
	case BODY(CREATE_HOOK):
		return REQUEST_ONCE;
	default:
		return 0;
	}
}

static int
queue_request(struct kith *k, Kith__V1__Request__BodyCase which, void *body, unsigned flags,
    kith_reply_fn fn, void *arg)
{
	const struct request_kind *kind = find_request_kind(which);
	int rc;

	if (kind == NULL)
		return -EINVAL;
	if (k->phase == KITH_ENDED)
		return -ESHUTDOWN;
	rc = client_queue_add(&k->queue, which, body, kind->reply, flags | repeat_flags(which),
	    fn, arg);
	if (rc == 0)
		client_link_want_tick(k);
	return rc;
}

static int
ask_server(struct kith *k, Kith__V1__Request__BodyCase which, void *body,
    kith_reply_fn fn, void *arg)
{
	return queue_request(k, which, body, 0, fn, arg);
}

int
client_request_internal(struct kith *k, Kith__V1__Request__BodyCase which, void *body,
    kith_reply_fn fn)
{
	return queue_request(k, which, body, REQUEST_INTERNAL, fn, NULL);
}

/* -- one function per request --------------------------------------------- */

static void
fill_group_target(Kith__V1__Target *t, const char *name)
{
	kith__v1__target__init(t);
	t->to_case = KITH__V1__TARGET__TO_GROUP;
	t->group = (char *)name;
}

uint64_t
kith_client_ids(struct kith *k, unsigned n)
{
	return client_id_take(&k->queue.last_client_id, n);
}

int
kith_send(struct kith *k, uint64_t client_id, const Kith__V1__Target *targets, size_t n,
    const char *text, kith_reply_fn fn, void *arg)
{
	Kith__V1__Send body = KITH__V1__SEND__INIT;
	Kith__V1__Target *list[TARGETS_MAX];

	if (n > TARGETS_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < n; i++)
		list[i] = (Kith__V1__Target *)&targets[i];
	body.targets = list;
	body.n_targets = n;
	body.client_id = client_id;
	body.text = (char *)text;
	return ask_server(k, BODY(SEND), &body, fn, arg);
}

int
kith_history(struct kith *k, const Kith__V1__Target *target, uint64_t after, uint64_t before,
    uint32_t limit, kith_reply_fn fn, void *arg)
{
	Kith__V1__History body = KITH__V1__HISTORY__INIT;

	body.target = (Kith__V1__Target *)target;
	body.after = after;
	body.before = before;
	body.limit = limit;
	return ask_server(k, BODY(HISTORY), &body, fn, arg);
}

int
kith_mark_read(struct kith *k, uint64_t conversation, uint64_t seq, kith_reply_fn fn, void *arg)
{
	Kith__V1__MarkRead body = KITH__V1__MARK_READ__INIT;

	body.conversation = conversation;
	body.seq = seq;
	return ask_server(k, BODY(MARK_READ), &body, fn, arg);
}

int
kith_list_conversations(struct kith *k, uint64_t after, const uint64_t *ids, size_t n,
    kith_reply_fn fn, void *arg)
{
	Kith__V1__ListConversations body = KITH__V1__LIST_CONVERSATIONS__INIT;

	body.after = after;
	body.limit = PAGE_ROWS_MAX;
	body.ids = (uint64_t *)ids;
	body.n_ids = n;
	return ask_server(k, BODY(LIST_CONVERSATIONS), &body, fn, arg);
}

int
kith_list_groups(struct kith *k, uint64_t after, kith_reply_fn fn, void *arg)
{
	Kith__V1__ListGroups body = KITH__V1__LIST_GROUPS__INIT;

	body.after = after;
	body.limit = PAGE_ROWS_MAX;
	return ask_server(k, BODY(LIST_GROUPS), &body, fn, arg);
}

int
kith_create_group(struct kith *k, const char *name, const char *topic, int is_public,
    kith_reply_fn fn, void *arg)
{
	Kith__V1__CreateGroup body = KITH__V1__CREATE_GROUP__INIT;

	body.name = (char *)name;
	body.topic = (char *)topic;
	body.public_ = is_public;
	return ask_server(k, BODY(CREATE_GROUP), &body, fn, arg);
}

int
kith_join_group(struct kith *k, const char *name, kith_reply_fn fn, void *arg)
{
	Kith__V1__JoinGroup body = KITH__V1__JOIN_GROUP__INIT;
	Kith__V1__Target target;

	fill_group_target(&target, name);
	body.target = &target;
	return ask_server(k, BODY(JOIN_GROUP), &body, fn, arg);
}

int
kith_leave_group(struct kith *k, const char *name, kith_reply_fn fn, void *arg)
{
	Kith__V1__LeaveGroup body = KITH__V1__LEAVE_GROUP__INIT;
	Kith__V1__Target target;

	fill_group_target(&target, name);
	body.target = &target;
	return ask_server(k, BODY(LEAVE_GROUP), &body, fn, arg);
}

int
kith_list_members(struct kith *k, const char *name, uint64_t after, kith_reply_fn fn, void *arg)
{
	Kith__V1__ListMembers body = KITH__V1__LIST_MEMBERS__INIT;
	Kith__V1__Target target;

	fill_group_target(&target, name);
	body.target = &target;
	body.after = after;
	body.limit = PAGE_ROWS_MAX;
	return ask_server(k, BODY(LIST_MEMBERS), &body, fn, arg);
}

int
kith_invite(struct kith *k, const char *group, const char *user, kith_reply_fn fn, void *arg)
{
	Kith__V1__InviteToGroup body = KITH__V1__INVITE_TO_GROUP__INIT;
	Kith__V1__Target target;

	fill_group_target(&target, group);
	body.target = &target;
	body.user = (char *)user;
	return ask_server(k, BODY(INVITE_TO_GROUP), &body, fn, arg);
}

int
kith_who(struct kith *k, char **names, size_t n, uint64_t after, kith_reply_fn fn, void *arg)
{
	Kith__V1__Who body = KITH__V1__WHO__INIT;

	body.names = names;
	body.n_names = n;
	body.after = after;
	body.limit = PAGE_ROWS_MAX;
	return ask_server(k, BODY(WHO), &body, fn, arg);
}

int
kith_logout(struct kith *k, kith_reply_fn fn, void *arg)
{
	Kith__V1__Logout body = KITH__V1__LOGOUT__INIT;

	return ask_server(k, BODY(LOGOUT), &body, fn, arg);
}

int
kith_change_password(struct kith *k, const char *old_password, const char *new_password,
    kith_reply_fn fn, void *arg)
{
	Kith__V1__ChangePassword body = KITH__V1__CHANGE_PASSWORD__INIT;

	body.old_password = (char *)old_password;
	body.new_password = (char *)new_password;
	return ask_server(k, BODY(CHANGE_PASSWORD), &body, fn, arg);
}

int
kith_list_sessions(struct kith *k, kith_reply_fn fn, void *arg)
{
	Kith__V1__ListSessions body = KITH__V1__LIST_SESSIONS__INIT;

	return ask_server(k, BODY(LIST_SESSIONS), &body, fn, arg);
}

int
kith_revoke_session(struct kith *k, uint64_t device, kith_reply_fn fn, void *arg)
{
	Kith__V1__RevokeSession body = KITH__V1__REVOKE_SESSION__INIT;

	body.device = device;
	return ask_server(k, BODY(REVOKE_SESSION), &body, fn, arg);
}

int
kith_create_hook(struct kith *k, const Kith__V1__Target *target, const char *name,
    kith_reply_fn fn, void *arg)
{
	Kith__V1__CreateHook body = KITH__V1__CREATE_HOOK__INIT;

	body.target = (Kith__V1__Target *)target;
	body.name = (char *)name;
	return ask_server(k, BODY(CREATE_HOOK), &body, fn, arg);
}
