/* oneof_test.c - promises of protocol/oneof.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/frame.pb-c.h"
#include "protocol/oneof.h"

static void
body_is_the_member_of_the_case(void **state)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	Kith__V1__Send send = KITH__V1__SEND__INIT;

	(void)state;
	r.body_case = KITH__V1__REQUEST__BODY_PING;
	r.ping = &ping;
	assert_ptr_equal(oneof_body(&r.base, r.body_case), &ping);
	r.body_case = KITH__V1__REQUEST__BODY_SEND;
	r.send = &send;
	assert_ptr_equal(oneof_body(&r.base, r.body_case), &send);
}

static void
no_message_is_null(void **state)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;

	(void)state;
	assert_null(oneof_body(&r.base, r.body_case));
	assert_null(oneof_body(&r.base, 1));		/* the id: a number */
	assert_null(oneof_body(&r.base, UINT32_MAX));
}

static void
set_body_is_the_member_of_the_case(void **state)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Send send = KITH__V1__SEND__INIT;

	(void)state;
	oneof_set(&r.base, KITH__V1__REQUEST__BODY_SEND, &send);
	assert_ptr_equal(r.send, &send);
	assert_int_equal(r.body_case, KITH__V1__REQUEST__BODY_SEND);
	oneof_set(&r.base, 1, NULL);			/* the id: left alone */
	oneof_set(&r.base, UINT32_MAX, NULL);
	assert_ptr_equal(r.send, &send);
	assert_int_equal(r.id, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_is_the_member_of_the_case),
		cmocka_unit_test(no_message_is_null),
		cmocka_unit_test(set_body_is_the_member_of_the_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
