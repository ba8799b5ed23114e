/*
 * out_row.c - the schema's lists as records: which fields, in which order.
 */
#include <inttypes.h>
#include <stdio.h>

#include "client-cli/app/out.h"
#include "protocol/limits.h"

void
out_unread_text(char out[16], uint32_t n)
{
	snprintf(out, 16, "%" PRIu32 "%s", n, n >= UNREAD_MAX ? "+" : "");
}

static void
out_unread(struct out *o, uint32_t n)
{
	char text[16];

	out_unread_text(text, n);
	if (o->mode == OUT_TEXT)
		out_text(o, "unread", text);
	else
		out_number(o, "unread", n);
}

void
out_row_conversation(struct out *o, const Kith__V1__Conversation *c)
{
	int group = c->kind == KITH__V1__CONVERSATION_KIND__GROUP;
	char name[NAME_BYTES_MAX + 2], id[24];

	snprintf(name, sizeof(name), "%c%s", group ? '#' : '@', c->name);
	snprintf(id, sizeof(id), "%" PRIu64, c->id);
	out_begin(o);
	out_text(o, "conversation", name);
	out_unread(o, c->unread);
	out_text(o, "topic", c->topic);
	out_details(o);
	out_text(o, "conversation_id", id);
	out_text(o, "kind", group ? "group" : "direct");
	out_number(o, "last_seq", c->last_seq);
	out_number(o, "read_seq", c->read_seq);
	out_flag(o, "unread_more", c->unread >= UNREAD_MAX);
	out_end(o);
}

static const char *
role_text(Kith__V1__Role role)
{
	switch (role) {
	case KITH__V1__ROLE__OWNER:
		return "owner";
	case KITH__V1__ROLE__MEMBER:
		return "member";
	default:
		return "";
	}
}

void
out_row_group(struct out *o, const Kith__V1__Conversation *c)
{
	char name[NAME_BYTES_MAX + 2], id[24];

	snprintf(name, sizeof(name), "#%s", c->name);
	snprintf(id, sizeof(id), "%" PRIu64, c->id);
	out_begin(o);
	out_text(o, "conversation", name);
	out_number(o, "members", c->members);
	out_text(o, "role", role_text(c->role));
	out_flag(o, "public", c->public_);
	out_text(o, "topic", c->topic);
	out_details(o);
	out_text(o, "conversation_id", id);
	out_end(o);
}

void
out_row_member(struct out *o, const Kith__V1__Member *m)
{
	out_begin(o);
	out_text(o, "name", m->name);
	out_text(o, "role", role_text(m->role));
	out_flag(o, "online", m->online);
	out_end(o);
}

void
out_row_presence(struct out *o, const Kith__V1__Presence *p)
{
	out_begin(o);
	out_text(o, "name", p->name);
	out_flag(o, "online", p->online);
	out_time(o, "since", p->since_ms);
	out_details(o);
	out_number(o, "sessions", p->sessions);
	out_end(o);
}
