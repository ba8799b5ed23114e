/*
 * error.h - the outcome of a request: code, name, text, exit code.
 *
 * The codes are those of error.proto; the table below adds what people and
 * scripts see. A unit test compares the two.
 */
#ifndef KITH_PROTOCOL_ERROR_H
#define KITH_PROTOCOL_ERROR_H

#include <stdint.h>

/* X(code, name, exit status of kith(1), HTTP status (RFC 9110, 15), text) */
#define KITH_ERRORS(X)							\
	X( 0, OK, 0, 200,						\
	    "done")							\
	X( 1, INTERNAL, 1, 500,						\
	    "internal error at the server")				\
	X( 2, BAD_FRAME, 1, 400,					\
	    "malformed frame")						\
	X( 3, BAD_REQUEST, 2, 400,					\
	    "malformed request")					\
	X( 4, UNKNOWN_REQUEST, 1, 400,					\
	    "unknown request")						\
	X( 5, UNKNOWN_FIELD, 1, 400,					\
	    "unknown field in the request")				\
	X( 6, WRONG_STATE, 1, 409,					\
	    "not allowed in this state")				\
	X( 7, VERSION, 1, 400,						\
	    "no protocol version in common")				\
	X( 8, AUTH_FAILED, 4, 401,					\
	    "wrong name or password")					\
	X( 9, TOKEN_INVALID, 4, 401,					\
	    "login expired or revoked")					\
	X(10, DISABLED, 4, 403,						\
	    "account is disabled")					\
	X(11, REGISTRATION_CLOSED, 5, 403,				\
	    "registration is closed")					\
	X(12, INVITE_INVALID, 4, 403,					\
	    "invite is unknown, expired or used up")			\
	X(13, NAME_TAKEN, 5, 409,					\
	    "name is taken, or looks like a taken one")			\
	X(14, NAME_INVALID, 2, 400,					\
	    "name has characters that are not allowed")			\
	X(15, PASSWORD_WEAK, 2, 400,					\
	    "password: 8 to 256 bytes, no control characters")		\
	X(16, NO_SUCH_USER, 6, 404,					\
	    "no such user")						\
	X(17, NO_SUCH_GROUP, 6, 404,					\
	    "no such group")						\
	X(18, NO_SUCH_CONVERSATION, 6, 404,				\
	    "no such conversation")					\
	X(19, NOT_MEMBER, 5, 403,					\
	    "you are not a member")					\
	X(20, NOT_PERMITTED, 5, 403,					\
	    "not permitted")						\
	X(21, TOO_LARGE, 8, 413,					\
	    "over the size limit")					\
	X(22, TOO_MANY, 8, 429,						\
	    "over the limit of how many")				\
	X(23, RATE_LIMITED, 8, 429,					\
	    "too fast; try again later")				\
	X(24, BUSY, 8, 503,						\
	    "server is busy; try again later")				\
	X(25, SERVER_FULL, 8, 503,					\
	    "server is full")						\
	X(26, UNAVAILABLE, 3, 503,					\
	    "storage is not available; try again later")		\
	X(27, SHUTTING_DOWN, 3, 503,					\
	    "server is shutting down")					\
	X(28, TIMEOUT, 3, 408,						\
	    "timed out")						\
	X(29, REVOKED, 4, 401,						\
	    "this session was ended from elsewhere")			\
	X(30, OUTPUT_FULL, 3, 503,					\
	    "client reads too slowly")					\
	X(31, NO_SUCH_SESSION, 6, 404,					\
	    "no such session")						\
	X(32, CLIENT_ID_TAKEN, 1, 409,					\
	    "client id belongs to another message: use a new one")	\
	X(33, NAME_RESERVED, 5, 409,					\
	    "name is reserved: choose another")				\
	X(34, NAME_TOO_LONG, 2, 400,					\
	    "name is too long: at most 32 characters")

enum kith_err {
#define X(code, name, exit, status, text) KITH_E_##name = code,
	KITH_ERRORS(X)
#undef X
};
#define KITH_E_COUNT 35

/* "NO_SUCH_USER"; "UNKNOWN" for a code of a newer version. */
const char	*kith_err_name(uint32_t code);

/* English, for people, without a full stop. */
const char	*kith_err_text(uint32_t code);

/* As in kith(1): 0 done ... 8 refused by a limit; 1 for unknown codes. */
int		 kith_err_exit(uint32_t code);

/* Of an HTTP response whose body is the error; 500 for unknown codes. */
int		 kith_err_status(uint32_t code);

#endif
