/*
 * cmd_list.c - ls, unread, who.
 */
#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"
#include "protocol/error.h"

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

/* argv: the names, which are asked for one by one, so that a refusal has its name; or none:
 * all who are online. */
struct who {
	struct app	*app;
	int		 next;		/* in argv */
	int		 worst;		/* exit code so far */
};

static void	ask_who(struct who *w, uint64_t after);

static void
who_next(struct who *w)
{
	if (++w->next < w->app->argc)
		ask_who(w, 0);
	else
		app_finish(w->app, w->worst);
}

static void
on_who_page(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	struct who *w = arg;
	struct app *app = w->app;
	const Kith__V1__Presences *page;

	(void)k;
	if (why != NULL && why->code == KITH_E_NO_SUCH_USER && app->argc > 0) {
		say("%s: %s", app->argv[w->next], why->text);
		w->worst = (int)why->exit;
		who_next(w);
		return;
	}
	if (why != NULL) {
		app_fail(app, app->argc > 0 ? app->argv[w->next] : NULL, why);
		return;
	}
	page = reply->presences;
	for (size_t i = 0; i < page->n_users; i++)
		out_row_presence(&app->out, page->users[i]);
	if (page->more && page->n_users > 0)
		ask_who(w, page->users[page->n_users - 1]->user_id);
	else
		who_next(w);
}

static void
ask_who(struct who *w, uint64_t after)
{
	struct app *app = w->app;
	char *name = app->argc > 0 ? (char *)app_without_sigil(app->argv[w->next], '@') : NULL;

	app_check(app, kith_who(app->kith, &name, app->argc > 0, after, on_who_page, w));
}

static void
who_ready(struct app *app)
{
	ask_who(app->data, 0);
}

int
cmd_list_who(struct app *app)
{
	struct who w = { .app = app };

	app->data = &w;
	return app_simple(app, who_ready);
}
