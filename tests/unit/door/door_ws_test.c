/* door_ws_test.c - promises of server/door/door_ws.h: what goes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <wslay/wslay.h>

#include "server/door/door_ws.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* RFC 6455, 1.3 and 4.2.2; the other one by sha1sum and base64. */
static void
accept_answers_the_key(void **state)
{
	char accept[29];

	(void)state;
	door_ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", accept);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	door_ws_accept_key("AAAAAAAAAAAAAAAAAAAAAA==", accept);
	assert_string_equal(accept, "ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
}

static void
head_has_the_shortest_length(void **state)
{
	static const struct {
		uint8_t	opcode;
		size_t	len;
		uint8_t	head[DOOR_WS_HEAD_MAX];
		size_t	head_len;
	} rows[] = {
		{ WSLAY_TEXT_FRAME, 0, { 0x81, 0 }, 2 },
		{ WSLAY_TEXT_FRAME, 125, { 0x81, 125 }, 2 },
		{ WSLAY_BINARY_FRAME, 126, { 0x82, 126, 0, 126 }, 4 },
		{ WSLAY_BINARY_FRAME, 256, { 0x82, 126, 1, 0 }, 4 },
		{ WSLAY_TEXT_FRAME, 65535, { 0x81, 126, 0xff, 0xff }, 4 },
		{ WSLAY_TEXT_FRAME, 65536, { 0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0 }, 10 },
		{ WSLAY_TEXT_FRAME, 0x080706, { 0x81, 127, 0, 0, 0, 0, 0, 8, 7, 6 }, 10 },
		{ WSLAY_CONNECTION_CLOSE, 2, { 0x88, 2 }, 2 },
		{ WSLAY_PONG, 125, { 0x8a, 125 }, 2 },
	};
	uint8_t head[DOOR_WS_HEAD_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(door_ws_put_head(rows[i].opcode, rows[i].len, head),
		    rows[i].head_len);
		assert_memory_equal(head, rows[i].head, rows[i].head_len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_answers_the_key),
		cmocka_unit_test(head_has_the_shortest_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
