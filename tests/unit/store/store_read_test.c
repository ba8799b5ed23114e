/*
 * store_read_test.c - the reader: pages, sync, lists, and that nobody reads outside of the
 * intervals of membership.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/ipc.pb-c.h"
#include "server/rules/conv.h"
#include "server/store/store_reader.h"
#include "tests/unit/kit/store_kit.h"
#include "tests/unit/store/store_test.h"

static Kith__V1__Reply *
history(struct kit *k, uint64_t user, const char *target, uint64_t after, uint64_t before,
    uint32_t limit)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__History m = KITH__V1__HISTORY__INIT;
	Kith__V1__Target to;

	kit_target(&to, target);
	m.target = &to;
	m.after = after;
	m.before = before;
	m.limit = limit;
	r.body_case = KITH__V1__REQUEST__BODY_HISTORY;
	r.history = &m;
	return kit_query(k, user, &r);
}

static const char *
page(struct kit *k, uint64_t user, const char *target, uint64_t after, uint64_t before,
    uint32_t limit, bool *more)
{
	Kith__V1__Reply *r = history(k, user, target, after, before, limit);

	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_HISTORY_PAGE);
	*more = r->history_page->more;
	return kit_events(r->history_page->events, r->history_page->n_events);
}

static Kith__V1__Reply *
sync_have(struct kit *k, uint64_t user, uint32_t limit, Kith__V1__Have **have, size_t n)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Sync m = KITH__V1__SYNC__INIT;
	Kith__V1__Reply *reply;

	m.limit = limit;
	m.have = have;
	m.n_have = n;
	r.body_case = KITH__V1__REQUEST__BODY_SYNC;
	r.sync = &m;
	reply = kit_query(k, user, &r);
	assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_SYNC_PAGE);
	return reply;
}

static const Kith__V1__Conversations *
conversations(struct kit *k, uint64_t user, uint64_t after, uint32_t limit, uint64_t *ids, size_t n)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__ListConversations m = KITH__V1__LIST_CONVERSATIONS__INIT;
	Kith__V1__Reply *reply;

	m.after = after;
	m.limit = limit;
	m.ids = ids;
	m.n_ids = n;
	r.body_case = KITH__V1__REQUEST__BODY_LIST_CONVERSATIONS;
	r.list_conversations = &m;
	reply = kit_query(k, user, &r);
	assert_int_equal(reply->body_case, KITH__V1__REPLY__BODY_CONVERSATIONS);
	return reply->conversations;
}

static void
say(struct kit *k, uint64_t user, const char *target, unsigned n)
{
	while (n-- > 0)
		assert_int_equal(kit_say(k, user, target, "x", NULL), KITH_E_OK);
}

/* -- history -------------------------------------------------------------- */

static void
pages_go_both_ways(void **state)
{
	struct kit *k = *state;
	bool more;

	say(k, 1, "@u2", 3);
	say(k, 2, "@u1", 2);
	assert_string_equal(page(k, 1, "@u2", 0, 0, 0, &more), "1:1m 2:1m 3:1m 4:2m 5:2m");
	assert_false(more);
	assert_string_equal(page(k, 1, "@u2", 0, 0, 2, &more), "4:2m 5:2m");
	assert_true(more);
	assert_string_equal(page(k, 1, "@u2", 0, 4, 2, &more), "2:1m 3:1m");
	assert_true(more);
	assert_string_equal(page(k, 1, "@u2", 0, 2, 2, &more), "1:1m");
	assert_false(more);
	assert_string_equal(page(k, 2, "@u1", 1, 0, 2, &more), "2:1m 3:1m");
	assert_true(more);
	assert_string_equal(page(k, 2, "@u1", 3, 0, 2, &more), "4:2m 5:2m");
	assert_false(more);
	assert_string_equal(page(k, 2, "@u1", 5, 0, 2, &more), "");
	assert_false(more);
	assert_string_equal(page(k, 2, "@u1", UINT64_MAX, 0, 2, &more), "");
	assert_string_equal(page(k, 2, "@u1", 0, UINT64_MAX, 1, &more), "5:2m");
	assert_string_equal(page(k, 2, "@u1", 0, 1, 1, &more), "");
	assert_int_equal(history(k, 1, "@u2", 0, 0, 0)->history_page->last_seq, 5);
}

static void
history_says_why_not(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *target;
		uint64_t after, before;
		enum kith_err want;
	} rows[] = {
		{ "@nobody", 0, 0, KITH_E_NO_SUCH_USER },
		{ "@u2", 0, 0, KITH_E_OK },			/* nothing was said yet */
		{ "@u2", 1, 1, KITH_E_BAD_REQUEST },
		{ "#closed", 0, 0, KITH_E_NO_SUCH_GROUP },
		{ "#open", 0, 0, KITH_E_NOT_MEMBER },
		{ "#invited", 0, 0, KITH_E_NOT_MEMBER },
		{ "=77", 0, 0, KITH_E_NO_SUCH_CONVERSATION },
		{ "=4611686022722355203", 0, 0, KITH_E_NO_SUCH_CONVERSATION },
	};

	assert_int_equal(kit_group(k, 3, "open", true, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 3, "closed", false, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 3, "invited", false, NULL), KITH_E_OK);
	assert_int_equal(kit_invite(k, 3, "#invited", "u1"), KITH_E_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(kit_error(history(k, 1, rows[i].target, rows[i].after,
		    rows[i].before, 0)), rows[i].want);
}

static void
a_page_fits_into_a_frame(void **state)
{
	struct kit *k = *state;
	static char text[TEXT_BYTES_MAX + 1];
	uint64_t after = 0;
	unsigned seen = 0, pages = 0;
	Kith__V1__HistoryPage *p;

	memset(text, 'x', TEXT_BYTES_MAX);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(kit_say(k, 1, "@u2", text, NULL), KITH_E_OK);
	p = history(k, 1, "@u2", 0, 0, 0)->history_page;
	assert_true(p->more);
	assert_int_equal(p->events[p->n_events - 1]->seq, 20);
	assert_true(p->n_events >= 7);
	do {
		p = history(k, 1, "@u2", after + 1, 0, PAGE_EVENTS_MAX)->history_page;
		for (size_t i = 0; i < p->n_events; i++, seen++)
			assert_int_equal(p->events[i]->seq, seen + 2);
		after = p->events[p->n_events - 1]->seq - 1;
		pages++;
	} while (p->more);
	assert_int_equal(seen, 19);
	assert_int_equal(pages, 3);
}

static void
nobody_reads_outside_of_membership(void **state)
{
	struct kit *k = *state;
	bool more;

	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);	/* 1 */
	say(k, 1, "#g", 2);						/* 2 3 */
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);		/* 4 */
	say(k, 1, "#g", 1);						/* 5 */
	assert_int_equal(kit_leave(k, 2, "#g"), KITH_E_OK);		/* 6 */
	say(k, 1, "#g", 3);						/* 7 8 9 */
	assert_string_equal(page(k, 2, "#g", 0, 0, 0, &more), "4:2j 5:1m 6:2l");
	assert_int_equal(history(k, 2, "#g", 0, 0, 0)->history_page->last_seq, 6);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);		/* 10 */
	say(k, 1, "#g", 1);						/* 11 */
	assert_string_equal(page(k, 2, "#g", 0, 0, 0, &more), "4:2j 5:1m 6:2l 10:2j 11:1m");
	assert_string_equal(page(k, 2, "#g", 0, 11, 2, &more), "6:2l 10:2j");
	assert_true(more);
	assert_string_equal(page(k, 2, "#g", 0, 6, 9, &more), "4:2j 5:1m");
	assert_false(more);
	assert_string_equal(page(k, 2, "#g", 5, 0, 2, &more), "6:2l 10:2j");
	assert_true(more);
	assert_string_equal(page(k, 2, "#g", 7, 0, 9, &more), "10:2j 11:1m");
	assert_string_equal(page(k, 2, "#g", 0, 9, 9, &more), "4:2j 5:1m 6:2l");
	assert_string_equal(page(k, 1, "#g", 0, 0, 0, &more),
	    "1:1c 2:1m 3:1m 4:2j 5:1m 6:2l 7:1m 8:1m 9:1m 10:2j 11:1m");
}

/* -- sync ----------------------------------------------------------------- */

static void
sync_tells_what_is_missing(void **state)
{
	struct kit *k = *state;
	Kith__V1__Have direct = KITH__V1__HAVE__INIT, group = KITH__V1__HAVE__INIT;
	Kith__V1__Have *have[] = { &direct, &group };
	Kith__V1__SyncPage *p;

	direct.conversation = conv_direct(1, 2);
	say(k, 1, "@u2", 3);
	assert_int_equal(kit_group(k, 1, "g", true, &group.conversation), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	say(k, 1, "#g", 2);
	/* A new device has nothing: from the cursor, that is all. Groups' ids are the lower
	 * ones. */
	p = sync_have(k, 2, 0, NULL, 0)->sync_page;
	assert_string_equal(kit_events(p->events, p->n_events),
	    "2:2j 3:1m 4:1m 1:1m 2:1m 3:1m");
	assert_int_equal(p->n_positions, 2);
	assert_int_equal(p->positions[0]->conversation, group.conversation);
	assert_int_equal(p->positions[0]->from_seq, 2);
	assert_int_equal(p->positions[0]->last_seq, 4);
	assert_int_equal(p->positions[0]->sent_seq, 4);
	assert_false(p->more);
	/* What is read is not missing, unless Have says so. */
	assert_int_equal(kit_mark(k, 2, direct.conversation, 2), KITH_E_OK);
	p = sync_have(k, 2, 0, NULL, 0)->sync_page;
	assert_string_equal(kit_events(p->events, p->n_events), "2:2j 3:1m 4:1m 3:1m");
	direct.seq = 1;
	group.seq = 4;
	p = sync_have(k, 2, 0, have, 2)->sync_page;
	assert_string_equal(kit_events(p->events, p->n_events), "2:1m 3:1m");
	assert_int_equal(p->n_positions, 1);
	direct.seq = 3;
	p = sync_have(k, 2, 0, have, 2)->sync_page;
	assert_int_equal(p->n_events + p->n_positions, 0);
	assert_false(p->more);
	direct.seq = UINT64_MAX;
	assert_int_equal(sync_have(k, 2, 0, have, 2)->sync_page->n_events, 0);
}

static void
sync_goes_on_until_nothing_is_missing(void **state)
{
	struct kit *k = *state;
	static const char *const peers[] = { "@u1", "@u3", "@u4", "@u5" };
	Kith__V1__Have rows[8], *have[8];
	unsigned events = 0, pages = 0;
	size_t n = 0;
	Kith__V1__SyncPage *p;

	for (unsigned i = 0; i < 4; i++)
		say(k, 2, peers[i], 3);
	do {
		p = sync_have(k, 2, 2, have, n)->sync_page;
		assert_true(p->n_events <= 2);
		events += (unsigned)p->n_events;
		for (size_t i = 0; i < p->n_positions; i++) {
			const Kith__V1__Position *pos = p->positions[i];
			size_t at = 0;

			if (pos->sent_seq == 0)
				continue;
			while (at < n && rows[at].conversation != pos->conversation)
				at++;
			if (at == n) {
				kith__v1__have__init(&rows[n]);
				have[n] = &rows[n];
				n++;
			}
			rows[at].conversation = pos->conversation;
			rows[at].seq = pos->sent_seq;
		}
		pages++;
	} while (p->more && pages < 20);
	assert_int_equal(events, 12);
	assert_int_equal(pages, 6);
}

static void
sync_stays_within_membership(void **state)
{
	struct kit *k = *state;
	Kith__V1__SyncPage *p;

	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);	/* 1 */
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);		/* 2 */
	assert_int_equal(kit_leave(k, 2, "#g"), KITH_E_OK);		/* 3 */
	say(k, 1, "#g", 2);						/* 4 5 */
	p = sync_have(k, 2, 0, NULL, 0)->sync_page;
	assert_string_equal(kit_events(p->events, p->n_events), "2:2j 3:2l");
	assert_int_equal(p->positions[0]->last_seq, 3);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);		/* 6 */
	say(k, 1, "#g", 1);						/* 7 */
	p = sync_have(k, 2, 0, NULL, 0)->sync_page;
	assert_string_equal(kit_events(p->events, p->n_events), "2:2j 3:2l 6:2j 7:1m");
	assert_int_equal(p->positions[0]->from_seq, 2);
	assert_int_equal(p->positions[0]->last_seq, 7);
	/* An invitation opens nothing. */
	assert_int_equal(kit_group(k, 1, "closed", false, NULL), KITH_E_OK);
	assert_int_equal(kit_invite(k, 1, "#closed", "u3"), KITH_E_OK);
	p = sync_have(k, 3, 0, NULL, 0)->sync_page;
	assert_string_equal(kit_events(p->events, p->n_events), "1:1I");
}

/* -- lists ---------------------------------------------------------------- */

static void
conversations_count_what_is_unread(void **state)
{
	struct kit *k = *state;
	const Kith__V1__Conversations *l;
	const Kith__V1__Conversation *c;
	uint64_t group;

	say(k, 1, "@u2", 3);
	say(k, 2, "@u1", 1);
	assert_int_equal(kit_group(k, 1, "g", true, &group), KITH_E_OK);
	say(k, 1, "#g", 5);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	say(k, 1, "#g", 2);
	l = conversations(k, 2, 0, 0, NULL, 0);
	assert_int_equal(l->n_conversations, 2);
	assert_false(l->more);
	c = l->conversations[0];
	assert_int_equal(c->id, group);
	assert_string_equal(c->name, "g");
	assert_string_equal(c->topic, "g");
	assert_true(c->public_);
	assert_int_equal(c->role, KITH__V1__ROLE__MEMBER);
	assert_int_equal(c->since_seq, 7);
	assert_int_equal(c->last_seq, 9);
	assert_int_equal(c->unread, 2);		/* joining is no message */
	c = l->conversations[1];
	assert_int_equal(c->kind, KITH__V1__CONVERSATION_KIND__DIRECT);
	assert_int_equal(c->peer, 1);
	assert_string_equal(c->name, "u1");
	assert_int_equal(c->read_seq, 0);
	assert_int_equal(c->unread, 3);		/* not one's own */
	assert_int_equal(kit_mark(k, 2, c->id, 2), KITH_E_OK);
	c = conversations(k, 2, 0, 0, NULL, 0)->conversations[1];
	assert_int_equal(c->read_seq, 2);
	assert_int_equal(c->peer_read_seq, 0);
	assert_int_equal(c->unread, 1);
	c = conversations(k, 1, 0, 0, NULL, 0)->conversations[1];
	assert_int_equal(c->read_seq, 0);
	assert_int_equal(c->peer_read_seq, 2);
}

static void
conversations_come_in_pages_or_by_id(void **state)
{
	struct kit *k = *state;
	const Kith__V1__Conversations *l;
	uint64_t ids[4], last = 0;

	assert_int_equal(kit_group(k, 1, "a", true, &ids[0]), KITH_E_OK);
	assert_int_equal(kit_group(k, 1, "b", true, &ids[1]), KITH_E_OK);
	say(k, 1, "@u2", 1);
	say(k, 1, "@u3", 1);
	ids[2] = conv_direct(2, 3);		/* not mine */
	ids[3] = conv_direct(1, 3);
	for (unsigned i = 0; i < 4; i++) {
		l = conversations(k, 1, last, 1, NULL, 0);
		assert_int_equal(l->n_conversations, 1);
		assert_int_equal(l->more, i < 3);
		assert_true(l->conversations[0]->id > last);
		last = l->conversations[0]->id;
	}
	assert_int_equal(conversations(k, 1, last, 1, NULL, 0)->n_conversations, 0);
	l = conversations(k, 1, 0, 0, ids, 4);
	assert_int_equal(l->n_conversations, 3);
	/* Left: not in the list, but there when asked for. */
	assert_int_equal(kit_leave(k, 1, "#a"), KITH_E_OK);
	assert_int_equal(conversations(k, 1, 0, 0, NULL, 0)->n_conversations, 3);
	l = conversations(k, 1, 0, 0, ids, 1);
	assert_int_equal(l->n_conversations, 1);
	assert_int_equal(l->conversations[0]->role, KITH__V1__ROLE__NOBODY);
	assert_int_equal(l->conversations[0]->last_seq, 2);
}

static void
groups_are_public_or_ones_own(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__ListGroups m = KITH__V1__LIST_GROUPS__INIT;
	const Kith__V1__Conversations *l;

	assert_int_equal(kit_group(k, 1, "open", true, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 1, "closed", false, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "mine", false, NULL), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#open"), KITH_E_OK);
	r.body_case = KITH__V1__REQUEST__BODY_LIST_GROUPS;
	r.list_groups = &m;
	l = kit_query(k, 2, &r)->conversations;
	assert_int_equal(l->n_conversations, 3);
	assert_string_equal(l->conversations[0]->name, "lobby");
	assert_int_equal(l->conversations[0]->role, KITH__V1__ROLE__NOBODY);
	assert_string_equal(l->conversations[1]->name, "open");
	assert_int_equal(l->conversations[1]->members, 2);
	assert_int_equal(l->conversations[1]->role, KITH__V1__ROLE__MEMBER);
	assert_string_equal(l->conversations[2]->name, "mine");
	assert_int_equal(l->conversations[2]->role, KITH__V1__ROLE__OWNER);
	m.limit = 1;
	m.after = l->conversations[0]->id;
	l = kit_query(k, 2, &r)->conversations;
	assert_int_equal(l->n_conversations, 1);
	assert_string_equal(l->conversations[0]->name, "open");
	assert_true(l->more);
}

static void
members_say_who_is_online(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__ListMembers m = KITH__V1__LIST_MEMBERS__INIT;
	Kith__V1__Target to;
	const Kith__V1__Members *l;

	assert_int_equal(kit_group(k, 3, "g", true, NULL), KITH_E_OK);
	assert_int_equal(kit_join(k, 1, "#g"), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	assert_int_equal(kit_leave(k, 2, "#g"), KITH_E_OK);
	kit_online(k, 1, 1);
	kit_target(&to, "#g");
	m.target = &to;
	r.body_case = KITH__V1__REQUEST__BODY_LIST_MEMBERS;
	r.list_members = &m;
	l = kit_query(k, 1, &r)->members;
	assert_int_equal(l->n_members, 2);
	assert_string_equal(l->members[0]->name, "u1");
	assert_true(l->members[0]->online);
	assert_int_equal(l->members[1]->user_id, 3);
	assert_int_equal(l->members[1]->role, KITH__V1__ROLE__OWNER);
	assert_false(l->members[1]->online);
	m.limit = 1;
	l = kit_query(k, 1, &r)->members;
	assert_true(l->more);
	m.after = 1;
	l = kit_query(k, 1, &r)->members;
	assert_int_equal(l->members[0]->user_id, 3);
	assert_false(l->more);
	assert_int_equal(kit_error(kit_query(k, 2, &r)), KITH_E_NOT_MEMBER);
}

static void
who_knows_sessions_and_last_seen(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Who m = KITH__V1__WHO__INIT;
	static char u1[] = "U1", u2[] = "u2", nobody[] = "nobody";
	char *names[] = { u1, u2, nobody };
	const Kith__V1__Presences *l;

	kit_online(k, 1, 0);
	m.names = names;
	m.n_names = 2;
	r.body_case = KITH__V1__REQUEST__BODY_WHO;
	r.who = &m;
	l = kit_query(k, 2, &r)->presences;
	assert_int_equal(l->n_users, 2);
	assert_string_equal(l->users[0]->name, "u1");
	assert_true(l->users[0]->online);
	assert_int_equal(l->users[0]->sessions, 1);
	assert_int_equal(l->users[0]->since_ms, 1001);
	assert_false(l->users[1]->online);
	assert_int_equal(l->users[1]->since_ms, 77);
	m.n_names = 3;
	assert_int_equal(kit_error(kit_query(k, 2, &r)), KITH_E_NO_SUCH_USER);
}

static Kith__Ipc__Loaded *
load(struct kit *k, uint64_t user, uint64_t device)
{
	static uint8_t buf[RING_RECORD_MAX];
	struct ipc_head h = { .type = IPC_LOAD, .user = { user }, .device = device };
	struct ring *ring = &k->shared.rings[k->worker[0].slot];
	const uint8_t *body;
	uint32_t len;

	h.generation = 1;
	h.from = (uint8_t)k->worker[0].slot;
	store_reader_record(&k->reader_proc, &h, NULL, 0);
	assert_int_equal(ring_read(ring, buf, sizeof(buf), &len), 0);
	assert_int_equal(ipc_check(&k->worker[0], buf, len, &h, &body, &len), 0);
	ring_release(ring);
	assert_int_equal(h.type, IPC_LOADED);
	assert_int_equal(h.code, KITH_E_OK);
	return kith__ipc__loaded__unpack(NULL, len, body);
}

static void
load_tells_groups_and_validity(void **state)
{
	struct kit *k = *state;
	uint64_t a, b;
	Kith__Ipc__Loaded *l;

	assert_int_equal(kit_group(k, 1, "a", true, &a), KITH_E_OK);
	assert_int_equal(kit_group(k, 1, "b", false, &b), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#a"), KITH_E_OK);
	assert_int_equal(kit_invite(k, 1, "#b", "u2"), KITH_E_OK);
	kit_drop_told(k);
	l = load(k, 2, 2);
	assert_true(l->valid);
	assert_int_equal(l->n_groups, 1);
	assert_int_equal(l->groups[0], a);
	kith__ipc__loaded__free_unpacked(l, NULL);
	l = load(k, 2, 1);			/* another user's device */
	assert_false(l->valid);
	kith__ipc__loaded__free_unpacked(l, NULL);
	kit_do(k, "UPDATE tokens SET revoked_ms = 5 WHERE id = 2");
	l = load(k, 2, 2);
	assert_false(l->valid);
	kith__ipc__loaded__free_unpacked(l, NULL);
	kit_do(k, "UPDATE accounts SET disabled = 1 WHERE id = 1");
	l = load(k, 1, 1);
	assert_false(l->valid);
	kith__ipc__loaded__free_unpacked(l, NULL);
}

static void
a_write_is_not_for_the_reader(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send m = KITH__V1__SEND__INIT;

	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &m;
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_UNKNOWN_REQUEST);
}

int
store_read_tests(const struct kit_kind *kind)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(pages_go_both_ways),
		KIT_TEST(history_says_why_not),
		KIT_TEST(a_page_fits_into_a_frame),
		KIT_TEST(nobody_reads_outside_of_membership),
		KIT_TEST(sync_tells_what_is_missing),
		KIT_TEST(sync_goes_on_until_nothing_is_missing),
		KIT_TEST(sync_stays_within_membership),
		KIT_TEST(conversations_count_what_is_unread),
		KIT_TEST(conversations_come_in_pages_or_by_id),
		KIT_TEST(groups_are_public_or_ones_own),
		KIT_TEST(members_say_who_is_online),
		KIT_TEST(who_knows_sessions_and_last_seen),
		KIT_TEST(load_tells_groups_and_validity),
		KIT_TEST(a_write_is_not_for_the_reader),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
