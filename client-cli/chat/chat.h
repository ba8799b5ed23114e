/*
 * chat.h - the interactive client: what its files share, and how it sends.
 *
 * chat_main.c is the command and shows what comes; chat_cmd.c has the
 * /commands; chat_ask.c keeps what was asked; line.c is the line that is typed.
 */
#ifndef KITH_CLI_CHAT_H
#define KITH_CLI_CHAT_H

#include <sys/queue.h>

#include "client-cli/app/app.h"
#include "client-cli/chat/names.h"

/* Then a request has failed; messages wait forever. */
#define CHAT_ANSWER_MS	20000

struct asked;

struct chat {
	struct app	*app;
	struct names	 names;
	char		 target[NAME_BYTES_MAX + 2]; /* "#ops"; "": none */
	LIST_HEAD(, asked) asked;
	size_t		 unsent;	/* messages without an answer */
	int		 offline;	/* told that the connection is lost */
	int		 greeted;
	int		 warned;	/* that leaving gives messages up */
};

/* Sends to "@alice,#ops"; tells what is wrong. */
void	chat_send(struct chat *c, const char *targets, const char *text);

/* Messages go to `word` from now on: "@alice" or "#ops". */
void	chat_set_target(struct chat *c, const char *word);

/* Makes the prompt say where messages go, and whether there is a connection. */
void	chat_show_target(const struct chat *c);

void	chat_leave(struct chat *c);

#endif
