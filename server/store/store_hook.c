/*
 * store_hook.c - makes hooks: tokens that can post to one conversation and do nothing else.
 * Writer.
 *
 * A hook is a row of tokens, so it is listed and revoked as a device is. It posts as its maker,
 * who may lose the right to, and then so has the hook.
 *
 * Crash  Killed between commit and answer, the writer reads the request again and makes another
 *        one. Nobody has the first one's secret; it is listed, and can be revoked.
 */
#include <inttypes.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/rules/name.h"
#include "server/rules/token.h"
#include "server/store/store_account.h"
#include "server/store/store_list.h"

_Static_assert(HOOK_NAME_BYTES_MAX <= DEVICE_NAME_BYTES_MAX, "it is in the same column");

struct hook {				/* one request, over all attempts */
	struct token_new	 token;
	struct store_target	 target;
	char			 secret[TOKEN_CHARS + 1];
	uint8_t			 hash[TOKEN_HASH_BYTES];
	enum kith_err		 err;
	uint64_t		 device;
};

/* As for sending. */
static enum db_class
find_place(struct store *s, struct hook *k)
{
	struct store_place place;
	enum db_class c;

	c = store_find(s, k->token.user, &k->target, CONV_SEND, &place, &k->err);
	if (c == DB_OK && k->err == KITH_E_OK && place.peer_disabled)
		k->err = KITH_E_NO_SUCH_USER;
	k->token.hook = place.conversation;
	return c;
}

static enum db_class
count_hooks(struct store *s, uint64_t user, uint32_t *n)
{
	return store_number(s, store_stmt(s, "SELECT COUNT(*) FROM tokens"
	    " WHERE user = ? AND hook <> 0 AND revoked_ms IS NULL", 1, user), n);
}

static enum db_class
refuse(struct hook *k, enum kith_err err)
{
	k->err = err;
	return DB_DONE;
}

static enum db_class
create(struct store *s, void *arg)
{
	struct hook *k = arg;
	uint32_t hooks = 0;
	enum db_class c;

	if ((c = find_place(s, k)) != DB_OK || k->err != KITH_E_OK)
		return c;
	/* The answer to the commit was lost. */
	if ((c = token_find_made(s, &k->token, &k->device)) != DB_DONE)
		return c == DB_ROW ? DB_DONE : c;
	if ((c = count_hooks(s, k->token.user, &hooks)) != DB_OK)
		return c;
	if (hooks >= DEVICES_PER_USER_MAX)
		return refuse(k, KITH_E_TOO_MANY);
	if ((c = token_insert(s, &k->token, &k->device)) != DB_OK)
		return c;
	return k->device > DEVICE_MAX ? refuse(k, KITH_E_SERVER_FULL) : DB_OK;
}

static void
answer(struct store *s, const struct ipc_head *h, struct hook *k)
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
read_request(struct hook *k, const Kith__V1__CreateHook *m)
{
	size_t len = strlen(m->name);

	if (len > HOOK_NAME_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	if (len == 0 || !name_is_line(m->name, len))
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
	if ((k.err = read_request(&k, r->create_hook)) == KITH_E_OK &&
	    token_make(TOKEN_BYTES, k.secret, k.hash) < 0)
		k.err = KITH_E_INTERNAL;
	if (k.err == KITH_E_OK &&
	    (failure = store_err(store_transact(s, create, &k))) != KITH_E_OK)
		k.err = failure;
	answer(s, h, &k);
	explicit_bzero(&k, sizeof(k));
}
