/*
 * store_send.c - the writer's batch of messages.
 *
 * Each attempt starts from the targets: resolve, find copies within the batch, take the
 * numbers of all conversations at once, insert. Duplicates of stored messages are not looked
 * for beforehand (it would cost a quarter of the rate): the unique key refuses the batch, then
 * they are looked up and the rest is done again.
 */
#include "store_send.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "shm/point.h"
#include "store_cache.h"

#define ROWS_MAX	DB_BATCH_MAX
#define ITEMS_MAX	DB_BATCH_MAX		/* of each other kind */
#define TWINS		(4u * ROWS_MAX)		/* places to find copies within the batch */
#define REDOS_MAX	8u

/* Texts of the rows, then of what was found stored; pages that are not touched cost nothing. */
#define TEXT_ROOM	(2u * ROWS_MAX * (TEXT_BYTES_MAX + 1u))

struct send {				/* a Send request */
	struct ipc_head	head;
	const char	*text;
	uint32_t	len;
	unsigned	first, n;	/* its rows */
	bool		replay;		/* it was in the inbox when this process started */
};

struct row {				/* one copy to one target */
	struct store_target	to;
	unsigned		send;
	enum kith_err		err;	/* why it is refused */
	int			twin;	/* the row that stores the same client id; -1: none */
	bool			repeated;	/* stored earlier: `event` is that one */
	struct db_event		event;
};

struct mark {				/* a MarkRead request */
	struct ipc_head	head;
	uint64_t	conversation, seq;
	int		same;		/* the mark that does this one's work; -1: none */
	enum kith_err	err;
	bool		moved;
	bool		replay;
};

struct seen {
	uint64_t	user, time_ms;
};

struct store_batch {
	struct send	sends[ROWS_MAX];
	struct row	rows[ROWS_MAX];
	struct mark	marks[ITEMS_MAX];
	struct seen	seen[ITEMS_MAX];
	unsigned	nsends, nrows, nmarks, nseen;
	char		*text;		/* TEXT_ROOM */
	size_t		text_used;
	uint64_t	time_ms;	/* of all its events */

	/* of one attempt */
	struct db_event	events[ROWS_MAX];	/* what is to be inserted */
	unsigned	row_of[ROWS_MAX];	/* of each event */
	struct db_seqs	seqs[ROWS_MAX];
	unsigned	nevents, nseqs;
	int16_t		twins[TWINS];		/* row + 1, by (sender, client id); 0: free */
};

int
store_batch_init(struct store *s)
{
	struct store_batch *b = calloc(1, sizeof(*b));

	if (b == NULL || (b->text = malloc(TEXT_ROOM)) == NULL) {
		free(b);
		return -ENOMEM;
	}
	s->batch = b;
	return 0;
}

void
store_batch_fini(struct store *s)
{
	if (s->batch != NULL)
		free(s->batch->text);
	free(s->batch);
	s->batch = NULL;
}

/*
 * Collecting.
 */

static const char *
keep_text(struct store_batch *b, const char *text, size_t len)
{
	char *at = b->text + b->text_used;

	if (len > TEXT_ROOM - b->text_used)
		return NULL;
	memcpy(at, text, len);
	b->text_used += len;
	return at;
}

static enum kith_err
check_send(const struct ipc_head *h, const Kith__V1__Send *m, size_t len)
{
	if (m->n_targets == 0 || len == 0)
		return KITH_E_BAD_REQUEST;
	if (m->n_targets > TARGETS_MAX || len > TEXT_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	for (size_t i = 0; i < m->n_targets; i++)
		if (m->targets[i]->to_case == KITH__V1__TARGET__TO__NOT_SET)
			return KITH_E_BAD_REQUEST;
	return conv_client_ids_ok(m->client_id, h->device, (unsigned)m->n_targets) ?
	    KITH_E_OK : KITH_E_BAD_REQUEST;
}

void
store_batch_send(struct store *s, const struct ipc_head *h, const Kith__V1__Send *m)
{
	struct store_batch *b = s->batch;
	size_t len = strlen(m->text);
	enum kith_err e = check_send(h, m, len);
	struct send *send;

	if (e != KITH_E_OK) {
		store_reply_error(s, h, e);
		return;
	}
	if (b->nrows + m->n_targets > ROWS_MAX)
		store_batch_run(s);
	send = &b->sends[b->nsends];
	*send = (struct send){ .head = *h, .len = (uint32_t)len, .first = b->nrows,
		.n = (unsigned)m->n_targets, .text = keep_text(b, m->text, len),
		.replay = store_replaying(s) };
	for (unsigned i = 0; i < send->n; i++) {
		struct row *r = &b->rows[b->nrows++];

		memset(r, 0, sizeof(*r));
		r->send = b->nsends;
		r->event.client_id = m->client_id + i;
		r->err = store_target_read(m->targets[i], &r->to);
	}
	b->nsends++;
}

void
store_batch_mark(struct store *s, const struct ipc_head *h, const Kith__V1__MarkRead *m)
{
	struct store_batch *b = s->batch;
	struct mark *mark;
	int same = -1;

	if (m->seq == 0 || m->seq > INT64_MAX) {
		store_reply_error(s, h, KITH_E_BAD_REQUEST);
		return;
	}
	if (b->nmarks == ITEMS_MAX)
		store_batch_run(s);
	for (unsigned i = 0; i < b->nmarks && same < 0; i++) {
		mark = &b->marks[i];
		if (mark->same < 0 && mark->conversation == m->conversation &&
		    mark->head.user[0] == h->user[0] && mark->head.device == h->device)
			same = (int)i;
	}
	if (same >= 0 && b->marks[same].seq < m->seq)
		b->marks[same].seq = m->seq;
	b->marks[b->nmarks++] = (struct mark){ .head = *h, .conversation = m->conversation,
		.seq = m->seq, .same = same, .replay = store_replaying(s) };
}

void
store_batch_seen(struct store *s, uint64_t user, uint64_t time_ms)
{
	struct store_batch *b = s->batch;

	for (unsigned i = 0; i < b->nseen; i++) {
		if (b->seen[i].user != user)
			continue;
		if (b->seen[i].time_ms < time_ms)
			b->seen[i].time_ms = time_ms;
		return;
	}
	if (b->nseen == ITEMS_MAX)
		store_batch_run(s);
	b->seen[b->nseen++] = (struct seen){ user, time_ms };
}

/*
 * An attempt: resolve.
 */

static enum db_class
resolve_row(struct store *s, uint64_t user, struct row *r)
{
	struct store_place place;
	enum db_class c = store_find(s, user, &r->to, CONV_SEND, &place, &r->err);

	if (c == DB_OK && r->err == KITH_E_OK && place.peer_disabled)
		r->err = KITH_E_NO_SUCH_USER;
	r->event.conversation = place.conversation;
	return c;
}

/* A name that cannot be was refused while collecting; it stays so. */
static bool
hopeless(const struct row *r)
{
	return r->to.name[0] == '\0' && r->to.what != TARGET_CONVERSATION;
}

static enum db_class
resolve_send(struct store *s, const struct send *send)
{
	struct store_batch *b = s->batch;
	uint64_t user = send->head.user[0];
	struct store_name sender;
	enum db_class c = store_user(s, user, &sender);

	if (c != DB_OK && c != DB_DONE)
		return c;
	for (unsigned i = send->first; i < send->first + send->n; i++) {
		struct row *r = &b->rows[i];

		r->twin = -1;
		if (r->repeated || hopeless(r))
			continue;
		r->err = KITH_E_DISABLED;
		if (c == DB_DONE || sender.flag)
			continue;
		if ((c = resolve_row(s, user, r)) != DB_OK)
			return c;
	}
	return DB_OK;
}

static enum db_class
resolve(struct store *s)
{
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < s->batch->nsends; i++)
		c = resolve_send(s, &s->batch->sends[i]);
	return c;
}

/* The first accepted row of each (sender, client id) stores; the others share its outcome. */
static void
find_twins(struct store_batch *b)
{
	memset(b->twins, 0, sizeof(b->twins));
	for (unsigned i = 0; i < b->nrows; i++) {
		struct row *r = &b->rows[i];
		uint64_t sender = b->sends[r->send].head.user[0];
		uint64_t at = (sender * 31 + r->event.client_id) * UINT64_C(0x9e3779b97f4a7c15) >> 40;
		int16_t *place;

		if (r->err != KITH_E_OK)
			continue;
		for (; *(place = &b->twins[at % TWINS]) != 0; at++) {
			const struct row *other = &b->rows[*place - 1];

			if (other->event.client_id == r->event.client_id &&
			    b->sends[other->send].head.user[0] == sender)
				break;
		}
		if (*place != 0)
			r->twin = *place - 1;
		else
			*place = (int16_t)(i + 1);
	}
}

/*
 * An attempt: store.
 */

static int
by_conversation(const void *a, const void *b)
{
	const struct db_seqs *x = a, *y = b;

	return (x->conversation > y->conversation) - (x->conversation < y->conversation);
}

/* Lists what is to be inserted, and how many numbers each conversation has to give. */
static void
list_events(struct store_batch *b)
{
	unsigned n = 0;

	b->nevents = 0;
	for (unsigned i = 0; i < b->nrows; i++) {
		struct row *r = &b->rows[i];
		const struct send *send = &b->sends[r->send];

		if (r->err != KITH_E_OK || r->repeated || r->twin >= 0)
			continue;
		r->event.sender = send->head.user[0];
		r->event.time_ms = b->time_ms;
		r->event.kind = KITH__V1__EVENT_KIND__MESSAGE;
		r->event.body = send->text;
		r->event.len = send->len;
		b->seqs[b->nevents] = (struct db_seqs){ r->event.conversation, 1, 0 };
		b->row_of[b->nevents] = i;
		b->events[b->nevents++] = r->event;
	}
	qsort(b->seqs, b->nevents, sizeof(b->seqs[0]), by_conversation);
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
		struct db_seqs *at = bsearch(&key, b->seqs, b->nseqs, sizeof(key), by_conversation);

		b->events[i].seq = at->last - --at->count;
		b->rows[b->row_of[i]].event.seq = b->events[i].seq;
	}
}

enum db_class
store_add_direct_members(struct store *s, uint64_t conversation)
{
	uint64_t a, b, since = 1, role = KITH__V1__ROLE__MEMBER;
	enum db_class c;

	conv_is_direct(conversation, &a, &b);
	c = store_exec(s, store_stmt(s, db_sql(s->db, DB_SQL_MEMBER_ADD), 4, conversation, a,
	    since, role));
	if (c != DB_OK || a == b)
		return c;
	return store_exec(s, store_stmt(s, db_sql(s->db, DB_SQL_MEMBER_ADD), 4, conversation, b,
	    since, role));
}

/* A direct conversation is new when it gave its first number. */
static enum db_class
add_new_directs(struct store *s)
{
	struct store_batch *b = s->batch;
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < b->nseqs; i++)
		if (b->seqs[i].conversation & CONVERSATION_DIRECT_BIT &&
		    b->seqs[i].last == b->seqs[i].count)
			c = store_add_direct_members(s, b->seqs[i].conversation);
	return c;
}

/*
 * An attempt: cursors and "last seen".
 */

static enum db_class
last_seq(struct store *s, uint64_t conversation, uint64_t *seq)
{
	struct db_stmt *st = store_stmt(s, "SELECT last_seq FROM conversations WHERE id = ?", 1,
	    conversation);
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	c = db_step(st);
	*seq = c == DB_ROW ? (uint64_t)db_int(st, 0) : 0;
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

static enum db_class
put_mark(struct store *s, struct mark *m)
{
	struct store_target to = { .what = TARGET_CONVERSATION, .id = m->conversation };
	uint64_t user = m->head.user[0], last;
	struct store_place place;
	enum db_class c;

	c = store_find(s, user, &to, CONV_MARK_READ, &place, &m->err);
	if (c != DB_OK || m->err != KITH_E_OK)
		return c;
	if ((c = last_seq(s, m->conversation, &last)) != DB_OK)
		return c;
	if (m->seq > last)
		m->seq = last;
	if (m->seq == 0)
		return DB_OK;
	c = store_exec(s, store_stmt(s, db_sql(s->db, DB_SQL_CURSOR_PUT), 4, user,
	    m->conversation, m->head.device, m->seq));
	/* Stays true when a replay of a lost commit finds it moved already. */
	if (c == DB_OK && db_changes(s->db) > 0)
		m->moved = true;
	return c;
}

static enum db_class
put_marks(struct store *s)
{
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < s->batch->nmarks; i++)
		if (s->batch->marks[i].same < 0)
			c = put_mark(s, &s->batch->marks[i]);
	return c;
}

static enum db_class
put_seen(struct store *s)
{
	enum db_class c = DB_OK;

	for (unsigned i = 0; c == DB_OK && i < s->batch->nseen; i++)
		c = store_exec(s, store_stmt(s, "UPDATE accounts SET last_seen_ms = ?"
		    " WHERE id = ? AND last_seen_ms < ?", 3, s->batch->seen[i].time_ms,
		    s->batch->seen[i].user, s->batch->seen[i].time_ms));
	return c;
}

static enum db_class
attempt(struct store *s, void *unused)
{
	struct store_batch *b = s->batch;
	enum db_class c;

	(void)unused;
	if ((c = resolve(s)) != DB_OK)
		return c;
	find_twins(b);
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

/*
 * What the unique keys refused.
 */

static enum db_class
find_stored(struct store *s, struct row *r)
{
	struct db_event *e = &r->event;
	struct db_stmt *st = store_stmt(s, "SELECT conversation, seq, time_ms, kind, subject, body"
	    " FROM events WHERE sender = ? AND client_id = ?", 2, e->sender, e->client_id);
	const char *body;
	enum db_class c;
	size_t len;

	if (st == NULL)
		return db_class(s->db);
	if ((c = db_step(st)) == DB_ROW) {
		e->conversation = (uint64_t)db_int(st, 0);
		e->seq = (uint64_t)db_int(st, 1);
		e->time_ms = (uint64_t)db_int(st, 2);
		e->kind = (uint32_t)db_int(st, 3);
		e->subject = (uint64_t)db_int(st, 4);
		body = db_bytes(st, 5, &len);
		if ((e->body = keep_text(s->batch, body, len)) == NULL)
			e->body = store_empty, len = 0;	/* a table that is not ours */
		e->len = (uint32_t)len;
		r->repeated = true;
	}
	db_reset(st);
	return c == DB_ROW || c == DB_DONE ? DB_OK : c;
}

static enum db_class
find_repeated(struct store *s, void *unused)
{
	struct store_batch *b = s->batch;
	enum db_class c = DB_OK;

	(void)unused;
	for (unsigned i = 0; c == DB_OK && i < b->nevents; i++)
		if (!b->rows[b->row_of[i]].repeated)
			c = find_stored(s, &b->rows[b->row_of[i]]);
	return c;
}

enum db_class
store_mend_counter(struct store *s, uint64_t conversation)
{
	struct db_stmt *st = store_stmt(s, "SELECT MAX(seq) FROM events WHERE conversation = ?", 1,
	    conversation);
	struct db_seqs raise = { .conversation = conversation };
	uint64_t is, must;
	enum db_class c;

	if (st == NULL)
		return db_class(s->db);
	c = db_step(st);
	must = c == DB_ROW ? (uint64_t)db_int(st, 0) : 0;
	db_reset(st);
	if (c != DB_ROW || (c = last_seq(s, conversation, &is)) != DB_OK)
		return c;
	if (is >= must)
		return DB_OK;
	log_error(0, "store.counter", "conversation=%" PRIu64 " was=%" PRIu64 " is=%" PRIu64,
	    conversation, is, must);
	raise.count = must - is;
	return db_take_seqs(s->db, &raise, 1);
}

static enum db_class
mend_counters(struct store *s, void *unused)
{
	enum db_class c = DB_OK;

	(void)unused;
	for (unsigned i = 0; c == DB_OK && i < s->batch->nseqs; i++)
		c = store_mend_counter(s, s->batch->seqs[i].conversation);
	return c;
}

static enum db_class
commit_batch(struct store *s)
{
	enum db_class c;

	for (unsigned redo = 0; redo < REDOS_MAX; redo++) {
		if ((c = store_transact(s, attempt, NULL)) != DB_DUPLICATE)
			return c;
		c = store_transact(s, db_duplicate_primary(s->db) ? mend_counters : find_repeated,
		    NULL);
		if (c != DB_OK)
			return c;
	}
	log_error(0, "store.duplicates", "text=\"%s\"", db_text(s->db));
	return DB_ERROR;
}

/*
 * Afterwards.
 */

static void
reply_send(struct store *s, const struct send *send)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sent sent = KITH__V1__SENT__INIT;
	Kith__V1__Outcome outcomes[TARGETS_MAX], *list[TARGETS_MAX];
	Kith__V1__Error errors[TARGETS_MAX];

	for (unsigned i = 0; i < send->n; i++) {
		const struct row *r = &s->batch->rows[send->first + i];

		list[i] = &outcomes[i];
		kith__v1__outcome__init(&outcomes[i]);
		if (r->err != KITH_E_OK) {
			store_error(&errors[i], r->err);
			outcomes[i].error = &errors[i];
			continue;
		}
		if (r->twin >= 0)
			r = &s->batch->rows[r->twin];
		outcomes[i].conversation = r->event.conversation;
		outcomes[i].seq = r->event.seq;
		outcomes[i].time_ms = r->event.time_ms;
	}
	sent.n_outcomes = send->n;
	sent.outcomes = list;
	reply.body_case = KITH__V1__REPLY__BODY_SENT;
	reply.sent = &sent;
	store_reply(s, &send->head, &reply);
}

static void
reply_mark(struct store *s, const struct mark *m)
{
	enum kith_err e = m->same < 0 ? m->err : s->batch->marks[m->same].err;

	if (e == KITH_E_OK)
		store_reply_done(s, &m->head);
	else
		store_reply_error(s, &m->head, e);
}

static void
reply_all(struct store *s, enum kith_err failure)
{
	struct store_batch *b = s->batch;

	for (unsigned i = 0; i < b->nsends; i++) {
		if (failure != KITH_E_OK)
			store_reply_error(s, &b->sends[i].head, failure);
		else
			reply_send(s, &b->sends[i]);
	}
	for (unsigned i = 0; i < b->nmarks; i++) {
		if (failure != KITH_E_OK)
			store_reply_error(s, &b->marks[i].head, failure);
		else
			reply_mark(s, &b->marks[i]);
	}
}

/* Nobody knows whether a repeated message was told: its storer was killed, or never learned
 * that the commit had happened. Otherwise its workers have it. */
static bool
untold(const struct store *s, const struct row *r)
{
	return s->batch->sends[r->send].replay || (r->event.time_ms >= s->unsure_from &&
	    r->event.time_ms <= s->unsure_to);
}

static void
tell_all(struct store *s)
{
	struct store_batch *b = s->batch;

	for (unsigned i = 0; i < b->nrows; i++) {
		const struct row *r = &b->rows[i];

		if (r->err == KITH_E_OK && r->twin < 0 && (!r->repeated || untold(s, r)))
			store_tell_event(s, &r->event);
	}
	for (unsigned i = 0; i < b->nmarks; i++) {
		const struct mark *m = &b->marks[i];

		if (m->same < 0 && m->err == KITH_E_OK && (m->moved || m->replay))
			store_tell_cursor(s, m->head.user[0], m->head.device, m->conversation,
			    m->seq);
	}
}

static void
count(struct store *s)
{
	struct store_batch *b = s->batch;
	unsigned repeated = 0;

	for (unsigned i = 0; i < b->nrows; i++)
		repeated += b->rows[i].repeated || b->rows[i].twin >= 0;
	stats_add(s->p->stats, STAT_batches, 1);
	stats_add(s->p->stats, STAT_messages_stored, b->nevents);
	stats_add(s->p->stats, STAT_messages_repeated, repeated);
}

static void
note_unsure(struct store *s)
{
	if (!s->commit_lost)
		return;
	if (s->unsure_from == 0)
		s->unsure_from = s->batch->time_ms;
	s->unsure_to = s->batch->time_ms;
}

void
store_batch_run(struct store *s)
{
	struct store_batch *b = s->batch;
	enum db_class c;

	if (b->nsends + b->nmarks + b->nseen == 0)
		return;
	b->time_ms = proc_utc_ms();
	s->commit_lost = false;
	c = commit_batch(s);
	note_unsure(s);
	KITH_POINT("store.committed");
	reply_all(s, store_err(c));
	KITH_POINT("store.replied");
	if (c == DB_OK) {
		count(s);
		tell_all(s);
	}
	KITH_POINT("store.told");
	b->nsends = b->nrows = b->nmarks = b->nseen = 0;
	b->text_used = 0;
}
