/*
 * chat.h - the interactive client: what its files share.
 *
 * A line that is entered goes down this list; each file calls only those after
 * it:
 *
 *	chat_main > chat_enter > chat_cmd > chat_group, chat_list > target >
 *	feed > seen, outbox > chat_ask > pane > line
 */
#ifndef KITH_CLI_CHAT_H
#define KITH_CLI_CHAT_H

#include <stdint.h>
#include <sys/queue.h>

#include "client-cli/app/app.h"
#include "client-cli/app/kept.h"
#include "client-cli/chat/feed.h"
#include "client-cli/chat/names.h"
#include "client-cli/chat/outbox.h"
#include "client-cli/chat/pane.h"
#include "client-cli/chat/seen.h"

/* Then a request has failed; messages, and what changes the target, wait
 * forever. */
#define CHAT_ANSWER_MS	20000

#define CHAT_WORD_MAX	(NAME_BYTES_MAX + 2)	/* "#ops", with its NUL */

struct asked;
struct event;
struct question;

struct chat {
	struct app	*app;
	struct pane	 pane;
	struct names	 names;
	struct outbox	 outbox;
	struct kept	 kept;		/* outbox_keep.h */
	struct event	*keep, *keep_draft, *look;
	unsigned	 look_ms;	/* before the last look */
	int		 keep_error;	/* of the last try */
	size_t		 kept_unsent;	/* texts that may leave any time, and
					   are kept as not sent */
	/* One of them is about to leave: outbox_keep_leaving(). */
	void		(*leaves)(struct chat *c);
	char		*draft, *draft_target;	/* what was begun, as kept */
	struct feed	 feed;
	struct seen	 seen;
	LIST_HEAD(, asked) asked;
	struct question	*question;	/* waits for y or n; or NULL */

	char		 target[CHAT_WORD_MAX];	/* "#ops"; "": none */
	char		 wanted[CHAT_WORD_MAX];	/* what it is becoming */
	int		 choosing;	/* until then lines are held */
	void		(*run)(struct chat *c, const char *command);
	char		 usage[96];	/* of the command that runs */

	char		*status;	/* without a connection: why, and when
					   it tries again */
	int		 offline;
	int		 greeted;
	int		 ended;		/* for good: nothing is sent any more */
	struct kith_failure final;	/* why it ended */
	int		 warned;	/* that leaving gives messages up */
	int		 gave_up;	/* left all the same */
	int		 asked_again;	/* Ctrl-C once */
	uint64_t	 tried_at;	/* by a key; clock_now_ms() */
	int		 keys;		/* typed anything */
};

#endif
