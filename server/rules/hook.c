/* hook.c - what a hook's token is good for. */
#include "server/rules/hook.h"

bool
hook_may(const struct hook_session *s, const Kith__V1__Request *r)
{
	const Kith__V1__Send *send = r->send;

	if (!s->logged_in)
		return !s->by_hook || s->light;
	if (s->conversation == 0)
		return true;
	return r->body_case == KITH__V1__REQUEST__BODY_SEND && send->n_targets == 1 &&
	    send->targets[0]->to_case == KITH__V1__TARGET__TO_CONVERSATION &&
	    send->targets[0]->conversation == s->conversation;
}
