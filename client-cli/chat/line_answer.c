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

#define UNREAD_MS	400	/* nobody has read the question by then; nobody types on after it */
#define ALONE_MS	150	/* a word goes on sooner; so does an escape sequence */

/* Global, because there is one line. */
static struct {
	void		(*typed)(int is_answer);
	void		(*refused)(void);
	struct event	*silence;	/* pending: keys have come */
	const char	*keys;		/* NULL: no question */
	uint64_t	 asked_at;
	int		 ahead;		/* these keys began too early for an answer */
} answer;

static int
is_answer(void)
{
	return rl_end == 1 && !answer.ahead && strchr(answer.keys, rl_line_buffer[0]) != NULL;
}

static void
on_answer_silence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (answer.keys == NULL)
		return;
	if (RL_ISSTATE(RL_STATE_MULTIKEY))
		answer.refused();
	else if (rl_end > 0)
		answer.typed(is_answer());
}

static void
await_silence(void)
{
	int soon = RL_ISSTATE(RL_STATE_MULTIKEY) || is_answer();
	const struct timeval moment = { 0, (soon ? ALONE_MS : UNREAD_MS) * 1000 };

	event_add(answer.silence, &moment);
}

void
line_answer_key(void)
{
	if (answer.keys == NULL)
		return;
	/* Readline may have taken several at once, and the line with them. */
	if (!event_pending(answer.silence, EV_TIMEOUT, NULL))
		answer.ahead = clock_now_ms() - answer.asked_at < UNREAD_MS;
	if (rl_end == 0 && !RL_ISSTATE(RL_STATE_MULTIKEY))
		event_del(answer.silence);
	else
		await_silence();
}

void
line_answer_expect(const char *keys)
{
	if (keys == answer.keys)
		return;
	answer.keys = keys;
	answer.asked_at = clock_now_ms();
	answer.ahead = rl_end > 0;
	if (answer.silence != NULL)
		event_del(answer.silence);
	if (keys != NULL && answer.ahead)
		await_silence();
}

int
line_answer_is_ahead(void)
{
	return answer.ahead;
}

int
line_answer_is_expected(void)
{
	return answer.keys != NULL;
}

int
line_answer_open(struct event_base *base, void (*typed)(int is_answer), void (*refused)(void))
{
	answer.typed = typed;
	answer.refused = refused;
	answer.silence = event_new(base, -1, 0, on_answer_silence, NULL);
	return answer.silence != NULL ? 0 : -ENOMEM;
}

void
line_answer_close(void)
{
	if (answer.silence != NULL)
		event_free(answer.silence);
	answer.silence = NULL;
	answer.keys = NULL;
	answer.ahead = 0;
}
