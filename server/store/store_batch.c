/*
 * store_batch.c - collects the writer's batch, answers it, tells it.
 */
#include "server/store/store_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "protocol/base/utf8.h"
#include "server/rules/conv.h"
#include "server/store/store.h"
#include "server/store/store_batch_int.h"
#include "server/store/store_health.h"
#include "server/store/store_reply.h"
#include "server/store/store_tell.h"
#include "server/store/store_transact.h"
#include "shm/point.h"

int
store_batch_init(struct store *s)
{
	struct store_batch *b = calloc(1, sizeof(*b));

	if (b == NULL || (b->text = malloc(BATCH_TEXT)) == NULL) {
		free(b);
		return -ENOMEM;
	}
	s->writer->batch = b;
	return 0;
}

void
store_batch_fini(struct store *s)
{
	if (s->writer->batch != NULL)
		free(s->writer->batch->text);
	free(s->writer->batch);
	s->writer->batch = NULL;
}

/* -- collecting ----------------------------------------------------------- */

static enum kith_err
check_send(const struct ipc_head *h, const Kith__V1__Send *m, size_t len)
{
	if (m->n_targets > TARGETS_MAX || len > TEXT_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	if (m->n_targets == 0 || utf8_is_blank(m->text, len))
		return KITH_E_BAD_REQUEST;
	for (size_t i = 0; i < m->n_targets; i++)
		if (m->targets[i]->to_case == KITH__V1__TARGET__TO__NOT_SET)
			return KITH_E_BAD_REQUEST;
	return conv_client_ids_ok(m->client_id, h->device, (unsigned)m->n_targets) ?
	    KITH_E_OK : KITH_E_BAD_REQUEST;
}

void
store_batch_send(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	const Kith__V1__Send *m = r->send;
	struct store_batch *b = s->writer->batch;
	size_t len = strlen(m->text);
	enum kith_err e = check_send(h, m, len);
	struct batch_send *send;

	if (e != KITH_E_OK) {
		store_reply_error(s, h, e);
		return;
	}
	if (b->nrows + m->n_targets > BATCH_ROWS)
		store_batch_run(s);
	send = &b->sends[b->nsends];
	*send = (struct batch_send){ .head = *h, .len = (uint32_t)len, .first = b->nrows,
		.n = (unsigned)m->n_targets, .text = store_batch_keep_text(b, m->text, len),
		.replay = store_transact_replaying(s) };
	for (unsigned i = 0; i < send->n; i++) {
		struct batch_row *row = &b->rows[b->nrows++];

		memset(row, 0, sizeof(*row));
		row->send = b->nsends;
		row->same = -1;
		row->event.client_id = m->client_id + i;
		row->unreadable = store_target_read(m->targets[i], &row->to);
	}
	b->nsends++;
}

void
store_batch_mark(struct store *s, const struct ipc_head *h, const Kith__V1__Request *r)
{
	const Kith__V1__MarkRead *m = r->mark_read;
	struct store_batch *b = s->writer->batch;
	struct batch_mark *mark;
	int same = -1;

	if (m->seq == 0 || m->seq > INT64_MAX) {
		store_reply_error(s, h, KITH_E_BAD_REQUEST);
		return;
	}
	if (b->nmarks == BATCH_ITEMS)
		store_batch_run(s);
	for (unsigned i = 0; i < b->nmarks && same < 0; i++) {
		mark = &b->marks[i];
		if (mark->same < 0 && mark->conversation == m->conversation &&
		    mark->head.user[0] == h->user[0] && mark->head.device == h->device)
			same = (int)i;
	}
	if (same >= 0 && b->marks[same].seq < m->seq)
		b->marks[same].seq = m->seq;
	b->marks[b->nmarks++] = (struct batch_mark){ .head = *h, .conversation = m->conversation,
		.seq = m->seq, .same = same, .replay = store_transact_replaying(s) };
}

void
store_batch_seen(struct store *s, uint64_t user, uint64_t time_ms)
{
	struct store_batch *b = s->writer->batch;

	for (unsigned i = 0; i < b->nseen; i++) {
		if (b->seen[i].user != user)
			continue;
		if (b->seen[i].time_ms < time_ms)
			b->seen[i].time_ms = time_ms;
		return;
	}
	if (b->nseen == BATCH_ITEMS)
		store_batch_run(s);
	b->seen[b->nseen++] = (struct batch_seen){ user, time_ms };
}

/* -- answering ------------------------------------------------------------ */

/* The row that says how it went with `r`: the one that stored its message, or it itself. */
static const struct batch_row *
row_outcome(const struct store_batch *b, const struct batch_row *r)
{
	const struct batch_row *first = r->same >= 0 ? &b->rows[r->same] : r;

	/* What `r` alone would hear: a private group's number is missing, whatever its name is. */
	if (first->err != KITH_E_OK)
		return r->err != KITH_E_OK ? r : first;
	return first->twin >= 0 ? &b->rows[first->twin] : first;
}

static void
reply_send(struct store *s, const struct batch_send *send)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sent sent = KITH__V1__SENT__INIT;
	Kith__V1__Outcome outcomes[TARGETS_MAX], *list[TARGETS_MAX];
	Kith__V1__Error errors[TARGETS_MAX];

	for (unsigned i = 0; i < send->n; i++) {
		const struct store_batch *b = s->writer->batch;
		const struct batch_row *r = row_outcome(b, &b->rows[send->first + i]);

		list[i] = &outcomes[i];
		kith__v1__outcome__init(&outcomes[i]);
		if (r->err != KITH_E_OK) {
			store_reply_fill_error(&errors[i], r->err);
			outcomes[i].error = &errors[i];
			continue;
		}
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
reply_mark(struct store *s, const struct batch_mark *m)
{
	enum kith_err e = m->same < 0 ? m->err : s->writer->batch->marks[m->same].err;

	if (e == KITH_E_OK)
		store_reply_done(s, &m->head);
	else
		store_reply_error(s, &m->head, e);
}

/* None of its targets could be reached: the request failed, not its copies. */
static bool
send_unavailable(const struct store_batch *b, const struct batch_send *send)
{
	for (unsigned i = send->first; i < send->first + send->n; i++)
		if (b->rows[i].err != KITH_E_UNAVAILABLE)
			return false;
	return true;
}

static void
reply_batch(struct store *s, enum kith_err failure)
{
	struct store_batch *b = s->writer->batch;

	for (unsigned i = 0; i < b->nsends; i++) {
		if (failure != KITH_E_OK)
			store_reply_error(s, &b->sends[i].head, failure);
		else if (send_unavailable(b, &b->sends[i]))
			store_reply_error(s, &b->sends[i].head, KITH_E_UNAVAILABLE);
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

/* -- telling -------------------------------------------------------------- */

/* Nobody knows whether this repeated message was told: the process that stored it was killed,
 * or never learned that the commit had happened. */
static bool
row_untold(const struct store *s, const struct batch_row *r)
{
	const struct store_writer *w = s->writer;

	return w->batch->sends[r->send].replay ||
	    (r->event.time_ms >= w->unsure_from && r->event.time_ms <= w->unsure_to);
}

static void
tell_batch(struct store *s)
{
	struct store_batch *b = s->writer->batch;

	for (unsigned i = 0; i < b->nrows; i++) {
		const struct batch_row *r = &b->rows[i];

		if (r->err == KITH_E_OK && r->same < 0 && r->twin < 0 &&
		    (!r->repeated || row_untold(s, r)))
			store_tell_event(s, &r->event);
	}
	for (unsigned i = 0; i < b->nmarks; i++) {
		const struct batch_mark *m = &b->marks[i];

		if (m->same >= 0 || m->err != KITH_E_OK)
			continue;
		if (m->moved || m->replay)
			store_tell_cursor(s, &m->head, m->conversation, m->seq);
		if (m->read_first || m->replay)
			store_tell_peer_cursor(s, &m->head, m->conversation, m->seq);
	}
}

static void
count_batch(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	unsigned repeated = 0, stored = 0;

	for (unsigned i = 0; i < b->nrows; i++) {
		bool again = b->rows[i].repeated || b->rows[i].twin >= 0;

		if (b->rows[i].same >= 0)
			continue;
		repeated += again;
		stored += !again && b->rows[i].err == KITH_E_OK;
	}
	stats_add(s->p->stats, STAT_batches, 1);
	stats_add(s->p->stats, STAT_messages_stored, stored);
	if (stored > 0 && !s->health.bad)	/* else the proof, in this turn, looks at more */
		store_health_proved(s);
	stats_add(s->p->stats, STAT_messages_repeated, repeated);
}

static void
note_unsure(struct store *s)
{
	if (!s->commit_lost)
		return;
	if (s->writer->unsure_from == 0)
		s->writer->unsure_from = s->writer->batch->time_ms;
	s->writer->unsure_to = s->writer->batch->time_ms;
}

void
store_batch_run(struct store *s)
{
	struct store_batch *b = s->writer->batch;
	enum db_class c;

	if (b->nsends + b->nmarks + b->nseen == 0)
		return;
	b->time_ms = clock_utc_ms();
	s->commit_lost = false;
	c = store_batch_commit(s);
	note_unsure(s);
	KITH_POINT("store.committed");
	reply_batch(s, store_err(c));
	KITH_POINT("store.replied");
	if (c == DB_OK) {
		count_batch(s);
		tell_batch(s);
	}
	KITH_POINT("store.told");
	b->nsends = b->nrows = b->nmarks = b->nseen = 0;
	b->text_used = 0;
}
