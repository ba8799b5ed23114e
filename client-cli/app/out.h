/*
 * out.h - what kith prints: events, rows, and single strings made harmless.
 *
 * Trust   Every string of the server goes through out_string(). Control
 *         characters (C0 but newline and tab, DEL, C1), bytes that are not UTF-8
 *         and characters that turn the direction of writing are shown escaped,
 *         to a terminal, a pipe and a file alike. JSON escapes them in its way.
 * Shape   Text is for people and may change. --plain is one line a record, fields
 *         separated by tabs, \n \t \\ inside them; --json is one object a line.
 *         Both only ever get more fields.
 */
#ifndef KITH_CLI_OUT_H
#define KITH_CLI_OUT_H

#include <stdint.h>
#include <stdio.h>

#include "client-cli/libkith/kith.h"

enum out_mode { OUT_TEXT, OUT_PLAIN, OUT_JSON };

struct out_table;			/* rows that wait for their columns' widths */

struct out {
	FILE		*file;
	enum out_mode	 mode;
	int		 color;		/* on a terminal that has it, and wanted */
	int		 brief;		/* text: hours and minutes, the day when it changes */
	int		 header;	/* text: column names above a table */
	int		 fields;	/* of the record under way */
	int		 silent;	/* text: the rest of the record is not for people */
	int		 day;		/* of the last brief line, as yyyymmdd */
	struct out_table *table;
};

/* mode by flags; colour and header by whether `file` is a terminal, NO_COLOR and
 * TERM. */
void	out_init(struct out *o, FILE *file, enum out_mode mode);
/* 0, or -EIO: something could not be written. */
int	out_fini(struct out *o);

enum out_quote {
	OUT_WORD,			/* a name: newline and tab are escaped, too */
	OUT_LINES,			/* a text: they pass */
	OUT_FIELD,			/* --plain: they and backslash become \n \t \\ */
	OUT_QUOTED			/* JSON: the inside of a string */
};

void	out_string(FILE *file, const char *s, enum out_quote quote);

/* Would out_string() print it as it is, as a word? */
int	out_is_clean(const char *s);

/* Columns that `s` takes on a terminal when printed as OUT_WORD. */
int	out_width(const char *s);

/* One event; `conversation` is its name from the reader's side. */
void	out_event(struct out *o, const char *conversation, const Kith__V1__Event *e);

/* A record: begin, fields in their order, end; then the next. In text the rows
 * are printed with aligned columns by out_flush(). */
void	out_begin(struct out *o);
void	out_text(struct out *o, const char *key, const char *value);
void	out_number(struct out *o, const char *key, uint64_t value);
void	out_flag(struct out *o, const char *key, int value);	/* text: key or "-" */
void	out_time(struct out *o, const char *key, uint64_t ms);	/* 0: never */
/* What follows in this record is for --plain and --json only. */
void	out_details(struct out *o);
void	out_end(struct out *o);
void	out_flush(struct out *o);

/* One record each: of `ls`, `group list`, `group members`, `who`. */
void	out_conversation(struct out *o, const Kith__V1__Conversation *c);
void	out_group(struct out *o, const Kith__V1__Conversation *c);
void	out_member(struct out *o, const Kith__V1__Member *m);
void	out_presence(struct out *o, const Kith__V1__Presence *p);

/* "message", "joined", ... of an event; "unknown" for a newer one. */
const char *out_kind(Kith__V1__EventKind kind);

#endif
