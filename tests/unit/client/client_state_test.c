/*
 * client_state_test.c - each event once and in order, whatever the network does.
 *
 * A model of the server answers what the state asks. Live events are delivered,
 * lost, doubled and reordered, by each test or at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client-cli/libkith/client_state.h"
#include "protocol/limits.h"

#define CONVS		4
#define PAGE		5		/* events of one page, so that there are several */
#define DIRECT(n)	(CONVERSATION_DIRECT_BIT | (n))

/* -- a model of the server ------------------------------------------------ */

struct model_conv {
	uint64_t	id, last, read;
	uint64_t	hidden_from, hidden_to;	/* may not be read: was not a member */
	uint64_t	shows;			/* of the log by History: lags behind last */
	int		refused;		/* History fails */
	int		left;			/* in no list */
};

struct model {
	struct client_state	*state;
	struct model_conv convs[CONVS];
	size_t		 n;
	uint64_t	 shown[CONVS];		/* highest seq delivered */
	unsigned	 asked[STATE_WANT_LATER + 1];
	unsigned	 delivered;
	uint64_t	 marked;		/* the last MarkRead's seq */
};

static size_t
index_of(const struct model *m, uint64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->convs[i].id == id)
			return i;
	fail_msg("no such conversation");
	return 0;
}

static int
readable(const struct model_conv *c, uint64_t seq)
{
	return seq >= 1 && seq <= c->last && (seq < c->hidden_from || seq > c->hidden_to);
}

/* Exactly once, in order: the next readable seq after what was shown. */
static void
on_event(const Kith__V1__Event *e, void *arg)
{
	struct model *m = arg;
	size_t i = index_of(m, e->conversation);
	uint64_t want = m->shown[i] + 1;

	while (want <= m->convs[i].last && !readable(&m->convs[i], want))
		want++;
	assert_int_equal(e->seq, want);
	assert_non_null(client_state_find(m->state, e->conversation));
	assert_int_equal(client_state_find(m->state, e->conversation)->have, e->seq);
	m->shown[i] = e->seq;
	m->delivered++;
}

static void
model_init(struct model *m, uint32_t back)
{
	memset(m, 0, sizeof(*m));
	m->state = client_state_create(back, on_event, m);
	assert_non_null(m->state);
}

static struct model_conv *
model_add(struct model *m, uint64_t id, uint64_t last, uint64_t read)
{
	struct model_conv *c = &m->convs[m->n];

	*c = (struct model_conv){ .id = id, .last = last, .read = read, .shows = UINT64_MAX };
	m->shown[m->n++] = read;
	return c;
}

static void
fill_event(Kith__V1__Event *e, uint64_t conversation, uint64_t seq)
{
	kith__v1__event__init(e);
	e->conversation = conversation;
	e->seq = seq;
	e->kind = KITH__V1__EVENT_KIND__MESSAGE;
	e->text = (char *)"text";
}

static void
tell(struct model *m, uint64_t conversation, uint64_t seq)
{
	Kith__V1__Event e;

	fill_event(&e, conversation, seq);
	assert_int_equal(client_state_event(m->state, &e), 0);
}

/* -- its answers ---------------------------------------------------------- */

static void
answer_conversations(struct model *m, const struct client_state_ask *ask, int names)
{
	Kith__V1__Conversation rows[CONVS], *pointers[CONVS];
	Kith__V1__Conversations page = KITH__V1__CONVERSATIONS__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	char name[] = "name";

	for (size_t i = 0; i < m->n; i++) {
		const struct model_conv *c = &m->convs[i];
		int wanted = !names && !c->left && c->id > ask->after;

		for (size_t j = 0; names && j < ask->n; j++)
			wanted |= ask->ids[j] == c->id;
		if (!wanted)
			continue;
		kith__v1__conversation__init(&rows[page.n_conversations]);
		rows[page.n_conversations].id = c->id;
		rows[page.n_conversations].name = name;
		rows[page.n_conversations].since_seq = 1;
		rows[page.n_conversations].last_seq = c->last;
		rows[page.n_conversations].kind = c->id & CONVERSATION_DIRECT_BIT ?
		    KITH__V1__CONVERSATION_KIND__DIRECT : KITH__V1__CONVERSATION_KIND__GROUP;
		rows[page.n_conversations].role = c->left ? KITH__V1__ROLE__NOBODY :
		    KITH__V1__ROLE__MEMBER;
		rows[page.n_conversations].read_seq = c->read;
		pointers[page.n_conversations] = &rows[page.n_conversations];
		page.n_conversations++;
	}
	page.conversations = pointers;
	reply.body_case = KITH__V1__REPLY__BODY_CONVERSATIONS;
	reply.conversations = &page;
	assert_int_equal(client_state_answer(m->state, &reply), 0);
}

/* Up to `max` readable events after `after`; the number, and *more. */
static size_t
collect(const struct model_conv *c, uint64_t after, size_t max, Kith__V1__Event *out, int *more)
{
	uint64_t end = c->last < c->shows ? c->last : c->shows;
	size_t n = 0;

	*more = 0;
	for (uint64_t seq = after + 1; seq <= end; seq++) {
		if (!readable(c, seq))
			continue;
		if (n == max) {
			*more = 1;
			break;
		}
		fill_event(&out[n++], c->id, seq);
	}
	return n;
}

static void
answer_sync(struct model *m)
{
	Kith__V1__Event events[PAGE], *event_ptr[PAGE];
	Kith__V1__Position positions[CONVS], *position_ptr[CONVS];
	Kith__V1__SyncPage page = KITH__V1__SYNC_PAGE__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sync sync = KITH__V1__SYNC__INIT;

	client_state_fill_sync(m->state, &sync);
	for (size_t i = 0; i < m->n; i++) {
		uint64_t have = m->convs[i].read;
		Kith__V1__Event first;
		int more;
		size_t n;

		for (size_t j = 0; j < sync.n_have; j++)
			if (sync.have[j]->conversation == m->convs[i].id)
				have = sync.have[j]->seq;
		if (collect(&m->convs[i], have, 1, &first, &more) == 0)
			continue;
		n = collect(&m->convs[i], have, PAGE - page.n_events, events + page.n_events,
		    &more);
		kith__v1__position__init(&positions[page.n_positions]);
		positions[page.n_positions].conversation = m->convs[i].id;
		positions[page.n_positions].from_seq = first.seq;
		positions[page.n_positions].last_seq = m->convs[i].last;
		position_ptr[page.n_positions] = &positions[page.n_positions];
		page.n_positions++;
		page.n_events += n;
		page.more |= more;
	}
	for (size_t i = 0; i < page.n_events; i++)
		event_ptr[i] = &events[i];
	page.events = event_ptr;
	page.positions = position_ptr;
	reply.body_case = KITH__V1__REPLY__BODY_SYNC_PAGE;
	reply.sync_page = &page;
	assert_int_equal(client_state_answer(m->state, &reply), 0);
}

static void
answer_history(struct model *m, const struct client_state_ask *ask)
{
	struct model_conv *c = &m->convs[index_of(m, ask->conversation)];
	Kith__V1__Event events[PAGE], *pointers[PAGE];
	Kith__V1__HistoryPage page = KITH__V1__HISTORY_PAGE__INIT;
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	int more;

	page.n_events = collect(c, ask->after, PAGE, events, &more);
	if (ask->after == 0) {			/* before 2 */
		page.n_events = page.n_events > 0 && events[0].seq == 1;
		more = 0;
	}
	for (size_t i = 0; i < page.n_events; i++)
		pointers[i] = &events[i];
	page.events = pointers;
	page.more = more;
	page.last_seq = c->last < c->shows ? c->last : c->shows;
	reply.body_case = KITH__V1__REPLY__BODY_HISTORY_PAGE;
	reply.history_page = &page;
	assert_int_equal(client_state_answer(m->state, c->refused ? NULL : &reply), 0);
}

static void
answer(struct model *m, enum client_state_want want, const struct client_state_ask *ask)
{
	switch (want) {
	case STATE_WANT_LIST:
	case STATE_WANT_NAMES:
		answer_conversations(m, ask, want == STATE_WANT_NAMES);
		break;
	case STATE_WANT_SYNC:
		answer_sync(m);
		break;
	case STATE_WANT_HISTORY:
		answer_history(m, ask);
		break;
	case STATE_WANT_MARK:
		m->marked = ask->after;
		assert_int_equal(client_state_answer(m->state, NULL), 0);
		break;
	case STATE_WANT_LATER:
		client_state_later(m->state);
		break;
	case STATE_WANT_NOTHING:
		break;
	}
}

/* Answers until nothing more is asked. */
static void
settle(struct model *m)
{
	struct client_state_ask ask;
	enum client_state_want want;

	for (int i = 0; i < 2000; i++) {
		want = client_state_next(m->state, &ask);
		m->asked[want]++;
		if (want == STATE_WANT_NOTHING)
			return;
		answer(m, want, &ask);
	}
	fail_msg("it asks forever");
}

static void
start(struct model *m)
{
	client_state_restart(m->state);
	settle(m);
	assert_true(client_state_complete(m->state));
}

static void
finish(struct model *m)
{
	settle(m);
	assert_true(client_state_complete(m->state));
	for (size_t i = 0; i < m->n; i++)
		assert_int_equal(m->shown[i], m->convs[i].last);
	client_state_destroy(m->state);
}

/* -- the promises --------------------------------------------------------- */

static void
unread_events_come_first_over_several_pages(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 13, 2);
	model_add(&m, 7, 4, 4);
	model_add(&m, DIRECT(5), 9, 0);
	start(&m);
	assert_int_equal(m.delivered, 11 + 9);
	assert_string_equal(client_state_find(m.state, 1)->name, "#name");
	assert_string_equal(client_state_find(m.state, DIRECT(5))->name, "@name");
	finish(&m);
}

static void
back_counts_from_the_end(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, 3);
	model_add(&m, 1, 13, 13);
	model_add(&m, 7, 2, 2);
	m.shown[0] = 10;
	m.shown[1] = 0;
	start(&m);
	assert_int_equal(m.delivered, 3 + 2);
	finish(&m);
}

static void
group_that_was_left_is_no_news(void **unused)
{
	static const struct { uint32_t back; unsigned delivered; } rows[] = {
		{ 0, 0 }, { 1, 2 }, { 2, 4 }, { KITH_FROM_UNREAD, 6 + 1 }
	};
	struct model m;

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t back = rows[i].back;

		model_init(&m, back);
		model_add(&m, 1, 9, 3)->left = 1;
		model_add(&m, 7, 4, 3);
		if (back != KITH_FROM_UNREAD) {
			m.shown[0] = 9 - back;
			m.shown[1] = 4 - back;
		}
		start(&m);
		assert_int_equal(m.delivered, rows[i].delivered);
		/* What comes there while the program runs is news, also behind a lost
		 * connection. */
		m.convs[0].last += 2;
		start(&m);
		assert_int_equal(m.delivered, rows[i].delivered + 2);
		finish(&m);
	}
}

static void
live_events_are_delivered_at_once(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 0, 0);
	start(&m);
	for (m.convs[0].last = 1; m.convs[0].last <= 3; m.convs[0].last++)
		tell(&m, 1, m.convs[0].last);
	m.convs[0].last = 3;
	assert_int_equal(m.delivered, 3);
	assert_int_equal(m.asked[STATE_WANT_HISTORY], 0);
	finish(&m);
}

static void
repeated_events_are_dropped(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 3, 3)->last = 5;
	m.convs[0].read = 3;
	start(&m);
	for (uint64_t seq = 1; seq <= 5; seq++)
		tell(&m, 1, seq);
	tell(&m, 1, 5);
	assert_int_equal(m.delivered, 2);
	finish(&m);
}

static void
hole_is_held_back_and_fetched(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 2, 2);
	start(&m);
	m.convs[0].last = 20;
	tell(&m, 1, 20);
	tell(&m, 1, 18);
	assert_int_equal(m.delivered, 0);
	assert_false(client_state_complete(m.state));
	settle(&m);
	assert_int_equal(m.delivered, 18);
	assert_true(m.asked[STATE_WANT_HISTORY] >= 1);
	finish(&m);
}

static void
hole_at_the_beginning_is_fetched_from_the_first_event(void **unused)
{
	struct model m;

	(void)unused;
	for (uint64_t hidden = 0; hidden <= 3; hidden++) {
		model_init(&m, KITH_FROM_UNREAD);
		model_add(&m, 1, 0, 0);
		start(&m);
		m.convs[0].last = 40;
		m.convs[0].hidden_from = 1;
		m.convs[0].hidden_to = hidden;
		tell(&m, 1, 40);
		settle(&m);
		assert_int_equal(m.delivered, 40 - hidden);
		finish(&m);
	}
}

static void
hole_that_closes_by_itself_is_not_fetched(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 0, 0);
	start(&m);
	m.convs[0].last = 3;
	tell(&m, 1, 3);
	tell(&m, 1, 2);
	tell(&m, 1, 1);
	assert_int_equal(m.delivered, 3);
	settle(&m);
	assert_int_equal(m.asked[STATE_WANT_HISTORY], 0);
	finish(&m);
}

static void
unknown_conversation_waits_for_its_name(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	start(&m);
	model_add(&m, DIRECT(9), 2, 0);
	tell(&m, DIRECT(9), 2);
	tell(&m, DIRECT(9), 1);
	assert_int_equal(m.delivered, 0);
	assert_null(client_state_find(m.state, DIRECT(9)));
	finish(&m);
	assert_int_equal(m.asked[STATE_WANT_NAMES], 1);
}

/* Another device of the user may have moved the cursor over it already. */
static void
first_event_of_a_new_conversation_is_shown_even_if_read(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	start(&m);
	model_add(&m, DIRECT(9), 1, 1);
	m.shown[0] = 0;
	tell(&m, DIRECT(9), 1);
	settle(&m);
	assert_int_equal(m.delivered, 1);
	finish(&m);
}

static void
unreadable_events_are_no_hole(void **unused)
{
	struct model m;
	struct model_conv *c;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	c = model_add(&m, 1, 4, 0);
	start(&m);
	c->last = 30;
	c->hidden_from = 5;
	c->hidden_to = 24;
	tell(&m, 1, 25);
	settle(&m);
	assert_int_equal(m.shown[0], 30);
	finish(&m);
}

static void
refused_history_does_not_hold_events_back(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 0, 0)->refused = 1;
	start(&m);
	m.convs[0].last = 9;
	m.convs[0].hidden_from = 1;
	m.convs[0].hidden_to = 7;
	tell(&m, 1, 8);
	tell(&m, 1, 9);
	settle(&m);
	assert_int_equal(m.delivered, 2);
	finish(&m);
}

static void
lagging_log_is_asked_again(void **unused)
{
	struct model m;
	struct client_state_ask ask;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 2, 2);
	start(&m);
	m.convs[0].last = 5;
	m.convs[0].shows = 3;
	tell(&m, 1, 5);
	assert_int_equal(client_state_next(m.state, &ask), STATE_WANT_HISTORY);
	answer_history(&m, &ask);
	assert_int_equal(m.delivered, 1);
	assert_int_equal(client_state_next(m.state, &ask), STATE_WANT_LATER);
	m.convs[0].shows = UINT64_MAX;
	client_state_later(m.state);
	settle(&m);
	assert_int_equal(m.delivered, 3);
	finish(&m);
}

static void
resync_while_syncing_syncs_once_more(void **unused)
{
	struct model m;
	struct client_state_ask ask;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 2, 2);
	start(&m);
	m.convs[0].last = 3;
	client_state_resync(m.state);
	assert_int_equal(client_state_next(m.state, &ask), STATE_WANT_SYNC);
	client_state_resync(m.state);
	answer_sync(&m);
	m.convs[0].last = 4;
	assert_int_equal(client_state_next(m.state, &ask), STATE_WANT_SYNC);
	answer_sync(&m);
	assert_int_equal(m.delivered, 2);
	finish(&m);
}

static void
reconnect_resumes_where_it_stopped(void **unused)
{
	struct model m;
	struct client_state_ask ask;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 2, 0);
	start(&m);
	m.convs[0].last = 12;
	tell(&m, 1, 12);
	assert_int_equal(client_state_next(m.state, &ask), STATE_WANT_HISTORY);
	/* The connection breaks; the answer never comes. */
	m.convs[0].last = 15;
	start(&m);
	assert_int_equal(m.delivered, 15);
	finish(&m);
}

static void
marks_are_merged_and_only_rise(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 9, 4);
	start(&m);
	client_state_seen(m.state, 1, 4);
	assert_false(client_state_has_marks(m.state));		/* read already */
	client_state_seen(m.state, 1, 6);
	client_state_seen(m.state, 1, 9);
	client_state_seen(m.state, 1, 8);
	client_state_seen(m.state, 99, 8);			/* unknown: nothing */
	assert_true(client_state_has_marks(m.state));
	settle(&m);
	assert_int_equal(m.asked[STATE_WANT_MARK], 0);
	client_state_flush_marks(m.state);
	settle(&m);
	assert_int_equal(m.asked[STATE_WANT_MARK], 1);
	assert_int_equal(m.marked, 9);
	assert_false(client_state_has_marks(m.state));
	finish(&m);
}

static void
held_events_are_bounded_and_none_is_missed(void **unused)
{
	struct model m;

	(void)unused;
	model_init(&m, KITH_FROM_UNREAD);
	model_add(&m, 1, 1, 1);
	start(&m);
	m.convs[0].last = 3000;
	for (uint64_t seq = 3; seq <= 3000; seq++)
		tell(&m, 1, seq);
	settle(&m);
	assert_int_equal(m.delivered, 2999);
	finish(&m);
}

/* -- at random ------------------------------------------------------------ */

static uint32_t
chance(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

/* One step of a bad network, or of the server. */
static void
random_step(struct model *m, uint32_t *seed)
{
	size_t i = chance(seed, (uint32_t)m->n);
	struct model_conv *c = &m->convs[i];
	struct client_state_ask ask;
	enum client_state_want want;

	switch (chance(seed, 8)) {
	case 0:					/* happens, and nobody hears of it */
		c->last++;
		break;
	case 1:
	case 2:					/* happens and is told */
		tell(m, c->id, ++c->last);
		break;
	case 3:					/* told late, or again */
		if (c->last > 0)
			tell(m, c->id, 1 + chance(seed, (uint32_t)c->last));
		break;
	case 4:
		if (chance(seed, 4) == 0)
			client_state_resync(m->state);
		break;
	case 5:					/* the connection breaks */
		if (chance(seed, 8) == 0)
			client_state_restart(m->state);
		break;
	default:				/* an answer comes */
		want = client_state_next(m->state, &ask);
		answer(m, want, &ask);
		break;
	}
}

static void
random_networks_lose_double_and_reorder_nothing(void **unused)
{
	(void)unused;
	for (uint32_t round = 1; round <= 300; round++) {
		uint32_t seed = round;
		struct model m;

		model_init(&m, KITH_FROM_UNREAD);
		for (uint64_t id = 1; id < CONVS; id++)
			model_add(&m, id, chance(&seed, 30), 0);
		model_add(&m, DIRECT(1), 0, 0);
		client_state_restart(m.state);
		for (int step = 0; step < 200; step++)
			random_step(&m, &seed);
		client_state_restart(m.state);
		finish(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unread_events_come_first_over_several_pages),
		cmocka_unit_test(back_counts_from_the_end),
		cmocka_unit_test(group_that_was_left_is_no_news),
		cmocka_unit_test(live_events_are_delivered_at_once),
		cmocka_unit_test(repeated_events_are_dropped),
		cmocka_unit_test(hole_is_held_back_and_fetched),
		cmocka_unit_test(hole_at_the_beginning_is_fetched_from_the_first_event),
		cmocka_unit_test(hole_that_closes_by_itself_is_not_fetched),
		cmocka_unit_test(unknown_conversation_waits_for_its_name),
		cmocka_unit_test(first_event_of_a_new_conversation_is_shown_even_if_read),
		cmocka_unit_test(unreadable_events_are_no_hole),
		cmocka_unit_test(refused_history_does_not_hold_events_back),
		cmocka_unit_test(lagging_log_is_asked_again),
		cmocka_unit_test(resync_while_syncing_syncs_once_more),
		cmocka_unit_test(reconnect_resumes_where_it_stopped),
		cmocka_unit_test(marks_are_merged_and_only_rise),
		cmocka_unit_test(held_events_are_bounded_and_none_is_missed),
		cmocka_unit_test(random_networks_lose_double_and_reorder_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
