/*
 * out.c - records, as a table for people, as fields or as JSON.
 */
#include "client-cli/app/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client-cli/app/out_wrap.h"

#define COLUMNS_MAX	8		/* fields of a record, at most */
#define CELLS_PER_GROWTH	256
#define ROW_INDENT	2		/* of the second row of a long one */

struct out_table {
	const char	*keys[COLUMNS_MAX];	/* constants of the callers */
	int		 widths[COLUMNS_MAX];
	int		 columns;
	char		**cells;		/* row by row, each ours */
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
	    term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

/* After each record: errno is still that of the write. */
static void
note_output_error(struct out *o)
{
	if (o->error == 0 && ferror(o->file))
		o->error = errno != 0 ? errno : EIO;
}

int
out_write(struct out *o)
{
	out_flush(o);
	if (o->error == 0 && fflush(o->file) != 0)
		o->error = errno;
	note_output_error(o);
	return -o->error;
}

int
out_fini(struct out *o)
{
	int rc = out_write(o);

	free(o->table);
	o->table = NULL;
	return rc;
}

/* -- tables --------------------------------------------------------------- */

static void *
or_die(void *memory)
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
		t = o->table = or_die(calloc(1, sizeof(*t)));
	if (t->n == t->size) {
		t->size += CELLS_PER_GROWTH;
		t->cells = or_die(reallocarray(t->cells, t->size, sizeof(*t->cells)));
	}
	t->cells[t->n++] = or_die(strdup(text));
	t->keys[column] = key;
	if (column >= t->columns) {
		t->columns = column + 1;
		t->widths[column] = o->header ? (int)strlen(key) : 0;
	}
	if ((width = out_string_width(text)) > t->widths[column])
		t->widths[column] = width;
}

/* Cells may hold what others wrote: a topic, say. So a row that is too long is wrapped
 * here and not by the terminal. */
static void
print_table_row(const struct out *o, const char *const *cells, int header)
{
	struct out_wrap w = { .columns = out_wrap_columns(o->file), .indent = ROW_INDENT };
	const struct out_table *t = o->table;
	char *text = NULL;
	size_t len;
	FILE *row = or_die(open_memstream(&text, &len));

	fputs(header && o->color ? OUT_DIM : "", row);
	for (int column = 0; column < t->columns; column++) {
		out_string(row, cells[column], OUT_WORD);
		if (column < t->columns - 1)
			fprintf(row, "%*s",
			    t->widths[column] - out_string_width(cells[column]) + 2, "");
	}
	fputs(header && o->color ? OUT_NORMAL : "", row);
	if (fclose(row) == 0)
		out_wrap(o->file, text, &w);
	free(text);
}

void
out_flush(struct out *o)
{
	struct out_table *t = o->table;

	if (t == NULL || t->n == 0)
		return;
	if (o->header)
		print_table_row(o, t->keys, 1);
	for (size_t i = 0; i + (size_t)t->columns <= t->n; i += (size_t)t->columns)
		print_table_row(o, (const char *const *)&t->cells[i], 0);
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
	note_output_error(o);
}

/* -- records and their fields --------------------------------------------- */

void
out_local_time(struct tm *tm, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);

	if (localtime_r(&seconds, tm) == NULL)
		memset(tm, 0, sizeof(*tm));
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

/* Prints what comes before the value of a field in JSON and --plain. */
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

/* RFC 3339, UTC, milliseconds. */
static void
format_utc(char *out, size_t size, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t len;

	if (gmtime_r(&seconds, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	len = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, size - len, ".%03uZ", (unsigned)(ms % 1000));
}

void
out_time(struct out *o, const char *key, uint64_t ms)
{
	char text[48] = "";
	struct tm tm;

	if (ms > 0 && o->mode == OUT_TEXT) {
		out_local_time(&tm, ms);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	} else if (ms > 0) {
		format_utc(text, sizeof(text), ms);
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
	note_output_error(o);
}
