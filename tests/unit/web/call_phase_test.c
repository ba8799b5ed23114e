/* call_phase_test.c - promises of server/web/call_phase.h: each phase with each event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/web/call_phase.h"

#define NO	CALL_PHASES

static void
each_event_counts_in_its_phases_alone(void **state)
{
	static const enum call_phase want[CALL_PHASES][CALL_EVENTS] = {
		/*                 BEGIN        BEGIN_LOGIN WELCOME     ASK */
		/*              LOGGED_IN    REFUSE        RUN           WAIT          END */
		[CALL_IDLE]    = { CALL_READY,  CALL_HELLO, NO,         NO,
				NO,          NO,           NO,           NO,           CALL_IDLE },
		[CALL_HELLO]   = { NO,          NO,         CALL_LOGIN, NO,
				NO,          CALL_REFUSED, NO,           NO,           CALL_IDLE },
		[CALL_LOGIN]   = { NO,          NO,         NO,         CALL_ASKED,
				NO,          NO,           NO,           NO,           CALL_IDLE },
		[CALL_ASKED]   = { NO,          NO,         NO,         NO,
				CALL_READY,  CALL_REFUSED, NO,           NO,           CALL_IDLE },
		[CALL_REFUSED] = { NO,          NO,         NO,         NO,
				NO,          NO,           NO,           NO,           CALL_IDLE },
		[CALL_READY]   = { NO,          NO,         NO,         NO,
				NO,          NO,           CALL_RUNNING, NO,           CALL_IDLE },
		[CALL_RUNNING] = { NO,          NO,         NO,         NO,
				NO,          NO,           NO,           CALL_WAITING, CALL_IDLE },
		[CALL_WAITING] = { NO,          NO,         NO,         NO,
				NO,          NO,           NO,           NO,           CALL_IDLE },
	};

	(void)state;
	for (int phase = 0; phase < CALL_PHASES; phase++)
		for (int event = 0; event < CALL_EVENTS; event++)
			assert_int_equal(call_phase_after((enum call_phase)phase,
			    (enum call_event)event), want[phase][event]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_counts_in_its_phases_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
