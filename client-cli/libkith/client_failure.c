/*
 * client_failure.c - what failed, whether the server told it or we found it, and
 * what may be done about it.
 */
#include "client-cli/libkith/client_failure.h"

#include <stdio.h>
#include <string.h>

#include "protocol/error.h"

void
client_failure_local(struct kith_failure *f, uint32_t code, const char *text)
{
	static const struct { uint32_t code; enum kith_exit exit; const char *text; } rows[] = {
#define X(number, name, exit, words) { number, exit, words },
		KITH_LOCAL_FAILURES(X)
#undef X
	};
	const char *words = "failed";

	memset(f, 0, sizeof(*f));
	f->code = code;
	f->exit = KITH_EXIT_FAILED;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code) {
			f->exit = rows[i].exit;
			words = rows[i].text;
		}
	if (text != NULL && text[0] != '\0')
		snprintf(f->text, sizeof(f->text), "%s: %s", words, text);
	else
		snprintf(f->text, sizeof(f->text), "%s", words);
}

void
client_failure_from_server(struct kith_failure *f, const Kith__V1__Error *e)
{
	memset(f, 0, sizeof(*f));
	f->code = (uint32_t)e->code;
	f->exit = kith_err_exit(f->code);
	if (f->exit == KITH_EXIT_DONE)	/* an Error with the code OK is still an error */
		f->exit = KITH_EXIT_FAILED;
	f->retry_after_ms = e->retry_after_ms;
	snprintf(f->text, sizeof(f->text), "%s",
	    e->text[0] != '\0' ? e->text : kith_err_text(f->code));
	/* One line: a second one could pass for something else on the screen. */
	for (char *p = f->text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
}

int
client_failure_is_passing(const struct kith_failure *f)
{
	switch (f->code) {
	case KITH_E_BUSY:
	case KITH_E_UNAVAILABLE:
	case KITH_E_SHUTTING_DOWN:
	case KITH_E_SERVER_FULL:
		return 1;
	default:
		return f->retry_after_ms > 0;
	}
}

int
client_failure_is_final(const struct kith_failure *f)
{
	static const uint32_t final[] = {
		KITH_E_AUTH_FAILED, KITH_E_TOKEN_INVALID, KITH_E_DISABLED, KITH_E_REVOKED,
		KITH_E_VERSION, KITH_E_REGISTRATION_CLOSED, KITH_E_INVITE_INVALID,
		KITH_E_NAME_RESERVED, KITH_E_NAME_TOO_LONG,
		KITH_E_NAME_TAKEN, KITH_E_NAME_INVALID, KITH_E_PASSWORD_WEAK, KITH_E_TOO_MANY,
		KITH_E_BAD_REQUEST, KITH_E_UNKNOWN_REQUEST, KITH_E_UNKNOWN_FIELD,
		KITH_E_WRONG_STATE, KITH_E_NOT_PERMITTED, KITH_E_OK,
		KITH_L_PROTOCOL, KITH_L_KEY_UNKNOWN, KITH_L_KEY_CHANGED
	};

	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		if (f->code == final[i])
			return 1;
	return 0;
}
