/*
 * conv_test.c - the rules of conv.h, as tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "server/rules/conv.h"

enum { PRIVATE, PUBLIC };

static void
groups_say_who_may_what(void **state)
{
	static const struct {
		enum conv_verb verb;
		int open;
		enum kith_err want[CONV_STANDING_COUNT];
	} rows[] = {
#define OK KITH_E_OK
#define NM KITH_E_NOT_MEMBER
#define NG KITH_E_NO_SUCH_GROUP
#define NP KITH_E_NOT_PERMITTED
		/*			     STRANGER INVITED FORMER MEMBER OWNER */
		{ CONV_SEND,	     PRIVATE, { NG, NM, NM, OK, OK } },
		{ CONV_SEND,	     PUBLIC,  { NM, NM, NM, OK, OK } },
		{ CONV_READ,	     PRIVATE, { NG, OK, OK, OK, OK } },
		{ CONV_READ,	     PUBLIC,  { NM, OK, OK, OK, OK } },
		{ CONV_MARK_READ,    PRIVATE, { NG, OK, OK, OK, OK } },
		{ CONV_MARK_READ,    PUBLIC,  { NM, OK, OK, OK, OK } },
		{ CONV_JOIN,	     PRIVATE, { NG, OK, NP, OK, OK } },
		{ CONV_JOIN,	     PUBLIC,  { OK, OK, OK, OK, OK } },
		{ CONV_LEAVE,	     PRIVATE, { NG, OK, OK, OK, OK } },
		{ CONV_LEAVE,	     PUBLIC,  { NM, OK, OK, OK, OK } },
		{ CONV_INVITE,	     PRIVATE, { NG, NM, NM, OK, OK } },
		{ CONV_INVITE,	     PUBLIC,  { NM, NM, NM, OK, OK } },
		{ CONV_LIST_MEMBERS, PRIVATE, { NG, NM, NM, OK, OK } },
		{ CONV_LIST_MEMBERS, PUBLIC,  { NM, NM, NM, OK, OK } },
		{ CONV_TYPING,	     PRIVATE, { NG, NM, NM, OK, OK } },
		{ CONV_TYPING,	     PUBLIC,  { NM, NM, NM, OK, OK } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned who = 0; who < CONV_STANDING_COUNT; who++) {
			struct conv_user user = { .standing = who };
			struct conv_object group = { .is_public = rows[i].open == PUBLIC };

			assert_int_equal(conv_may(&user, rows[i].verb, &group), rows[i].want[who]);
		}
	}
}

static void
direct_is_for_its_two_users(void **state)
{
	static const struct {
		enum conv_verb verb;
		enum kith_err member, disabled;		/* and: the peer is disabled */
	} rows[] = {
		{ CONV_SEND, OK, KITH_E_NO_SUCH_USER }, { CONV_READ, OK, OK },
		{ CONV_MARK_READ, OK, OK }, { CONV_JOIN, NP, NP }, { CONV_LEAVE, NP, NP },
		{ CONV_INVITE, NP, NP }, { CONV_LIST_MEMBERS, NP, NP },
		{ CONV_TYPING, OK, OK },
	};
	struct conv_object direct = { .direct = true };
	struct conv_object disabled = { .direct = true, .peer_disabled = true };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conv_user user = { .standing = CONV_MEMBER };

		assert_int_equal(conv_may(&user, rows[i].verb, &direct), rows[i].member);
		assert_int_equal(conv_may(&user, rows[i].verb, &disabled), rows[i].disabled);
		user.standing = CONV_STRANGER;
		assert_int_equal(conv_may(&user, rows[i].verb, &direct),
		    KITH_E_NO_SUCH_CONVERSATION);
	}
}

static void
join_has_limits_but_not_for_who_is_in(void **state)
{
	struct conv_object full = { .is_public = true, .members = MEMBERS_PER_GROUP_MAX };
	struct conv_object open = { .is_public = true, .members = MEMBERS_PER_GROUP_MAX - 1 };
	struct conv_user new = { .standing = CONV_STRANGER };
	struct conv_user busy = { .standing = CONV_STRANGER, .groups = GROUPS_PER_USER_MAX };
	struct conv_user member = { .standing = CONV_MEMBER, .groups = GROUPS_PER_USER_MAX };

	(void)state;
	assert_int_equal(conv_may(&new, CONV_JOIN, &full), KITH_E_TOO_MANY);
	assert_int_equal(conv_may(&new, CONV_JOIN, &open), KITH_E_OK);
	assert_int_equal(conv_may(&busy, CONV_JOIN, &open), KITH_E_TOO_MANY);
	assert_int_equal(conv_may(&member, CONV_JOIN, &full), KITH_E_OK);
}

static void
direct_ids_hold_both_users(void **state)
{
	static const struct {
		uint64_t a, b;
	} pairs[] = { { 1, 2 }, { 7, 7 }, { 1, USER_ID_MAX }, { USER_ID_MAX, USER_ID_MAX } };
	uint64_t a, b, id;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		id = conv_direct(pairs[i].a, pairs[i].b);
		assert_int_equal(id, conv_direct(pairs[i].b, pairs[i].a));
		assert_true(conv_is_direct(id, &a, &b));
		assert_int_equal(a, pairs[i].a);
		assert_int_equal(b, pairs[i].b);
		assert_int_equal(conv_peer(id, a), b);
		assert_int_equal(conv_peer(id, b), a);
		assert_false(conv_is_group(id));
	}
	assert_int_equal(conv_peer(conv_direct(1, 2), 3), 0);
}

static void
impossible_ids_are_no_conversation(void **state)
{
	static const uint64_t bad[] = {
		0, CONVERSATION_DIRECT_BIT, UINT64_MAX, UINT64_C(1) << 63,
		CONVERSATION_DIRECT_BIT | 5,				/* user 0 and 5 */
		CONVERSATION_DIRECT_BIT | UINT64_C(5) << 31,		/* user 5 and 0 */
		CONVERSATION_DIRECT_BIT | UINT64_C(5) << 31 | 4,	/* not in order */
		(UINT64_C(1) << 63) | CONVERSATION_DIRECT_BIT | UINT64_C(1) << 31 | 2,
	};
	uint64_t a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(conv_is_direct(bad[i], &a, &b));
		assert_false(conv_is_group(bad[i]));
	}
	assert_int_equal(conv_direct(0, 1), 0);
	assert_int_equal(conv_direct(1, USER_ID_MAX + 1), 0);
	assert_true(conv_is_group(1));
	assert_true(conv_is_group(CONVERSATION_DIRECT_BIT - 1));
}

static void
client_ids_belong_to_their_device(void **state)
{
	uint64_t base = UINT64_C(9) << CLIENT_ID_DEVICE_SHIFT;

	(void)state;
	assert_true(conv_client_ids_ok(base + 1, 9, 1));
	assert_true(conv_client_ids_ok(base + 1, 9, TARGETS_MAX));
	assert_true(conv_client_ids_ok(base | UINT32_MAX, 9, 1));
	assert_false(conv_client_ids_ok(base | UINT32_MAX, 9, 2));
	assert_false(conv_client_ids_ok(base + 1, 8, 1));
	assert_false(conv_client_ids_ok(base, 9, 1));
	assert_false(conv_client_ids_ok(base + 1, 9, 0));
	assert_false(conv_client_ids_ok(0, 0, 1));
	assert_false(conv_client_ids_ok(UINT64_MAX, UINT32_MAX, 2));
}

static void
free_client_ids_are_anybodys(void **state)
{
	const uint64_t first = CLIENT_ID_FREE_BIT, last = 2 * CLIENT_ID_FREE_BIT - 1;

	(void)state;
	assert_true(conv_client_ids_ok(first, 9, TARGETS_MAX));
	assert_true(conv_client_ids_ok(first | 12345, 10, 1));
	assert_true(conv_client_ids_ok(last, 9, 1));
	assert_false(conv_client_ids_ok(last, 9, 2));
	assert_false(conv_client_ids_ok(last + 1, 9, 1));
	assert_false(conv_client_ids_ok(UINT64_MAX, 9, 1));
	assert_false(conv_client_ids_ok(first - 1, 9, 2));
	assert_false(conv_client_ids_ok(first, 9, 0));
	/* The last device's last id is none, so none is of both kinds. */
	assert_true((DEVICE_MAX << CLIENT_ID_DEVICE_SHIFT | UINT32_MAX) < first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_say_who_may_what),
		cmocka_unit_test(direct_is_for_its_two_users),
		cmocka_unit_test(join_has_limits_but_not_for_who_is_in),
		cmocka_unit_test(direct_ids_hold_both_users),
		cmocka_unit_test(impossible_ids_are_no_conversation),
		cmocka_unit_test(client_ids_belong_to_their_device),
		cmocka_unit_test(free_client_ids_are_anybodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
