/*
 * pane.c - what stands above the line.
 */
#include "client-cli/chat/pane.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/app/out.h"
#include "client-cli/app/out_wrap.h"
#include "client-cli/chat/line.h"
#include "protocol/limits.h"

#define KEPT_BYTES_MAX	(256u << 10)
#define NOTE_INDENT	3

struct pane_text {
	TAILQ_ENTRY(pane_text) link;
	int	indent;
	size_t	max;
	size_t	len;
	char	text[];
};

void
pane_init(struct pane *p)
{
	memset(p, 0, sizeof(*p));
	TAILQ_INIT(&p->texts);
}

static void
forget_first(struct pane *p)
{
	struct pane_text *t = TAILQ_FIRST(&p->texts);

	TAILQ_REMOVE(&p->texts, t, link);
	p->bytes -= t->len;
	free(t);
}

void
pane_fini(struct pane *p)
{
	while (!TAILQ_EMPTY(&p->texts))
		forget_first(p);
}

/* Prints it, or with `file` NULL only counts. The number of rows. */
static size_t
draw(FILE *file, const struct pane_text *t)
{
	struct out_wrap w = { .indent = t->indent, .max = t->max };

	w.columns = out_wrap_columns(stdout);
	out_wrap(file, t->text, &w);
	if (w.left_out == 0)
		return w.rows;
	if (file != NULL)
		fprintf(file, "   (%zu more rows; /full shows them)\n", w.left_out);
	return w.rows + 1;
}

static int
show_text(struct pane *p, const char *text, int indent, size_t max)
{
	size_t len = strlen(text);
	struct pane_text *t = malloc(sizeof(*t) + len + 1);
	int failed;

	if (t == NULL)
		return -EIO;
	t->indent = indent;
	t->max = max;
	t->len = len;
	memcpy(t->text, text, len + 1);
	line_hide();
	draw(stdout, t);
	failed = fflush(stdout) != 0 || ferror(stdout);
	p->failed |= failed;
	TAILQ_INSERT_TAIL(&p->texts, t, link);
	for (p->bytes += len; p->bytes > KEPT_BYTES_MAX;)
		forget_first(p);
	return failed ? -EIO : 0;
}

int
pane_print(struct pane *p, const char *text, int indent)
{
	return show_text(p, text, indent, OUT_ROWS_MAX);
}

int
pane_print_whole(struct pane *p, const char *text, int indent)
{
	return show_text(p, text, indent, 0);
}

void
pane_note(struct pane *p, const char *format, ...)
{
	char text[TEXT_BYTES_MAX + 512], *clean = NULL;
	va_list args;
	size_t len;
	FILE *file = open_memstream(&clean, &len);

	if (file == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("-- ", file);
	out_string(file, text, OUT_LINES);
	if (fclose(file) == 0)
		pane_print(p, clean, NOTE_INDENT);
	free(clean);
}

void
pane_repaint(struct pane *p)
{
	const struct pane_text *t, *from = NULL;
	int rows, columns;
	size_t room, n;

	line_clear_screen();
	line_size(&rows, &columns);
	room = rows > 1 ? (size_t)rows - 1 : 1;
	TAILQ_FOREACH_REVERSE(t, &p->texts, pane_texts, link) {
		if ((n = draw(NULL, t)) > room)
			break;
		room -= n;
		from = t;
	}
	for (t = from; t != NULL; t = TAILQ_NEXT(t, link))
		draw(stdout, t);
	fflush(stdout);
}

void
pane_clear(struct pane *p)
{
	while (!TAILQ_EMPTY(&p->texts))
		forget_first(p);
	line_clear_screen();
}
