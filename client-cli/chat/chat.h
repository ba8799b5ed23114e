/*
 * chat.h - the interactive client: what its two files share.
 *
 * chat.c shows what comes and sends what is typed; chat_cmd.c has the /commands.
 */
#ifndef KITH_CLI_CHAT_H
#define KITH_CLI_CHAT_H

#include <sys/queue.h>

#include "client-cli/app/app.h"
#include "client-cli/chat/names.h"

/* A request whose answer the person waits for. */
struct asked {
	LIST_ENTRY(asked) link;		/* in chat.asked, until answered */
	struct chat	*chat;
	char		*what;		/* named in the failure: "@bob" */
	char		*text;		/* of a message, or NULL */
	size_t		 n;		/* targets of a message */
	int		 unread;	/* list only what is unread */
};

struct chat {
	struct app	*app;
	struct names	 names;
	char		 target[NAME_BYTES_MAX + 2];	/* "#ops"; "" while there is none */
	LIST_HEAD(, asked) asked;
	size_t		 unsent;	/* messages without an answer */
	int		 offline;	/* told that the connection is lost */
	int		 greeted;
	int		 warned;	/* told that leaving now leaves messages behind */
};

/* "-- text" above the line. */
void	chat_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Sends to "@alice,#ops"; tells what is wrong. */
void	chat_send(struct chat *c, const char *targets, const char *text);

/* Messages go to `word` from now on: "@alice" or "#ops". */
void	chat_set_target(struct chat *c, const char *word);

void	chat_leave(struct chat *c);

/* A request about `what`; free with asked_done(). NULL: told. */
struct asked *asked_new(struct chat *c, const char *what);
void	asked_done(struct asked *a);

/* For what a request function returned: 0, or tells and frees. */
void	asked_check(struct asked *a, int rc);

/* "/word arguments": runs it, or tells that there is no such command. */
void	chat_command(struct chat *c, const char *line);

/* The index-th command that begins with `word` ("/jo"), or NULL. */
const char *chat_command_match(const char *word, size_t index);

#endif
