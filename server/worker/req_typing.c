/* req_typing.c - somebody writes: told to those in the conversation who are online. */
#include "protocol/reply.h"
#include "server/proc/ipc.h"
#include "server/rules/conv.h"
#include "server/worker/conn.h"
#include "server/worker/dispatch.h"
#include "server/worker/worker.h"

/* For a session that does not follow the group, it might be a public one: it is told the same
 * whether or not there is one. */
enum kith_err
req_check_typing(struct conn *c, const Kith__V1__Request *r, const char **text)
{
	const Kith__V1__Typing *typing = r->typing;
	const struct session *s = &c->session;
	bool group = conv_is_group(typing->conversation);
	const struct conv_object object = { .direct = !group, .is_public = true };
	struct conv_user user = { .standing = CONV_STRANGER };

	if (typing->user_id != 0 || *typing->name != '\0') {
		*text = "who writes is known";
		return KITH_E_BAD_REQUEST;
	}
	if (group ? session_follows(s, typing->conversation) :
	    conv_peer(typing->conversation, s->user) != 0)
		user.standing = CONV_MEMBER;
	return conv_may(&user, CONV_TYPING, &object);
}

/* The workers with sessions of those who are told: 0, or what the registry answered. */
static int
workers_of(struct registry *r, uint64_t conversation, uint64_t user, uint32_t *mask)
{
	uint64_t peer = conv_peer(conversation, user);

	*mask = 0;
	if (peer == user)
		return 0;		/* notes to oneself */
	return peer != 0 ? registry_user_workers(r, peer, mask) :
	    registry_group_workers(r, conversation, mask);
}

static void
tell_typing(struct conn *c, uint64_t conversation)
{
	struct proc *p = c->w->p;
	struct session *s = &c->session;
	struct ipc_head h = { .type = IPC_TYPING, .user = { s->user },
		.conversation = conversation };
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Typing typing = KITH__V1__TYPING__INIT;
	uint8_t packed[IPC_TYPING_MAX];
	uint32_t workers, len;
	int found = workers_of(&p->shared->registry, conversation, s->user, &workers);

	typing.conversation = conversation;
	typing.user_id = s->user;
	typing.name = s->name;
	reply.body_case = KITH__V1__REPLY__BODY_TYPING;
	reply.typing = &typing;
	len = (uint32_t)kith__v1__reply__pack(&reply, packed);
	ipc_hint_workers(p, found, workers, &h, packed, len);
}

bool
req_typing(struct conn *c, const Kith__V1__Request *r)
{
	struct reply done;

	session_reply(c, reply_done(&done, r->id));
	tell_typing(c, r->typing->conversation);
	return true;
}
