/*
 * store_reply.c - answers to workers.
 */
#include "server/store/store_reply.h"

#include <errno.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/reply.h"

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

/* UNAVAILABLE passes by itself. */
static uint32_t
reply_retry_ms(enum kith_err code)
{
	return code == KITH_E_UNAVAILABLE ? RETRY_BUSY_MS : 0;
}

void
store_reply_fill_error(Kith__V1__Error *e, enum kith_err code)
{
	reply_fill_error(e, code, NULL, reply_retry_ms(code));
}

static int
reply_send(struct store *s, const struct ipc_head *h, const Kith__V1__Reply *r, uint8_t flags)
{
	struct ipc_head out;

	store_reply_head(h, IPC_REPLY, &out);
	out.flags = flags;
	if (r->body_case == KITH__V1__REPLY__BODY_ERROR)
		out.code = (uint32_t)r->error->code;
	return ipc_send_msg(s->p, h->from, &out, &r->base);
}

void
store_reply(struct store *s, const struct ipc_head *h, Kith__V1__Reply *r)
{
	r->id = h->request;
	if (reply_send(s, h, r, 0) == -EMSGSIZE)
		store_reply_error(s, h, KITH_E_TOO_LARGE);
}

void
store_reply_done(struct store *s, const struct ipc_head *h)
{
	struct reply r;

	reply_send(s, h, reply_done(&r, h->request), 0);
}

void
store_reply_done_and_close(struct store *s, const struct ipc_head *h)
{
	struct reply r;

	reply_send(s, h, reply_done(&r, h->request), IPC_F_CLOSE);
}

void
store_reply_error(struct store *s, const struct ipc_head *h, enum kith_err code)
{
	store_reply_error_text(s, h, code, NULL);
}

void
store_reply_error_text(struct store *s, const struct ipc_head *h, enum kith_err code,
    const char *text)
{
	struct reply r;

	reply_send(s, h, reply_error(&r, h->request, code, text, reply_retry_ms(code)), 0);
}
