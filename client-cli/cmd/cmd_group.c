/*
 * cmd_group.c - groups: create, join, leave, list, members, invite.
 */
#include <stdio.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/cmd/cmd_verb.h"
#include "protocol/error.h"

static const char *
group_name(const struct app *app)
{
	return app_without_sigil(app->argv[1], '#');
}

/* "#ops", whether it was typed with its sigil or not. */
static const char *
group_with_sigil(const struct app *app, char out[NAME_BYTES_MAX + 2])
{
	snprintf(out, NAME_BYTES_MAX + 2, "#%s", group_name(app));
	return out;
}

/* What failed, failed for this group. */
static void
group_fail(struct app *app, const struct kith_failure *why)
{
	char name[NAME_BYTES_MAX + 2];

	app_fail(app, group_with_sigil(app, name), why);
}

/* -- create, join, leave -------------------------------------------------- */

static void
on_group_done(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	static const char *const results[][2] = {
		{ "create", "created" }, { "join", "joined" }, { "leave", "left" }
	};
	struct app *app = arg;
	char name[NAME_BYTES_MAX + 2];

	(void)k;
	(void)reply;
	if (why != NULL) {
		group_fail(app, why);
		return;
	}
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (strcmp(app->argv[0], results[i][0]) == 0)
			app_tell_result(app, group_with_sigil(app, name), results[i][1]);
	app_finish(app, KITH_EXIT_DONE);
}

static void
ask_group_create(struct app *app)
{
	const struct options *o = app->options;
	const char *topic = o->topic != NULL ? o->topic : "";

	app_check(app, kith_create_group(app->kith, group_name(app), topic, !o->is_private,
	    on_group_done, app));
}

static void
ask_group_join(struct app *app)
{
	app_check(app, kith_join_group(app->kith, group_name(app), on_group_done, app));
}

static void
ask_group_leave(struct app *app)
{
	app_check(app, kith_leave_group(app->kith, group_name(app), on_group_done, app));
}

/* -- list and members: pages ---------------------------------------------- */

static void	ask_groups(struct app *app, uint64_t after);
static void	ask_members(struct app *app, uint64_t after);

static void
on_group_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	const Kith__V1__Conversations *page;

	(void)k;
	if (why != NULL) {
		app_fail(app, NULL, why);
		return;
	}
	page = reply->conversations;
	for (size_t i = 0; i < page->n_conversations; i++)
		out_row_group(&app->out, page->conversations[i]);
	if (page->more && page->n_conversations > 0)
		ask_groups(app, page->conversations[page->n_conversations - 1]->id);
	else
		app_finish(app, KITH_EXIT_DONE);
}

static void
ask_groups(struct app *app, uint64_t after)
{
	app_check(app, kith_list_groups(app->kith, after, on_group_page, app));
}

static void
ask_group_list(struct app *app)
{
	ask_groups(app, 0);
}

static void
on_member_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct app *app = arg;
	const Kith__V1__Members *page;

	(void)k;
	if (why != NULL) {
		group_fail(app, why);
		return;
	}
	page = reply->members;
	for (size_t i = 0; i < page->n_members; i++)
		out_row_member(&app->out, page->members[i]);
	if (page->more && page->n_members > 0)
		ask_members(app, page->members[page->n_members - 1]->user_id);
	else
		app_finish(app, KITH_EXIT_DONE);
}

static void
ask_members(struct app *app, uint64_t after)
{
	app_check(app, kith_list_members(app->kith, group_name(app), after, on_member_page, app));
}

static void
ask_group_members(struct app *app)
{
	ask_members(app, 0);
}

/* -- invite: one after the other ------------------------------------------ */

static void	ask_next_invite(struct app *app);

/* argv: the verb, the group, then the people; app->data points to the next of them. */
static void
on_invited(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct app *app = arg;
	char **next = app->data;

	(void)k;
	(void)reply;
	if (why != NULL && why->code == KITH_E_NO_SUCH_USER)
		app_fail(app, *next, why);
	else if (why != NULL)
		group_fail(app, why);
	if (why != NULL)
		return;
	app_tell_result(app, *next, "invited");
	app->data = ++next;
	if (next == app->argv + app->argc)
		app_finish(app, KITH_EXIT_DONE);
	else
		ask_next_invite(app);
}

static void
ask_next_invite(struct app *app)
{
	char **next = app->data;

	app_check(app, kith_invite(app->kith, group_name(app), app_without_sigil(*next, '@'),
	    on_invited, app));
}

static void
ask_group_invite(struct app *app)
{
	app->data = app->argv + 2;
	ask_next_invite(app);
}

/* -- the verbs ------------------------------------------------------------ */

const struct cmd_verb cmd_group_verbs[] = {
	{ "create", "#GROUP", 1, 1, "private topic",
	    "make a group", NULL, ask_group_create },
	{ "join", "#GROUP", 1, 1, "",
	    "join a public group, or one that you are invited to", NULL, ask_group_join },
	{ "leave", "#GROUP", 1, 1, "",
	    "leave a group", NULL, ask_group_leave },
	{ "list", "", 0, 0, "",
	    "list the public groups, and yours", NULL, ask_group_list },
	{ "members", "#GROUP", 1, 1, "",
	    "list the members", NULL, ask_group_members },
	{ "invite", "#GROUP @NAME...", 2, CMD_ANY_NUMBER, "",
	    "invite people", NULL, ask_group_invite },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL, NULL },
};
