/*
 * out.c - what kith prints: events and rows, as text, fields or JSON.
 */
#include "client-cli/app/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_MAX	8		/* fields of a record, at most */
#define CELLS_PER_GROWTH	256

#define BOLD	"\033[1m"
#define DIM	"\033[2m"
#define PLAIN	"\033[0m"

struct out_table {
	const char	*keys[COLUMNS_MAX];	/* constants of the callers */
	int		 widths[COLUMNS_MAX];
	int		 columns;
	char		**cells;		/* rows after rows, each ours */
	size_t		 n, size;
};

void
out_init(struct out *o, FILE *file, enum out_mode mode)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	int terminal = isatty(fileno(file));

	memset(o, 0, sizeof(*o));
	o->file = file;
	o->mode = mode;
	o->header = terminal;
	o->color = terminal && (no_color == NULL || no_color[0] == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

int
out_fini(struct out *o)
{
	out_flush(o);
	free(o->table);
	o->table = NULL;
	return fflush(o->file) == 0 && !ferror(o->file) ? 0 : -EIO;
}

/* -- times --------------------------------------------------------------- */

/* RFC 3339, UTC, milliseconds. */
static void
print_time(char *out, size_t size, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t len;

	if (gmtime_r(&seconds, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	len = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, size - len, ".%03uZ", (unsigned)(ms % 1000));
}

static void
local_time(struct tm *tm, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);

	if (localtime_r(&seconds, tm) == NULL)
		memset(tm, 0, sizeof(*tm));
}

/* -- events -------------------------------------------------------------- */

#define KIND(name)	KITH__V1__EVENT_KIND__##name

static const struct kind {
	Kith__V1__EventKind kind;
	const char	*name;
	const char	*words;		/* after the sender; before the subject */
} kinds[] = {
	{ KIND(MESSAGE),	"message",	NULL },
	{ KIND(GROUP_CREATED),	"group_created", "created the group" },
	{ KIND(JOINED),		"joined",	"joined" },
	{ KIND(LEFT),		"left",		"left" },
	{ KIND(INVITED),	"invited",	"invited" },
	{ KIND(INVITATION),	"invitation",	"invites to" },
	{ KIND(NONE),		"unknown",	"did something that this kith is too old for" },
};

static const struct kind *
find_kind(Kith__V1__EventKind kind)
{
	size_t i = 0;

	while (kinds[i].kind != kind && kinds[i].kind != KIND(NONE))
		i++;
	return &kinds[i];
}

const char *
out_kind(Kith__V1__EventKind kind)
{
	return find_kind(kind)->name;
}

static void
event_json(struct out *o, const char *conversation, const Kith__V1__Event *e)
{
	char id[24], client_id[24];

	snprintf(id, sizeof(id), "%" PRIu64, e->conversation);
	snprintf(client_id, sizeof(client_id), "%" PRIu64, e->client_id);
	out_begin(o);
	out_text(o, "conversation", conversation);
	out_text(o, "conversation_id", id);
	out_number(o, "seq", e->seq);
	out_text(o, "sender", e->sender_name);
	out_time(o, "time", e->time_ms);
	out_text(o, "kind", out_kind(e->kind));
	out_text(o, "text", e->text);
	out_text(o, "subject", e->subject_name);
	out_text(o, "client_id", client_id);
	out_end(o);
}

static void
event_plain(struct out *o, const char *conversation, const Kith__V1__Event *e)
{
	out_begin(o);
	out_text(o, "conversation", conversation);
	out_number(o, "seq", e->seq);
	out_time(o, "time", e->time_ms);
	out_text(o, "sender", e->sender_name);
	out_text(o, "kind", out_kind(e->kind));
	out_text(o, "text", e->text);
	out_text(o, "subject", e->subject_name);
	out_end(o);
}

/* Lines after the first are set in, so that none looks like another's message. */
static void
print_lines(FILE *file, const char *text, int indent)
{
	const char *end;
	char *line;

	while ((end = strchr(text, '\n')) != NULL) {
		if ((line = strndup(text, (size_t)(end - text))) != NULL)
			out_string(file, line, OUT_LINES);
		free(line);
		fprintf(file, "\n%*s", indent, "");
		text = end + 1;
	}
	out_string(file, text, OUT_LINES);
	fputc('\n', file);
}

/* The line of a day, when it is another than that of the line before. */
static void
print_day(struct out *o, const struct tm *tm)
{
	int day = (tm->tm_year + 1900) * 10000 + (tm->tm_mon + 1) * 100 + tm->tm_mday;
	char text[64];

	strftime(text, sizeof(text), "%A, %e %B %Y", tm);
	if (day != o->day)
		fprintf(o->file, "%s-- %s --%s\n", o->color ? DIM : "", text,
		    o->color ? PLAIN : "");
	o->day = day;
}

static void
event_text(struct out *o, const char *conversation, const Kith__V1__Event *e)
{
	const struct kind *kind = find_kind(e->kind);
	const char *bold = o->color ? BOLD : "", *dim = o->color ? DIM : "",
	    *plain = o->color ? PLAIN : "";
	char stamp[32];
	struct tm tm;

	local_time(&tm, e->time_ms);
	if (o->brief)
		print_day(o, &tm);
	if (o->brief)
		strftime(stamp, sizeof(stamp), "%H:%M", &tm);
	else
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M", &tm);
	fprintf(o->file, "%s%s%s ", dim, stamp, plain);
	out_string(o->file, conversation, OUT_WORD);
	fprintf(o->file, " %s%s", kind->words != NULL ? "* " : "", bold);
	out_string(o->file, e->sender_name, OUT_WORD);
	fputs(plain, o->file);
	if (kind->words == NULL) {
		fputs(": ", o->file);
		print_lines(o->file, e->text, (int)strlen(stamp) + out_width(conversation) +
		    out_width(e->sender_name) + 4);
		return;
	}
	fprintf(o->file, " %s", kind->words);
	if (e->kind == KIND(INVITED)) {
		fputs(" @", o->file);
		out_string(o->file, e->subject_name, OUT_WORD);
	} else if (e->kind == KIND(INVITATION)) {
		fputs(" #", o->file);
		out_string(o->file, e->text, OUT_WORD);
	}
	fputc('\n', o->file);
}

void
out_event(struct out *o, const char *conversation, const Kith__V1__Event *e)
{
	static void (*const ways[])(struct out *, const char *, const Kith__V1__Event *) = {
		[OUT_TEXT] = event_text,
		[OUT_PLAIN] = event_plain,
		[OUT_JSON] = event_json,
	};

	ways[o->mode](o, conversation, e);
}

/* -- records ------------------------------------------------------------- */

static void *
must(void *memory)
{
	if (memory == NULL) {
		fputs("kith: out of memory\n", stderr);
		exit(KITH_EXIT_FAILED);
	}
	return memory;
}

static void
table_add(struct out *o, const char *key, const char *text)
{
	struct out_table *t = o->table;
	int column = o->fields, width;

	if (o->silent)
		return;
	if (t == NULL)
		t = o->table = must(calloc(1, sizeof(*t)));
	if (t->n == t->size) {
		t->size += CELLS_PER_GROWTH;
		t->cells = must(reallocarray(t->cells, t->size, sizeof(*t->cells)));
	}
	t->cells[t->n++] = must(strdup(text));
	t->keys[column] = key;
	if (column >= t->columns) {
		t->columns = column + 1;
		t->widths[column] = o->header ? (int)strlen(key) : 0;
	}
	if ((width = out_width(text)) > t->widths[column])
		t->widths[column] = width;
}

static void
print_cell(struct out *o, const char *text, int column)
{
	const struct out_table *t = o->table;
	int last = column == t->columns - 1;

	out_string(o->file, text, OUT_WORD);
	if (last)
		fputc('\n', o->file);
	else
		fprintf(o->file, "%*s", t->widths[column] - out_width(text) + 2, "");
}

static void
print_header(struct out *o)
{
	const struct out_table *t = o->table;

	for (int column = 0; column < t->columns; column++) {
		fputs(o->color ? DIM : "", o->file);
		print_cell(o, t->keys[column], column);
		fputs(o->color ? PLAIN : "", o->file);
	}
}

void
out_flush(struct out *o)
{
	struct out_table *t = o->table;

	if (t == NULL || t->n == 0)
		return;
	if (o->header)
		print_header(o);
	for (size_t i = 0; i < t->n; i++) {
		print_cell(o, t->cells[i], (int)(i % (size_t)t->columns));
		free(t->cells[i]);
	}
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

void
out_begin(struct out *o)
{
	o->fields = o->silent = 0;
	if (o->mode == OUT_JSON)
		fputc('{', o->file);
}

void
out_details(struct out *o)
{
	o->silent = 1;
}

/* What comes before a field's value in JSON and --plain. */
static void
field_begin(struct out *o, const char *key)
{
	if (o->mode == OUT_JSON)
		fprintf(o->file, "%s\"%s\": ", o->fields > 0 ? ", " : "", key);
	else if (o->fields > 0)
		fputc('\t', o->file);
}

void
out_text(struct out *o, const char *key, const char *value)
{
	if (o->mode == OUT_TEXT) {
		table_add(o, key, value[0] != '\0' ? value : "-");
	} else {
		field_begin(o, key);
		if (o->mode == OUT_JSON)
			fputc('"', o->file);
		out_string(o->file, value, o->mode == OUT_JSON ? OUT_QUOTED : OUT_FIELD);
		if (o->mode == OUT_JSON)
			fputc('"', o->file);
	}
	o->fields++;
}

void
out_number(struct out *o, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	if (o->mode == OUT_TEXT) {
		table_add(o, key, text);
	} else {
		field_begin(o, key);
		fputs(text, o->file);
	}
	o->fields++;
}

void
out_flag(struct out *o, const char *key, int value)
{
	if (o->mode == OUT_TEXT) {
		table_add(o, key, value ? key : "-");
	} else {
		field_begin(o, key);
		fputs(value ? "true" : "false", o->file);
	}
	o->fields++;
}

void
out_time(struct out *o, const char *key, uint64_t ms)
{
	char text[48] = "";

	struct tm tm;

	if (ms > 0 && o->mode == OUT_TEXT) {
		local_time(&tm, ms);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	} else if (ms > 0) {
		print_time(text, sizeof(text), ms);
	}
	if (o->mode == OUT_JSON && ms == 0) {
		field_begin(o, key);
		fputs("null", o->file);
		o->fields++;
	} else {
		out_text(o, key, text);
	}
}

void
out_end(struct out *o)
{
	if (o->mode == OUT_JSON)
		fputs("}\n", o->file);
	else if (o->mode == OUT_PLAIN)
		fputc('\n', o->file);
}
