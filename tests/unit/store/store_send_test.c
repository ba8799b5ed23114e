/*
 * store_send_test.c - messages, cursors: stored, answered, told, in order, once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/rules/conv.h"
#include "tests/unit/kit/store_kit.h"
#include "tests/unit/store/store_test.h"

#define MESSAGES "SELECT COUNT(*) FROM events WHERE kind = 1"

static Kith__V1__Reply *
next(struct kit *k, unsigned worker, enum ipc_type type)
{
	Kith__V1__Reply *r = NULL;

	assert_int_equal(kit_next(k, worker, &r), 0);
	assert_int_equal(k->head.type, type);
	return r;
}

static void
nothing_more(struct kit *k, unsigned worker)
{
	Kith__V1__Reply *r;

	assert_int_equal(kit_next(k, worker, &r), -1);
}

static void
a_message_is_stored_answered_and_told(void **state)
{
	struct kit *k = *state;
	uint64_t conversation = conv_direct(1, 2), id;
	Kith__V1__Reply *r;

	kit_online(k, 1, 0);
	kit_online(k, 2, 1);
	id = kit_send(k, 1, "@u2", "hello");
	kit_turn(k);
	assert_int_equal(kit_number(k, MESSAGES), 1);

	r = next(k, 0, IPC_REPLY);
	assert_int_equal(k->head.session, 1);
	assert_int_equal(k->head.session_serial, 9);
	assert_int_equal(k->head.to_generation, 1);
	assert_int_equal(r->id, k->request);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_SENT);
	assert_int_equal(r->sent->n_outcomes, 1);
	assert_null(r->sent->outcomes[0]->error);
	assert_int_equal(r->sent->outcomes[0]->conversation, conversation);
	assert_int_equal(r->sent->outcomes[0]->seq, 1);

	for (unsigned worker = 0; worker < 2; worker++) {
		r = next(k, worker, IPC_EVENT);
		assert_int_equal(k->head.flags, IPC_F_USERS);
		assert_int_equal(k->head.user[0], 1);
		assert_int_equal(k->head.user[1], 2);
		assert_int_equal(k->head.seq, 1);
		assert_int_equal(r->id, 0);
		assert_int_equal(r->event->conversation, conversation);
		assert_int_equal(r->event->client_id, id);
		assert_string_equal(r->event->sender_name, "u1");
		assert_string_equal(r->event->text, "hello");
		nothing_more(k, worker);
	}
}

static void
who_is_not_online_is_told_nothing(void **state)
{
	struct kit *k = *state;

	kit_online(k, 1, 0);
	kit_send(k, 1, "@u2", "hello");
	kit_turn(k);
	nothing_more(k, 1);
}

static void
the_first_message_makes_both_users_members(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_say(k, 1, "@u2", "a", NULL), KITH_E_OK);
	assert_int_equal(kit_say(k, 2, "@u1", "b", NULL), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM members WHERE since_seq = 1"), 2);
	assert_int_equal(kit_say(k, 3, "@u3", "a note to myself", NULL), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM members WHERE user = 3"), 1);
	assert_int_equal(kit_number(k, MESSAGES), 3);
}

static void
targets_are_refused_one_by_one(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *target;
		enum kith_err want;
	} rows[] = {
		{ "@u2", KITH_E_OK },
		{ "@U2", KITH_E_OK },			/* prepared like at registration */
		{ "@nobody", KITH_E_NO_SUCH_USER },
		{ "@-", KITH_E_NO_SUCH_USER },		/* not a possible name */
		{ "@u6", KITH_E_NO_SUCH_USER },		/* disabled */
		{ "#open", KITH_E_NOT_MEMBER },
		{ "#closed", KITH_E_NO_SUCH_GROUP },
		{ "#nothing", KITH_E_NO_SUCH_GROUP },
		{ "#mine", KITH_E_OK },
		{ "=999", KITH_E_NO_SUCH_CONVERSATION },
		{ "=0", KITH_E_NO_SUCH_CONVERSATION },
		{ "=4611686022722355203", KITH_E_NO_SUCH_CONVERSATION },	/* users 2 and 3 */
		{ "=4611686020574871554", KITH_E_OK },				/* users 1 and 2 */
		{ "=4611686020574871752", KITH_E_NO_SUCH_CONVERSATION },	/* users 1 and 200 */
		{ "=18446744073709551615", KITH_E_NO_SUCH_CONVERSATION },
	};

	kit_do(k, "UPDATE accounts SET disabled = 1 WHERE id = 6");
	assert_int_equal(kit_group(k, 2, "open", true, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "closed", false, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 1, "mine", false, NULL), KITH_E_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kit_say(k, 1, rows[i].target, "x", NULL) != rows[i].want)
			fail_msg("%s", rows[i].target);
}

static void
several_targets_have_one_answer(void **state)
{
	struct kit *k = *state;
	Kith__V1__Reply *r;
	uint64_t id;

	id = kit_send(k, 1, "@u2 @nobody @u3", "to all");
	kit_turn(k);
	r = next(k, 0, IPC_REPLY);
	assert_int_equal(r->sent->n_outcomes, 3);
	assert_int_equal(r->sent->outcomes[0]->conversation, conv_direct(1, 2));
	assert_int_equal(r->sent->outcomes[1]->error->code, KITH_E_NO_SUCH_USER);
	assert_int_equal(r->sent->outcomes[2]->conversation, conv_direct(1, 3));
	assert_int_equal(kit_number(k, MESSAGES), 2);
	assert_int_equal(kit_number(k, "SELECT MAX(client_id) - MIN(client_id) FROM events"
	    " WHERE kind = 1"), 2);
	assert_int_equal(kit_number(k, "SELECT MIN(client_id) FROM events WHERE kind = 1"), id);
}

/* Targets that lead to one conversation get one copy, in whatever words, and so do repeats. */
static void
targets_are_a_set(void **state)
{
	static const struct {
		const char *targets;
		int same[6];		/* as which outcome: itself if it is the first */
		unsigned stored;
	} rows[] = {
		{ "@u2 @u2", { 0, 0 }, 1 },
		{ "@u2 @U2 =4611686020574871554", { 0, 0, 0 }, 1 },
		{ "#Hall @u3 #HALL @u3 #hall", { 0, 1, 0, 1, 0 }, 2 },
		{ "@nobody @u4 @nobody @u5 @u4", { 0, 1, 0, 3, 1 }, 2 },
		{ "#alien #alien @u2", { 0, 0, 2 }, 1 },
	};
	struct kit *k = *state;
	unsigned stored = 0, told = 0;
	Kith__V1__Reply *r;
	uint64_t hall;

	assert_int_equal(kit_group(k, 1, "hall", true, &hall), KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "alien", true, NULL), KITH_E_OK);
	kit_online(k, 1, 1);
	kit_follow(k, hall, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t id = CLIENT_ID_FREE_BIT | (100 * i), seq[6] = { 0 };

		kit_drop_told(k);
		kit_send_as(k, 1, rows[i].targets, "x", id);
		if (i % 2 == 0)			/* repeated in the same batch, or later */
			kit_turn(k);
		kit_send_as(k, 1, rows[i].targets, "x", id);
		kit_turn(k);
		for (unsigned answer = 0; answer < 2; answer++) {
			r = next(k, 0, IPC_REPLY);
			for (size_t t = 0; t < r->sent->n_outcomes; t++) {
				const Kith__V1__Outcome *o = r->sent->outcomes[t],
				    *first = r->sent->outcomes[rows[i].same[t]];

				assert_int_equal(o->conversation, first->conversation);
				assert_int_equal(o->seq, answer == 0 ? first->seq : seq[t]);
				assert_int_equal(o->error != NULL, first->error != NULL);
				assert_int_equal(o->error != NULL, o->seq == 0);
				seq[t] = o->seq;
			}
		}
		stored += rows[i].stored;
		assert_int_equal(kit_number(k, MESSAGES), stored);
		for (told = 0; kit_next(k, 1, &r) == 0; told++)
			assert_int_equal(k->head.type, IPC_EVENT);
		assert_int_equal(told, rows[i].stored);
	}
	assert_int_equal(kit_stat(k, STAT_messages_stored), stored);
	assert_int_equal(kit_stat(k, STAT_messages_repeated), stored);
}

/* A repeat has its first outcome at all its targets, whatever has become of the sender; and no
 * number is told to be that of a hidden group. */
static void
a_set_is_repeated_after_leaving(void **state)
{
	struct kit *k = *state;
	Kith__V1__Reply *r;
	char targets[64];
	uint64_t group;

	assert_int_equal(kit_group(k, 1, "den", false, &group), KITH_E_OK);
	snprintf(targets, sizeof(targets), "#den =%llu @u2", (unsigned long long)group);
	kit_send_as(k, 1, targets, "x", CLIENT_ID_FREE_BIT);
	kit_turn(k);
	kit_do(k, "DELETE FROM members WHERE user = 1");
	kit_restart_writer(k);
	kit_drop_told(k);
	for (unsigned i = 0; i < 2; i++)
		kit_send_as(k, 1, targets, "x", CLIENT_ID_FREE_BIT | 10 * i);
	kit_turn(k);
	r = next(k, 0, IPC_REPLY);
	assert_null(r->sent->outcomes[0]->error);
	assert_null(r->sent->outcomes[1]->error);
	assert_int_equal(r->sent->outcomes[1]->seq, r->sent->outcomes[0]->seq);
	r = next(k, 0, IPC_REPLY);
	assert_int_equal(r->sent->outcomes[0]->error->code, KITH_E_NO_SUCH_GROUP);
	assert_int_equal(r->sent->outcomes[1]->error->code, KITH_E_NO_SUCH_CONVERSATION);
	assert_null(r->sent->outcomes[2]->error);
}

static void
malformed_sends_are_refused_as_a_whole(void **state)
{
	struct kit *k = *state;
	static char long_text[TEXT_BYTES_MAX + 2];
	const uint64_t mine = UINT64_C(1) << CLIENT_ID_DEVICE_SHIFT;
	const struct {
		const char *targets, *text;
		uint64_t client_id;
		enum kith_err want;
	} rows[] = {
		{ "", "x", mine + 1, KITH_E_BAD_REQUEST },
		{ "@u2", "", mine + 2, KITH_E_BAD_REQUEST },
		{ "@u2", " \t\r\n\u3000\u00a0", mine + 2, KITH_E_BAD_REQUEST },
		{ "@u2", long_text, mine + 3, KITH_E_TOO_LARGE },
		{ "@u2", long_text + 1, mine + 4, KITH_E_OK },
		{ "@u2", "x", 0, KITH_E_BAD_REQUEST },
		{ "@u2", "x", 2 * mine, KITH_E_BAD_REQUEST },		/* another's device */
		{ "@u2 @u3", "x", 2 * mine - 1, KITH_E_BAD_REQUEST },	/* runs into it */
	};
	Kith__V1__Reply *r;

	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kit_send_as(k, 1, rows[i].targets, rows[i].text, rows[i].client_id);
		kit_turn(k);
		r = next(k, 0, IPC_REPLY);
		assert_int_equal(kit_error(r), rows[i].want);
	}
	assert_int_equal(kit_number(k, MESSAGES), 1);
}

static void
a_disabled_sender_stores_nothing(void **state)
{
	struct kit *k = *state;

	kit_do(k, "UPDATE accounts SET disabled = 1 WHERE id = 1");
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_DISABLED);
	assert_int_equal(kit_say(k, 1000000000, "@u2", "x", NULL), KITH_E_DISABLED);
	assert_int_equal(kit_number(k, MESSAGES), 0);
}

static void
a_batch_keeps_the_order_of_the_inbox(void **state)
{
	struct kit *k = *state;
	Kith__V1__Reply *r;
	uint64_t group;
	char text[16];

	assert_int_equal(kit_group(k, 1, "g", true, &group), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	kit_drop_told(k);
	kit_follow(k, group, 1);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "%u", i);
		kit_send(k, 1 + i % 2, "#g", text);
		kit_send(k, 1 + i % 2, "@u3", text);
	}
	kit_turn(k);
	assert_int_equal(kit_stat(k, STAT_batches), 1);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "%u", i);
		r = next(k, 0, IPC_REPLY);
		assert_int_equal(r->sent->outcomes[0]->seq, 3 + i);
		next(k, 0, IPC_REPLY);
		r = next(k, 1, IPC_EVENT);
		assert_int_equal(k->head.flags, IPC_F_FOLLOWERS);
		assert_int_equal(k->head.conversation, group);
		assert_int_equal(r->event->seq, 3 + i);
		assert_string_equal(r->event->text, text);
	}
	nothing_more(k, 1);
}

static void
more_than_a_batch_becomes_several(void **state)
{
	struct kit *k = *state;

	for (unsigned i = 0; i < 100; i++)
		kit_send(k, 1, "@u1 @u2 @u3 @u4 @u5 @u6", "x");
	kit_turn(k);
	assert_int_equal(kit_number(k, MESSAGES), 600);
	assert_int_equal(kit_stat(k, STAT_batches), 2);
	assert_int_equal(kit_stat(k, STAT_messages_stored), 600);
}

static void
a_copy_within_the_batch_is_stored_once(void **state)
{
	struct kit *k = *state;
	uint64_t id = (UINT64_C(1) << CLIENT_ID_DEVICE_SHIFT) + 5;
	Kith__V1__Reply *r;

	kit_online(k, 2, 1);
	kit_send_as(k, 1, "@u2", "first", id);
	kit_send_as(k, 1, "@u2", "other", id + 1);
	kit_send_as(k, 1, "@U2", "first", id);
	kit_turn(k);
	for (unsigned i = 0; i < 3; i++) {
		r = next(k, 0, IPC_REPLY);
		assert_int_equal(r->sent->outcomes[0]->seq, i == 1 ? 2 : 1);
	}
	assert_string_equal(next(k, 1, IPC_EVENT)->event->text, "first");
	assert_string_equal(next(k, 1, IPC_EVENT)->event->text, "other");
	nothing_more(k, 1);
	assert_int_equal(kit_stat(k, STAT_messages_repeated), 1);
}

/* Two users may choose the same number. */
static void
a_free_client_id_is_its_users(void **state)
{
	struct kit *k = *state;
	uint64_t id = CLIENT_ID_FREE_BIT | 12345;

	for (unsigned i = 0; i < 3; i++) {
		kit_send_as(k, i == 1 ? 2 : 1, "@u3", "x", id);
		kit_turn(k);
		assert_int_equal(next(k, 0, IPC_REPLY)->sent->outcomes[0]->seq, 1);
	}
	assert_int_equal(kit_number(k, MESSAGES), 2);
	assert_int_equal(kit_stat(k, STAT_messages_repeated), 1);
	kit_send_as(k, 1, "@u2 @u3", "x", 2 * CLIENT_ID_FREE_BIT - 1);
	kit_turn(k);
	assert_int_equal(kit_error(next(k, 0, IPC_REPLY)), KITH_E_BAD_REQUEST);
}

static void
a_copy_of_what_was_refused_is_judged_anew(void **state)
{
	struct kit *k = *state;
	uint64_t id = (UINT64_C(1) << CLIENT_ID_DEVICE_SHIFT) + 5;

	kit_send_as(k, 1, "@nobody", "x", id);
	kit_send_as(k, 1, "@u2", "x", id);
	kit_turn(k);
	assert_int_equal(next(k, 0, IPC_REPLY)->sent->outcomes[0]->error->code,
	    KITH_E_NO_SUCH_USER);
	assert_null(next(k, 0, IPC_REPLY)->sent->outcomes[0]->error);
}

static void
a_resent_message_has_its_first_answer(void **state)
{
	struct kit *k = *state;
	uint64_t id, time_ms;
	Kith__V1__Reply *r;

	id = kit_send(k, 1, "@u2", "once");
	kit_turn(k);
	time_ms = next(k, 0, IPC_REPLY)->sent->outcomes[0]->time_ms;
	kit_online(k, 2, 1);
	kit_send(k, 1, "@u2", "before");
	kit_send_as(k, 1, "=4611686020574871554", "once", id);	/* users 1 and 2 */
	kit_send(k, 1, "@u2", "after");
	kit_turn(k);
	assert_int_equal(next(k, 0, IPC_REPLY)->sent->outcomes[0]->seq, 2);
	r = next(k, 0, IPC_REPLY);
	assert_int_equal(r->sent->outcomes[0]->seq, 1);
	assert_int_equal(r->sent->outcomes[0]->conversation, conv_direct(1, 2));
	assert_int_equal(r->sent->outcomes[0]->time_ms, time_ms);
	assert_int_equal(next(k, 0, IPC_REPLY)->sent->outcomes[0]->seq, 3);
	/* It is old news: only the two others are told. */
	assert_int_equal(next(k, 1, IPC_EVENT)->event->seq, 2);
	assert_int_equal(next(k, 1, IPC_EVENT)->event->seq, 3);
	nothing_more(k, 1);
	assert_int_equal(kit_number(k, MESSAGES), 3);
	assert_int_equal(kit_stat(k, STAT_messages_repeated), 1);
}

/* The error of the next outcome, or KITH_E_OK and its seq. */
static enum kith_err
next_outcome(struct kit *k, uint64_t *seq)
{
	const Kith__V1__Outcome *o = next(k, 0, IPC_REPLY)->sent->outcomes[0];

	*seq = o->seq;
	return o->error != NULL ? (enum kith_err)o->error->code : KITH_E_OK;
}

/* Whatever would become of the message otherwise, and within one batch or later. */
static void
another_message_with_a_taken_client_id_is_refused(void **state)
{
	static const struct {
		const char *target, *text;
		enum kith_err want;
	} rows[] = {
		{ "#g", "the first", KITH_E_OK },
		{ "#g", "the firsT", KITH_E_CLIENT_ID_TAKEN },
		{ "#g", "the firs", KITH_E_CLIENT_ID_TAKEN },
		{ "#g", "the first ", KITH_E_CLIENT_ID_TAKEN },
		{ "@u2", "the first", KITH_E_CLIENT_ID_TAKEN },
		{ "#G", "the first", KITH_E_OK },
		{ "@nobody", "the first", KITH_E_CLIENT_ID_TAKEN },
		{ "@-", "the first", KITH_E_CLIENT_ID_TAKEN },
		{ "#hidden", "the first", KITH_E_CLIENT_ID_TAKEN },
		{ "=999", "the first", KITH_E_CLIENT_ID_TAKEN },
		{ "#g", "the first", KITH_E_OK },
	};
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	struct kit *k = *state;
	uint64_t seq;

	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "hidden", false, NULL), KITH_E_OK);
	for (unsigned turns = 1; turns <= 3; turns++) {
		uint64_t id = CLIENT_ID_FREE_BIT | turns;

		kit_drop_told(k);
		for (size_t i = 0; i < n; i++) {
			kit_send_as(k, 1, rows[i].target, rows[i].text, id);
			kit_send(k, 1, "@u3", "between");
			if (turns == 1 || (turns == 2 && i == n / 2) || i == n - 1)
				kit_turn(k);
		}
		for (size_t i = 0; i < n; i++) {
			if (next_outcome(k, &seq) != rows[i].want)
				fail_msg("%u turns, row %zu", turns, i);
			assert_int_equal(seq, rows[i].want == KITH_E_OK ? 1 + turns : 0);
			assert_int_equal(next_outcome(k, &seq), KITH_E_OK);
		}
		/* The same number of another user is another message. */
		kit_send_as(k, 2, "@u1", "mine", id);
		kit_turn(k);
		assert_int_equal(next_outcome(k, &seq), KITH_E_OK);
	}
	assert_int_equal(kit_number(k, MESSAGES), 3 * (1 + (int)n + 1));
}

/* Each copy is one message: those that are new are stored. */
static void
copies_are_told_apart_one_by_one(void **state)
{
	struct kit *k = *state;
	uint64_t id = kit_send(k, 1, "@u2 @u3", "x");
	Kith__V1__Reply *r;

	kit_turn(k);
	next(k, 0, IPC_REPLY);
	kit_send_as(k, 1, "@u4 @u3 @u2", "x", id);
	kit_turn(k);
	r = next(k, 0, IPC_REPLY);
	assert_int_equal(r->sent->outcomes[0]->error->code, KITH_E_CLIENT_ID_TAKEN);
	assert_int_equal(r->sent->outcomes[1]->seq, 1);
	assert_int_equal(r->sent->outcomes[2]->seq, 2);
	assert_int_equal(kit_number(k, MESSAGES), 3);
}

/* What has happened since does not matter: not to the first outcome, nor to the refusal of
 * another message. */
static void
a_repeat_is_recognised_before_anything_else(void **state)
{
	static const struct {
		const char *target, *change, *back;
	} rows[] = {
		{ "@u2", "UPDATE accounts SET disabled = 1 WHERE id = 2",
		    "UPDATE accounts SET disabled = 0 WHERE id = 2" },
		{ "@u3", "UPDATE accounts SET disabled = 1 WHERE id = 1",
		    "UPDATE accounts SET disabled = 0 WHERE id = 1" },
		{ "#open", "UPDATE members SET until_seq = 999 WHERE user = 1",
		    "UPDATE members SET until_seq = NULL WHERE user = 1" },
		{ "#closed", "DELETE FROM members WHERE user = 1", "DELETE FROM cursors" },
	};
	struct kit *k = *state;
	uint64_t first, seq;

	assert_int_equal(kit_group(k, 1, "open", true, NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 1, "closed", false, NULL), KITH_E_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t id = CLIENT_ID_FREE_BIT | (100 + i);

		kit_drop_told(k);
		kit_send_as(k, 1, rows[i].target, "x", id);
		kit_turn(k);
		assert_int_equal(next_outcome(k, &first), KITH_E_OK);
		kit_do(k, rows[i].change);
		kit_restart_writer(k);		/* it knows nothing from before */
		kit_send_as(k, 1, rows[i].target, "x", id);
		kit_send_as(k, 1, rows[i].target, "y", id);
		kit_send_as(k, 1, rows[i].target, "x", id + 50);
		kit_turn(k);
		assert_int_equal(next_outcome(k, &seq), KITH_E_OK);
		assert_int_equal(seq, first);
		assert_int_equal(next_outcome(k, &seq), KITH_E_CLIENT_ID_TAKEN);
		assert_int_not_equal(next_outcome(k, &seq), KITH_E_OK);
		kit_do(k, rows[i].back);
		kit_restart_writer(k);
	}
	assert_int_equal(kit_number(k, MESSAGES), 4);
}

static void
a_killed_writer_is_replayed(void **state)
{
	struct kit *k = *state;
	Kith__V1__Reply *r;

	kit_online(k, 2, 1);
	for (unsigned i = 0; i < 3; i++)
		kit_send(k, 1, "@u2", "x");
	kit_read_inbox(k);		/* stored, answered, told; killed before the release */
	kit_drop_told(k);
	kit_restart_writer(k);
	kit_send(k, 1, "@u2", "new");
	kit_turn(k);
	for (unsigned i = 1; i <= 4; i++) {
		r = next(k, 0, IPC_REPLY);
		assert_int_equal(r->sent->outcomes[0]->seq, i);
		assert_int_equal(next(k, 1, IPC_EVENT)->event->seq, i);
	}
	assert_int_equal(kit_number(k, MESSAGES), 4);
	assert_int_equal(kit_number(k, "SELECT last_seq FROM conversations WHERE kind = 1"), 4);
}

static void
a_counter_behind_its_events_is_mended(void **state)
{
	struct kit *k = *state;
	uint64_t seq;

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);
	assert_int_equal(kit_say(k, 1, "#g", "x", NULL), KITH_E_OK);
	kit_do(k, "UPDATE conversations SET last_seq = 2 WHERE kind = 1");
	kit_do(k, "UPDATE conversations SET last_seq = 1 WHERE kind = 2");
	assert_int_equal(kit_say(k, 1, "@u2", "x", &seq), KITH_E_OK);
	assert_int_equal(seq, 6);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT MAX(seq) FROM events WHERE kind = 3"), 3);
}

/* -- cursors -------------------------------------------------------------- */

#define CURSOR "SELECT read_seq FROM cursors WHERE user = 2"

static void
a_cursor_moves_forward_and_is_told(void **state)
{
	struct kit *k = *state;
	uint64_t conversation = conv_direct(1, 2);
	Kith__V1__Reply *r;

	for (unsigned i = 0; i < 5; i++)
		kit_say(k, 1, "@u2", "x", NULL);
	kit_online(k, 2, 1);
	assert_int_equal(kit_mark(k, 2, conversation, 3), KITH_E_OK);
	r = next(k, 1, IPC_CURSOR);
	assert_int_equal(k->head.user[0], 2);
	assert_int_equal(k->head.device, 2);
	assert_int_equal(r->cursor_moved->conversation, conversation);
	assert_int_equal(r->cursor_moved->seq, 3);
	assert_int_equal(r->cursor_moved->user, 2);
	assert_int_equal(kit_mark(k, 2, conversation, 2), KITH_E_OK);
	nothing_more(k, 1);
	assert_int_equal(kit_number(k, CURSOR), 3);
	/* Not beyond the log. */
	assert_int_equal(kit_mark(k, 2, conversation, 1000), KITH_E_OK);
	assert_int_equal(next(k, 1, IPC_CURSOR)->cursor_moved->seq, 5);
	assert_int_equal(kit_number(k, CURSOR), 5);
}

/* To the peer it is one cursor, however many devices there are. */
static void
the_peer_is_told_of_a_cursor(void **state)
{
	struct kit *k = *state;
	uint64_t conversation = conv_direct(1, 2), group;
	Kith__V1__Reply *r;

	for (unsigned i = 0; i < 5; i++)
		kit_say(k, 1, "@u2", "x", NULL);
	kit_online(k, 1, 1);
	assert_int_equal(kit_mark(k, 2, conversation, 2), KITH_E_OK);
	r = next(k, 1, IPC_CURSOR);
	assert_int_equal(k->head.user[0], 1);
	assert_int_equal(k->head.device, 0);
	assert_int_equal(r->cursor_moved->conversation, conversation);
	assert_int_equal(r->cursor_moved->seq, 2);
	assert_int_equal(r->cursor_moved->user, 2);
	/* Another device was further. */
	kit_do(k, "INSERT INTO cursors (user, conversation, device, read_seq)"
	    " SELECT user, conversation, 77, 4 FROM cursors WHERE user = 2");
	assert_int_equal(kit_mark(k, 2, conversation, 3), KITH_E_OK);
	assert_int_equal(kit_mark(k, 2, conversation, 4), KITH_E_OK);
	nothing_more(k, 1);
	assert_int_equal(kit_mark(k, 2, conversation, 5), KITH_E_OK);
	assert_int_equal(next(k, 1, IPC_CURSOR)->cursor_moved->seq, 5);
	/* Nobody is told of groups, nor twice of notes to oneself. */
	assert_int_equal(kit_group(k, 1, "g", true, &group), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	assert_int_equal(kit_say(k, 1, "@u1", "note", NULL), KITH_E_OK);
	kit_drop_told(k);
	assert_int_equal(kit_mark(k, 2, group, 2), KITH_E_OK);
	nothing_more(k, 1);
	assert_int_equal(kit_mark(k, 1, conv_direct(1, 1), 1), KITH_E_OK);
	next(k, 1, IPC_CURSOR);
	assert_int_equal(k->head.device, 1);
	nothing_more(k, 1);
}

static void
a_cursor_needs_a_conversation(void **state)
{
	struct kit *k = *state;
	uint64_t group;

	assert_int_equal(kit_group(k, 1, "closed", false, &group), KITH_E_OK);
	assert_int_equal(kit_mark(k, 2, group, 1), KITH_E_NO_SUCH_CONVERSATION);
	assert_int_equal(kit_mark(k, 3, conv_direct(1, 2), 1), KITH_E_NO_SUCH_CONVERSATION);
	assert_int_equal(kit_mark(k, 1, 12345, 1), KITH_E_NO_SUCH_CONVERSATION);
	assert_int_equal(kit_mark(k, 1, group, 0), KITH_E_BAD_REQUEST);
	assert_int_equal(kit_mark(k, 1, group, UINT64_MAX), KITH_E_BAD_REQUEST);
	assert_int_equal(kit_mark(k, 1, conv_direct(1, 2), 1), KITH_E_OK); /* nothing there yet */
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM cursors"), 0);
}

static void
cursors_of_a_batch_are_joined(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__MarkRead m = KITH__V1__MARK_READ__INIT;

	kit_online(k, 2, 1);
	r.body_case = KITH__V1__REQUEST__BODY_MARK_READ;
	r.mark_read = &m;
	m.conversation = conv_direct(1, 2);
	for (unsigned i = 1; i <= 4; i++)
		kit_send(k, 1, "@u2", "x");
	for (unsigned i = 1; i <= 4; i++) {
		m.seq = i != 4 ? i : 2;
		kit_request(k, 2, &r);
	}
	kit_turn(k);
	assert_int_equal(kit_number(k, CURSOR), 3);
	for (unsigned i = 0; i < 8; i++)
		next(k, 0, IPC_REPLY);
	for (unsigned i = 0; i < 4; i++)
		next(k, 1, IPC_EVENT);
	assert_int_equal(next(k, 1, IPC_CURSOR)->cursor_moved->seq, 3);
	nothing_more(k, 1);
}

static void
last_seen_only_rises(void **state)
{
	struct kit *k = *state;
	struct ipc_head h = { .type = IPC_SEEN, .user = { 1 } };
	static const uint64_t times[] = { 500, 700, 600 };

	for (unsigned i = 0; i < 3; i++) {
		h.time_ms = times[i];
		assert_int_equal(ipc_send(&k->worker[0], k->writer_proc.slot, &h, NULL, 0), 0);
	}
	kit_turn(k);
	assert_int_equal(kit_number(k, "SELECT last_seen_ms FROM accounts WHERE id = 1"), 700);
	h.time_ms = 100;
	assert_int_equal(ipc_send(&k->worker[0], k->writer_proc.slot, &h, NULL, 0), 0);
	kit_turn(k);
	assert_int_equal(kit_number(k, "SELECT last_seen_ms FROM accounts WHERE id = 1"), 700);
}

static void
a_request_for_another_role_is_refused(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__History m = KITH__V1__HISTORY__INIT;

	r.body_case = KITH__V1__REQUEST__BODY_HISTORY;
	r.history = &m;
	assert_int_equal(kit_error(kit_ask(k, 1, &r)), KITH_E_UNKNOWN_REQUEST);
	r.body_case = KITH__V1__REQUEST__BODY__NOT_SET;
	assert_int_equal(kit_error(kit_ask(k, 1, &r)), KITH_E_UNKNOWN_REQUEST);
}

int
store_send_tests(const struct kit_kind *kind)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_message_is_stored_answered_and_told),
		KIT_TEST(who_is_not_online_is_told_nothing),
		KIT_TEST(the_first_message_makes_both_users_members),
		KIT_TEST(targets_are_refused_one_by_one),
		KIT_TEST(several_targets_have_one_answer),
		KIT_TEST(targets_are_a_set),
		KIT_TEST(a_set_is_repeated_after_leaving),
		KIT_TEST(malformed_sends_are_refused_as_a_whole),
		KIT_TEST(a_disabled_sender_stores_nothing),
		KIT_TEST(a_batch_keeps_the_order_of_the_inbox),
		KIT_TEST(more_than_a_batch_becomes_several),
		KIT_TEST(a_copy_within_the_batch_is_stored_once),
		KIT_TEST(a_free_client_id_is_its_users),
		KIT_TEST(a_copy_of_what_was_refused_is_judged_anew),
		KIT_TEST(a_resent_message_has_its_first_answer),
		KIT_TEST(another_message_with_a_taken_client_id_is_refused),
		KIT_TEST(copies_are_told_apart_one_by_one),
		KIT_TEST(a_repeat_is_recognised_before_anything_else),
		KIT_TEST(a_killed_writer_is_replayed),
		KIT_TEST(a_counter_behind_its_events_is_mended),
		KIT_TEST(a_cursor_moves_forward_and_is_told),
		KIT_TEST(the_peer_is_told_of_a_cursor),
		KIT_TEST(a_cursor_needs_a_conversation),
		KIT_TEST(cursors_of_a_batch_are_joined),
		KIT_TEST(last_seen_only_rises),
		KIT_TEST(a_request_for_another_role_is_refused),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
