/*
 * line.c - the line at the bottom of the terminal, by GNU readline.
 */
#include "client-cli/chat/line.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <event2/event.h>
#include <readline/readline.h>

#include "client-cli/app/out.h"
#include "client-cli/app/tty_guard.h"
#include "client-cli/chat/line_answer.h"
#include "client-cli/chat/line_burst.h"
#include "client-cli/chat/line_history.h"
#include "client-cli/chat/line_keys.h"
#include "client-cli/chat/line_paste.h"
#include "client-cli/chat/line_suspend.h"
#include "client-cli/cmd/cmd_text.h"

#define FOCUS_ON	"\033[?1004h"	/* xterm, "FocusIn/FocusOut" */
#define FOCUS_OFF	"\033[?1004l"
#define PASTE_OFF	"\033[?2004l"

/* Global, because readline is. */
static struct {
	struct line_hooks hooks;
	void		*arg;
	char		*prompt, *tag;
	char		*above;		/* whole lines, or NULL */
	int		 above_rows, above_shown;
	char		*accepted;	/* of the key under way, or NULL */
	int		 accepted_by;	/* ... and that key */
	char		*up;		/* moves the cursor up; NULL: cannot */
	struct event	*input, *resized, *suspended, *show;
	int		 open, hidden, ended;
	int		 focus_told;	/* by the key under way */
} line;

/* -- off the screen and on again ------------------------------------------ */

static void
clear_above(void)
{
	for (; line.above_shown > 0; line.above_shown--)
		printf("%s\r\033[K", line.up);
}

/* The line is not on the screen, for whatever reason; show it soon. */
static void
mark_hidden(void)
{
	line.hidden = 1;
	line.above_shown = 0;
	event_active(line.show, EV_TIMEOUT, 1);
}

void
line_hide(void)
{
	if (!line.open || line.hidden)
		return;
	rl_clear_visible_line();
	clear_above();
	fflush(stdout);
	mark_hidden();
}

static void
show_now(void)
{
	if (!line.open || !line.hidden || line.ended)
		return;
	line.hidden = 0;
	if (line.above != NULL && line.up != NULL) {
		fputs(line.above, stdout);
		line.above_shown = line.above_rows;
	}
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
	if (!line_burst_is_open())	/* its end shows the line */
		show_now();
}

static int
same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

void
line_set_above(const char *text, int rows)
{
	char *copy = NULL;

	if (rows > 0 && (copy = strdup(text)) == NULL)
		return;
	if (same_text(copy, line.above) || (copy == NULL && line.above == NULL)) {
		free(copy);
		return;
	}
	line_hide();
	free(line.above);
	line.above = copy;
	line.above_rows = rows;
}

int
line_can_move(void)
{
	return line.open && line.up != NULL;
}

void
line_size(int *rows, int *columns)
{
	rl_get_screen_size(rows, columns);
	*rows = *rows > 0 ? *rows : 24;
	*columns = *columns > 0 ? *columns : 80;
}

/* -- accepted lines ------------------------------------------------------- */

/* Takes the text out of the editor, and the line off the screen. */
static char *
take_line_text(void)
{
	char *text = strdup(rl_line_buffer);

	line_hide();
	rl_replace_line("", 1);
	rl_point = rl_end = 0;
	return text;
}

static void
on_accept(int key)
{
	free(line.accepted);
	line.accepted_by = key;
	line.accepted = take_line_text();
}

/* Readline left the line on the screen, and went to the next row: some key accepts
 * lines by itself (operate-and-get-next). Where it is one row it goes. */
static void
clear_accepted_row(const char *text)
{
	int rows, columns;

	line_size(&rows, &columns);
	if (line.up != NULL && strchr(text, '\n') == NULL &&
	    out_string_width(line_prompt()) + out_string_width(text) < columns) {
		printf("%s\r\033[K", line.up);
		clear_above();
	}
	mark_hidden();
}

/* All ways to accept a line end here. NULL: Ctrl-D on an empty line. */
static void
on_line(char *text)
{
	if (text == NULL) {
		line_burst_finish();	/* what was entered comes first */
		line.hooks.left(line.arg);
	} else if (line.accepted != NULL) {
		free(text);
		text = line.accepted;
		line.accepted = NULL;
		line_burst_add(text, line.tag, line.accepted_by);
	} else {
		clear_accepted_row(text);
		line_burst_add(text, line.tag, '\n');
	}
	free(text);
}

/* A line, or the lines of a paste that the terminal does not mark. */
static void
on_burst(const char *text, const char *tag, int several)
{
	line_hide();
	line.hooks.entered(text, tag, several ? LINE_BURST :
	    strchr(text, '\n') != NULL ? LINE_PASTED :
	    line_answer_is_expected() && line_answer_is_ahead() ? LINE_AHEAD : LINE_TYPED,
	    line.arg);
	if (line.hidden && !line.ended)
		event_active(line.show, EV_TIMEOUT, 1);
}

/* The last line of a burst, which has no Enter. */
static char *
on_burst_rest(void)
{
	return rl_end > 0 ? take_line_text() : NULL;
}

/* -- keys ----------------------------------------------------------------- */

static void
on_paste(const char *text)
{
	if (!line_answer_is_expected()) {
		line_paste_insert(text);
		redisplay_unless_hidden();
	} else {
		line_history_add(text);
		line.hooks.paste_refused(line.arg);
	}
	line.hooks.key(line.arg);
}

static void
on_focus(int has)
{
	line.focus_told = 1;
	line.hooks.focus(has, line.arg);
}

/* Readline takes its end for Enter, with the text that is on the line. */
static int
terminal_is_gone(int fd)
{
	struct pollfd terminal = { .fd = fd };

	return poll(&terminal, 1, 0) == 1;
}

static void
on_line_input(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	if (terminal_is_gone(fd)) {
		line.hooks.gone(line.arg);
		return;
	}
	if (line_paste_is_open()) {
		line_burst_goes_on();
		line_paste_read(fd);
		return;
	}
	line.focus_told = 0;
	if (!line_burst_goes_on())
		show_now();
	rl_callback_read_char();
	if (line.open && !line.ended)
		line_answer_key();
	/* In the middle of a sequence nobody knows yet what it will be. */
	if (line.open && !line.ended && !line.focus_told && !RL_ISSTATE(RL_STATE_MULTIKEY))
		line.hooks.key(line.arg);
}

void
line_interrupt(void)
{
	char *text;
	int was_burst;

	if (!line.open || line.ended)
		return;
	if (line_paste_is_open()) {	/* its end was lost */
		line_paste_finish();
		return;
	}
	rl_callback_sigcleanup();
	if ((was_burst = line_burst_is_open())) {
		line_burst_drop();
		tcflush(STDIN_FILENO, TCIFLUSH);
	}
	if (line_answer_is_expected())
		free(take_line_text());
	if (rl_end == 0 && !was_burst) {
		line.hooks.interrupted(line.arg);
		return;
	}
	if ((text = take_line_text()) != NULL && text[0] != '\0')
		line_history_add(text);
	free(text);
	line_hide();
	line.hooks.key(line.arg);
}

/* At a question: its answer, a key alone on the line; or something else, which goes. */
static void
on_answer_typed(int is_answer)
{
	char *text = take_line_text();

	if (text != NULL && is_answer) {
		line.hooks.entered(text, line.tag, LINE_TYPED, line.arg);
	} else if (text != NULL) {
		if (text[1] != '\0')
			line_history_add(text);
		line.hooks.unanswered(line.arg);
	}
	free(text);
}

void
line_remember(const char *text)
{
	line_history_add(text);
}

/* -- the terminal --------------------------------------------------------- */

static void
want_focus(int on)
{
	if (line.up == NULL)
		return;			/* no terminal that would know of it */
	fputs(on ? FOCUS_ON : FOCUS_OFF, stdout);
	fflush(stdout);
}

static void
on_resized(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	(void)arg;
	if (line.ended)
		return;
	/* The terminal may have wrapped its rows again, or not: nobody can tell where the
	 * line is now. So it is not cleared, and the owner draws everything. */
	mark_hidden();
	rl_resize_terminal();
	line.hooks.resized(line.arg);
}

/* Ctrl-Z: gives the terminal to the shell as it was. */
static void
on_suspended(evutil_socket_t number, short what, void *arg)
{
	int was_stopped;

	(void)number;
	(void)what;
	(void)arg;
	line_hide();
	want_focus(0);
	rl_deprep_terminal();
	was_stopped = line_suspend();
	rl_prep_terminal(1);
	want_focus(1);
	rl_resize_terminal();
	if (!was_stopped)
		line.hooks.not_suspended(line.arg);
}

void
line_clear_screen(void)
{
	line_hide();
	rl_clear_screen(0, 0);
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
	static const struct line_keys_hooks keys = { on_accept, line_paste_begin, on_focus };

	rl_readline_name = "kith";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_attempted_completion_function = complete_word;
	rl_completer_word_break_characters = " \t\n,";
	rl_completer_quote_characters = "";
	rl_initialize();		/* reads ~/.inputrc; keys are bound after it */
	/* Only now: if it is set before, readline does not look up what the terminal can do. */
	rl_redisplay_function = redisplay_unless_hidden;
	line_keys_bind(&keys);
	line.up = rl_get_termcap("up");
	if (line.up != NULL && line.up[0] == '\0')
		line.up = NULL;
}

static int
watch_terminal(struct event_base *base)
{
	line.input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line_input, NULL);
	line.resized = evsignal_new(base, SIGWINCH, on_resized, NULL);
	line.suspended = evsignal_new(base, SIGTSTP, on_suspended, NULL);
	line.show = event_new(base, -1, 0, on_show, NULL);
	if (line.input == NULL || line.resized == NULL || line.suspended == NULL ||
	    line.show == NULL || line_burst_open(base, on_burst, on_burst_rest) < 0 ||
	    line_paste_open(base, on_paste) < 0 ||
	    line_answer_open(base, on_answer_typed, line_interrupt) < 0)
		return -ENOMEM;
	event_add(line.input, NULL);
	event_add(line.resized, NULL);
	event_add(line.suspended, NULL);
	return 0;
}

int
line_open(struct event_base *base, const struct line_hooks *hooks, void *arg, const char *history)
{
	line.hooks = *hooks;
	line.arg = arg;
	line.hidden = line.ended = 0;
	if (watch_terminal(base) < 0) {
		line_close();
		return -ENOMEM;
	}
	set_up_readline();
	line_history_open(history);
	tty_guard_set(STDIN_FILENO, line.up != NULL ? FOCUS_OFF PASTE_OFF : "");
	rl_callback_handler_install(line.prompt != NULL ? line.prompt : "> ", on_line);
	line.open = 1;
	want_focus(1);
	return 0;
}

void
line_stop(void)
{
	if (!line.open || line.ended)
		return;
	line_hide();
	line.ended = 1;
	line_burst_drop();
	line_paste_drop();
	event_del(line.input);
	tcflush(STDIN_FILENO, TCIFLUSH);
}

static void
drop_event(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

static void
drop_string(char **s)
{
	free(*s);
	*s = NULL;
}

void
line_close(void)
{
	if (line.open) {
		line_stop();
		want_focus(0);
		tcflush(STDIN_FILENO, TCIFLUSH);	/* typed since line_stop() */
		rl_callback_handler_remove();
		tty_guard_clear();
		line_history_close();
	}
	line.open = line.hidden = line.above_rows = 0;
	drop_event(&line.input);
	drop_event(&line.resized);
	drop_event(&line.suspended);
	drop_event(&line.show);
	line_burst_close();
	line_paste_close();
	line_answer_close();
	drop_string(&line.prompt);
	drop_string(&line.tag);
	drop_string(&line.above);
	drop_string(&line.accepted);
}

int
line_is_open(void)
{
	return line.open;
}

/* -- the prompt ----------------------------------------------------------- */

static void
set_prompt(const char *prompt, const char *tag)
{
	char *copy, *tag_copy;

	if (same_text(prompt, line.prompt) && same_text(tag, line.tag))
		return;
	copy = strdup(prompt);
	tag_copy = strdup(tag);
	if (copy == NULL || tag_copy == NULL) {
		free(copy);
		free(tag_copy);
		return;
	}
	line_hide();
	free(line.prompt);
	free(line.tag);
	line.prompt = copy;
	line.tag = tag_copy;
	if (line.open)
		rl_set_prompt(copy);
}

void
line_set_prompt(const char *prompt, const char *tag)
{
	line_answer_expect(NULL);
	set_prompt(prompt, tag);
}

void
line_ask(const char *prompt, const char *tag, const char *keys)
{
	line_answer_expect(keys);
	set_prompt(prompt, tag);
}

const char *
line_tag(void)
{
	return line.tag != NULL ? line.tag : "";
}

const char *
line_begun(void)
{
	return line.open && rl_end > 0 ? line_tag() : NULL;
}

char *
line_draft(const char **tag)
{
	const char *burst = line_burst_text(tag);
	char *text = NULL;

	if (!line.open || line.ended)
		return NULL;
	if (burst == NULL) {
		*tag = line_tag();
		return rl_end > 0 ? strdup(rl_line_buffer) : NULL;
	}
	if (asprintf(&text, "%s%s%s", burst, rl_end > 0 ? "\n" : "", rl_line_buffer) < 0)
		return NULL;
	text[cmd_text_lf(text, strlen(text))] = '\0';
	return text;
}

const char *
line_prompt(void)
{
	return line.prompt != NULL ? line.prompt : "";
}
