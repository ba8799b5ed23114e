/*
 * cmd_hook.c - hook: addresses that programs post to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd_verb.h"
#include "protocol/limits.h"

#define LOBBY		"lobby"
#define URL_MAX		(KITH_ADDRESS_MAX + TOKEN_CHARS + 32u)

/* list: from ListSessions, until the names are known. */
struct hooks {
	struct hook {
		uint64_t	number, conversation, created_ms, used_ms;
		char		name[HOOK_NAME_BYTES_MAX + 1];
		char		place[NAME_BYTES_MAX + 2];	/* "#ops"; "": not known */
	}		 rows[DEVICES_PER_USER_MAX];
	size_t		 n, next;	/* next: to be named */
};

/* -- create --------------------------------------------------------------- */

static void
print_created(struct app *app, const Kith__V1__HookCreated *made)
{
	struct out *o = &app->out;
	char address[KITH_ADDRESS_MAX], url[URL_MAX], id[24];

	app->done = "created";
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
		app_fail(app, app->argv[1], why);
		return;
	}
	print_created(app, reply->hook_created);
	app_finish(app, KITH_EXIT_DONE);
}

static void
ask_hook_create(struct app *app)
{
	char word[NAME_BYTES_MAX + 2];
	Kith__V1__Target target;
	const char *bad;

	snprintf(word, sizeof(word), "%s", app->argv[1]);
	kith_targets_parse(word, &target, 1, &bad);	/* read_hook_target() has accepted it */
	app_check(app, kith_create_hook(app->kith, &target, app->argv[2], on_hook_created, app));
}

static int
read_hook_target(struct app *app)
{
	char word[NAME_BYTES_MAX + 2];
	Kith__V1__Target target;
	const char *bad;

	if (strlen(app->argv[1]) >= sizeof(word))
		return say_usage("%s: the name is too long: at most %u characters", app->argv[1],
		    NAME_CHARS_MAX);
	strcpy(word, app->argv[1]);
	return kith_targets_parse(word, &target, 1, &bad) == 1 ? 0 :
	    say_usage_target(app->argv[1]);
}

/* -- list ----------------------------------------------------------------- */

static void
print_hooks(struct app *app)
{
	const struct hooks *h = app->data;
	struct out *o = &app->out;

	for (size_t i = 0; i < h->n; i++) {
		const struct hook *hook = &h->rows[i];
		char id[24];

		snprintf(id, sizeof(id), "%" PRIu64, hook->conversation);
		out_begin(o);
		out_number(o, "hook", hook->number);
		out_text(o, "name", hook->name);
		out_text(o, "conversation", hook->place[0] != '\0' ? hook->place : id);
		out_time(o, "created", hook->created_ms);
		out_time(o, "used", hook->used_ms);
		out_details(o);
		out_text(o, "conversation_id", id);
		out_end(o);
	}
	app_finish(app, KITH_EXIT_DONE);
}

/* The other person's id; 0: it is a group. */
static uint64_t
peer_of(const struct app *app, uint64_t conversation)
{
	uint64_t me = kith_user_id(app->kith), a = conversation >> 31 & USER_ID_MAX;

	if (!(conversation & CONVERSATION_DIRECT_BIT))
		return 0;
	return a != me ? a : conversation & USER_ID_MAX;
}

static void	ask_hook_person(struct app *app);

static void
on_hook_person(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	struct hooks *h = app->data;
	struct hook *hook = &h->rows[h->next++];

	(void)k;
	for (size_t i = 0; why == NULL && i < reply->members->n_members; i++)
		if (reply->members->members[i]->user_id == peer_of(app, hook->conversation))
			snprintf(hook->place, sizeof(hook->place), "@%s",
			    reply->members->members[i]->name);
	ask_hook_person(app);
}

/* A conversation in which nobody has written yet is in no list, but everybody is in the
 * lobby, unless they have left it: its members are listed by rising id. */
static void
ask_hook_person(struct app *app)
{
	struct hooks *h = app->data;
	uint64_t peer = 0;

	for (; h->next < h->n; h->next++) {
		struct hook *hook = &h->rows[h->next];

		if (hook->place[0] != '\0' || (peer = peer_of(app, hook->conversation)) == 0)
			continue;
		if (peer == kith_user_id(app->kith))
			snprintf(hook->place, sizeof(hook->place), "@%s", app->profile.user);
		else
			break;
	}
	if (h->next == h->n)
		print_hooks(app);
	else
		app_check(app, kith_list_members(app->kith, LOBBY, peer - 1, on_hook_person, app));
}

static void
on_hook_names(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	struct hooks *h = app->data;
	const Kith__V1__Conversations *all;

	(void)k;
	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	all = reply->conversations;
	for (size_t i = 0; i < h->n; i++)
		for (size_t j = 0; j < all->n_conversations; j++)
			if (all->conversations[j]->id == h->rows[i].conversation)
				snprintf(h->rows[i].place, sizeof(h->rows[i].place), "%c%s",
				    peer_of(app, h->rows[i].conversation) == 0 ? '#' : '@',
				    all->conversations[j]->name);
	ask_hook_person(app);
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
		/* The server counts the making as the first use. */
		*hook = (struct hook){ .number = s->device, .conversation = s->hook,
			.created_ms = s->created_ms,
			.used_ms = s->used_ms > s->created_ms ? s->used_ms : 0 };
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

static int
read_hook_number(struct app *app)
{
	return cmd_account_number(app) != 0 ? 0 :
	    say_usage("%s: not a hook's number (kith hook list lists them)", app->argv[1]);
}

/* Refuses the number of a device: `kith sessions revoke` logs those out. */
static void
on_hooks_known(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	uint64_t number = cmd_account_number(app);
	const Kith__V1__Sessions *all;

	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	(void)k;
	all = reply->sessions;
	for (size_t i = 0; i < all->n_sessions; i++)
		if (all->sessions[i]->device == number && all->sessions[i]->hook != 0) {
			cmd_account_revoke(app);
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

const struct cmd_verb cmd_hook_verbs[] = {
	{ "create", "TARGET NAME", 2, 2, "",
	    "make one and print its URL, only this once", read_hook_target, ask_hook_create },
	{ "list", "", 0, 0, "",
	    "list them, with their numbers", NULL, ask_hook_list },
	{ "revoke", "NUMBER", 1, 1, "",
	    "end one", read_hook_number, ask_hook_revoke },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL, NULL },
};

int
cmd_hook(struct app *app)
{
	struct hooks h = { .n = 0 };

	app->data = &h;
	return cmd_verb_run(app);
}
