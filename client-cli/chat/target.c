/*
 * target.c - to whom the line goes.
 */
#include "client-cli/chat/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/chat/chat.h"
#include "client-cli/chat/chat_ask.h"
#include "client-cli/chat/line.h"
#include "client-cli/chat/question.h"
#include "protocol/error.h"
#include "protocol/wire.h"

#define FIRST_TARGET	"#lobby"
#define SHOWN_MAX	20	/* messages of a conversation that is opened */
#define SHOWN_MIN	5

/* -- the prompt ----------------------------------------------------------- */

const char *
target_word(const struct chat *c)
{
	const char *held = outbox_target(c);

	return held != NULL ? held : c->choosing ? c->wanted : c->target;
}

static const char *
prompt_state(const struct chat *c)
{
	if (c->ended)
		return " (ended)";
	if (c->offline)
		return " (offline)";
	if (!c->app->opened)
		return " (connecting)";
	return c->choosing || outbox_target(c) != NULL ? " (waits)" : "";
}

void
target_show(struct chat *c)
{
	const char *begun = line_begun(), *word = target_word(c);
	char *prompt = NULL;
	FILE *out;
	size_t len;

	outbox_show(c);
	if (c->question != NULL) {
		question_show(c);
		return;
	}
	/* What was begun for one prompt does not go elsewhere. */
	if (begun != NULL && strcmp(begun, QUESTION_TAG) != 0)
		word = begun;
	if ((out = open_memstream(&prompt, &len)) == NULL)
		return;
	out_string(out, word[0] != '\0' ? word : "kith", OUT_WORD);
	fprintf(out, "%s> ", prompt_state(c));
	if (fclose(out) == 0)
		line_set_prompt(prompt, word);
	free(prompt);
}

/* -- in force ------------------------------------------------------------- */

static void
set_target(struct chat *c, const char *word)
{
	snprintf(c->target, sizeof(c->target), "%s", word);
	c->choosing = 0;
	profile_save_target(c->app->profile.name, c->target);
}

void
target_none(struct chat *c)
{
	set_target(c, "");
	seen_begin(c, 0, 0);
	outbox_fail_held(c, "", "there is no target now: /query one, then /resend");
	feed_release(c, 0, 0);
	outbox_release(c);
	target_show(c);
}

void
target_expect(struct chat *c, const char *word)
{
	snprintf(c->wanted, sizeof(c->wanted), "%s", word);
	c->choosing = 1;
	target_show(c);
}

void
target_refused(struct chat *c, const char *why)
{
	c->choosing = 0;
	if (c->wanted[0] != '\0' && !c->ended)
		pane_note(&c->pane, "%s: %s", c->wanted, why);
	if (c->target[0] == '\0' && !c->ended)
		pane_note(&c->pane, "nobody is the target yet: /query @NAME, or /join #GROUP");
	outbox_fail_held(c, c->wanted, why);
	feed_release(c, 0, 0);
	outbox_release(c);
	target_show(c);
}

/* -- a conversation is opened --------------------------------------------- */

struct opening {
	struct asked	*asked;
	Kith__V1__HistoryPage *page;	/* a copy, or NULL: nothing was said yet */
	int		 kept;		/* it is the last one of the chat before */
};

static void
opening_free(void *more)
{
	struct opening *o = more;

	if (o->page != NULL)
		kith__v1__history_page__free_unpacked(o->page, NULL);
	free(o);
}

static struct opening *
opening_new(struct chat *c, const char *word)
{
	struct opening *o = calloc(1, sizeof(*o));

	if (o == NULL || (o->asked = chat_ask_new(c, word)) == NULL) {
		free(o);
		return NULL;
	}
	o->asked->more = o;
	o->asked->free_more = opening_free;
	return o;
}

static void
tell_older(struct chat *c)
{
	if (seen_gap(c) > 0)
		pane_note(&c->pane, "%llu older %s unread: /more shows the first of them, "
		    "/read takes all as read", (unsigned long long)seen_gap(c),
		    seen_gap(c) == 1 ? "one is" : "ones are");
}

/* The end of the conversation, with a line before what is new. */
static uint64_t
show_opened(struct chat *c, const Kith__V1__HistoryPage *page, uint64_t read_seq)
{
	uint64_t me = kith_user_id(c->app->kith), last = page->last_seq;
	int told = 0;

	for (size_t i = 0; i < page->n_events; i++) {
		const Kith__V1__Event *e = page->events[i];

		if (!told && e->seq > read_seq && e->sender != me) {
			pane_note(&c->pane, "new in %s:", c->target);
			told = 1;
		}
		feed_show(c, c->target, e);
	}
	if (page->n_events == 0)
		return last;
	seen_shown(c, page->conversation, page->events[0]->seq - 1, last);
	tell_older(c);
	return last;
}

/* What was before the user came in cannot be read, so it is not unread. */
static uint64_t
read_up_to(const Kith__V1__Conversation *row)
{
	if (row == NULL)
		return 0;
	return row->since_seq > row->read_seq + 1 ? row->since_seq - 1 : row->read_seq;
}

/* It can be read, but not written to. */
static int
was_left(const Kith__V1__Conversation *row)
{
	return row != NULL && row->kind == KITH__V1__CONVERSATION_KIND__GROUP &&
	    row->role == KITH__V1__ROLE__NOBODY;
}

static void
open_conversation(struct chat *c, const struct opening *o, const Kith__V1__Conversation *row)
{
	uint64_t id = o->page != NULL ? o->page->conversation : 0, shown = 0;
	char word[CHAT_WORD_MAX];

	snprintf(word, sizeof(word), "%s", c->wanted);
	if (row != NULL)
		snprintf(word, sizeof(word), "%c%s", c->wanted[0], row->name);
	set_target(c, word);
	seen_begin(c, id, read_up_to(row));
	if (o->page != NULL && row != NULL)
		shown = show_opened(c, o->page, read_up_to(row));
	if (was_left(row))
		pane_note(&c->pane, "you are not in %s any more: /join %s to write there", word,
		    word);
	names_add(&c->names, word[0], word + 1);
	feed_release(c, id, shown);
	outbox_release(c);
	target_show(c);
}

static void
on_target_row(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	const Kith__V1__Conversation *row = NULL;
	struct opening *o = arg;
	struct chat *c = o->asked->chat;

	(void)k;
	if (why == NULL && reply->conversations->n_conversations == 1)
		row = reply->conversations->conversations[0];
	if (why != NULL)
		target_refused(c, why->text);
	else if (o->kept && was_left(row))
		target_refused(c, "you have left it");
	else
		open_conversation(c, o, row);
	chat_ask_done(o->asked);
}

static void
ask_row(struct chat *c, struct opening *o)
{
	int rc;

	kith_set_timeout(c->app->kith, KITH_FOREVER);
	rc = kith_list_conversations(c->app->kith, 0, &o->page->conversation, 1, on_target_row, o);
	kith_set_timeout(c->app->kith, CHAT_ANSWER_MS);
	if (rc < 0) {
		target_refused(c, strerror(-rc));
		chat_ask_done(o->asked);
	}
}

static void
on_target_history(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply,
    void *arg)
{
	struct opening *o = arg;
	struct chat *c = o->asked->chat;

	(void)k;
	if (why != NULL && why->code == KITH_E_NO_SUCH_CONVERSATION) {
		open_conversation(c, o, NULL);	/* two people who never talked */
	} else if (why != NULL) {
		target_refused(c, why->text);
	} else if ((o->page = (Kith__V1__HistoryPage *)
	    wire_copy(&reply->history_page->base)) == NULL) {
		target_refused(c, strerror(ENOMEM));
	} else {
		ask_row(c, o);
		return;
	}
	chat_ask_done(o->asked);
}

static uint32_t
messages_to_show(void)
{
	int rows, columns;

	line_size(&rows, &columns);
	rows = rows * 2 / 3;
	return (uint32_t)(rows < SHOWN_MIN ? SHOWN_MIN : rows > SHOWN_MAX ? SHOWN_MAX : rows);
}

static void
choose_target(struct chat *c, const char *word, int kept)
{
	char copy[CHAT_WORD_MAX];
	Kith__V1__Target target;
	struct opening *o;
	const char *bad;
	int rc;

	snprintf(copy, sizeof(copy), "%s", word);
	target_expect(c, copy);
	if (kith_targets_parse(copy, &target, 1, &bad) != 1 ||
	    (o = opening_new(c, copy)) == NULL) {
		target_refused(c, "not a target");
		return;
	}
	o->kept = kept;
	kith_set_timeout(c->app->kith, KITH_FOREVER);
	rc = kith_history(c->app->kith, &target, 0, 0, messages_to_show(), on_target_history, o);
	kith_set_timeout(c->app->kith, CHAT_ANSWER_MS);
	if (rc < 0) {
		target_refused(c, strerror(-rc));
		chat_ask_done(o->asked);
	}
}

void
target_choose(struct chat *c, const char *word)
{
	choose_target(c, word, 0);
}

/* -- the first one -------------------------------------------------------- */

void
target_begin(struct chat *c, const char *word)
{
	char last[CHAT_WORD_MAX] = FIRST_TARGET;

	if (word == NULL && profile_load_target(c->app->profile.name, last, sizeof(last)) == 0 &&
	    last[0] != '@' && last[0] != '#')
		snprintf(last, sizeof(last), "%s", FIRST_TARGET);
	target_expect(c, word != NULL ? word : last);
}

void
target_check_first(struct chat *c)
{
	char word[CHAT_WORD_MAX];

	snprintf(word, sizeof(word), "%s", c->wanted);
	choose_target(c, word, c->app->argc == 0);
}
