/*
 * out_event.c - what kith prints of an event.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client-cli/app/out.h"
#include "client-cli/app/out_wrap.h"

#define KIND(name)	KITH__V1__EVENT_KIND__##name

static const struct event_kind {
	Kith__V1__EventKind kind;
	const char	*name;
	const char	*words;		/* after the sender; before the subject */
} kinds[] = {
	{ KIND(MESSAGE),	"message",	NULL },
	{ KIND(GROUP_CREATED),	"group_created", "created the group" },
	{ KIND(JOINED),		"joined",	"joined" },
	{ KIND(LEFT),		"left",		"left" },
	{ KIND(INVITED),	"invited",	"invited" },
	{ KIND(INVITATION),	"invitation",	"invites" },
	{ KIND(NONE),		"unknown",	"did something that this kith is too old for" },
};

static const struct event_kind *
event_kind(Kith__V1__EventKind kind)
{
	size_t i = 0;

	while (kinds[i].kind != kind && kinds[i].kind != KIND(NONE))
		i++;
	return &kinds[i];
}

static const char *
kind_name(Kith__V1__EventKind kind)
{
	return event_kind(kind)->name;
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
	out_text(o, "kind", kind_name(e->kind));
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
	out_text(o, "kind", kind_name(e->kind));
	out_text(o, "text", e->text);
	out_text(o, "subject", e->subject_name);
	out_end(o);
}

char *
out_event_line(const struct out *o, const char *conversation, const Kith__V1__Event *e, int *indent)
{
	const struct event_kind *kind = event_kind(e->kind);
	const char *bold = o->color ? OUT_BOLD : "", *dim = o->color ? OUT_DIM : "",
	    *plain = o->color ? OUT_NORMAL : "";
	char stamp[32], *text = NULL;
	size_t len;
	struct tm tm;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		return NULL;
	out_local_time(&tm, e->time_ms);
	strftime(stamp, sizeof(stamp), o->brief ? "%H:%M" : "%Y-%m-%d %H:%M", &tm);
	fprintf(file, "%s%s%s ", dim, stamp, plain);
	out_string(file, conversation, OUT_WORD);
	fprintf(file, " %s%s", kind->words != NULL ? "* " : "", bold);
	out_string(file, e->sender_name, OUT_WORD);
	fputs(plain, file);
	if (kind->words == NULL) {
		fputs(": ", file);
		out_string(file, e->text, OUT_LINES);
	} else {
		fprintf(file, " %s", kind->words);
	}
	if (e->kind == KIND(INVITED)) {
		fputs(" @", file);
		out_string(file, e->subject_name, OUT_WORD);
	} else if (e->kind == KIND(INVITATION)) {
		/* In a direct conversation: the one whose name it has, or the reader. */
		fputc(' ', file);
		out_string(file, strcmp(e->sender_name, conversation + 1) == 0 ? "you" :
		    conversation, OUT_WORD);
		fputs(" to #", file);
		out_string(file, e->text, OUT_WORD);
	}
	*indent = (int)strlen(stamp) + out_string_width(conversation) +
	    out_string_width(e->sender_name) + 4;
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

static void
event_text(struct out *o, const char *conversation, const Kith__V1__Event *e)
{
	struct out_wrap w = { .columns = out_wrap_columns(o->file), .max = o->rows_max };
	char *text = out_event_line(o, conversation, e, &w.indent);

	if (text != NULL)
		out_wrap(o->file, text, &w);
	free(text);
	if (w.left_out == 0)
		return;
	fprintf(o->file, "   (%zu more rows: kith read '", w.left_out);
	out_string(o->file, conversation, OUT_WORD);
	fprintf(o->file, "' --since %" PRIu64 " -n 1)\n", e->seq - 1);
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
