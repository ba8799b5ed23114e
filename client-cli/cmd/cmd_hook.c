/*
 * cmd_hook.c - hook: addresses that programs post to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"
#include "protocol/limits.h"

#define URL_MAX		(KITH_ADDRESS_MAX + TOKEN_CHARS + 32u)

struct hooks {
	Kith__V1__Target target;		/* create */
	uint64_t	 number;		/* revoke */

	/* list: from ListSessions, until the names are known */
	struct hook {
		uint64_t	number, conversation, created_ms, used_ms;
		char		name[HOOK_NAME_BYTES_MAX + 1];
	}		 rows[DEVICES_PER_USER_MAX];
	size_t		 n;
};

/* -- create --------------------------------------------------------------- */

static void
print_created(struct app *app, const Kith__V1__HookCreated *made)
{
	struct out *o = &app->out;
	char address[KITH_ADDRESS_MAX], url[URL_MAX], id[24];

	kith_url_address(&app->url, address);
	snprintf(url, sizeof(url), "%s://%s/v1/hook/%s", app->url.plain ? "http" : "https",
	    address, made->token);
	snprintf(id, sizeof(id), "%" PRIu64, made->conversation);
	out_begin(o);
	out_text(o, "url", url);
	out_details(o);
	out_number(o, "hook", made->device);
	out_text(o, "name", app->argv[2]);
	out_text(o, "conversation_id", id);
	out_end(o);
	explicit_bzero(url, sizeof(url));
}

static void
on_hook_created(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;

	(void)k;
	if (why != NULL) {
		app_fail(app, "hook create", why);
		return;
	}
	print_created(app, reply->hook_created);
	app_finish(app, KITH_EXIT_DONE);
}

static void
ask_hook_create(struct app *app)
{
	const struct hooks *h = app->data;

	app_check(app, kith_create_hook(app->kith, &h->target, app->argv[2], on_hook_created, app));
}

/* -- list ----------------------------------------------------------------- */

/* "#ops" or "@alice"; the number if ListConversations does not have it, such as a direct
 * conversation in which nobody has written yet. */
static void
name_conversation(uint64_t id, const Kith__V1__Conversations *all, char *out, size_t size)
{
	snprintf(out, size, "%" PRIu64, id);
	for (size_t i = 0; i < all->n_conversations; i++) {
		const Kith__V1__Conversation *c = all->conversations[i];

		if (c->id == id)
			snprintf(out, size, "%c%s",
			    c->kind == KITH__V1__CONVERSATION_KIND__GROUP ? '#' : '@', c->name);
	}
}

static void
on_hook_names(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	const struct hooks *h = app->data;
	struct out *o = &app->out;

	(void)k;
	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	for (size_t i = 0; i < h->n; i++) {
		const struct hook *hook = &h->rows[i];
		char name[NAME_BYTES_MAX + 2], id[24];

		name_conversation(hook->conversation, reply->conversations, name, sizeof(name));
		snprintf(id, sizeof(id), "%" PRIu64, hook->conversation);
		out_begin(o);
		out_number(o, "hook", hook->number);
		out_text(o, "name", hook->name);
		out_text(o, "conversation", name);
		out_time(o, "created", hook->created_ms);
		out_time(o, "used", hook->used_ms);
		out_details(o);
		out_text(o, "conversation_id", id);
		out_end(o);
	}
	app_finish(app, KITH_EXIT_DONE);
}

static void
ask_hook_names(struct app *app)
{
	const struct hooks *h = app->data;
	uint64_t ids[DEVICES_PER_USER_MAX];

	for (size_t i = 0; i < h->n; i++)
		ids[i] = h->rows[i].conversation;
	app_check(app, kith_list_conversations(app->kith, 0, ids, h->n, on_hook_names, app));
}

static void
take_hooks(struct hooks *h, const Kith__V1__Sessions *all)
{
	for (size_t i = 0; i < all->n_sessions && h->n < DEVICES_PER_USER_MAX; i++) {
		const Kith__V1__Session *s = all->sessions[i];
		struct hook *hook = &h->rows[h->n];

		if (s->hook == 0)
			continue;
		*hook = (struct hook){ .number = s->device, .conversation = s->hook,
			.created_ms = s->created_ms, .used_ms = s->used_ms };
		snprintf(hook->name, sizeof(hook->name), "%s", s->device_name);
		h->n++;
	}
}

static void
on_hook_list(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	struct hooks *h = app->data;

	(void)k;
	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	take_hooks(h, reply->sessions);
	if (h->n > 0)
		ask_hook_names(app);
	else
		app_finish(app, KITH_EXIT_DONE);
}

static void
ask_hook_list(struct app *app)
{
	app_check(app, kith_list_sessions(app->kith, on_hook_list, app));
}

/* -- revoke --------------------------------------------------------------- */

/* Refuses the number of a device: `kith sessions revoke` logs those out. */
static void
on_hooks_known(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	const struct hooks *h = app->data;
	const Kith__V1__Sessions *all;

	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	all = reply->sessions;
	for (size_t i = 0; i < all->n_sessions; i++)
		if (all->sessions[i]->device == h->number && all->sessions[i]->hook != 0) {
			app_check(app, kith_revoke_session(k, h->number, app_on_done, app));
			return;
		}
	say("%s: no such hook (kith hook list lists them)", app->argv[1]);
	app_finish(app, KITH_EXIT_TARGET);
}

static void
ask_hook_revoke(struct app *app)
{
	app_check(app, kith_list_sessions(app->kith, on_hooks_known, app));
}

/* -- the verbs ------------------------------------------------------------ */

static int
read_create_arguments(struct app *app, struct hooks *h)
{
	char typed[NAME_BYTES_MAX + 2];
	const char *bad;

	snprintf(typed, sizeof(typed), "%s", app->argv[1]);
	return kith_targets_parse(app->argv[1], &h->target, 1, &bad) == 1 ?
	    0 : say_usage_target(typed);
}

static int
read_revoke_arguments(struct app *app, struct hooks *h)
{
	char *end;

	h->number = strtoull(app->argv[1], &end, 10);
	return *end == '\0' && h->number != 0 ? 0 :
	    say_usage("%s: not a hook number (kith hook list lists them)", app->argv[1]);
}

static const struct hook_verb {
	const char	*name;
	int		 arguments;	/* the verb itself included */
	int		(*read)(struct app *app, struct hooks *h);	/* NULL: nothing to read */
	void		(*ready)(struct app *app);
} verbs[] = {
	{ "create",	3, read_create_arguments, ask_hook_create },
	{ "list",	1, NULL,		  ask_hook_list },
	{ "revoke",	2, read_revoke_arguments, ask_hook_revoke },
};

int
cmd_hook(struct app *app)
{
	struct hooks h = { .n = 0 };
	int rc;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, app->argv[0]) != 0)
			continue;
		if (app->argc != verbs[i].arguments)
			break;
		if (verbs[i].read != NULL && (rc = verbs[i].read(app, &h)) != 0)
			return rc;
		app->data = &h;
		return app_simple(app, verbs[i].ready);
	}
	return say_usage("usage:\n%s", app->command->more);
}
