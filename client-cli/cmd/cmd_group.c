/*
 * cmd_group.c - groups: create, join, leave, list, members, invite.
 */
#include <string.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"

static const char *
group_name(const struct app *app)
{
	return app_without_sigil(app->argv[1], '#');
}

static void
ask_group_create(struct app *app)
{
	const struct options *o = app->options;
	const char *topic = o->topic != NULL ? o->topic : "";

	app_check(app, kith_create_group(app->kith, group_name(app), topic, !o->is_private,
	    app_on_done, app));
}

static void
ask_group_join(struct app *app)
{
	app_check(app, kith_join_group(app->kith, group_name(app), app_on_done, app));
}

static void
ask_group_leave(struct app *app)
{
	app_check(app, kith_leave_group(app->kith, group_name(app), app_on_done, app));
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
		app_fail(app, app->argv[1], why);
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

struct invitation {
	int	next;		/* in argv */
};

static void	ask_group_invite(struct app *app);

static void
on_invited(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct app *app = arg;
	struct invitation *inv = app->data;

	(void)k;
	(void)reply;
	if (why != NULL)
		app_fail(app, app->argv[inv->next], why);
	else if (++inv->next == app->argc)
		app_finish(app, KITH_EXIT_DONE);
	else
		ask_group_invite(app);
}

static void
ask_group_invite(struct app *app)
{
	struct invitation *inv = app->data;

	app_check(app, kith_invite(app->kith, group_name(app),
	    app_without_sigil(app->argv[inv->next], '@'), on_invited, app));
}

/* -- the verbs ------------------------------------------------------------ */

static const struct group_verb {
	const char	*name;
	int		 min, max;	/* arguments, the verb itself included */
	void		(*ready)(struct app *app);
} verbs[] = {
	{ "create",	2, 2,		ask_group_create },
	{ "join",	2, 2,		ask_group_join },
	{ "leave",	2, 2,		ask_group_leave },
	{ "list",	1, 1,		ask_group_list },
	{ "members",	2, 2,		ask_group_members },
	{ "invite",	3, 1000,	ask_group_invite },
};

int
cmd_group(struct app *app)
{
	struct invitation inv = { .next = 2 };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, app->argv[0]) != 0)
			continue;
		if (app->argc < verbs[i].min || app->argc > verbs[i].max)
			break;
		app->data = &inv;
		return app_simple(app, verbs[i].ready);
	}
	return say_usage("usage:\n%s", app->command->more);
}
