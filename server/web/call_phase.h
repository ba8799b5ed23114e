/*
 * call_phase.h - the phases of a call (call.h), and what leads from one to the
 * next. Pure: no I/O.
 */
#ifndef KITH_SERVER_CALL_PHASE_H
#define KITH_SERVER_CALL_PHASE_H

enum call_phase {
	CALL_IDLE,		/* no call; a kept session may collect news */
	CALL_HELLO,		/* our own Hello is next */
	CALL_LOGIN,		/* it was answered; our LoginToken is next */
	CALL_ASKED,		/* auth has the LoginToken */
	CALL_REFUSED,		/* it was refused: the call is to fail */
	CALL_READY,		/* logged in, or no login is needed */
	CALL_RUNNING,		/* the caller's Requests are open */
	CALL_WAITING,		/* all are answered; news or the timer next */
	CALL_PHASES
};

enum call_event {
	CALL_EV_BEGIN,		/* a call without a login of its own */
	CALL_EV_BEGIN_LOGIN,	/* a call with one */
	CALL_EV_WELCOME,	/* Hello was answered */
	CALL_EV_ASK,		/* LoginToken is given to the session */
	CALL_EV_LOGGED_IN,
	CALL_EV_REFUSE,		/* Hello or LoginToken was refused */
	CALL_EV_RUN,		/* the caller knows that it is ready */
	CALL_EV_WAIT,		/* no Request is open, and there is no news */
	CALL_EV_END,		/* it was answered, or failed */
	CALL_EVENTS
};

/* The phase that follows; CALL_PHASES: the event does not count in it. */
enum call_phase	call_phase_after(enum call_phase phase, enum call_event event);

#endif
