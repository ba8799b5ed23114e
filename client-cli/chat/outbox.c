/*
 * outbox.c - what was typed and is not stored yet.
 */
#include "client-cli/chat/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/out_wrap.h"
#include "client-cli/app/say.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/line.h"
#include "protocol/base/utf8.h"
#include "protocol/error.h"

#define ITEM_ROWS_MAX	3	/* of one text above the line */

enum item_state { ITEM_HELD, ITEM_SENDING, ITEM_FAILED };

struct outbox_item {
	TAILQ_ENTRY(outbox_item) link;
	struct chat	*chat;
	enum item_state	 state;
	unsigned	 number;	/* failed */
	int		 command;	/* held: runs; `targets` is what it sets */
	int		 sets, uses;
	char		*targets, *text, *why;
	uint64_t	 client_id;	/* of the first of n copies */
	uint32_t	 n, shown, stored;
	int		 answered;
	enum kith_fate	 fate;		/* failed, or given up */
	struct place {			/* of the stored copies; once answered */
		uint64_t conversation, seq;
		int	 shown;
	}		*places;
};

void
outbox_init(struct outbox *o)
{
	TAILQ_INIT(&o->items);
	o->failed = 0;
	o->releasing = 0;
	o->place = NULL;
}

static void
item_free(struct outbox *o, struct outbox_item *item)
{
	if (o->place == item)
		o->place = TAILQ_NEXT(item, link);
	TAILQ_REMOVE(&o->items, item, link);
	free(item->targets);
	free(item->text);
	free(item->why);
	free(item->places);
	free(item);
}

void
outbox_fini(struct outbox *o)
{
	struct outbox_item *item;

	while ((item = TAILQ_FIRST(&o->items)) != NULL)
		item_free(o, item);
}

static struct outbox_item *
item_new(struct chat *c, const char *targets, const char *text)
{
	struct outbox_item *item = calloc(1, sizeof(*item));

	if (item == NULL || (item->targets = strdup(targets)) == NULL ||
	    (item->text = strdup(text)) == NULL) {
		if (item != NULL)
			free(item->targets);
		free(item);
		pane_note(&c->pane, "not sent: %s: %s", strerror(ENOMEM), text);
		return NULL;
	}
	item->chat = c;
	if (c->outbox.place != NULL)
		TAILQ_INSERT_BEFORE(c->outbox.place, item, link);
	else
		TAILQ_INSERT_TAIL(&c->outbox.items, item, link);
	return item;
}

/* -- on the screen -------------------------------------------------------- */

static int
item_is_visible(const struct outbox_item *item)
{
	return item->state != ITEM_SENDING || item->shown < item->n;
}

/* Also before its event has come. */
static int
item_is_stored(const struct outbox_item *item)
{
	return item->state == ITEM_SENDING && (item->answered || !item_is_visible(item));
}

/* As one text: what happens to it, to whom it goes, and how it begins. */
static char *
item_text(const struct outbox_item *item)
{
	const struct chat *c = item->chat;
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		return NULL;
	if (item->state == ITEM_FAILED)
		fprintf(file, item->fate == KITH_UNANSWERED ? "!%u perhaps stored, not answered" :
		    "!%u not sent", item->number);
	else if (item->command)
		fputs("~ waits", file);
	else if (item->state == ITEM_HELD)
		fputs(c->app->opened ? "~ waits" : "~ waits for the connection", file);
	else
		fputs(c->offline ? "~ waits for the connection" : "~ sending", file);
	if (!item->command && item->targets[0] != '\0') {
		fputs(item->state == ITEM_FAILED ? " to " : ", to ", file);
		out_string(file, item->targets, OUT_WORD);
	}
	fputs(": ", file);
	if (item->state == ITEM_FAILED) {
		out_string(file, item->why, OUT_WORD);
		fputs(": ", file);
	}
	out_string(file, item->text, OUT_LINES);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

static size_t
print_item(FILE *file, const struct outbox_item *item, int columns)
{
	struct out_wrap w = { .columns = columns, .indent = 4, .max = ITEM_ROWS_MAX };
	const struct out *o = &item->chat->app->out;
	char *text = item_text(item);

	if (text == NULL)
		return 0;
	if (file != NULL && o->color)
		fputs(item->state == ITEM_FAILED ? OUT_BOLD : OUT_DIM, file);
	out_wrap(file, text, &w);
	if (file != NULL && o->color)
		fputs(OUT_NORMAL, file);
	free(text);
	return w.rows;
}

/* The first item of the last ones that fit into `room` rows; *left_out are above. */
static const struct outbox_item *
first_fitting(const struct chat *c, size_t room, int columns, size_t *left_out)
{
	const struct outbox_item *item, *first = NULL;
	size_t n;

	*left_out = 0;
	TAILQ_FOREACH_REVERSE(item, &c->outbox.items, outbox_items, link) {
		if (!item_is_visible(item))
			continue;
		n = *left_out == 0 ? print_item(NULL, item, columns) : room + 1;
		if (n > room) {
			++*left_out;
			continue;
		}
		room -= n;
		first = item;
	}
	return first;
}

static size_t
print_hint_row(FILE *file, const char *text, int columns)
{
	struct out_wrap w = { .columns = columns, .indent = 2, .max = 2 };

	out_wrap(file, text, &w);
	return w.rows;
}

static size_t
print_hints(FILE *file, const struct chat *c, size_t left_out, int columns)
{
	const struct outbox_item *item;
	char text[64];
	size_t rows = 0;

	if (c->status != NULL)
		rows += print_hint_row(file, c->status, columns);
	snprintf(text, sizeof(text), "~ %zu more before these", left_out);
	if (left_out > 0)
		rows += print_hint_row(file, text, columns);
	TAILQ_FOREACH(item, &c->outbox.items, link)
		if (item->state == ITEM_FAILED)
			return rows + print_hint_row(file,
			    "~ /resend sends what failed again, /drop forgets it", columns);
	return rows;
}

void
outbox_show(struct chat *c)
{
	const struct outbox_item *item;
	char *text = NULL;
	size_t len, left_out, drawn;
	int rows, columns;
	FILE *file;

	if (!line_can_move() || (file = open_memstream(&text, &len)) == NULL)
		return;
	line_size(&rows, &columns);
	item = first_fitting(c, (size_t)(rows / 3 > 3 ? rows / 3 : 3), columns, &left_out);
	drawn = print_hints(file, c, left_out, columns);
	for (; item != NULL; item = TAILQ_NEXT(item, link))
		if (item_is_visible(item))
			drawn += print_item(file, item, columns);
	if (fclose(file) == 0)
		line_set_above(text, (int)drawn);
	free(text);
}

/* For terminals that cannot show it above the line. */
static void
outbox_changed(struct chat *c, const struct outbox_item *item)
{
	char *text;

	outbox_show(c);
	if (line_can_move() || item == NULL || (text = item_text(item)) == NULL)
		return;
	pane_print(&c->pane, text, 4);
	free(text);
}

/* -- sending -------------------------------------------------------------- */

static void
item_fail(struct outbox_item *item, const char *why)
{
	struct chat *c = item->chat;

	free(item->why);
	item->why = strdup(why);
	if (item->why == NULL)
		item->why = calloc(1, 1);
	item->state = ITEM_FAILED;
	item->number = ++c->outbox.failed;
	outbox_changed(c, item);
}

/* Where the copies are now, and which of them were handed over already. */
static void
keep_places(struct outbox_item *item, const Kith__V1__Sent *sent)
{
	struct place *p = calloc(sent->n_outcomes + 1, sizeof(*p));
	const struct kith_conversation *conv;

	item->shown = item->stored = 0;
	free(item->places);
	item->places = p;
	for (size_t i = 0; p != NULL && i < sent->n_outcomes; i++) {
		const Kith__V1__Outcome *o = sent->outcomes[i];

		if (o->error != NULL && o->error->code != KITH__V1__ERROR_CODE__OK)
			continue;
		conv = kith_conversation(item->chat->app->kith, o->conversation);
		p[item->stored].conversation = o->conversation;
		p[item->stored].seq = o->seq;
		p[item->stored].shown = conv != NULL && conv->have >= o->seq;
		item->shown += (uint32_t)p[item->stored++].shown;
	}
	item->n = item->stored;
}

/* Keeps the targets whose outcome is an error; the reason is that of the first. */
static void
keep_refused(struct outbox_item *item, const Kith__V1__Sent *sent)
{
	char *rest = item->targets, *target, *refused = calloc(1, strlen(item->targets) + 1);
	const Kith__V1__Error *first = NULL, *e;

	for (size_t i = 0; refused != NULL && i < sent->n_outcomes; i++) {
		if ((target = strsep(&rest, ",")) == NULL)
			break;
		e = sent->outcomes[i]->error;
		if (e == NULL || e->code == KITH__V1__ERROR_CODE__OK)
			continue;
		first = first != NULL ? first : e;
		strcat(refused, refused[0] != '\0' ? "," : "");
		strcat(refused, target);
	}
	if (first == NULL) {
		free(refused);
		return;
	}
	free(item->targets);
	item->targets = refused;
	item_fail(item, first->text[0] != '\0' ? first->text :
	    kith_err_text((uint32_t)first->code));
}

/* Success is not told: the message itself appears, from the log. */
static void
on_outbox_answer(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct outbox_item *item = arg;
	struct chat *c = item->chat;

	(void)k;
	item->fate = why != NULL ? why->fate : KITH_REFUSED;
	if (why != NULL && c->app->finished)
		return;			/* outbox_tell_lost() */
	item->answered = 1;
	if (why != NULL) {
		item_fail(item, why->text);
	} else {
		keep_places(item, reply->sent);
		keep_refused(item, reply->sent);
	}
	if (item->state == ITEM_SENDING && item->shown >= item->stored)
		item_free(&c->outbox, item);
	outbox_show(c);
}

static void
send_to_targets(struct outbox_item *item, const Kith__V1__Target *targets, size_t n)
{
	struct app *app = item->chat->app;
	uint64_t id = kith_client_ids(app->kith, (unsigned)n);
	int rc;

	item->state = ITEM_SENDING;
	item->client_id = id;
	item->n = (uint32_t)n;
	item->shown = item->stored = 0;
	item->answered = 0;
	kith_set_timeout(app->kith, KITH_FOREVER);
	rc = kith_send(app->kith, id, targets, n, item->text, on_outbox_answer, item);
	kith_set_timeout(app->kith, CHAT_ANSWER_MS);
	if (rc < 0)
		item_fail(item, rc == -EMSGSIZE ? "too large" :
		    rc == -ESHUTDOWN ? "the connection has ended" : strerror(-rc));
	else
		outbox_changed(item->chat, item);
}

static void
item_send(struct outbox_item *item)
{
	Kith__V1__Target targets[TARGETS_MAX];
	const char *bad = "";
	char reason[128], *copy = strdup(item->targets);
	int n = copy != NULL ? kith_targets_parse(copy, targets, TARGETS_MAX, &bad) : -ENOMEM;

	reason[0] = '\0';
	if (item->targets[0] == '\0')
		snprintf(reason, sizeof(reason),
		    "no target yet: /query @NAME or /join #GROUP, then /resend");
	else if (n == -E2BIG)
		snprintf(reason, sizeof(reason), "more than %u targets", TARGETS_MAX);
	else if (n == -EINVAL)
		snprintf(reason, sizeof(reason),
		    "%.40s is not a target (@NAME for a person, #NAME for a group)", bad);
	else if (n < 0)
		snprintf(reason, sizeof(reason), "%s", strerror(-n));
	else
		send_to_targets(item, targets, (size_t)n);
	if (reason[0] != '\0')
		item_fail(item, reason);
	free(copy);
}

/* 0: the server would take it. */
static int
text_is_wrong(const char *text, char *why, size_t size)
{
	size_t len = strlen(text);

	if (len > TEXT_BYTES_MAX)
		snprintf(why, size, "it has %zu bytes, and a message at most %u", len,
		    TEXT_BYTES_MAX);
	else if (!utf8_valid(text, len))
		snprintf(why, size, "it is not UTF-8");
	else
		return 0;
	return 1;
}

void
outbox_say(struct chat *c, const char *targets, const char *text)
{
	int hold = outbox_must_hold(c);
	struct outbox_item *item = item_new(c, targets, text);
	char why[80];

	if (item == NULL)
		return;
	c->warned = 0;
	if (text_is_wrong(text, why, sizeof(why)))
		item_fail(item, why);
	else if (!hold)
		item_send(item);
	else
		outbox_changed(c, item);
}

/* -- held ----------------------------------------------------------------- */

static struct outbox_item *
first_held(const struct chat *c)
{
	struct outbox_item *item;

	TAILQ_FOREACH(item, &c->outbox.items, link)
		if (item->state == ITEM_HELD)
			return item;
	return NULL;
}

int
outbox_must_hold(const struct chat *c)
{
	if (c->choosing || !c->app->opened)
		return 1;
	return !c->outbox.releasing && first_held(c) != NULL;
}

void
outbox_hold_command(struct chat *c, const char *command, const char *sets, int uses)
{
	struct outbox_item *item = item_new(c, sets != NULL ? sets : "", command);

	if (item == NULL)
		return;
	item->command = 1;
	item->sets = sets != NULL;
	item->uses = uses;
	outbox_changed(c, item);
}

void
outbox_release(struct chat *c)
{
	struct outbox_item *item;
	char *command;

	if (c->outbox.releasing)
		return;			/* the one that is at it goes on */
	while (!c->choosing && c->app->opened && (item = first_held(c)) != NULL) {
		if (!item->command) {
			item_send(item);
			continue;
		}
		command = item->text;
		item->text = NULL;
		c->outbox.place = TAILQ_NEXT(item, link);
		item_free(&c->outbox, item);
		c->outbox.releasing = 1;
		c->run(c, command);
		c->outbox.releasing = 0;
		c->outbox.place = NULL;
		free(command);
	}
	outbox_show(c);
}

void
outbox_fail_held(struct chat *c, const char *word, const char *why)
{
	struct outbox_item *item, *next;

	for (item = TAILQ_FIRST(&c->outbox.items); item != NULL; item = next) {
		next = TAILQ_NEXT(item, link);
		if (item->state != ITEM_HELD)
			continue;
		if (item->command && item->sets)
			return;		/* what follows is for its target */
		if (!item->command && strcmp(item->targets, word) == 0) {
			item_fail(item, why);
		} else if (item->command && item->uses) {
			pane_note(&c->pane, "not done: %s: %s", item->text, why);
			item_free(&c->outbox, item);
		}
	}
}

const char *
outbox_target(const struct chat *c)
{
	const struct outbox_item *item;

	TAILQ_FOREACH_REVERSE(item, &c->outbox.items, outbox_items, link)
		if (item->state == ITEM_HELD && item->command && item->sets)
			return item->targets;
	return NULL;
}

/* -- stored, failed ------------------------------------------------------- */

static int
is_event_of(struct outbox_item *item, const Kith__V1__Event *e)
{
	struct place *p = item->places;

	if (!item->answered)
		return item->n > 0 && e->client_id >= item->client_id &&
		    e->client_id < item->client_id + item->n;
	for (uint32_t i = 0; p != NULL && i < item->stored; i++)
		if (p[i].conversation == e->conversation && p[i].seq == e->seq && !p[i].shown)
			return p[i].shown = 1;
	return 0;
}

void
outbox_stored(struct chat *c, const Kith__V1__Event *e)
{
	struct outbox_item *item;

	if (e->client_id == 0 || e->sender != kith_user_id(c->app->kith))
		return;
	TAILQ_FOREACH(item, &c->outbox.items, link) {
		if (!is_event_of(item, e))
			continue;
		item->shown++;
		if (item->state == ITEM_SENDING && item->answered && item->shown >= item->stored)
			item_free(&c->outbox, item);
		outbox_show(c);
		return;
	}
}

static struct outbox_item *
next_failed(const struct chat *c, unsigned number, unsigned last)
{
	struct outbox_item *item;

	TAILQ_FOREACH(item, &c->outbox.items, link)
		if (item->state == ITEM_FAILED && item->number <= last &&
		    (number == 0 || item->number == number))
			return item;
	return NULL;
}

size_t
outbox_resend(struct chat *c, unsigned number, const char *word)
{
	unsigned last = c->outbox.failed;	/* one that fails again has a new number */
	struct outbox_item *item;
	char *text, *target;
	size_t n = 0;

	for (; (item = next_failed(c, number, last)) != NULL; n++) {
		text = item->text;
		target = item->targets;
		item->text = item->targets = NULL;
		item_free(&c->outbox, item);
		outbox_say(c, target[0] != '\0' ? target : word, text);
		free(text);
		free(target);
	}
	outbox_show(c);
	return n;
}

size_t
outbox_drop(struct chat *c, unsigned number)
{
	struct outbox_item *item;
	size_t n = 0;

	for (; (item = next_failed(c, number, c->outbox.failed)) != NULL; n++)
		item_free(&c->outbox, item);
	outbox_show(c);
	return n;
}

size_t
outbox_unsent(const struct chat *c, int failed)
{
	const struct outbox_item *item;
	size_t n = 0;

	TAILQ_FOREACH(item, &c->outbox.items, link)
		n += !item_is_stored(item) && (failed || item->state != ITEM_FAILED);
	return n;
}

static void
tell_lost_text(const struct outbox_item *item)
{
	const char *targets = item->targets[0] != '\0' ? item->targets : "anybody";

	if (item->state != ITEM_HELD && item->fate == KITH_UNANSWERED)
		say("sent to %s, but not answered: it may have been stored: %s", targets,
		    item->text);
	else if (item->state == ITEM_FAILED)
		say("not sent to %s: %s: %s", targets, item->why, item->text);
	else
		say("not sent to %s: %s", targets, item->text);
}

void
outbox_tell_lost(const struct chat *c)
{
	const struct outbox_item *item;

	TAILQ_FOREACH(item, &c->outbox.items, link) {
		if (item->command)
			say("not sent: /%s", item->text);
		else if (!item_is_stored(item))
			tell_lost_text(item);
	}
}
