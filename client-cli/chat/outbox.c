/*
 * outbox.c - what was typed and is not stored yet.
 */
#include "client-cli/chat/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/say.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/outbox_item.h"
#include "protocol/base/utf8.h"
#include "protocol/error.h"

void
outbox_init(struct outbox *o)
{
	TAILQ_INIT(&o->items);
	o->failed = 0;
	o->releasing = 0;
	o->place = NULL;
}

void
outbox_fini(struct outbox *o)
{
	struct outbox_item *item;

	while ((item = TAILQ_FIRST(&o->items)) != NULL)
		outbox_item_free(o, item);
}

/* -- sending -------------------------------------------------------------- */

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
	outbox_show_failed(item, first->text[0] != '\0' ? first->text :
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
	if (item->perhaps && item->fate == KITH_UNSENT)
		item->fate = KITH_UNANSWERED;	/* but an earlier try had left */
	if (why != NULL && c->app->finished)
		return;			/* outbox_tell_lost() */
	item->answered = 1;
	if (why != NULL) {
		outbox_show_failed(item, why->text);
	} else {
		keep_places(item, reply->sent);
		keep_refused(item, reply->sent);
	}
	if (item->state == ITEM_SENDING && item->shown >= item->stored)
		outbox_item_free(&c->outbox, item);
	outbox_show(c);
	c->leaves(c);			/* the next one, when this returns */
}

static void
send_to_targets(struct outbox_item *item, const Kith__V1__Target *targets, size_t n)
{
	struct app *app = item->chat->app;
	uint64_t id = item->client_id;
	int rc;

	if (id == 0)
		id = kith_client_ids(app->kith, (unsigned)n);

	item->state = ITEM_SENDING;
	item->client_id = id;
	item->n = (uint32_t)n;
	item->shown = item->stored = 0;
	item->answered = 0;
	kith_set_timeout(app->kith, KITH_FOREVER);
	rc = kith_send(app->kith, id, targets, n, item->text, on_outbox_answer, item);
	kith_set_timeout(app->kith, CHAT_ANSWER_MS);
	if (rc < 0)
		outbox_show_failed(item, rc == -EMSGSIZE ? "too large" :
		    rc == -ESHUTDOWN ? "the connection has ended" : strerror(-rc));
	else
		outbox_show_item(item);
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
		outbox_show_failed(item, reason);
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

/* `client_id`: of an earlier try, or 0; `perhaps`: that one may be stored. */
static void
say_text(struct chat *c, const char *targets, const char *text, uint64_t client_id, int perhaps)
{
	int hold = outbox_must_hold(c);
	struct outbox_item *item = outbox_item_new(c, targets, text);
	char why[80];

	if (item == NULL)
		return;
	item->client_id = client_id;
	item->perhaps = perhaps;
	c->warned = 0;
	if (text_is_wrong(text, why, sizeof(why))) {
		outbox_show_failed(item, why);
	} else if (c->ended) {
		item->fate = perhaps ? KITH_UNANSWERED : KITH_UNSENT;
		outbox_show_failed(item, c->final.text);
	} else if (!hold) {
		item_send(item);
	} else {
		outbox_show_item(item);
	}
}

void
outbox_say(struct chat *c, const char *targets, const char *text)
{
	say_text(c, targets, text, 0, 0);
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
	if (c->ended)
		return 0;
	if (c->choosing || !c->app->opened)
		return 1;
	return !c->outbox.releasing && first_held(c) != NULL;
}

void
outbox_hold_command(struct chat *c, const char *command, const char *sets, int uses)
{
	struct outbox_item *item = outbox_item_new(c, sets != NULL ? sets : "", command);

	if (item == NULL)
		return;
	item->command = 1;
	item->sets = sets != NULL;
	item->uses = uses;
	outbox_show_item(item);
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
		outbox_item_free(&c->outbox, item);
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
			outbox_show_failed(item, why);
		} else if (item->command && item->uses) {
			pane_note(&c->pane, "not done: %s: %s", item->text, why);
			outbox_item_free(&c->outbox, item);
		}
	}
}

void
outbox_fail_all(struct chat *c, const char *why)
{
	struct outbox_item *item;

	while ((item = first_held(c)) != NULL) {
		item->fate = item->perhaps ? KITH_UNANSWERED : KITH_UNSENT;
		if (!item->command) {
			outbox_show_failed(item, why);
			continue;
		}
		pane_note(&c->pane, "not done: /%s", item->text);
		outbox_item_free(&c->outbox, item);
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
			outbox_item_free(&c->outbox, item);
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
	uint64_t client_id;
	size_t n = 0;
	int perhaps;

	for (; (item = next_failed(c, number, last)) != NULL; n++) {
		text = item->text;
		target = item->targets;
		/* With its own id what was stored already is not stored twice. */
		client_id = item->fate != KITH_REFUSED ? item->client_id : 0;
		perhaps = item->fate == KITH_UNANSWERED;
		item->text = item->targets = NULL;
		outbox_item_free(&c->outbox, item);
		say_text(c, target[0] != '\0' ? target : word, text, client_id, perhaps);
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
		outbox_item_free(&c->outbox, item);
	outbox_show(c);
	return n;
}

size_t
outbox_unsent(const struct chat *c, int failed)
{
	const struct outbox_item *item;
	size_t n = 0;

	TAILQ_FOREACH(item, &c->outbox.items, link)
		n += !outbox_item_is_stored(item) && (failed || item->state != ITEM_FAILED);
	return n;
}

static void
tell_lost_text(const struct outbox_item *item)
{
	const char *targets = item->targets[0] != '\0' ? item->targets : "anybody";

	if (item->perhaps || (item->state != ITEM_HELD && item->fate == KITH_UNANSWERED))
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
		else if (!outbox_item_is_stored(item))
			tell_lost_text(item);
	}
}
