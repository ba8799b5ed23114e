/*
 * log_test.c - one event is one line of printable UTF-8, whatever it tells about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/lib/log.h"

static void
foreign_bytes_are_escaped(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "conv.join conv=5", "conv.join conv=5" },
		{ "a\nb\tc\rd", "a\\nb\\tc\\x0dd" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "\x7f\x01", "\\x7f\\x01" },
		{ "\xc2\x9b", "\\xc2\\x9b" },			/* C1 */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },		/* line separator */
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },	/* above U+10FFFF */
		{ "\xff\xe2\x82", "\\xff\\xe2\\x82" },		/* cut off */
	};
	char out[256], twice[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = log_escape(out, sizeof(out), cases[i].in, strlen(cases[i].in));

		assert_string_equal(out, cases[i].out);
		assert_int_equal(n, strlen(out));
		log_escape(twice, sizeof(twice), out, n);
		assert_string_equal(twice, out);
	}
	assert_int_equal(log_escape(out, sizeof(out), "a\0b", 3), 6);
	assert_string_equal(out, "a\\x00b");
}

static void
what_is_too_long_is_cut_between_characters(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(log_escape(out, sizeof(out), "1234567890", 10), 7);
	assert_string_equal(out, "1234567");
	assert_int_equal(log_escape(out, sizeof(out), "123456\xc3\xbc", 8), 6);
	assert_int_equal(log_escape(out, sizeof(out), "12345\x01", 6), 5);
	assert_int_equal(log_escape(out, 1, "x", 1), 0);
	assert_string_equal(out, "");
}

static void
a_line_has_time_level_role_event_and_values(void **state)
{
	static const char text[] = "conv.join conv=5 name=\"a\nb\"";
	char line[LOG_LINE_MAX];
	size_t n;

	(void)state;
	n = log_line(line, sizeof(line), 1782907200123u, LOG_L_WARN, "worker", 2, 7, text,
	    strlen(text));
	assert_int_equal(n, strlen(line));
	assert_string_equal(line, "2026-07-01T12:00:00.123Z warn worker.2 conv.join who=7 conv=5 "
	    "name=\"a\\nb\"\n");
	log_line(line, sizeof(line), 0, LOG_L_ERROR, "log", 0, 0, "x", 1);
	assert_string_equal(line, "1970-01-01T00:00:00.000Z error log x\n");
	/* A role that was taken over may send any time. */
	log_line(line, sizeof(line), UINT64_MAX, LOG_L_INFO, "auth", 0, 0, "x", 1);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void
the_longest_text_still_ends_its_line(void **state)
{
	char text[LOG_TEXT_MAX], line[LOG_LINE_MAX];
	size_t n;

	(void)state;
	memset(text, 1, sizeof(text));		/* four times as long when escaped */
	n = log_line(line, sizeof(line), 0, LOG_L_INFO, "worker", 31, UINT64_MAX, text,
	    sizeof(text));
	assert_true(n < sizeof(line));
	assert_int_equal(line[n - 1], '\n');
	assert_int_equal(strlen(line), n);
}

/* Without a role, lines go to stderr; below the level they go nowhere. */
static void
level_holds(void **state)
{
	int fds[2], saved = dup(STDERR_FILENO);
	char buf[1024];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	log_init(LOG_L_WARN);
	log_info(1, "test.info", "n=%d", 1);
	log_warn(1, "test.warn", "n=%d", 2);
	log_init(LOG_L_INFO);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fds[1]);
	n = read(fds[0], buf, sizeof(buf) - 1);
	close(fds[0]);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_null(strstr(buf, "test.info"));
	assert_non_null(strstr(buf, " warn kithd test.warn who=1 n=2\n"));
}

struct heard {
	enum log_level	level;
	uint64_t	who;
	char		text[64];
	unsigned	lines;
};

static void
hear(void *arg, enum log_level level, uint64_t who, const char *text, size_t len)
{
	struct heard *h = arg;

	h->level = level;
	h->who = who;
	snprintf(h->text, sizeof(h->text), "%.*s", (int)len, text);
	h->lines++;
}

static void
sink_gets_every_line_until_it_is_detached(void **state)
{
	struct heard heard = { .lines = 0 };

	(void)state;
	log_attach("worker", 1, hear, &heard);
	log_warn(7, "test.warn", "n=%d", 2);
	log_debug(7, "test.debug", "n=%d", 3);
	log_attach("kithd", 0, NULL, NULL);
	log_error(7, "test.error", "expected=%d", 1);
	assert_int_equal(heard.lines, 1);
	assert_int_equal(heard.level, LOG_L_WARN);
	assert_int_equal(heard.who, 7);
	assert_string_equal(heard.text, "test.warn n=2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_bytes_are_escaped),
		cmocka_unit_test(what_is_too_long_is_cut_between_characters),
		cmocka_unit_test(a_line_has_time_level_role_event_and_values),
		cmocka_unit_test(the_longest_text_still_ends_its_line),
		cmocka_unit_test(level_holds),
		cmocka_unit_test(sink_gets_every_line_until_it_is_detached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
