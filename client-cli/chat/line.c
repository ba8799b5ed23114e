/*
 * line.c - the line at the bottom of the terminal, by GNU readline.
 */
#include "client-cli/chat/line.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <readline/history.h>
#include <readline/readline.h>

#include "client-cli/app/out.h"
#include "protocol/limits.h"

#define HISTORY_LINES	1000

/* Global, because readline is. */
static struct {
	struct line_hooks hooks;
	void		*arg;
	char		*prompt;
	char		 history[PATH_MAX];
	struct event	*input, *resized, *stopped, *show;
	int		 open, hidden;
} line;

/* -- off the screen and on again ------------------------------------------ */

void
line_hide(void)
{
	if (!line.open || line.hidden)
		return;
	rl_clear_visible_line();
	fflush(stdout);
	line.hidden = 1;
	event_active(line.show, EV_TIMEOUT, 1);
}

static void
show_now(void)
{
	if (!line.open || !line.hidden)
		return;
	line.hidden = 0;
	fflush(stdout);
	rl_on_new_line();
	rl_forced_update_display();
}

/* Readline redraws after every key, even after the one that hid the line. */
static void
redisplay_unless_hidden(void)
{
	if (!line.hidden)
		rl_redisplay();
}

static void
on_show(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	show_now();
}

void
line_note(const char *format, ...)
{
	char text[TEXT_BYTES_MAX + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_hide();
	fputs("-- ", stdout);
	out_string(stdout, text, OUT_LINES);
	putchar('\n');
}

/* -- keys ----------------------------------------------------------------- */

/* Bound to Enter instead of accept-line, which would leave the text on the screen:
 * a message is shown when it is stored. */
static int
on_enter(int count, int key)
{
	char *text = strdup(rl_line_buffer);

	(void)count;
	(void)key;
	if (text == NULL)
		return 0;
	line_hide();
	rl_replace_line("", 1);
	rl_point = rl_end = 0;
	line.hooks.entered(text, line.arg);
	using_history();	/* Up begins at the newest again */
	free(text);
	return 0;
}

/* NULL: Ctrl-D on an empty line. Enter is on_enter()'s. */
static void
on_line(char *text)
{
	if (text == NULL)
		line.hooks.left(line.arg);
	free(text);
}

static void
on_line_input(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	show_now();
	rl_callback_read_char();
}

void
line_interrupt(void)
{
	if (!line.open)
		return;
	rl_callback_sigcleanup();
	if (rl_end == 0) {
		line.hooks.left(line.arg);
		return;
	}
	line_hide();
	rl_replace_line("", 1);
	rl_point = rl_end = 0;
}

/* -- the terminal --------------------------------------------------------- */

static void
on_resized(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	(void)arg;
	/* With our redisplay function readline draws the line again below the old one.
	 * Its own function clears the lines above; on terminals that rewrap when they
	 * get wider, those are messages. */
	rl_resize_terminal();
}

/* Ctrl-Z: gives the terminal to the shell as it was. */
static void
on_stopped(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	(void)arg;
	line_hide();
	rl_deprep_terminal();
	kill(getpid(), SIGSTOP);
	rl_prep_terminal(1);
	rl_resize_terminal();
}

/* -- completion ----------------------------------------------------------- */

static char *
next_candidate(const char *word, int state)
{
	static int index;
	static char *before;
	char *found;

	if (state == 0) {
		index = 0;
		free(before);
		before = strndup(rl_line_buffer, (size_t)(rl_point - (int)strlen(word)));
	}
	found = before != NULL ? line.hooks.candidate(before, word, index++, line.arg) : NULL;
	if (found == NULL) {
		free(before);
		before = NULL;
	}
	return found;
}

static char **
complete_word(const char *word, int start, int end)
{
	(void)start;
	(void)end;
	rl_attempted_completion_over = 1;	/* never file names */
	return rl_completion_matches(word, next_candidate);
}

/* -- open and close ------------------------------------------------------- */

static void
set_up_readline(void)
{
	static const char *const keymaps[] = { "emacs-standard", "vi-insert", "vi-command" };

	rl_readline_name = "kith";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_attempted_completion_function = complete_word;
	rl_completer_word_break_characters = " \t\n,";
	rl_completer_quote_characters = "";
	rl_initialize();		/* reads ~/.inputrc; Enter is bound after it */
	/* Only now: if it is set before, readline does not look up what the terminal can do. */
	rl_redisplay_function = redisplay_unless_hidden;
	for (size_t i = 0; i < sizeof(keymaps) / sizeof(keymaps[0]); i++) {
		rl_bind_key_in_map('\r', on_enter, rl_get_keymap_by_name(keymaps[i]));
		rl_bind_key_in_map('\n', on_enter, rl_get_keymap_by_name(keymaps[i]));
	}
}

static void
load_history(const char *path)
{
	using_history();
	stifle_history(HISTORY_LINES);
	snprintf(line.history, sizeof(line.history), "%s", path != NULL ? path : "");
	if (line.history[0] != '\0')
		read_history(line.history);
}

int
line_open(struct event_base *base, const struct line_hooks *hooks, void *arg, const char *history)
{
	line.hooks = *hooks;
	line.arg = arg;
	line.hidden = 0;
	line.input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line_input, NULL);
	line.resized = evsignal_new(base, SIGWINCH, on_resized, NULL);
	line.stopped = evsignal_new(base, SIGTSTP, on_stopped, NULL);
	line.show = event_new(base, -1, 0, on_show, NULL);
	if (line.input == NULL || line.resized == NULL || line.stopped == NULL ||
	    line.show == NULL) {
		line_close();
		return -ENOMEM;
	}
	event_add(line.input, NULL);
	event_add(line.resized, NULL);
	event_add(line.stopped, NULL);
	set_up_readline();
	load_history(history);
	rl_callback_handler_install(line.prompt != NULL ? line.prompt : "> ", on_line);
	line.open = 1;
	return 0;
}

static void
drop_event(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

void
line_close(void)
{
	if (line.open) {
		line_hide();
		rl_callback_handler_remove();
		if (line.history[0] != '\0')
			write_history(line.history);
		clear_history();
	}
	line.open = line.hidden = 0;
	drop_event(&line.input);
	drop_event(&line.resized);
	drop_event(&line.stopped);
	drop_event(&line.show);
	free(line.prompt);
	line.prompt = NULL;
}

int
line_is_open(void)
{
	return line.open;
}

void
line_set_prompt(const char *prompt)
{
	char *copy = strdup(prompt);

	if (copy == NULL)
		return;
	free(line.prompt);
	line.prompt = copy;
	if (!line.open)
		return;
	line_hide();
	rl_set_prompt(copy);
}

const char *
line_prompt(void)
{
	return line.prompt != NULL ? line.prompt : "";
}

void
line_remember(const char *text)
{
	HIST_ENTRY *last = history_get(history_base + history_length - 1);

	if (last == NULL || strcmp(last->line, text) != 0)
		add_history(text);
}

void
line_clear_screen(void)
{
	line_hide();
	rl_clear_screen(0, 0);
}
