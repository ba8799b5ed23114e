/*
 * out.h - what kith prints: events, records, and strings made harmless.
 *
 * Trust   Every string of the server goes through out_string(). Control
 *         characters (C0 except newline and tab, DEL, C1), bytes that are not
 *         UTF-8 and characters that turn the direction of writing are shown
 *         escaped, to a terminal, a pipe and a file alike. JSON escapes them in
 *         its own way.
 * Shape   Text is for people and may change. --plain is one line a record,
 *         fields separated by tabs, \n \t \\ inside them; --json is one object
 *         a line. Both only ever get more fields.
 */
#ifndef KITH_CLI_OUT_H
#define KITH_CLI_OUT_H

#include <stdint.h>
#include <stdio.h>

#include "client-cli/libkith/kith.h"

struct tm;

enum out_mode { OUT_TEXT, OUT_PLAIN, OUT_JSON };

struct out_table;		/* rows that wait for their columns' widths */

struct out {
	FILE		*file;
	enum out_mode	 mode;
	int		 color;		/* there is some, and wanted */
	int		 brief;		/* text: the time without its day */
	size_t		 rows_max;	/* text: of one event; 0: all */
	int		 header;	/* text: column names above a table */
	int		 fields;	/* of this record, so far */
	int		 silent;	/* text: the rest of it is not shown */
	int		 error;		/* of the first write that failed */
	struct out_table *table;
};

#define OUT_BOLD	"\033[1m"
#define OUT_DIM		"\033[2m"
#define OUT_NORMAL	"\033[0m"

/* The mode by options; colour and header by whether `file` is a terminal, by
 * NO_COLOR and TERM. */
void	out_init(struct out *o, FILE *file, enum out_mode mode);
/* Writes out what is waiting. 0, or the negative errno of the first write that
 * failed: something of what was printed so far is lost. */
int	out_write(struct out *o);
/* The same, at the end. */
int	out_fini(struct out *o);

/* -- strings (out_string.c) ----------------------------------------------- */

enum out_quote {
	OUT_WORD,		/* a name: newline and tab are escaped, too */
	OUT_LINES,		/* a text: they pass */
	OUT_FIELD,		/* --plain: they and backslash are \n \t \\ */
	OUT_QUOTED		/* JSON: the inside of a string */
};

void	out_string(FILE *file, const char *s, enum out_quote quote);

/* Would out_string() print it as it is, as a word? */
int	out_string_is_clean(const char *s);

/* Columns that `s` takes on a terminal when printed as OUT_WORD. */
int	out_string_width(const char *s);

/* -- records -------------------------------------------------------------- */

/* Begin, fields in their order, end; then the next. In text the rows are
 * printed with aligned columns by out_flush(). */
void	out_begin(struct out *o);
void	out_text(struct out *o, const char *key, const char *value);
void	out_number(struct out *o, const char *key, uint64_t value);
/* Text: the key, or "-". */
void	out_flag(struct out *o, const char *key, int value);
/* 0: never. */
void	out_time(struct out *o, const char *key, uint64_t ms);
/* What follows in this record is for --plain and --json only. */
void	out_details(struct out *o);
void	out_end(struct out *o);
void	out_flush(struct out *o);

/* "12"; "1000+" where the server stops counting. */
void	out_unread_text(char out[16], uint32_t n);

/* In the person's time zone. */
void	out_local_time(struct tm *tm, uint64_t ms);

/* -- the schema's messages (out_event.c, out_row.c) ----------------------- */

/* One event; `conversation` is its name from the reader's side. */
void	out_event(struct out *o, const char *conversation,
	    const Kith__V1__Event *e);

/* The same as a line of text for people, which may have newlines; *indent is
 * where its text begins. Yours; NULL: no memory. */
char	*out_event_line(const struct out *o, const char *conversation,
	    const Kith__V1__Event *e, int *indent);

/* One record each: of `ls`, `group list`, `group members`, `who`. */
void	out_row_conversation(struct out *o, const Kith__V1__Conversation *c);
void	out_row_group(struct out *o, const Kith__V1__Conversation *c);
void	out_row_member(struct out *o, const Kith__V1__Member *m);
void	out_row_presence(struct out *o, const Kith__V1__Presence *p);

#endif
