/*
 * cmd_list.c - ls, unread, who.
 */
#include "client-cli/app/options.h"
#include "client-cli/cmd/cmd.h"

/* -- ls and unread -------------------------------------------------------- */

struct list {
	struct app	*app;
	int		 only_unread, quiet;
	int		 found;
};

static void	ask_conversations(struct list *l, uint64_t after);

static void
list_finish(struct list *l)
{
	app_finish(l->app, l->quiet && !l->found ? KITH_EXIT_FAILED : KITH_EXIT_DONE);
}

static void
on_conversation_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct list *l = arg;
	const Kith__V1__Conversations *page;

	(void)k;
	if (why != NULL) {
		app_fail(l->app, NULL, why);
		return;
	}
	page = reply->conversations;
	for (size_t i = 0; i < page->n_conversations; i++) {
		const Kith__V1__Conversation *c = page->conversations[i];

		/* A group that the user has left stays readable, but is not listed. */
		if (c->unread == 0 && (l->only_unread || c->role == KITH__V1__ROLE__NOBODY))
			continue;
		l->found = 1;
		if (!l->quiet)
			out_row_conversation(&l->app->out, c);
	}
	if (page->more && page->n_conversations > 0)
		ask_conversations(l, page->conversations[page->n_conversations - 1]->id);
	else
		list_finish(l);
}

static void
ask_conversations(struct list *l, uint64_t after)
{
	app_check(l->app, kith_list_conversations(l->app->kith, after, NULL, 0,
	    on_conversation_page, l));
}

static void
conversations_ready(struct app *app)
{
	ask_conversations(app->data, 0);
}

int
cmd_list_ls(struct app *app)
{
	struct list l = { .app = app };

	app->data = &l;
	return app_simple(app, conversations_ready);
}

int
cmd_list_unread(struct app *app)
{
	struct list l = { .app = app, .only_unread = 1, .quiet = app->options->quiet };

	app->data = &l;
	return app_simple(app, conversations_ready);
}

/* -- who ------------------------------------------------------------------ */

static void	ask_who(struct app *app, uint64_t after);

static void
on_who_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct app *app = arg;
	const Kith__V1__Presences *page;

	(void)k;
	if (why != NULL) {
		app_fail(app, app->argc == 1 ? app->argv[0] : "who", why);
		return;
	}
	page = reply->presences;
	for (size_t i = 0; i < page->n_users; i++)
		out_row_presence(&app->out, page->users[i]);
	if (page->more && page->n_users > 0)
		ask_who(app, page->users[page->n_users - 1]->user_id);
	else
		app_finish(app, KITH_EXIT_DONE);
}

/* The names are argv; cmd_list_who() has removed their '@'. */
static void
ask_who(struct app *app, uint64_t after)
{
	app_check(app, kith_who(app->kith, app->argv, (size_t)app->argc, after, on_who_page, app));
}

static void
who_ready(struct app *app)
{
	ask_who(app, 0);
}

int
cmd_list_who(struct app *app)
{
	for (int i = 0; i < app->argc; i++)
		app->argv[i] += app->argv[i][0] == '@';
	return app_simple(app, who_ready);
}
