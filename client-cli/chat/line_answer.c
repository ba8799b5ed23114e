/*
 * line_answer.c - a question that one key answers, without Enter.
 */
#include "client-cli/chat/line_answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <readline/readline.h>

#include "protocol/base/clock.h"

#define UNREAD_MS	400	/* nobody has read the question by then */
#define ALONE_MS	150	/* a word goes on sooner; so does an escape sequence */

/* Global, because there is one line. */
static struct {
	void		(*answered)(void);
	void		(*refused)(void);
	struct event	*alone;
	const char	*keys;		/* NULL: no question */
	uint64_t	 asked_at;
	int		 ahead;		/* the line was begun too early for an answer */
} answer;

static int
is_answer(void)
{
	return rl_end == 1 && !answer.ahead && strchr(answer.keys, rl_line_buffer[0]) != NULL;
}

static void
on_answer_alone(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (answer.keys == NULL)
		return;
	if (RL_ISSTATE(RL_STATE_MULTIKEY))
		answer.refused();
	else if (is_answer())
		answer.answered();
}

void
line_answer_key(void)
{
	const struct timeval moment = { 0, ALONE_MS * 1000 };

	if (answer.keys == NULL)
		return;
	if (rl_end == 0)
		answer.ahead = 0;
	else if (clock_now_ms() - answer.asked_at < UNREAD_MS)
		answer.ahead = 1;
	if (RL_ISSTATE(RL_STATE_MULTIKEY) || is_answer())
		event_add(answer.alone, &moment);
	else
		event_del(answer.alone);
}

void
line_answer_expect(const char *keys)
{
	if (keys == answer.keys)
		return;
	answer.keys = keys;
	answer.asked_at = clock_now_ms();
	answer.ahead = rl_end > 0;
	if (answer.alone != NULL)
		event_del(answer.alone);
}

int
line_answer_is_expected(void)
{
	return answer.keys != NULL;
}

int
line_answer_open(struct event_base *base, void (*answered)(void), void (*refused)(void))
{
	answer.answered = answered;
	answer.refused = refused;
	answer.alone = event_new(base, -1, 0, on_answer_alone, NULL);
	return answer.alone != NULL ? 0 : -ENOMEM;
}

void
line_answer_close(void)
{
	if (answer.alone != NULL)
		event_free(answer.alone);
	answer.alone = NULL;
	answer.keys = NULL;
}
