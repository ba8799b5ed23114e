/*
 * hook_test.c - promises of server/rules/hook.h, as tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/rules/hook.h"

#define HOOK	UINT64_C(7)

/* Before the login only the kind of session counts. */
static void
hook_logs_in_on_light_sessions_alone(void **state)
{
	static const struct {
		bool by_hook, light, want;
	} rows[] = {
		{ false, false, true }, { false, true, true },
		{ true, false, false }, { true, true, true },
	};
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;

	(void)state;
	r.body_case = KITH__V1__REQUEST__BODY_LOGIN_TOKEN;
	r.login_token = &login;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hook_session s = { .by_hook = rows[i].by_hook, .light = rows[i].light };

		assert_int_equal(hook_may(&s, &r), rows[i].want);
	}
}

static void
hook_sends_to_its_conversation_alone(void **state)
{
	static char user[] = "bob";
	Kith__V1__Target target = KITH__V1__TARGET__INIT, *targets[] = { &target, &target };
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send send = KITH__V1__SEND__INIT;
	Kith__V1__Who who = KITH__V1__WHO__INIT;
	struct hook_session hook = {
		.logged_in = true, .by_hook = true, .light = true, .conversation = HOOK,
	};
	struct hook_session user_session = { .logged_in = true };

	(void)state;
	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &send;
	send.targets = targets;
	send.n_targets = 1;
	target.to_case = KITH__V1__TARGET__TO_CONVERSATION;
	target.conversation = HOOK;
	assert_true(hook_may(&hook, &r));
	send.n_targets = 2;
	assert_false(hook_may(&hook, &r));
	send.n_targets = 0;
	assert_false(hook_may(&hook, &r));
	send.n_targets = 1;
	target.conversation = HOOK + 1;
	assert_false(hook_may(&hook, &r));
	assert_true(hook_may(&user_session, &r));
	target.to_case = KITH__V1__TARGET__TO_USER;
	target.user = user;
	assert_false(hook_may(&hook, &r));
	r.body_case = KITH__V1__REQUEST__BODY_WHO;
	r.who = &who;
	assert_false(hook_may(&hook, &r));
	assert_true(hook_may(&user_session, &r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hook_logs_in_on_light_sessions_alone),
		cmocka_unit_test(hook_sends_to_its_conversation_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
