/*
 * store_hook.c - makes hooks.
 */
#include "server/store/store_hook.h"

#include <inttypes.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/base/utf8.h"
#include "server/lib/log.h"
#include "server/rules/name.h"
#include "server/rules/token.h"
#include "server/store/store.h"
#include "server/store/store_query.h"
#include "server/store/store_reply.h"
#include "server/store/store_target.h"
#include "server/store/store_token.h"
#include "server/store/store_transact.h"

_Static_assert(HOOK_NAME_BYTES_MAX <= DEVICE_NAME_BYTES_MAX, "the same column");

struct hook {				/* one request, over all attempts */
	struct store_token_new	 token;
	struct store_target	 target;
	char			 secret[TOKEN_CHARS + 1];
	uint8_t			 hash[TOKEN_HASH_BYTES];
	enum kith_err		 err;
	uint64_t		 device;
};

static enum db_class
find_hook_place(struct store *s, struct hook *k)
{
	struct store_place place;
	enum db_class c;

	c = store_target_find(s, k->token.user, &k->target, CONV_SEND, &place, &k->err);
	k->token.hook = place.conversation;
	return c;
}

static enum db_class
hook_refuse(struct hook *k, enum kith_err err)
{
	k->err = err;
	return DB_DONE;
}

static enum db_class
hook_work(struct store *s, void *arg)
{
	struct hook *k = arg;
	uint64_t hooks = 0;
	enum db_class c;

	if ((c = find_hook_place(s, k)) != DB_OK || k->err != KITH_E_OK)
		return c;
	/* The answer to the commit was lost. */
	if ((c = store_token_find_made(s, &k->token, &k->device)) != DB_DONE)
		return c == DB_OK ? DB_DONE : c;
	c = store_query_row(s, store_query(s, "SELECT COUNT(*) FROM tokens"
	    " WHERE user = ? AND hook <> 0 AND revoked_ms IS NULL", "n", k->token.user), 1,
	    &hooks);
	if (c != DB_OK)
		return c;
	if (hooks >= DEVICES_PER_USER_MAX)
		return hook_refuse(k, KITH_E_TOO_MANY);
	if ((c = store_token_insert(s, &k->token, &k->device)) != DB_OK)
		return c;
	return k->device > DEVICE_MAX ? hook_refuse(k, KITH_E_SERVER_FULL) : DB_OK;
}

static void
hook_answer(struct store *s, const struct ipc_head *h, struct hook *k)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__HookCreated m = KITH__V1__HOOK_CREATED__INIT;

	if (k->err != KITH_E_OK) {
		store_reply_error(s, h, k->err);
		return;
	}
	log_info(k->token.user, "hook.create", "device=%" PRIu64 " conversation=%" PRIu64,
	    k->device, k->token.hook);
	m.device = k->device;
	m.token = k->secret;
	m.conversation = k->token.hook;
	r.body_case = KITH__V1__REPLY__BODY_HOOK_CREATED;
	r.hook_created = &m;
	store_reply(s, h, &r);
}

static enum kith_err
hook_read(struct hook *k, const Kith__V1__CreateHook *m)
{
	size_t len = strlen(m->name);

	if (len > HOOK_NAME_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	if (!name_is_line(m->name, len) || utf8_is_blank(m->name, len))
		return KITH_E_BAD_REQUEST;
	k->token.name = m->name;
	return store_target_read(m->target, &k->target);
}

void
store_hook_create(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	struct hook k = { .token = { .user = h->user[0], .now_ms = clock_utc_ms() } };
	enum kith_err failure;

	k.token.hash = (ProtobufCBinaryData){ sizeof(k.hash), k.hash };
	if ((k.err = hook_read(&k, r->create_hook)) == KITH_E_OK &&
	    token_make(TOKEN_BYTES, k.secret, k.hash) < 0)
		k.err = KITH_E_INTERNAL;
	if (k.err == KITH_E_OK &&
	    (failure = store_err(store_transact(s, hook_work, &k))) != KITH_E_OK)
		k.err = failure;
	hook_answer(s, h, &k);
	explicit_bzero(&k, sizeof(k));
}
