/*
 * may_test.c - the rules of may.h, as a table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/rules/may.h"

static void
admins_and_this_machine_read_metrics(void **state)
{
	static const struct {
		struct may_user	user;		/* logged in, admin, local */
		enum kith_err	want;
	} rows[] = {
		{ { false, false, false }, KITH_E_TOKEN_INVALID },
		{ { false, false, true }, KITH_E_OK },
		{ { false, true, false }, KITH_E_TOKEN_INVALID },
		{ { true, false, false }, KITH_E_NOT_PERMITTED },
		{ { true, false, true }, KITH_E_NOT_PERMITTED },
		{ { true, true, false }, KITH_E_OK },
		{ { true, true, true }, KITH_E_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(may(&rows[i].user, MAY_READ_METRICS), rows[i].want);
}

static void
unknown_verbs_are_refused(void **state)
{
	static const struct may_user admin = { true, true, true };

	(void)state;
	assert_int_equal(may(&admin, MAY_VERB_COUNT), KITH_E_NOT_PERMITTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admins_and_this_machine_read_metrics),
		cmocka_unit_test(unknown_verbs_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
