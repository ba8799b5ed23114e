/*
 * store_reply.c - answers to workers.
 */
#include "server/store/store_reply.h"

#include <errno.h>
#include <string.h>

#include "protocol/limits.h"

/* UNAVAILABLE passes by itself: try again after this. */
void
store_reply_head(const struct ipc_head *asked, enum ipc_type type, struct ipc_head *out)
{
	memset(out, 0, sizeof(*out));
	out->type = (uint16_t)type;
	out->session = asked->session;
	out->session_serial = asked->session_serial;
	out->request = asked->request;
	out->user[0] = asked->user[0];
	out->device = asked->device;
	memcpy(out->address, asked->address, sizeof(out->address));
	out->to_generation = asked->generation;
}

void
store_reply_fill_error(Kith__V1__Error *e, enum kith_err code)
{
	kith__v1__error__init(e);
	e->code = (Kith__V1__ErrorCode)code;
	e->text = (char *)(uintptr_t)kith_err_text(code);
	if (code == KITH_E_UNAVAILABLE)
		e->retry_after_ms = RETRY_BUSY_MS;
}

void
store_reply(struct store *s, const struct ipc_head *h, Kith__V1__Reply *r)
{
	struct ipc_head out;
	int rc;

	store_reply_head(h, IPC_REPLY, &out);
	if (r->body_case == KITH__V1__REPLY__BODY_ERROR)
		out.code = (uint32_t)r->error->code;
	r->id = h->request;
	rc = ipc_send_msg(s->p, h->from, &out, &r->base);
	if (rc == -EMSGSIZE && r->body_case != KITH__V1__REPLY__BODY_ERROR)
		store_reply_error(s, h, KITH_E_TOO_LARGE);
}

void
store_reply_done(struct store *s, const struct ipc_head *h)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Done done = KITH__V1__DONE__INIT;

	r.body_case = KITH__V1__REPLY__BODY_DONE;
	r.done = &done;
	store_reply(s, h, &r);
}

void
store_reply_error(struct store *s, const struct ipc_head *h, enum kith_err code)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Error e;

	store_reply_fill_error(&e, code);
	r.body_case = KITH__V1__REPLY__BODY_ERROR;
	r.error = &e;
	store_reply(s, h, &r);
}
