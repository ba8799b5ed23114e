/*
 * chat_ask.h - requests whose answer the person at the chat waits for.
 */
#ifndef KITH_CLI_CHAT_ASK_H
#define KITH_CLI_CHAT_ASK_H

#include <stddef.h>
#include <sys/queue.h>

#include "client-cli/chat/chat.h"

struct asked {
	LIST_ENTRY(asked) link;		/* in chat.asked, until answered */
	struct chat	*chat;
	char		*what;		/* named in the failure: "@bob" */
	char		*done;		/* told when it is done, or NULL */
	const char	*command;	/* of kith that lists all, or NULL */
	int		 unread;	/* list only what is unread */
	void		*more;		/* the asker's, or NULL */
	void		(*free_more)(void *more);
};

/* A request about `what`; free with chat_ask_done(). NULL: told. */
struct asked *chat_ask_new(struct chat *c, const char *what);
void	chat_ask_done(struct asked *a);

/* For what a request function returned: 0, or tells and frees. */
void	chat_ask_check(struct asked *a, int rc);

/* Tells of a failure; 0: there was none. */
int	chat_ask_failed(const struct asked *a, const struct kith_failure *why);

#endif
