/*
 * chat_leave.c - the end of the chat.
 */
#include "client-cli/chat/chat_leave.h"

#include <stddef.h>

#include "client-cli/chat/chat.h"
#include "client-cli/chat/line.h"

void
chat_leave(struct chat *c)
{
	/* With a connection those under way get a moment at the end: app.h, drain. */
	size_t n = outbox_unsent(c, 1), lost = outbox_unsent(c, 0);

	if (lost > 0 && !c->offline && !c->choosing && n == lost)
		n = 0;
	if (n > 0 && !c->warned && !c->ended) {
		pane_note(&c->pane, "%zu message%s not sent yet; leave again to give %s up", n,
		    n == 1 ? " is" : "s are", n == 1 ? "it" : "them");
		c->warned = 1;
		return;
	}
	c->gave_up = n > 0 && !c->ended;
	if (c->ended) {
		line_stop();
		app_fail(c->app, NULL, &c->final);
	}
	app_finish(c->app, KITH_EXIT_DONE);
}

void
chat_leave_tell_ended(struct chat *c, const char *what)
{
	char hint[512];

	app_hint(c->app, &c->final, hint, sizeof(hint));
	pane_note(&c->pane, "%s%sthe chat has ended: %s%s%s; Ctrl-D leaves, and the next chat "
	    "offers what was not sent", what != NULL ? what : "", what != NULL ? ": not done, " : "",
	    c->final.text, hint[0] != '\0' ? ": " : "", hint);
}

void
chat_leave_asked(struct chat *c)
{
	if (c->asked_again || c->ended) {
		chat_leave(c);
		return;
	}
	c->asked_again = 1;
	pane_note(&c->pane, "Ctrl-C again to leave");
}
