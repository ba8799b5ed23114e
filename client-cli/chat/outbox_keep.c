/*
 * outbox_keep.c - what was not sent, on disk: for the next chat.
 *
 * A record is "KIND CLIENT-ID BYTES TARGETS", a newline, the text, a newline. The id is 0
 * where there is none to be used again.
 */
#include "client-cli/chat/outbox_keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "client-cli/app/say.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/line.h"
#include "client-cli/chat/outbox_item.h"
#include "client-cli/chat/question.h"

#define NO_TARGET	"-"
#define DRAFT_SECONDS	1	/* after the last key */
#define RETRY_SECONDS	2	/* after the disk took nothing */
#define LOOK_FIRST_MS	125	/* a chat that ends is away by then */
#define LOOK_LAST_MS	8000	/* and by then, whatever holds it up */

/* The kinds of records. */
#define KIND_UNSENT	"unsent"
#define KIND_PERHAPS	"perhaps"	/* stored */
#define KIND_BEGUN	"begun"
#define KIND_COMMAND	"command"

static int	open_file(struct chat *c);

/* -- to disk -------------------------------------------------------------- */

static void
put_record(FILE *file, const char *kind, uint64_t client_id, const char *targets,
    const char *text)
{
	fprintf(file, "%s %" PRIu64 " %zu %s\n%s\n", kind, client_id, strlen(text),
	    targets[0] != '\0' ? targets : NO_TARGET, text);
}

static int
is_under_way(const struct outbox_item *item)
{
	return item->state == ITEM_SENDING && !item->answered && item->fate != KITH_UNSENT;
}

/* One is under way at a time: the `first` leaves, or has left, whenever there is a
 * connection. */
static int
is_perhaps_stored(const struct outbox_item *item, const struct outbox_item *first)
{
	const struct chat *c = item->chat;

	if (item->perhaps)
		return 1;
	if (item->state == ITEM_FAILED)
		return item->fate == KITH_UNANSWERED;
	if (!is_under_way(item))
		return 0;
	if (c->app->kith == NULL || item->fate == KITH_UNANSWERED)
		return 1;
	return (item == first && !c->offline) || kith_has_left(c->app->kith, item->client_id);
}

/* What was refused needs another id: its own has an answer. */
static void
put_text(FILE *file, struct chat *c, const struct outbox_item *item,
    const struct outbox_item *first)
{
	int refused = item->state == ITEM_FAILED && item->fate == KITH_REFUSED;
	uint64_t id = refused ? 0 : item->client_id;
	int perhaps = id != 0 && is_perhaps_stored(item, first);

	put_record(file, perhaps ? KIND_PERHAPS : KIND_UNSENT, id, item->targets, item->text);
	c->kept_unsent += (size_t)(!perhaps && is_under_way(item));
}

static size_t
put_items(FILE *file, struct chat *c)
{
	const struct outbox_item *item, *first = NULL;
	size_t n = 0;

	c->kept_unsent = 0;
	TAILQ_FOREACH(item, &c->outbox.items, link) {
		if (outbox_item_is_stored(item))
			continue;
		if (first == NULL && is_under_way(item))
			first = item;
		if (item->command)
			put_record(file, KIND_COMMAND, 0, "", item->text);
		else
			put_text(file, c, item, first);
		n++;
	}
	if (c->draft != NULL)
		put_record(file, KIND_BEGUN, 0, c->draft_target, c->draft);
	return n + (c->draft != NULL);
}

static const char *
error_text(int rc)
{
	if (rc == -EMFILE)
		return "too many chats of this profile run";
	return rc == -ENXIO ? "there is no home folder" : strerror(-rc);
}

/* Told once for each trouble, and once when it is over. */
static void
note_keeping(struct chat *c, int rc)
{
	const struct timeval later = { RETRY_SECONDS, 0 };
	int changed = (rc < 0) != (c->keep_error < 0);

	c->keep_error = rc;
	if (c->app->finished)
		return;			/* outbox_keep_close() */
	if (changed && rc < 0)
		pane_note(&c->pane, "what waits and what you type cannot be kept on disk, and "
		    "is lost if kith is killed: %s", error_text(rc));
	else if (changed)
		pane_note(&c->pane, "what waits and what you type is kept on disk again");
	if (rc < 0 && c->keep_draft != NULL && !event_pending(c->keep_draft, EV_TIMEOUT, NULL))
		event_add(c->keep_draft, &later);
}

/* Before the items are written: it may add some. 0 or a negative errno. */
static int
open_if_needed(struct chat *c)
{
	if (c->kept.fd >= 0 || (TAILQ_EMPTY(&c->outbox.items) && c->draft == NULL))
		return 0;
	return open_file(c);
}

static size_t
keep_now(struct chat *c)
{
	char *text = NULL;
	size_t len, n;
	int rc = open_if_needed(c);
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		return 0;
	n = put_items(file, c);
	if (fclose(file) != 0)
		rc = -ENOMEM;
	if (rc == 0 && c->kept.fd >= 0)
		rc = kept_write(&c->kept, text, len);
	if (n > 0)
		note_keeping(c, rc);
	free(text);
	return n;
}

static void
forget_draft(struct chat *c)
{
	free(c->draft);
	free(c->draft_target);
	c->draft = c->draft_target = NULL;
}

void
outbox_keep_line(struct chat *c)
{
	const char *target;
	char *text = question_text(c, &target);

	forget_draft(c);
	if (text == NULL)
		text = line_draft(&target);
	if (text != NULL && text[strspn(text, " \t\n")] != '\0' &&
	    (c->draft_target = strdup(target)) != NULL)
		c->draft = text;
	else
		free(text);
	keep_now(c);
}

static void
on_keep_time(evutil_socket_t fd, short what, void *arg)
{
	struct chat *c = arg;

	(void)fd;
	(void)what;
	if (!c->app->finished)
		outbox_keep_line(c);
	else
		keep_now(c);		/* the line is stopped: as it was then */
}

void
outbox_keep_key(struct chat *c)
{
	const struct timeval later = { DRAFT_SECONDS, 0 };

	if (c->keep_draft != NULL)
		event_add(c->keep_draft, &later);
}

void
outbox_keep_leaving(struct chat *c)
{
	if (c->kept_unsent > 0)
		keep_now(c);
}

void
outbox_keep_entered(struct chat *c)
{
	if (c->draft != NULL)
		outbox_keep_line(c);
}

static void
drop_keep_event(struct event **ev)
{
	if (*ev != NULL)
		event_free(*ev);
	*ev = NULL;
}

size_t
outbox_keep_close(struct chat *c)
{
	size_t n;

	if (c->gave_up)
		kept_write(&c->kept, "", 0);
	n = c->gave_up ? 0 : keep_now(c);
	if (n > 0 && c->keep_error == 0 && c->kept.fd >= 0)
		say("%zu %s kept: the next chat shows %s", n, n == 1 ? "is" : "are",
		    n == 1 ? "it" : "them");
	else if (n > 0)
		say("%zu %s not kept on disk: %s", n, n == 1 ? "is" : "are",
		    error_text(c->keep_error != 0 ? c->keep_error : -EBADF));
	kept_close(&c->kept);
	drop_keep_event(&c->keep);
	drop_keep_event(&c->keep_draft);
	drop_keep_event(&c->look);
	forget_draft(c);
	return n;
}

/* -- and back ------------------------------------------------------------- */

struct record {
	const char	*kind, *targets, *text;
	uint64_t	 client_id;
};

/* Cuts the record at *at; 0: there is none, or it is damaged. */
static int
next_record(char **at, const char *end, struct record *r)
{
	char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line)), *rest;
	unsigned long long len;

	if (newline == NULL)
		return 0;
	*newline = '\0';
	r->kind = strsep(&line, " ");
	if (line == NULL)
		return 0;
	r->client_id = strtoull(line, &rest, 10);
	len = strtoull(rest, &rest, 10);
	if (rest[0] != ' ' || len >= (unsigned long long)(end - newline - 1) ||
	    newline[1 + len] != '\n')
		return 0;
	r->targets = rest + 1;
	r->text = newline + 1;
	newline[1 + len] = '\0';
	*at = newline + len + 2;
	return strlen(r->text) == len;
}

static int
offer(struct chat *c, const struct record *r)
{
	int perhaps = strcmp(r->kind, KIND_PERHAPS) == 0, begun = strcmp(r->kind, KIND_BEGUN) == 0;
	const char *targets = strcmp(r->targets, NO_TARGET) != 0 ? r->targets : "";
	struct outbox_item *item;

	if (strcmp(r->kind, KIND_COMMAND) == 0 || (begun && r->text[0] == '/')) {
		pane_note(&c->pane, "an earlier chat has not done: /%s",
		    r->text + (r->text[0] == '/'));
		return 0;
	}
	if ((item = outbox_item_new(c, targets, r->text)) == NULL)
		return 0;
	item->client_id = r->client_id;
	item->fate = perhaps ? KITH_UNANSWERED : KITH_UNSENT;
	outbox_show_failed(item, begun ? "begun in an earlier chat" : "left by an earlier chat");
	return 1;
}

/* What is in the file from `from` on was left by others. */
static void
offer_from(struct chat *c, size_t from)
{
	size_t len = c->kept.len - from, n = 0;
	char *copy, *at;
	struct record r;

	if (len == 0 || (copy = at = malloc(len)) == NULL)
		return;
	memcpy(copy, c->kept.text + from, len);
	while (next_record(&at, copy + len, &r))
		n += (size_t)offer(c, &r);
	free(copy);
	if (n > 0)
		pane_note(&c->pane, "%zu message%s of an earlier chat %s not sent, or perhaps not: "
		    "/resend sends %s, /drop forgets %s", n, n == 1 ? "" : "s",
		    n == 1 ? "was" : "were", n == 1 ? "it" : "them", n == 1 ? "it" : "them");
}

static void
look_again(struct chat *c)
{
	struct timeval t;

	c->look_ms = c->look_ms == 0 ? LOOK_FIRST_MS : 2 * c->look_ms;
	if (!c->kept.others || c->look_ms > LOOK_LAST_MS)
		return;			/* it lives: outbox_keep_look() */
	t.tv_sec = (time_t)(c->look_ms / 1000);
	t.tv_usec = (suseconds_t)(c->look_ms % 1000 * 1000);
	event_add(c->look, &t);
}

void
outbox_keep_look(struct chat *c)
{
	size_t before = c->kept.len;

	kept_look(&c->kept, c->app->profile.name);
	offer_from(c, before);
}

static void
on_look_time(evutil_socket_t fd, short what, void *arg)
{
	struct chat *c = arg;

	(void)fd;
	(void)what;
	if (c->app->finished)
		return;
	outbox_keep_look(c);
	look_again(c);
}

/* Shows what others have left, if it can be had. 0 or a negative errno. */
static int
open_file(struct chat *c)
{
	int rc = kept_open(&c->kept, c->app->profile.name);

	if (rc == 0)
		offer_from(c, 0);
	return rc;
}

void
outbox_keep_open(struct chat *c)
{
	struct event_base *base = c->app->base;

	if ((c->keep = event_new(base, -1, 0, on_keep_time, c)) == NULL ||
	    (c->keep_draft = event_new(base, -1, 0, on_keep_time, c)) == NULL ||
	    (c->look = event_new(base, -1, 0, on_look_time, c)) == NULL)
		return;
	(void)open_file(c);		/* tried again, and told, when there is something to keep */
	look_again(c);
}
