/*
 * out_wrap.h - text in rows of the terminal's width.
 *
 * A terminal that wraps by itself goes on at the left edge, where lines begin:
 * so the rest of one person's message can look like another's. Here the second
 * and later rows are set in.
 */
#ifndef KITH_CLI_OUT_WRAP_H
#define KITH_CLI_OUT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Of one text, where texts come by themselves: one must not take the screen. */
#define OUT_ROWS_MAX	20

struct out_wrap {
	int	columns;	/* 0: no terminal, only newlines end a row */
	int	indent;		/* of the rows after the first */
	size_t	max;		/* rows to print; 0: all */
	size_t	rows;		/* out: printed */
	size_t	left_out;	/* out: rows that were too many */
};

/* The terminal's width; 0: `file` is none. */
int	out_wrap_columns(FILE *file);

/* Prints `text`, and a newline at its end. It was made harmless before
 * (out_string()), and may have the sequences OUT_BOLD ... OUT_NORMAL. Breaks at
 * blanks where there are some. `file` NULL: only counts. */
void	out_wrap(FILE *file, const char *text, struct out_wrap *w);

#endif
