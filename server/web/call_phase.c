/* call_phase.c - the phases of a call: a table. */
#include "server/web/call_phase.h"

#include <stddef.h>

static const struct {
	enum call_phase	in;
	enum call_event	event;
	enum call_phase	to;
} steps[] = {
	{ CALL_IDLE, CALL_EV_BEGIN, CALL_READY },
	{ CALL_IDLE, CALL_EV_BEGIN_LOGIN, CALL_HELLO },
	{ CALL_HELLO, CALL_EV_WELCOME, CALL_LOGIN },
	{ CALL_HELLO, CALL_EV_REFUSE, CALL_REFUSED },
	{ CALL_LOGIN, CALL_EV_ASK, CALL_ASKED },
	{ CALL_ASKED, CALL_EV_LOGGED_IN, CALL_READY },
	{ CALL_ASKED, CALL_EV_REFUSE, CALL_REFUSED },
	{ CALL_READY, CALL_EV_RUN, CALL_RUNNING },
	{ CALL_RUNNING, CALL_EV_WAIT, CALL_WAITING },
};

enum call_phase
call_phase_after(enum call_phase phase, enum call_event event)
{
	if (event == CALL_EV_END)
		return CALL_IDLE;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].in == phase && steps[i].event == event)
			return steps[i].to;
	return CALL_PHASES;
}
