/*
 * door_line_test.c - promises of server/worker/door.h, by a door of our own: one
 * text line for each request. It is a row beside the native door; neither
 * connection nor session know of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "server/door/door_native.h"
#include "server/main/worker_doors.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "tests/unit/kit/worker_kit.h"

#define LINE_MAX_BYTES	64u

/* -- the door ------------------------------------------------------------- */

struct line {				/* c->door_state */
	char	text[LINE_MAX_BYTES];
	size_t	len;
};

static unsigned begun, ended, told_of_login;

static bool
line_recognise(uint8_t first)
{
	return first >= 'a' && first <= 'z';
}

static int
line_begin(struct conn *c, void **state)
{
	(void)c;
	*state = calloc(1, sizeof(struct line));
	begun++;
	return *state != NULL ? 0 : -ENOMEM;
}

static void
line_end(void *state)
{
	free(state);
	ended++;
}

/* "hello" or "ping", and a number. */
static void
line_request(struct conn *c, const char *text)
{
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__Hello hello = KITH__V1__HELLO__INIT;
	Kith__V1__Ping ping = KITH__V1__PING__INIT;
	uint8_t packed[256];
	size_t len;

	hello.version_min = hello.version_max = 1;
	r.id = strtoull(text + strcspn(text, " "), NULL, 10);
	if (strncmp(text, "hello ", 6) == 0) {
		r.body_case = KITH__V1__REQUEST__BODY_HELLO;
		r.hello = &hello;
	} else if (strncmp(text, "ping ", 5) == 0) {
		r.body_case = KITH__V1__REQUEST__BODY_PING;
		r.ping = &ping;
	} else {
		session_malformed(c, r.id, KITH_E_BAD_REQUEST);
		return;
	}
	len = kith__v1__request__pack(&r, packed);
	session_request(c, packed, (uint32_t)len);
}

static void
line_input(struct conn *c, const uint8_t **at, size_t *len)
{
	struct line *line = c->door_state;

	for (; *len > 0 && c->state == CONN_OPEN && c->paused == 0; (*at)++, (*len)--) {
		if (line->len == sizeof(line->text)) {
			session_close(c, KITH_E_BAD_FRAME);
		} else if (**at != '\n') {
			line->text[line->len++] = (char)**at;
		} else {
			line->text[line->len] = '\0';
			line->len = 0;
			line_request(c, line->text);
		}
	}
}

static void
line_logged_in(struct conn *c)
{
	(void)c;
	told_of_login++;
}

/* A Pong cannot be said by this door. */
static size_t
line_wrap(struct wrapped *r, uint8_t *out)
{
	size_t n;
	const char *json = wrapped_json(r, &n);

	if (json == NULL || strstr(json, "pong") != NULL)
		return 0;
	memcpy(out, json, n);
	out[n] = '\n';
	return n + 1;
}

static const struct door_ops door_line = {
	.name = "line", .beats = true, .recognise = line_recognise, .begin = line_begin,
	.end = line_end, .input = line_input, .logged_in = line_logged_in, .wrap = line_wrap,
};

static const struct door_ops *const both_doors[] = { &door_native, &door_line, NULL };

/* -- clients -------------------------------------------------------------- */

static int
set_up(void **state)
{
	struct kit *k;

	begun = ended = told_of_login = 0;
	if (kit_set_up(state) != 0)
		return -1;
	k = *state;
	k->w.doors = both_doors;
	return 0;
}

/* What the first doors have set up, they tear down. */
static int
tear_down(void **state)
{
	struct kit *k = *state;

	k->w.doors = worker_doors;
	return kit_tear_down(state);
}

/* Sends text; what came back by the end of some turns. */
static const char *
say(struct client *c, const char *text)
{
	static char got[4096];
	size_t len = 0;
	ssize_t n;

	client_write(c, text, strlen(text));
	for (int i = 0; i < 5; i++) {
		kit_turn(c->kit);
		n = recv(c->fd, got + len, sizeof(got) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	got[len] = '\0';
	return got;
}

static void
line_is_a_request(void **state)
{
	struct client c;
	const char *got;

	client_open(&c, *state);
	got = say(&c, "hello 7\n");
	assert_non_null(strstr(got, "{\"id\":\"7\",\"welcome\":"));
	assert_int_equal(got[strlen(got) - 1], '\n');
	assert_string_equal(say(&c, "he"), "");
	assert_non_null(strstr(say(&c, "llo 8\nnonsense 9\n"), "\"id\":\"9\",\"error\""));
	client_close(&c);
	assert_int_equal(begun, 1);
	assert_int_equal(ended, 1);
}

/* Refused where the door cannot say the answer. */
static void
unsayable_reply_is_answered_with_an_error(void **state)
{
	struct kit *k = *state;
	struct client c;

	client_open(&c, k);
	assert_non_null(strstr(say(&c, "hello 7\n"), "welcome"));
	assert_non_null(strstr(say(&c, "ping 8\n"),
	    "{\"id\":\"8\",\"error\":{\"code\":\"INTERNAL\""));
	assert_int_equal(kit_counter(k, STAT_replies_lost), 1);
	client_close(&c);
}

static size_t
wrap_small(struct wrapped *r, uint8_t *out)
{
	return r->len > 32 ? 0 : door_native.wrap(r, out);
}

/* An event that the door cannot send is counted, and the client told to look in the store. */
static void
unsayable_event_is_a_resync(void **state)
{
	struct door_ops small = door_native;
	struct kit *k = *state;
	struct client c;

	small.wrap = wrap_small;
	client_open(&c, k);
	client_login(&c, 1, 1, NULL, 0);
	c.conn->door = &small;
	kit_say_event(k, &(struct ipc_head){ .flags = IPC_F_USERS, .user = { 1, 1 } }, 1, 100);
	client_expect_body(&c, 0, KITH__V1__REPLY__BODY_RESYNC);
	assert_int_equal(kit_counter(k, STAT_replies_lost), 1);
	client_close(&c);
}

static void
native_door_is_as_before(void **state)
{
	struct client c;

	client_open(&c, *state);
	client_login(&c, 1, 1, NULL, 0);
	client_close(&c);
	assert_int_equal(begun, 0);
	assert_int_equal(told_of_login, 0);
}

#define LINE_TEST(f)	cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LINE_TEST(line_is_a_request),
		LINE_TEST(unsayable_reply_is_answered_with_an_error),
		LINE_TEST(unsayable_event_is_a_resync),
		LINE_TEST(native_door_is_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
