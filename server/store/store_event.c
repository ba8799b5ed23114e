/*
 * store_event.c - rows of a conversation's log, and its counter.
 */
#include "server/store/store_event.h"

#include <inttypes.h>

#include "protocol/base/clock.h"
#include "server/lib/log.h"
#include "server/rules/conv.h"
#include "server/store/store_query.h"

static enum db_class
event_name(struct store *s, uint64_t user, struct store_name *out)
{
	enum db_class c = DB_DONE;

	if (user != 0)
		c = s->db != NULL ? store_cache_user(s, user, out) : DB_LOST;
	if (c != DB_OK)
		out->name[0] = '\0';
	return c == DB_DONE ? DB_OK : c;
}

enum db_class
store_event_message(struct store *s, const struct db_event *e, struct store_event_names *names,
    Kith__V1__Event *m)
{
	enum db_class c = event_name(s, e->sender, &names->sender);

	names->subject.name[0] = '\0';
	if (c == DB_OK)
		c = event_name(s, e->subject, &names->subject);
	kith__v1__event__init(m);
	m->conversation = e->conversation;
	m->seq = e->seq;
	m->time_ms = e->time_ms;
	m->kind = (Kith__V1__EventKind)e->kind;
	m->sender = e->sender;
	m->sender_name = names->sender.name;
	m->text = (char *)(uintptr_t)e->body;
	m->client_id = e->client_id;
	m->subject = e->subject;
	m->subject_name = names->subject.name;
	return c;
}

enum db_class
store_event_last_seq(struct store *s, uint64_t conversation, uint64_t *seq)
{
	enum db_class c;

	*seq = 0;
	c = store_query_row(s, store_query(s, "SELECT last_seq FROM conversations WHERE id = ?",
	    "n", conversation), 1, seq);
	return c == DB_DONE ? DB_OK : c;
}

enum db_class
store_event_mend_counter(struct store *s, uint64_t conversation)
{
	struct db_seqs raise = { .conversation = conversation };
	uint64_t is, must = 0;
	enum db_class c;

	c = store_query_row(s, store_query(s, "SELECT MAX(seq) FROM events"
	    " WHERE conversation = ?", "n", conversation), 1, &must);
	if (c != DB_OK || (c = store_event_last_seq(s, conversation, &is)) != DB_OK)
		return c;
	if (is >= must)
		return DB_OK;
	log_error(0, "store.counter", "conversation=%" PRIu64 " was=%" PRIu64 " is=%" PRIu64,
	    conversation, is, must);
	raise.count = must - is;
	return db_take_seqs(s->db, &raise, 1);
}

static enum db_class
add_direct_member(struct store *s, uint64_t conversation, uint64_t user)
{
	return store_query_run(s, store_query(s, db_sql(s->db, DB_SQL_MEMBER_ADD), "nnnn",
	    conversation, user, (uint64_t)1, (uint64_t)KITH__V1__ROLE__MEMBER));
}

enum db_class
store_event_add_direct_members(struct store *s, uint64_t conversation)
{
	enum db_class c;
	uint64_t a, b;

	conv_is_direct(conversation, &a, &b);
	c = add_direct_member(s, conversation, a);
	return c == DB_OK && a != b ? add_direct_member(s, conversation, b) : c;
}

static enum db_class
number_and_put(struct store *s, struct db_event *e)
{
	struct db_seqs seqs = { .conversation = e->conversation, .count = 1 };
	enum db_class c = db_take_seqs(s->db, &seqs, 1);

	if (c != DB_OK)
		return c;
	e->seq = seqs.last;
	e->time_ms = clock_utc_ms();
	return db_put_events(s->db, e, 1);
}

enum db_class
store_event_put(struct store *s, struct db_event *e)
{
	enum db_class c = number_and_put(s, e);

	if (c == DB_DUPLICATE && (c = store_event_mend_counter(s, e->conversation)) == DB_OK)
		c = number_and_put(s, e);
	return c;
}
