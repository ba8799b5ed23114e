/*
 * out_wrap.c - text in rows of the terminal's width.
 */
#include "client-cli/app/out_wrap.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "protocol/base/utf8.h"

#define COLUMNS_UNKNOWN	80	/* of a terminal that does not tell */
#define TAB		8

int
out_wrap_columns(FILE *file)
{
	int fd = fileno(file);
	struct winsize size;

	if (fd < 0 || !isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_UNKNOWN;
	return size.ws_col;
}

/* A row is text[0..len), and the next begins at text + next. */
struct row {
	size_t	len, next;
	int	end;			/* of the text */
};

/* At most so many columns does `c` take. Terminals and wcwidth() do not always agree, and
 * a row that is wider than we think would be wrapped by the terminal: a character that
 * wcwidth() does not know may be wide, one that is not to be seen may show, and a
 * variation selector may widen the one before it. */
static int
widest(uint32_t c)
{
	int width = wcwidth((wchar_t)c);

	if (width < 0)
		return 2;
	if (width == 0 && ((c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x2064) ||
	    (c >= 0xfe00 && c <= 0xfe0f)))
		return 1;
	return width;
}

/* The columns that the character at `s` takes in column `at`; *len: its bytes. Our
 * own sequences (ESC [ ... m) take none. */
static int
step(const char *s, size_t left, int at, int columns, size_t *len)
{
	uint32_t c;

	if (*s == '\033') {
		*len = strcspn(s, "m") + 1;
		*len = *len <= left ? *len : left;
		return 0;
	}
	if (*s == '\t') {
		*len = 1;
		return at < columns && columns - at < TAB - at % TAB ? columns - at :
		    TAB - at % TAB;
	}
	if ((*len = utf8_decode(s, left, &c)) == 0) {
		*len = 1;
		return 1;
	}
	return widest(c);
}

/* Finds the end of the row that begins at `text` in column `from`. */
static struct row
find_wrapped_row(const char *text, size_t left, int from, int columns)
{
	struct row r = { 0, 0, 0 };
	size_t at = 0, len, blank = 0;
	int column = from, width;

	while (at < left && text[at] != '\n') {
		width = step(text + at, left - at, column, columns, &len);
		if (column + width > columns && column > from && width > 0)
			break;
		if (text[at] == ' ')
			blank = at;
		column += width;
		at += len;
	}
	r.len = r.next = at;
	if (at == left) {
		r.end = 1;
	} else if (text[at] == '\n' || text[at] == ' ') {
		r.next = at + 1;
	} else if (blank > 0) {
		r.len = blank;
		r.next = blank + 1;
	}
	return r;
}

/* Tabs become blanks: on a terminal they end at the right edge. */
static void
print_wrapped_row(FILE *file, const char *text, size_t len, int from, int columns)
{
	int column = from;
	size_t n;

	if (columns == INT_MAX) {
		fwrite(text, 1, len, file);
		return;
	}
	for (size_t i = 0; i < len; i += n) {
		int width = step(text + i, len - i, column, columns, &n);

		if (text[i] == '\t')
			fprintf(file, "%*s", width, "");
		else
			fwrite(text + i, 1, n, file);
		column += width;
	}
}

/* On a narrow terminal less, but never none. */
static int
fitting_indent(const struct out_wrap *w)
{
	int third = w->columns / 3;

	if (w->columns == 0 || w->indent <= third)
		return w->indent;
	return third > 2 ? third : 2;
}

void
out_wrap(FILE *file, const char *text, struct out_wrap *w)
{
	int indent = fitting_indent(w), from = 0;
	/* The last column stays free: some terminals wrap once it is filled. */
	int columns = w->columns > 0 ? w->columns - 1 : INT_MAX;
	size_t left = strlen(text);
	struct row r;

	if (columns <= indent)
		columns = indent + 1;
	w->rows = w->left_out = 0;
	do {
		r = find_wrapped_row(text, left, from, columns);
		if (w->max != 0 && w->rows == w->max) {
			w->left_out++;
		} else {
			if (file != NULL) {
				fprintf(file, "%*s", from, "");
				print_wrapped_row(file, text, r.len, from, columns);
				fputc('\n', file);
			}
			w->rows++;
		}
		text += r.next;
		left -= r.next;
		from = indent;
	} while (!r.end);
}
