/*
 * line_paste.c - a paste that the terminal marks (bracketed paste).
 *
 * Readline's own command makes two line ends of CR LF, always inserts, and waits for
 * the mark at the end while nothing else happens.
 */
#include "client-cli/chat/line_paste.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <readline/readline.h>

#include "client-cli/cmd/cmd_text.h"

#define PASTE_END	"\033[201~"
#define SILENT_SECONDS	2	/* a slow line pauses, too */
#define READ_MAX	4096	/* keys in one turn of the loop */

/* Global, because there is one line. */
static struct {
	void		(*whole)(const char *text);
	struct event	*silent;
	FILE		*file;		/* NULL: no paste is open */
	char		*text;
	size_t		 len;
	size_t		 seen;		/* bytes of the mark at the end */
} paste;

void
line_paste_drop(void)
{
	if (paste.silent != NULL)
		event_del(paste.silent);
	if (paste.file != NULL)
		fclose(paste.file);
	free(paste.text);
	paste.file = NULL;
	paste.text = NULL;
	paste.seen = 0;
}

void
line_paste_finish(void)
{
	char *text;

	if (paste.file == NULL)
		return;
	if (fclose(paste.file) == 0) {
		/* Also half a mark is none of the text. */
		paste.text[cmd_text_lf(paste.text, paste.len - paste.seen)] = '\0';
	} else {
		free(paste.text);
		paste.text = NULL;
	}
	text = paste.text;
	paste.file = NULL;
	paste.text = NULL;
	line_paste_drop();
	if (text != NULL)
		paste.whole(text);
	free(text);
}

static void
on_silent(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	line_paste_finish();
}

static void
arm_silent(void)
{
	const struct timeval t = { SILENT_SECONDS, 0 };

	event_add(paste.silent, &t);
}

void
line_paste_begin(void)
{
	line_paste_drop();
	paste.file = open_memstream(&paste.text, &paste.len);
	arm_silent();
}

int
line_paste_is_open(void)
{
	return paste.file != NULL;
}

static int
has_more(int fd)
{
	struct pollfd terminal = { .fd = fd, .events = POLLIN };

	return poll(&terminal, 1, 0) == 1 && (terminal.revents & POLLIN);
}

void
line_paste_read(int fd)
{
	const char *end = PASTE_END;
	int key, n = 0;

	do {
		if ((key = rl_read_key()) < 0)
			break;
		if (key != 0)
			putc(key, paste.file);
		/* Its first byte occurs in it only once. */
		paste.seen = key == end[paste.seen] ? paste.seen + 1 : key == end[0];
	} while (end[paste.seen] != '\0' && ++n < READ_MAX && has_more(fd));
	if (end[paste.seen] == '\0')
		line_paste_finish();
	else
		arm_silent();
}

int
line_paste_open(struct event_base *base, void (*whole)(const char *text))
{
	paste.whole = whole;
	paste.silent = event_new(base, -1, 0, on_silent, NULL);
	return paste.silent != NULL ? 0 : -ENOMEM;
}

void
line_paste_close(void)
{
	line_paste_drop();
	if (paste.silent != NULL)
		event_free(paste.silent);
	paste.silent = NULL;
}

void
line_paste_insert(const char *text)
{
	const char *region = rl_variable_value("enable-active-region");

	rl_mark = rl_point;
	rl_insert_text(text);
	if (region != NULL && strcmp(region, "on") == 0)
		rl_activate_mark();
}
