/*
 * cmd_group.c - groups: create, join, leave, list, members, invite.
 */
#include <stdio.h>
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
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

/* argv: the verb, the group, then the people. Each is tried. */
struct invitations {
	struct app	*app;
	int		 next;		/* in argv */
	int		 first_exit;	/* of the failures so far */
};

static void	ask_next_invite(struct invitations *i);

/* One that the server refused; the next may be right. */
static void
tell_invite_refused(struct invitations *i, const struct kith_failure *why)
{
	struct app *app = i->app;
	const char *person = app->argv[i->next];
	char group[NAME_BYTES_MAX + 2], hint[512] = "";

	(void)group_with_sigil(app, group);
	if (why->code == KITH_E_NO_SUCH_USER)
		say("%s: %s", person, why->text);
	else if (app->argc > 3)
		say("%s: %s: %s", group, person, why->text);
	else
		say("%s: %s", group, why->text);
	if (i->first_exit == KITH_EXIT_DONE) {
		i->first_exit = (int)why->exit;
		app_hint(app, why, hint, sizeof(hint));
	}
	if (hint[0] != '\0')
		say("hint: %s", hint);
	app_tell_refusal(app, person, why->code);
}

static void
on_invited(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct invitations *i = arg;
	struct app *app = i->app;

	(void)k;
	(void)reply;
	if (why != NULL && why->fate != KITH_REFUSED) {
		app_fail(app, app->argv[i->next], why);
		while (++i->next < app->argc)
			say("%s: not tried", app->argv[i->next]);
		return;
	}
	if (why != NULL)
		tell_invite_refused(i, why);
	else
		app_tell_result(app, app->argv[i->next], "invited");
	if (++i->next == app->argc)
		app_finish(app, i->first_exit);
	else
		ask_next_invite(i);
}

static void
ask_next_invite(struct invitations *i)
{
	struct app *app = i->app;

	app_check(app, kith_invite(app->kith, group_name(app),
	    app_without_sigil(app->argv[i->next], '@'), on_invited, i));
}

static void
ask_group_invite(struct app *app)
{
	ask_next_invite(app->data);
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

int
cmd_group(struct app *app)
{
	struct invitations i = { .app = app, .next = 2 };

	app->data = &i;
	return cmd_verb_run(app);
}
