/*
 * cmd_send.c - send: a message to one or several targets; done when it is stored.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-cli/app/options.h"
#include "client-cli/app/say.h"
#include "client-cli/cmd/cmd.h"
#include "client-cli/cmd/cmd_text.h"
#include "protocol/base/clock.h"
#include "protocol/base/utf8.h"
#include "protocol/error.h"

#define TIMEOUT_SECONDS	30
#define PENDING_MAX	64		/* lines read ahead of their answers */
#define INPUT_MAX	65536		/* escape sequences and CRs do not count as text */

struct sender {
	struct app	*app;
	Kith__V1__Target targets[TARGETS_MAX];
	size_t		 n;
	char		*names[TARGETS_MAX];	/* "@alice", as typed */
	uint32_t	 timeout_ms;
	size_t		 pending;		/* messages without an answer */
	size_t		 taken, stored;		/* messages so far */
	size_t		 line;			/* of the input, counted from 1; 0: not by lines */
	size_t		 unanswered;		/* left, and perhaps stored */
	int		 worst;			/* exit code so far */
	int		 told_waiting;
	struct event	*progress;		/* for a person who waits, or NULL */
	int		 counting;		/* it was shown */

	char		*text;			/* from the arguments, or NULL: stdin */
	uint64_t	 since;			/* when the one text was whole */
	char		 input[INPUT_MAX + 1];	/* stdin; room for a NUL */
	size_t		 len;
	int		 eof;
	struct event	*readable;
};

/* A message that has no answer yet. */
struct sent {
	struct sender	*sender;
	size_t		 line;
};

#define WHERE_MAX	32		/* "line 7: " */

static void	send_read_on(struct sender *s);

/* -- outcomes ------------------------------------------------------------- */

/* What precedes each word about a line: who sends many wants to know which. */
static const char *
line_name(size_t line, char out[WHERE_MAX])
{
	out[0] = '\0';
	if (line > 0)
		snprintf(out, WHERE_MAX, "line %zu: ", line);
	return out;
}

static void
note_exit(struct sender *s, int rc)
{
	if (rc > s->worst)
		s->worst = rc;
}

static void
print_outcome(struct sender *s, const char *where, size_t i, const Kith__V1__Outcome *outcome)
{
	struct out *o = &s->app->out;
	const Kith__V1__Error *error = outcome->error;
	int refused = error != NULL && error->code != KITH__V1__ERROR_CODE__OK;
	char id[24];

	if (refused) {
		say("%s%s: %s", where, s->names[i],
		    error->text[0] != '\0' ? error->text : kith_err_text((uint32_t)error->code));
		note_exit(s, kith_err_exit((uint32_t)error->code));
	} else {
		s->app->done = "stored";
	}
	if (o->mode == OUT_TEXT && (s->n == 1 || refused))
		return;
	snprintf(id, sizeof(id), "%" PRIu64, outcome->conversation);
	out_begin(o);
	out_text(o, "target", s->names[i]);
	out_text(o, "result", refused ? kith_err_name((uint32_t)error->code) : "stored");
	out_number(o, "seq", outcome->seq);
	out_details(o);
	out_time(o, "time", outcome->time_ms);
	out_text(o, "conversation_id", id);
	out_end(o);
}

static void
finish_if_done(struct sender *s)
{
	if (s->pending == 0 && s->eof)
		app_finish(s->app, s->worst);
}

static void
tell_send_failed(struct sender *s, const char *where, const struct kith_failure *why)
{
	const char *what = s->app->finished ? "ended before an answer" : why->text;

	s->unanswered += why->fate == KITH_UNANSWERED;
	if (s->app->finished && s->app->options->lines)
		return;			/* tell_progress() */
	if (why->fate == KITH_UNANSWERED)
		say("%s%s: the message may have been stored (kith read shows it)", where, what);
	else if (why->fate == KITH_UNSENT)
		say("%s%s: the message was not sent", where, what);
	else
		say("%s%s: %s", where, s->n == 1 ? s->names[0] : "send", what);
}

static void
on_send_answer(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct sent *sent = arg;
	struct sender *s = sent->sender;
	char where[WHERE_MAX];

	(void)k;
	line_name(sent->line, where);
	free(sent);
	s->pending--;
	if (why != NULL) {
		tell_send_failed(s, where, why);
		note_exit(s, (int)why->exit);
	} else {
		int before = s->worst;

		s->worst = KITH_EXIT_DONE;
		for (size_t i = 0; i < s->n && i < reply->sent->n_outcomes; i++)
			print_outcome(s, where, i, reply->sent->outcomes[i]);
		if (reply->sent->n_outcomes != s->n)
			note_exit(s, KITH_EXIT_FAILED);
		s->stored += s->worst == KITH_EXIT_DONE;
		note_exit(s, before);
		/* A script may wait for it; a failure is kept, and told at the end. */
		if (s->app->out.mode != OUT_TEXT)
			(void)out_write(&s->app->out);
	}
	if (!s->eof)
		send_read_on(s);
	finish_if_done(s);
}

/* -- how far it got ------------------------------------------------------- */

/* Many lines take a while: a line on the terminal that counts. */
static void
on_progress(evutil_socket_t fd, short what, void *arg)
{
	struct sender *s = arg;

	(void)fd;
	(void)what;
	fprintf(stderr, "\r%zu stored", s->stored);
	fflush(stderr);
	s->counting = 1;
}

static void
start_progress(struct sender *s)
{
	const struct timeval second = { 1, 0 };

	if (!s->app->options->lines || !isatty(STDERR_FILENO) ||
	    (s->progress = event_new(s->app->base, -1, EV_PERSIST, on_progress, s)) == NULL)
		return;
	event_add(s->progress, &second);
}

/* On every way out of --lines that is not plain success. */
static void
tell_progress(struct sender *s, int rc)
{
	if (s->counting)
		fprintf(stderr, "\r%zu stored\n", s->stored);
	if (s->progress != NULL)
		event_free(s->progress);
	if (s->app->options->lines && rc != KITH_EXIT_DONE && s->app->opened)
		say("%zu of %zu messages %s stored%s", s->stored, s->taken,
		    s->stored == 1 ? "was" : "were",
		    s->unanswered > 0 ? "; the last one may be, too (kith read shows it)" : "");
}

/* -- texts ---------------------------------------------------------------- */

/* A single text has its time from the moment when it was whole, however long the
 * connection took; a line from the moment when it was read. */
static void
send_text(struct sender *s, const char *text)
{
	uint64_t id = kith_client_ids(s->app->kith, (unsigned)s->n), now = clock_now_ms();
	struct sent *sent = malloc(sizeof(*sent));
	int rc;

	if (sent == NULL) {
		app_check(s->app, -ENOMEM);
		return;
	}
	sent->sender = s;
	sent->line = s->line;
	if (!s->app->options->lines && s->timeout_ms > 0)
		kith_set_timeout(s->app->kith, now - s->since < s->timeout_ms ?
		    (uint32_t)(s->since + s->timeout_ms - now) : 1);
	rc = kith_send(s->app->kith, id, s->targets, s->n, text, on_send_answer, sent);
	if (rc == 0)
		s->pending++;
	else
		free(sent);
	app_check(s->app, rc);
}

/* Makes input[0..len) a text, or refuses it. Its length; 0: there is nothing to send. The
 * byte after it is ours to overwrite. */
static size_t
prepare_input(struct sender *s, size_t len)
{
	const struct options *o = s->app->options;
	char where[WHERE_MAX];
	int rc;

	s->line += (size_t)o->lines;
	len = cmd_text_clean(s->input, len, o->strip);
	s->input[len] = '\0';
	if (utf8_is_blank(s->input, len) && (o->lines || o->skip_empty))
		return 0;
	s->taken++;
	if ((rc = cmd_text_check(line_name(s->line, where), s->input, len,
	    o->lines ? "" : ", or line by line (--lines)")) == 0)
		return len;
	note_exit(s, rc);
	if (rc == KITH_EXIT_LIMIT)
		s->eof = 1;		/* what follows is a part of it */
	return 0;
}

/* Sends each whole line in the input. */
static void
take_lines(struct sender *s)
{
	char *newline;

	while (s->pending < PENDING_MAX && !s->app->finished && !s->eof &&
	    (newline = memchr(s->input, '\n', s->len)) != NULL) {
		size_t line = (size_t)(newline - s->input);
		char *rest = newline + 1;

		if (line > 0 && s->input[line - 1] == '\r')
			line--;
		s->len -= (size_t)(rest - s->input);
		if (prepare_input(s, line) > 0)
			send_text(s, s->input);
		memmove(s->input, rest, s->len);
	}
}

/* The input ended, or does not fit. Without --lines it is the message, without its last line
 * end; that is refused, or waits for the login. */
static void
take_rest(struct sender *s)
{
	size_t len = s->len;

	s->eof = 1;
	s->since = clock_now_ms();
	if (len > 0 && s->input[len - 1] == '\n')
		len--;
	if (len > 0 && s->input[len - 1] == '\r')
		len--;
	s->len = len > 0 || !s->app->options->lines ? prepare_input(s, len) : 0;
	if (s->len > 0 && s->app->opened)
		send_text(s, s->input);
}

static void
on_send_input(evutil_socket_t fd, short what, void *arg)
{
	struct sender *s = arg;
	ssize_t got = read(fd, s->input + s->len, INPUT_MAX - s->len);

	(void)what;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		send_read_on(s);
		return;
	}
	if (got < 0) {
		say("standard input: %s", strerror(errno));
		app_finish(s->app, KITH_EXIT_FAILED);
		return;
	}
	s->len += (size_t)got;
	if (s->app->options->lines)
		take_lines(s);
	if (s->eof)
		s->len = 0;		/* a line too long: the input ends there */
	else if (got == 0 || s->len == INPUT_MAX)
		take_rest(s);
	else
		send_read_on(s);
	if (s->app->opened || s->len == 0)
		finish_if_done(s);
}

/* Waits for input, unless enough messages wait for answers. */
static void
send_read_on(struct sender *s)
{
	if (s->app->options->lines)
		take_lines(s);
	if (s->pending < PENDING_MAX && !s->app->finished && !s->eof)
		event_add(s->readable, NULL);
}

/* -- the command ---------------------------------------------------------- */

/* Before the login, if nobody has to be asked to type: what is wrong with the text is then
 * known at once. */
static void
read_early(struct sender *s)
{
	if (s->text == NULL && !s->app->options->lines && !isatty(STDIN_FILENO))
		event_add(s->readable, NULL);
}

static void
send_ready(struct app *app)
{
	struct sender *s = app->data;

	start_progress(s);
	if (s->text != NULL) {
		s->eof = 1;
		s->taken++;
		send_text(s, s->text);
		return;
	}
	if (s->eof) {
		send_text(s, s->input);
		return;
	}
	if (isatty(STDIN_FILENO))
		say("type the message; Ctrl-D on a line of its own ends it");
	send_read_on(s);
}

static void
send_closing(struct app *app)
{
	kith_abandon_sends(app->kith);
}

static void
on_send_phase(struct kith *k, enum kith_phase phase, const struct kith_failure *why, void *arg)
{
	struct app *app = arg;
	struct sender *s = app->data;

	if (phase == KITH_WAITING && !s->told_waiting) {
		say("%s; trying again", why->text);
		s->told_waiting = 1;
	}
	app_on_phase(k, phase, why, arg);
}

/* Is it the same as one before? "@Bob" is "@bob"; what else the server takes for the same
 * name, it stores once, too. */
static int
is_repeated(const struct sender *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcasecmp(s->names[i], name) == 0)
			return 1;
	return 0;
}

static int
read_send_targets(struct sender *s, char *word)
{
	const char *bad = "";
	int n = kith_targets_parse(word, s->targets, TARGETS_MAX, &bad);

	if (n == -E2BIG) {
		say("more than %u targets: nothing was sent", TARGETS_MAX);
		return KITH_EXIT_LIMIT;
	}
	if (n < 0)
		return say_usage_target(bad);
	for (int i = 0; i < n; i++) {
		char *name = s->targets[i].user - 1;	/* the sigil is still in front */

		if (is_repeated(s, name))
			continue;
		s->names[s->n] = name;
		s->targets[s->n++] = s->targets[i];
	}
	return 0;
}

/* TEXT... as one text with blanks between, yours; NULL for "-" and for none. */
static char *
join_words(int argc, char **argv)
{
	size_t size = 1;
	char *text;

	if (argc == 0 || (argc == 1 && strcmp(argv[0], "-") == 0))
		return NULL;
	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	if ((text = calloc(1, size)) == NULL)
		return NULL;
	for (int i = 0; i < argc; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, argv[i]);
	}
	text[cmd_text_lf(text, strlen(text))] = '\0';
	return text;
}

static int
connect_and_send(struct app *app, struct sender *s)
{
	int64_t seconds = app->options->timeout >= 0 ? app->options->timeout : TIMEOUT_SECONDS;
	struct kith_options o;
	int rc = app_load(app);

	if (rc != 0)
		return rc;
	app_kith_options(app, &o);
	s->timeout_ms = (uint32_t)(seconds < 86400 ? seconds * 1000 : 86400000);
	s->since = clock_now_ms();
	o.retry_ms = s->timeout_ms;
	o.request_ms = s->timeout_ms > 0 ? s->timeout_ms : o.request_ms;
	o.hooks.phase = on_send_phase;
	app->data = s;
	app->ready = send_ready;
	app->closing = send_closing;
	read_early(s);
	rc = app_run(app, &o);
	tell_progress(s, rc);
	return rc;
}

int
cmd_send(struct app *app)
{
	struct sender *s = calloc(1, sizeof(*s));
	int rc = KITH_EXIT_FAILED;

	if (s == NULL)
		return rc;
	s->app = app;
	if ((rc = read_send_targets(s, app->argv[0])) != 0)
		goto out;
	s->text = join_words(app->argc - 1, app->argv + 1);
	if (s->text != NULL && app->options->skip_empty &&
	    utf8_is_blank(s->text, strlen(s->text)))
		goto out;
	if (s->text != NULL && (rc = cmd_text_check("", s->text, strlen(s->text), "")) != 0)
		goto out;
	s->readable = event_new(app->base, STDIN_FILENO, EV_READ, on_send_input, s);
	if (s->readable != NULL)
		rc = connect_and_send(app, s);
out:
	if (s->readable != NULL)
		event_free(s->readable);
	free(s->text);
	free(s);
	return rc;
}
