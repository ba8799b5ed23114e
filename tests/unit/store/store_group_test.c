/*
 * store_group_test.c - groups: who is in, who hears of it, and in which order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "protocol/oneof.h"
#include "server/rules/conv.h"
#include "server/store/store_lobby.h"
#include "server/store/store_transact.h"
#include "tests/unit/kit/broken_registry.h"
#include "tests/unit/kit/store_kit.h"
#include "tests/unit/store/store_test.h"

#define OPEN_MEMBERS "SELECT COUNT(*) FROM members WHERE until_seq IS NULL"

static Kith__V1__Reply *
next(struct kit *k, unsigned worker, enum ipc_type type)
{
	Kith__V1__Reply *r = NULL;

	assert_int_equal(kit_next(k, worker, &r), 0);
	assert_int_equal(k->head.type, type);
	return r;
}

static void
the_creator_is_the_owner(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__CreateGroup m = KITH__V1__CREATE_GROUP__INIT;
	static char name[] = "Ops", topic[] = "pager";
	const Kith__V1__Conversation *c;

	m.name = name;
	m.topic = topic;
	r.body_case = KITH__V1__REQUEST__BODY_CREATE_GROUP;
	r.create_group = &m;
	c = kit_ask(k, 1, &r)->joined->conversation;
	assert_string_equal(c->name, "ops");
	assert_string_equal(c->topic, "pager");
	assert_int_equal(c->kind, KITH__V1__CONVERSATION_KIND__GROUP);
	assert_int_equal(c->role, KITH__V1__ROLE__OWNER);
	assert_int_equal(c->since_seq, 1);
	assert_int_equal(c->last_seq, 1);
	assert_int_equal(c->members, 1);
	assert_false(c->public_);
}

static void
a_name_is_given_once(void **state)
{
	struct kit *k = *state;
	uint64_t first, again;

	assert_int_equal(kit_group(k, 1, "ops", false, &first), KITH_E_OK);
	assert_int_equal(kit_group(k, 2, "ops", false, NULL), KITH_E_NAME_TAKEN);
	assert_int_equal(kit_group(k, 2, "0ps", false, NULL), KITH_E_NAME_TAKEN);
	assert_int_equal(kit_group(k, 2, "a b", false, NULL), KITH_E_NAME_INVALID);
	/* The same again: a repetition, not a second group. */
	assert_int_equal(kit_group(k, 1, "ops", false, &again), KITH_E_OK);
	assert_int_equal(first, again);
	/* Who asks for a public one, or another topic, does not have it. */
	assert_int_equal(kit_group(k, 1, "ops", true, NULL), KITH_E_NAME_TAKEN);
	assert_int_equal(kit_group(k, 1, "Ops", false, NULL), KITH_E_NAME_TAKEN);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM chat_groups WHERE name = 'ops'"), 1);
	/* What was refused left nothing behind. */
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM conversations"), 2);
}

static void
who_joins_follows_before_the_event_comes(void **state)
{
	struct kit *k = *state;
	uint64_t group;
	Kith__V1__Reply *r;

	assert_int_equal(kit_group(k, 1, "open", true, &group), KITH_E_OK);
	kit_online(k, 2, 1);
	kit_follow(k, group, 1);
	assert_int_equal(kit_join(k, 2, "#open"), KITH_E_OK);
	next(k, 1, IPC_MEMBER);
	assert_int_equal(k->head.flags, IPC_F_JOINED);
	assert_int_equal(k->head.user[0], 2);
	assert_int_equal(k->head.conversation, group);
	r = next(k, 1, IPC_EVENT);
	assert_int_equal(r->event->kind, KITH__V1__EVENT_KIND__JOINED);
	assert_int_equal(r->event->seq, 2);
	assert_string_equal(r->event->sender_name, "u2");
	/* Twice is once, but its worker may have missed that. */
	assert_int_equal(kit_join(k, 2, "#open"), KITH_E_OK);
	next(k, 1, IPC_MEMBER);
	assert_int_equal(kit_next(k, 1, &r), -1);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM events WHERE kind = 3"), 1);
}

static void
all_workers_hear_when_the_registry_is_broken(void **state)
{
	struct kit *k = *state;
	uint64_t direct = conv_direct(1, 2);

	assert_int_equal(kit_group(k, 1, "open", true, NULL), KITH_E_OK);
	kit_drop_told(k);
	registry_break(&k->shared.registry);
	assert_int_equal(kit_join(k, 2, "#open"), KITH_E_OK);
	next(k, 1, IPC_MEMBER);
	next(k, 1, IPC_EVENT);
	kit_send(k, 2, "#open", "hello");
	kit_send(k, 1, "@u2", "hello you");
	kit_turn(k);
	assert_string_equal(next(k, 1, IPC_EVENT)->event->text, "hello");
	assert_string_equal(next(k, 1, IPC_EVENT)->event->text, "hello you");
	assert_int_equal(kit_mark(k, 2, direct, 1), KITH_E_OK);
	next(k, 1, IPC_CURSOR);
	assert_int_equal(k->head.user[0], 2);
	next(k, 1, IPC_CURSOR);
	assert_int_equal(k->head.user[0], 1);
}

/* Between the join and the moment when its worker has read of it. */
static void
who_joined_just_now_misses_nothing(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_group(k, 1, "open", true, NULL), KITH_E_OK);
	kit_online(k, 2, 1);
	assert_int_equal(kit_join(k, 2, "#open"), KITH_E_OK);
	kit_send(k, 1, "#open", "welcome");
	kit_turn(k);
	next(k, 1, IPC_MEMBER);
	assert_int_equal(next(k, 1, IPC_EVENT)->event->seq, 2);
	assert_string_equal(next(k, 1, IPC_EVENT)->event->text, "welcome");
}

/* The writer was killed after its commit; whether it told anybody is not known. */
static void
a_killed_writer_tells_again(void **state)
{
	static const struct {
		Kith__V1__Request__BodyCase what;
		Kith__V1__EventKind kind;
		int member;		/* 0: no MEMBER, 1: before the event, 2: after it */
	} rows[] = {
		{ KITH__V1__REQUEST__BODY_CREATE_GROUP, KITH__V1__EVENT_KIND__GROUP_CREATED, 1 },
		{ KITH__V1__REQUEST__BODY_INVITE_TO_GROUP, KITH__V1__EVENT_KIND__INVITED, 0 },
		{ KITH__V1__REQUEST__BODY_LEAVE_GROUP, KITH__V1__EVENT_KIND__LEFT, 2 },
		{ KITH__V1__REQUEST__BODY_JOIN_GROUP, KITH__V1__EVENT_KIND__JOINED, 1 },
	};
	struct kit *k = *state;
	Kith__V1__CreateGroup create = KITH__V1__CREATE_GROUP__INIT;
	Kith__V1__JoinGroup join = KITH__V1__JOIN_GROUP__INIT;
	Kith__V1__LeaveGroup leave = KITH__V1__LEAVE_GROUP__INIT;
	Kith__V1__InviteToGroup invite = KITH__V1__INVITE_TO_GROUP__INIT;
	void *const bodies[] = { &create, &invite, &leave, &join };
	static char name[] = "g", u3[] = "u3";
	Kith__V1__Target to;
	int64_t events;

	kit_online(k, 1, 1);
	kit_target(&to, "#g");
	create.name = name;
	create.public_ = true;
	join.target = leave.target = invite.target = &to;
	invite.user = u3;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		Kith__V1__Request r = KITH__V1__REQUEST__INIT;

		oneof_set(&r.base, rows[i].what, bodies[i]);
		kit_request(k, 1, &r);
		kit_read_inbox(k);
		events = kit_number(k, "SELECT COUNT(*) FROM events");
		kit_drop_told(k);
		kit_restart_writer(k);
		if (i == 0)
			kit_follow(k, k->w.writer->lobby + 1, 1);
		kit_turn(k);
		assert_true(kit_error(next(k, 0, IPC_REPLY)) == KITH_E_OK);
		if (rows[i].member == 1)
			next(k, 1, IPC_MEMBER);
		assert_int_equal(next(k, 1, IPC_EVENT)->event->kind, rows[i].kind);
		if (rows[i].member == 2)
			next(k, 1, IPC_MEMBER);
		assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM events"), events);
		kit_drop_told(k);
	}
}

static void
who_leaves_sees_the_event_first(void **state)
{
	struct kit *k = *state;
	uint64_t group;
	Kith__V1__Reply *r;

	assert_int_equal(kit_group(k, 1, "open", true, &group), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#open"), KITH_E_OK);
	kit_online(k, 2, 1);
	kit_follow(k, group, 1);
	kit_drop_told(k);
	assert_int_equal(kit_leave(k, 2, "#open"), KITH_E_OK);
	assert_int_equal(next(k, 1, IPC_EVENT)->event->kind, KITH__V1__EVENT_KIND__LEFT);
	next(k, 1, IPC_MEMBER);
	assert_int_equal(k->head.flags, 0);
	assert_int_equal(kit_leave(k, 2, "#open"), KITH_E_OK);
	next(k, 1, IPC_MEMBER);
	assert_int_equal(kit_next(k, 1, &r), -1);
	assert_int_equal(kit_number(k, "SELECT until_seq FROM members WHERE user = 2"), 3);
	assert_int_equal(kit_say(k, 2, "#open", "x", NULL), KITH_E_NOT_MEMBER);
}

static void
a_private_group_is_not_there_for_strangers(void **state)
{
	struct kit *k = *state;
	uint64_t group;
	char by_id[32];

	assert_int_equal(kit_group(k, 1, "closed", false, &group), KITH_E_OK);
	snprintf(by_id, sizeof(by_id), "=%u", (unsigned)group);
	assert_int_equal(kit_join(k, 2, "#closed"), KITH_E_NO_SUCH_GROUP);
	assert_int_equal(kit_join(k, 2, by_id), KITH_E_NO_SUCH_CONVERSATION);
	assert_int_equal(kit_leave(k, 2, "#closed"), KITH_E_NO_SUCH_GROUP);
	assert_int_equal(kit_invite(k, 2, "#closed", "u3"), KITH_E_NO_SUCH_GROUP);
	assert_int_equal(kit_join(k, 2, "@u1"), KITH_E_NOT_PERMITTED);
}

static void
an_invitation_lets_in_once(void **state)
{
	struct kit *k = *state;
	uint64_t group;
	Kith__V1__Reply *r;

	assert_int_equal(kit_group(k, 1, "closed", false, &group), KITH_E_OK);
	kit_online(k, 2, 1);
	assert_int_equal(kit_invite(k, 1, "#closed", "u2"), KITH_E_OK);
	r = next(k, 1, IPC_EVENT);
	assert_int_equal(r->event->kind, KITH__V1__EVENT_KIND__INVITATION);
	assert_int_equal(r->event->conversation, conv_direct(1, 2));
	assert_string_equal(r->event->text, "closed");
	assert_int_equal(kit_number(k, "SELECT subject FROM events WHERE kind = 5"), 2);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM members WHERE since_seq = 1"), 3);
	/* Invited is not yet in; asking again says nothing twice. */
	assert_int_equal(kit_say(k, 2, "#closed", "x", NULL), KITH_E_NOT_MEMBER);
	assert_int_equal(kit_invite(k, 1, "#closed", "u2"), KITH_E_OK);
	assert_int_equal(kit_next(k, 1, &r), -1);
	assert_int_equal(kit_join(k, 2, "#closed"), KITH_E_OK);
	assert_int_equal(kit_say(k, 2, "#closed", "x", NULL), KITH_E_OK);
	/* Any member may invite. */
	assert_int_equal(kit_invite(k, 2, "#closed", "u3"), KITH_E_OK);
	assert_int_equal(kit_invite(k, 2, "#closed", "nobody"), KITH_E_NO_SUCH_USER);
	assert_int_equal(kit_invite(k, 2, "#closed", "u1"), KITH_E_OK);
	assert_int_equal(kit_leave(k, 2, "#closed"), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#closed"), KITH_E_NOT_PERMITTED);
	/* Declining is leaving before joining. */
	assert_int_equal(kit_leave(k, 3, "#closed"), KITH_E_OK);
	assert_int_equal(kit_join(k, 3, "#closed"), KITH_E_NO_SUCH_GROUP);
}

static void
the_longest_member_inherits(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);
	assert_int_equal(kit_join(k, 3, "#g"), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	assert_int_equal(kit_leave(k, 1, "#g"), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT user FROM members WHERE role = 2"
	    " AND until_seq IS NULL"), 3);
	assert_int_equal(kit_leave(k, 3, "#g"), KITH_E_OK);
	assert_int_equal(kit_leave(k, 2, "#g"), KITH_E_OK);
	assert_int_equal(kit_number(k, OPEN_MEMBERS), 0);
	/* Who finds it empty, gets it. */
	assert_int_equal(kit_join(k, 4, "#g"), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT role FROM members WHERE user = 4"), 2);
}

static void
the_lobby_is_there_once_and_nobodys(void **state)
{
	struct kit *k = *state;

	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM chat_groups WHERE name = 'lobby'"
	    " AND public = 1"), 1);
	kit_restart_writer(k);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM chat_groups"), 1);
	assert_int_equal(kit_join(k, 1, "#lobby"), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#lobby"), KITH_E_OK);
	assert_int_equal(kit_leave(k, 1, "#lobby"), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM members WHERE role = 2"), 0);
}

static enum db_class
new_account(struct store *s, void *arg)
{
	return store_lobby_join(s, *(uint64_t *)arg);
}

static void
a_new_account_is_in_the_lobby(void **state)
{
	struct kit *k = *state;
	uint64_t user = 5;
	Kith__V1__Reply *r;

	kit_follow(k, k->w.writer->lobby, 1);
	assert_int_equal(store_transact(&k->w, new_account, &user), DB_OK);
	r = next(k, 1, IPC_EVENT);
	assert_int_equal(r->event->kind, KITH__V1__EVENT_KIND__JOINED);
	assert_string_equal(r->event->sender_name, "u5");
	/* After a lost answer it comes again. */
	assert_int_equal(store_transact(&k->w, new_account, &user), DB_OK);
	assert_int_equal(kit_next(k, 1, &r), -1);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM members WHERE user = 5"), 1);
	assert_int_equal(kit_say(k, 5, "#lobby", "hi", NULL), KITH_E_OK);
}

static void
a_batch_before_a_group_request_is_stored_first(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__LeaveGroup m = KITH__V1__LEAVE_GROUP__INIT;
	Kith__V1__Target to;

	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);
	assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
	kit_drop_told(k);
	kit_send(k, 2, "#g", "bye");
	kit_target(&to, "#g");
	m.target = &to;
	r.body_case = KITH__V1__REQUEST__BODY_LEAVE_GROUP;
	r.leave_group = &m;
	kit_request(k, 2, &r);
	kit_send(k, 2, "#g", "too late");
	kit_turn(k);
	assert_int_equal(next(k, 0, IPC_REPLY)->sent->outcomes[0]->seq, 3);
	assert_int_equal(next(k, 0, IPC_REPLY)->body_case, KITH__V1__REPLY__BODY_DONE);
	assert_int_equal(next(k, 0, IPC_REPLY)->sent->outcomes[0]->error->code,
	    KITH_E_NOT_MEMBER);
	assert_int_equal(kit_number(k, "SELECT until_seq FROM members WHERE user = 2"), 4);
}

int
store_group_tests(const struct kit_kind *kind)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(the_creator_is_the_owner),
		KIT_TEST(a_name_is_given_once),
		KIT_TEST(who_joins_follows_before_the_event_comes),
		KIT_TEST(all_workers_hear_when_the_registry_is_broken),
		KIT_TEST(who_joined_just_now_misses_nothing),
		KIT_TEST(a_killed_writer_tells_again),
		KIT_TEST(who_leaves_sees_the_event_first),
		KIT_TEST(a_private_group_is_not_there_for_strangers),
		KIT_TEST(an_invitation_lets_in_once),
		KIT_TEST(the_longest_member_inherits),
		KIT_TEST(the_lobby_is_there_once_and_nobodys),
		KIT_TEST(a_new_account_is_in_the_lobby),
		KIT_TEST(a_batch_before_a_group_request_is_stored_first),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
