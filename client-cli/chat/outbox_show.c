/*
 * outbox_show.c - the outbox on the screen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "client-cli/app/out_wrap.h"
#include "client-cli/chat/chat.h"
#include "client-cli/chat/line.h"
#include "client-cli/chat/outbox_item.h"

#define ITEM_ROWS_MAX	3	/* of one text above the line */
#define KEEP_MS		100	/* most are stored by then */

/* -- on the screen -------------------------------------------------------- */

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
		fprintf(file, item->fate == KITH_UNANSWERED ? "!%u perhaps stored, not answered," :
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
		if (!outbox_item_is_visible(item))
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
			return rows + print_hint_row(file, c->ended ?
			    "~ the next chat offers what was not sent, /drop forgets it" :
			    "~ /resend sends what failed again, /drop forgets it", columns);
	return rows;
}

/* Something may have changed: outbox_keep.h. */
static void
keep_soon(struct chat *c)
{
	const struct timeval soon = { 0, KEEP_MS * 1000 };

	if (c->keep == NULL || event_pending(c->keep, EV_TIMEOUT, NULL) ||
	    (TAILQ_EMPTY(&c->outbox.items) && c->kept.len == 0))
		return;
	event_add(c->keep, &soon);
}

void
outbox_show(struct chat *c)
{
	const struct outbox_item *item;
	char *text = NULL;
	size_t len, left_out, drawn;
	int rows, columns;
	FILE *file;

	keep_soon(c);
	if (!line_can_move() || (file = open_memstream(&text, &len)) == NULL)
		return;
	line_size(&rows, &columns);
	item = first_fitting(c, (size_t)(rows / 3 > 3 ? rows / 3 : 3), columns, &left_out);
	drawn = print_hints(file, c, left_out, columns);
	for (; item != NULL; item = TAILQ_NEXT(item, link))
		if (outbox_item_is_visible(item))
			drawn += print_item(file, item, columns);
	if (fclose(file) == 0)
		line_set_above(text, (int)drawn);
	free(text);
}

/* For terminals that cannot show it above the line. */
void
outbox_show_item(const struct outbox_item *item)
{
	struct chat *c = item->chat;
	char *text;

	outbox_show(c);
	if (line_can_move() || (text = item_text(item)) == NULL)
		return;
	pane_print(&c->pane, text, 4);
	free(text);
}

void
outbox_show_failed(struct outbox_item *item, const char *why)
{
	struct chat *c = item->chat;

	free(item->why);
	item->why = strdup(why);
	if (item->why == NULL)
		item->why = calloc(1, 1);
	item->state = ITEM_FAILED;
	item->number = ++c->outbox.failed;
	outbox_show_item(item);
}
