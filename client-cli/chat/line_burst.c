/*
 * line_burst.c - lines that come faster than anybody types.
 */
#include "client-cli/chat/line_burst.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "client-cli/cmd/cmd_text.h"

#define BURST_FIRST_MS	30	/* nobody has the next key down so soon after Enter */
#define BURST_QUIET_MS	150	/* a slow line delivers a paste in pieces */
#define BURST_BYTES_MAX	(1u << 20)

/* Global, because there is one line. */
static struct {
	void		(*whole)(const char *text, const char *tag, int several);
	char		*(*rest)(void);
	struct event	*end;
	char		*text, *tag;	/* NULL: no burst */
	size_t		 len;
	char		 line_end;	/* what ended the last line */
	int		 keys;		/* since the first line */
	int		 lines;		/* that are not blank */
} burst;

static void
arm_end(unsigned ms)
{
	const struct timeval t = { 0, (suseconds_t)ms * 1000 };

	event_add(burst.end, &t);
}

static void
append_text(const char *text)
{
	size_t len = strlen(text), sep = burst.text != NULL;
	char *longer;

	if (burst.len + len >= BURST_BYTES_MAX ||
	    (longer = realloc(burst.text, burst.len + sep + len + 1)) == NULL)
		return;
	if (sep)
		longer[burst.len++] = burst.line_end;
	memcpy(longer + burst.len, text, len + 1);
	burst.len += len;
	burst.text = longer;
	burst.lines += text[strspn(text, " \t\n")] != '\0';
}

void
line_burst_drop(void)
{
	if (burst.end != NULL)
		event_del(burst.end);
	free(burst.text);
	free(burst.tag);
	burst.text = burst.tag = NULL;
	burst.len = 0;
	burst.keys = burst.lines = 0;
}

/* Enter that is held down adds empty lines to the one before it. */
static const char *
trim_newlines(char *text)
{
	for (size_t len = strlen(text); len > 0 && text[len - 1] == '\n';)
		text[--len] = '\0';
	return text + strspn(text, "\n");
}

void
line_burst_finish(void)
{
	char *rest = burst.keys ? burst.rest() : NULL, *text, *tag;
	int several;

	if (rest != NULL)
		append_text(rest);
	free(rest);
	text = burst.text;
	tag = burst.tag;
	several = burst.lines > 1;
	if (text != NULL)
		text[cmd_text_lf(text, burst.len)] = '\0';
	burst.text = burst.tag = NULL;
	line_burst_drop();
	if (text != NULL)
		burst.whole(several ? text : trim_newlines(text), tag != NULL ? tag : "", several);
	free(text);
	free(tag);
}

static void
on_burst_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	line_burst_finish();
}

void
line_burst_add(const char *text, const char *tag, int key)
{
	if (burst.text == NULL && tag != NULL)
		burst.tag = strdup(tag);
	append_text(text);
	burst.line_end = key == '\r' ? '\r' : '\n';
	arm_end(burst.keys ? BURST_QUIET_MS : BURST_FIRST_MS);
}

int
line_burst_goes_on(void)
{
	if (burst.text == NULL)
		return 0;
	burst.keys = 1;
	arm_end(BURST_QUIET_MS);
	return 1;
}

int
line_burst_is_open(void)
{
	return burst.text != NULL;
}

const char *
line_burst_text(const char **tag)
{
	*tag = burst.tag != NULL ? burst.tag : "";
	return burst.text;
}

int
line_burst_open(struct event_base *base,
    void (*whole)(const char *text, const char *tag, int several), char *(*rest)(void))
{
	burst.whole = whole;
	burst.rest = rest;
	burst.end = event_new(base, -1, 0, on_burst_end, NULL);
	return burst.end != NULL ? 0 : -ENOMEM;
}

void
line_burst_close(void)
{
	line_burst_drop();
	if (burst.end != NULL)
		event_free(burst.end);
	burst.end = NULL;
}
