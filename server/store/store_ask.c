/*
 * store_ask.c - auth's questions: the table of them, and their answers.
 */
#include "server/store/store_ask.h"

#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/oneof.h"
#include "protocol/wire.h"
#include "server/lib/log.h"
#include "server/store/store.h"
#include "server/store/store_account.h"
#include "server/store/store_device.h"
#include "server/store/store_reply.h"
#include "server/store/store_tell.h"
#include "server/store/store_transact.h"

#define ASK(what)	[KITH__IPC__ASK__WHAT_##what]

static const struct store_ask_row *const ask_rows[] = {
	ASK(FIND_ACCOUNT) = &store_account_find,
	ASK(CREATE_ACCOUNT) = &store_account_create,
	ASK(SET_PASSWORD) = &store_account_set_password,
	ASK(CREATE_TOKEN) = &store_device_create,
	ASK(FIND_TOKEN) = &store_device_find,
	ASK(CREATE_INVITE) = &store_account_create_invite,
	ASK(SET_DISABLED) = &store_account_set_disabled,
	ASK(TOKENS_USED) = &store_device_used,
	ASK(CHECK_INVITE) = &store_account_check,
};

static enum db_class
ask_run(struct store *s, void *arg)
{
	struct store_ask *w = arg;

	*w = (struct store_ask){ .row = w->row, .body = w->body, .now_ms = w->now_ms };
	return w->row->work(s, w);
}

static void
ask_answer(struct store *s, const struct ipc_head *h, struct store_ask *w)
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
	a.history = w->history;
	a.device_name = w->device_name;
	store_reply_head(h, IPC_ANSWER, &out);
	ipc_send_msg(s->p, h->from, &out, &a.base);
}

/* Runs the row's work, if it is this role's to do. */
static void
ask_handle(struct store *s, struct store_ask *w)
{
	enum db_class c;

	if (w->row == NULL || w->row->writer != (s->writer != NULL) ||
	    !w->row->valid(w->body)) {
		log_warn(0, "store.ask", "not a question for the %s",
		    s->writer != NULL ? "writer" : "reader");
		w->code = KITH_E_BAD_REQUEST;
		return;
	}
	c = store_transact(s, ask_run, w);
	if (c == DB_DUPLICATE)
		w->code = w->row->duplicate;
	else if (store_err(c) != KITH_E_OK)
		w->code = store_err(c);
	if (c == DB_OK && w->revoked)
		store_tell_revoked(s, w->revoked_user, w->revoked_device, w->revoked_except);
}

void
store_ask(struct store *s, const struct ipc_head *h, const uint8_t *body, uint32_t len)
{
	struct store_ask w = { .now_ms = clock_utc_ms() };
	const Kith__Ipc__Ask *ask;
	ProtobufCMessage *m;

	if (wire_unpack(&kith__ipc__ask__descriptor, body, len, &s->mem, NULL, &m) == KITH_E_OK) {
		ask = (const Kith__Ipc__Ask *)m;
		w.row = ask_rows[ask->what_case];
		w.body = oneof_body(m, ask->what_case);
	}
	ask_handle(s, &w);
	ask_answer(s, h, &w);
	explicit_bzero(&w, sizeof(w));
	unpackmem_reset(&s->mem);
}
