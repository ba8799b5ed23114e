/*
 * store_batch_commit.c - stores the writer's batch.
 *
 * Each attempt starts from the targets: resolve them, find copies within the batch, take the
 * numbers of all conversations at once, insert. It does not look for stored duplicates first,
 * which would cost a quarter of the rate: the unique key refuses the batch, then they are
 * looked up and the rest is done again. Only a row that would be refused is looked up at
 * once: it may repeat a message from before its sender left, or its receiver was disabled.
 *
 * Limits  A repeat is told from another message by what is stored: conversation and text. Once
 *         texts can be edited or wiped, a hash of the first text must be stored with them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/hash.h"
#include "server/lib/log.h"
#include "server/rules/conv.h"
#include "server/store/store.h"
#include "server/store/store_batch_int.h"
#include "server/store/store_cache.h"
#include "server/store/store_conversation.h"
#include "server/store/store_event.h"
#include "server/store/store_query.h"
#include "server/store/store_transact.h"

#define REDOS_MAX	8u

/* -- an attempt: resolve -------------------------------------------------- */

/* Targets are a set: "@bob", "@BOB" and their conversation's number get one copy. */
static int
find_same(const struct store_batch *b, unsigned first, unsigned row)
{
	uint64_t conversation = b->rows[row].event.conversation;

	for (unsigned i = first; conversation != 0 && i < row; i++)
		if (b->rows[i].event.conversation == conversation)
			return (int)i;
	return -1;
}

static enum db_class
resolve_row(struct store *s, uint64_t user, struct batch_row *r)
{
	struct store_place place;
	enum db_class c = store_target_find(s, user, &r->to, CONV_SEND, &place, &r->err);

	r->event.conversation = place.conversation;
	return c;
}

static enum db_class
resolve_send(struct store *s, const struct batch_send *send)
{
	struct store_batch *b = s->writer->batch;
	uint64_t user = send->head.user[0];
	struct store_name sender;
	enum db_class c = store_cache_user(s, user, &sender);
	bool disabled = c == DB_DONE || sender.flag;

	if (c != DB_OK && c != DB_DONE)
		return c;
	for (unsigned i = send->first; i < send->first + send->n; i++) {
		struct batch_row *r = &b->rows[i];

		r->twin = -1;
		if (r->settled)
			continue;
		r->err = r->unreadable;
		if (r->err == KITH_E_OK && (c = resolve_row(s, user, r)) != DB_OK)
			return c;
		if (disabled)
			r->err = KITH_E_DISABLED;
		r->same = find_same(b, send->first, i);
	}
	return DB_OK;
}

static enum db_class
resolve_batch(struct store *s)
{
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < s->writer->batch->nsends; i++)
		c = resolve_send(s, &s->writer->batch->sends[i]);
	return c;
}

static bool
same_content(const struct db_event *e, uint64_t conversation, const struct batch_send *send)
{
	return e->conversation == conversation && e->body_len == send->len &&
	    memcmp(e->body, send->text, send->len) == 0;
}

/* The place in `twins` of this (sender, client id): 0 if no row has it yet. */
static int16_t *
twin_place(struct store_batch *b, uint64_t sender, uint64_t client_id)
{
	uint64_t at = hash_mix(sender * 31 + client_id) >> 40;
	int16_t *place;

	for (; *(place = &b->twins[at % BATCH_TWINS]) != 0; at++) {
		const struct batch_row *other = &b->rows[*place - 1];

		if (other->event.client_id == client_id &&
		    b->sends[other->send].head.user[0] == sender)
			break;
	}
	return place;
}

/* The first accepted row of each (sender, client id) stores. Those after it share its outcome
 * if they are copies of it, and are refused otherwise. */
static void
find_twins(struct store_batch *b)
{
	memset(b->twins, 0, sizeof(b->twins));
	for (unsigned i = 0; i < b->nrows; i++) {
		struct batch_row *r = &b->rows[i];
		const struct batch_send *send = &b->sends[r->send];
		int16_t *place;

		if (r->settled || r->same >= 0)
			continue;
		r->event.body = send->text;
		r->event.body_len = send->len;
		place = twin_place(b, send->head.user[0], r->event.client_id);
		if (*place == 0 && r->err == KITH_E_OK)
			*place = (int16_t)(i + 1);
		else if (*place != 0 &&
		    same_content(&b->rows[*place - 1].event, r->event.conversation, send))
			r->twin = *place - 1;
		else if (*place != 0)
			r->err = KITH_E_CLIENT_ID_TAKEN;
	}
}

/* -- an attempt: what is stored already ----------------------------------- */

/* A row whose client id is stored is settled: as a repeat, or as taken. */
static enum db_class
find_stored(struct store *s, struct batch_row *r)
{
	struct store_batch *b = s->writer->batch;
	const struct batch_send *send = &b->sends[r->send];
	uint64_t conversation = r->event.conversation;
	struct db_stmt *st = store_query(s, "SELECT " DB_EVENT_NAMES " FROM events"
	    " WHERE sender = ? AND client_id = ?", "nn", send->head.user[0], r->event.client_id);
	enum db_class c = store_query_next(s, st);
	struct db_event e;

	if (c == DB_ROW) {
		db_event_read(st, &e);
		r->settled = true;
		r->repeated = same_content(&e, conversation, send);
		r->err = r->repeated ? KITH_E_OK : KITH_E_CLIENT_ID_TAKEN;
		if (r->repeated) {
			e.body = send->text;
			r->event = e;
		}
	}
	return store_query_end(st, c);
}

static enum db_class
find_refused(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < b->nrows; i++)
		if (!b->rows[i].settled && b->rows[i].same < 0 && b->rows[i].twin < 0 &&
		    b->rows[i].err != KITH_E_OK)
			c = find_stored(s, &b->rows[i]);
	return c;
}

/* -- an attempt: store ---------------------------------------------------- */

static int
compare_seqs(const void *a, const void *b)
{
	const struct db_seqs *x = a, *y = b;

	return (x->conversation > y->conversation) - (x->conversation < y->conversation);
}

/* Lists the events to insert, and how many numbers each conversation has to give. */
static void
list_events(struct store_batch *b)
{
	unsigned n = 0;

	b->nevents = 0;
	for (unsigned i = 0; i < b->nrows; i++) {
		struct batch_row *r = &b->rows[i];

		if (r->err != KITH_E_OK || r->settled || r->same >= 0 || r->twin >= 0)
			continue;
		r->event.sender = b->sends[r->send].head.user[0];
		r->event.time_ms = b->time_ms;
		r->event.kind = KITH__V1__EVENT_KIND__MESSAGE;
		b->seqs[b->nevents] = (struct db_seqs){ r->event.conversation, 1, 0 };
		b->row_of[b->nevents] = i;
		b->events[b->nevents++] = r->event;
	}
	qsort(b->seqs, b->nevents, sizeof(b->seqs[0]), compare_seqs);
	for (unsigned i = 0; i < b->nevents; i++) {
		if (n > 0 && b->seqs[n - 1].conversation == b->seqs[i].conversation)
			b->seqs[n - 1].count++;
		else
			b->seqs[n++] = b->seqs[i];
	}
	b->nseqs = n;
}

/* In the order of the batch, so that the order of a conversation is that of the inbox. */
static void
number_events(struct store_batch *b)
{
	for (unsigned i = 0; i < b->nevents; i++) {
		struct db_seqs key = { .conversation = b->events[i].conversation };
		struct db_seqs *at = bsearch(&key, b->seqs, b->nseqs, sizeof(key), compare_seqs);

		b->events[i].seq = at->last - --at->count;
		b->rows[b->row_of[i]].event.seq = b->events[i].seq;
	}
}

/* A direct conversation is new when it gave its first number. */
static enum db_class
add_new_directs(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < b->nseqs; i++)
		if (b->seqs[i].conversation & CONVERSATION_DIRECT_BIT &&
		    b->seqs[i].last == b->seqs[i].count)
			c = store_event_add_direct_members(s, b->seqs[i].conversation);
	return c;
}

/* -- an attempt: cursors and "last seen" ---------------------------------- */

/* How far the user may read: a cursor beyond it would tell what is said after somebody left. */
static enum db_class
last_readable(struct store *s, uint64_t user, const struct store_place *place, uint64_t *last)
{
	struct store_seqs seqs;
	enum db_class c;
	unsigned n;

	if (place->standing >= CONV_MEMBER)
		return store_event_last_seq(s, place->conversation, last);
	c = store_conversation_seqs(s, user, place->conversation - 1, &seqs, 1, &n);
	*last = n > 0 && seqs.conversation == place->conversation ? seqs.last_seq : 0;
	return c;
}

static enum db_class
put_mark(struct store *s, struct batch_mark *m)
{
	struct store_target to = { .what = TARGET_CONVERSATION, .id = m->conversation };
	uint64_t user = m->head.user[0], last, before = 0;
	struct store_place place;
	enum db_class c;

	c = store_target_find(s, user, &to, CONV_MARK_READ, &place, &m->err);
	if (c != DB_OK || m->err != KITH_E_OK)
		return c;
	if ((c = last_readable(s, user, &place, &last)) != DB_OK)
		return c;
	if (m->seq > last)
		m->seq = last;
	if (m->seq == 0)
		return DB_OK;
	if ((c = store_conversation_cursor(s, user, m->conversation, &before)) != DB_OK)
		return c;
	c = store_query_run(s, store_query(s, db_sql(s->db, DB_SQL_CURSOR_PUT), "nnnn", user,
	    m->conversation, m->head.device, m->seq));
	/* Both stay true when the replay of a lost commit finds the cursor moved already. */
	if (c == DB_OK && db_changes(s->db) > 0)
		m->moved = true;
	m->read_first |= m->moved && m->seq > before;
	return c;
}

static enum db_class
put_marks(struct store *s)
{
	const struct store_batch *b = s->writer->batch;
	enum db_class c = DB_OK;

	for (unsigned i = b->first_mark; c == DB_OK && i < b->end_mark; i++)
		if (b->marks[i].same < 0)
			c = put_mark(s, &s->writer->batch->marks[i]);
	return c;
}

static enum db_class
put_seen(struct store *s)
{
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < s->writer->batch->end_seen; i++)
		c = store_query_run(s, store_query(s, "UPDATE accounts SET last_seen_ms = ?"
		    " WHERE id = ? AND last_seen_ms < ?", "nnn", s->writer->batch->seen[i].time_ms,
		    s->writer->batch->seen[i].user, s->writer->batch->seen[i].time_ms));
	return c;
}

static enum db_class
batch_attempt(struct store *s, void *unused)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c;

	(void)unused;
	if ((c = resolve_batch(s)) != DB_OK)
		return c;
	find_twins(b);
	if ((c = find_refused(s)) != DB_OK)
		return c;
	list_events(b);
	if ((c = db_take_seqs(s->db, b->seqs, b->nseqs)) != DB_OK ||
	    (c = add_new_directs(s)) != DB_OK)
		return c;
	number_events(b);
	if ((c = db_put_events(s->db, b->events, b->nevents)) != DB_OK ||
	    (c = put_marks(s)) != DB_OK)
		return c;
	return put_seen(s);
}

/* -- what the unique keys refused ----------------------------------------- */

static enum db_class
find_repeated(struct store *s, void *unused)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c = DB_OK;

	(void)unused;
	for (unsigned i = 0; c == DB_OK && i < b->nrows; i++)
		if (!b->rows[i].settled && b->rows[i].same < 0)
			c = find_stored(s, &b->rows[i]);
	return c;
}

static enum db_class
mend_counters(struct store *s, void *unused)
{
	enum db_class c = DB_OK;

	(void)unused;
	for (unsigned i = 0; c == DB_OK && i < s->writer->batch->nseqs; i++)
		c = store_event_mend_counter(s, s->writer->batch->seqs[i].conversation);
	return c;
}

static enum db_class
commit_part(struct store *s)
{
	enum db_class c;

	for (unsigned redo = 0; redo < REDOS_MAX; redo++) {
		if ((c = store_transact(s, batch_attempt, NULL)) != DB_DUPLICATE)
			return c;
		c = store_transact(s, db_duplicate_primary(s->db) ? mend_counters : find_repeated,
		    NULL);
		if (c != DB_OK)
			return c;
	}
	log_error(0, "store.duplicates", "text=\"%s\"", db_text(s->db));
	return DB_ERROR;
}

/* -- apart: one locked row must not stop the others ----------------------- */

/* The rows of the part are over. Those of later parts do not see them. */
static void
end_row(struct store_batch *b, struct batch_row *r, enum db_class c)
{
	if (c != DB_OK) {
		r->err = store_err(c);
		r->twin = -1;
	} else if (r->twin >= 0) {
		r->event = b->rows[r->twin].event;
		r->repeated = true;
		r->twin = -1;
	}
	r->settled = true;
	r->waits = false;
}

/* The rows of one conversation: that of the row `first`. */
static enum db_class
commit_conversation(struct store *s, unsigned first)
{
	struct store_batch *b = s->writer->batch;
	uint64_t conversation = b->rows[first].event.conversation;
	enum db_class c;

	for (unsigned i = first; i < b->nrows; i++) {
		b->rows[i].in_part = b->rows[i].waits &&
		    b->rows[i].event.conversation == conversation;
		if (b->rows[i].in_part)
			b->rows[i].settled = false;
	}
	c = commit_part(s);
	/* Twins first: they copy from the row that is stored. */
	for (unsigned i = b->nrows; i-- > first; )
		if (b->rows[i].in_part)
			end_row(b, &b->rows[i], c);
	return c;
}

static enum db_class
commit_marks(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c = DB_OK;

	for (unsigned i = 0; i < b->nmarks; i++) {
		b->first_mark = i;
		b->end_mark = i + 1;
		if (c == DB_OK || c == DB_RETRY)
			c = commit_part(s);
		if (c != DB_OK)
			b->marks[i].err = store_err(c);
	}
	b->end_mark = 0;
	return c;
}

/* Each conversation, each mark, and the "last seen" in transactions of their own. What fails for
 * all of them, like a lost connection, ends it; what was stored before stays so. */
static enum db_class
commit_apart(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c = DB_OK;

	for (unsigned i = 0; i < b->nrows; i++) {
		b->rows[i].waits = !b->rows[i].settled;
		b->rows[i].in_part = false;
		b->rows[i].settled = true;
	}
	b->end_mark = b->end_seen = 0;
	for (unsigned i = 0; i < b->nrows; i++) {
		if (!b->rows[i].waits)
			continue;
		if (c == DB_OK || c == DB_RETRY)
			c = commit_conversation(s, i);
		else
			end_row(b, &b->rows[i], c);
	}
	if (c == DB_OK || c == DB_RETRY)
		c = commit_marks(s);
	else
		for (unsigned i = 0; i < b->nmarks; i++)
			b->marks[i].err = store_err(c);
	b->end_seen = b->nseen;
	if (c == DB_OK || c == DB_RETRY)
		(void)commit_part(s);	/* a hint: nobody waits for it */
	return DB_OK;
}

enum db_class
store_batch_commit(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c;

	b->first_mark = 0;
	b->end_mark = b->nmarks;
	b->end_seen = b->nseen;
	c = commit_part(s);
	return c == DB_RETRY && !s->begin_failed ? commit_apart(s) : c;
}
