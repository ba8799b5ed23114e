/* req_typing.c - somebody writes: told to those in the conversation who are online. */
#include "server/proc/ipc.h"
#include "server/rules/conv.h"
#include "server/worker/conn.h"
#include "server/worker/dispatch.h"
#include "server/worker/worker.h"

/* Whoever does not follow a group is told the same whether or not there is one. */
enum kith_err
req_check_typing(struct conn *c, const Kith__V1__Request *r, const char **text)
{
	const Kith__V1__Typing *typing = r->typing;
	const struct session *s = &c->session;

	if (typing->user_id != 0 || *typing->name != '\0') {
		*text = "who writes is known";
		return KITH_E_BAD_REQUEST;
	}
	if (conv_is_group(typing->conversation))
		return session_follows(s, typing->conversation) ? KITH_E_OK : KITH_E_NOT_MEMBER;
	return conv_peer(typing->conversation, s->user) != 0 ?
	    KITH_E_OK : KITH_E_NO_SUCH_CONVERSATION;
}

/* The workers with sessions of those who are told. None, if the registry cannot say: it was
 * but a hint. */
static uint32_t
workers_of(struct registry *r, uint64_t conversation, uint64_t user)
{
	uint64_t peer = conv_peer(conversation, user);
	uint32_t mask = 0;
	int rc;

	if (peer == user)
		return 0;		/* notes to oneself */
	rc = peer != 0 ? registry_user_workers(r, peer, &mask) :
	    registry_group_workers(r, conversation, &mask);
	return rc < 0 ? 0 : mask;
}

static void
tell(struct conn *c, uint64_t conversation)
{
	struct proc *p = c->w->p;
	struct session *s = &c->session;
	struct ipc_head h = { .type = IPC_TYPING, .user = { s->user },
		.conversation = conversation };
	uint32_t workers = workers_of(&p->shared->registry, conversation, s->user);
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Typing typing = KITH__V1__TYPING__INIT;
	uint8_t packed[IPC_TYPING_MAX];
	uint32_t len;

	typing.conversation = conversation;
	typing.user_id = s->user;
	typing.name = s->name;
	reply.body_case = KITH__V1__REPLY__BODY_TYPING;
	reply.typing = &typing;
	len = (uint32_t)kith__v1__reply__pack(&reply, packed);
	for (unsigned i = 0; i < p->shared->count[ROLE_WORKER] && i < REGISTRY_WORKERS_MAX; i++)
		if (workers & 1u << i)
			ipc_send_hint(p, p->shared->first[ROLE_WORKER] + i, &h, packed, len);
}

bool
req_typing(struct conn *c, const Kith__V1__Request *r)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Done done = KITH__V1__DONE__INIT;

	reply.id = r->id;
	reply.body_case = KITH__V1__REPLY__BODY_DONE;
	reply.done = &done;
	session_reply(c, &reply);
	tell(c, r->typing->conversation);
	return true;
}
