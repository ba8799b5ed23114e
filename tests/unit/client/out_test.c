/*
 * out_test.c - nothing that kith prints can command a terminal, and records keep
 * their form.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "client-cli/app/out.h"
#include "client-cli/app/out_wrap.h"
#include "client-cli/chat/names.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static char *
quoted(const char *s, enum out_quote quote)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	out_string(file, s, quote);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void
strings_are_made_harmless(void **state)
{
	static const struct {
		const char	*in, *word, *lines, *field, *json;
	} cases[] = {
		{ "plain", "plain", "plain", "plain", "plain" },
		{ "", "", "", "", "" },
		{ "a\nb\tc", "a\\nb\\tc", "a\nb\tc", "a\\nb\\tc", "a\\nb\\tc" },
		{ "a\rb", "a\\rb", "a\\rb", "a\\rb", "a\\rb" },
		{ "\033[2J", "\\x1b[2J", "\\x1b[2J", "\\x1b[2J", "\\u001b[2J" },
		{ "\a\b\v\f\x0e", "\\x07\\x08\\x0b\\x0c\\x0e", "\\x07\\x08\\x0b\\x0c\\x0e",
		    "\\x07\\x08\\x0b\\x0c\\x0e", "\\u0007\\u0008\\u000b\\u000c\\u000e" },
		{ "\x7f", "\\x7f", "\\x7f", "\\x7f", "\\u007f" },
		{ "\xc2\x9b" "2J", "\\u009b2J", "\\u009b2J", "\\u009b2J", "\\u009b2J" },
		{ "\x9b" "2J", "\\x9b2J", "\\x9b2J", "\\x9b2J", "\\ufffd2J" },
		{ "\xe2\x80\xaegnp", "\\u202egnp", "\\u202egnp", "\\u202egnp", "\\u202egnp" },
		{ "\xe2\x81\xa6", "\\u2066", "\\u2066", "\\u2066", "\\u2066" },
		{ "\xe2\x80\x8f", "\\u200f", "\\u200f", "\\u200f", "\\u200f" },
		{ "\xd8\x9c", "\\u061c", "\\u061c", "\\u061c", "\\u061c" },
		{ "\xe2\x80\xa8", "\\u2028", "\\u2028", "\\u2028", "\\u2028" },
		{ "\xf3\xa0\x81\x81", "\\U000e0041", "\\U000e0041", "\\U000e0041",
		    "\\udb40\\udc41" },
		{ "\\", "\\", "\\", "\\\\", "\\\\" },
		{ "\"", "\"", "\"", "\"", "\\\"" },
		{ "\xc3\xbc\xc3\x9f", "\xc3\xbc\xc3\x9f", "\xc3\xbc\xc3\x9f", "\xc3\xbc\xc3\x9f",
		    "\xc3\xbc\xc3\x9f" },
		{ "\xe6\x97\xa5\xf0\x9f\x98\x80", "\xe6\x97\xa5\xf0\x9f\x98\x80",
		    "\xe6\x97\xa5\xf0\x9f\x98\x80", "\xe6\x97\xa5\xf0\x9f\x98\x80",
		    "\xe6\x97\xa5\xf0\x9f\x98\x80" },
		/* Not UTF-8: truncated, overlong, a surrogate, beyond the last character. */
		{ "\xe6\x97", "\\xe6\\x97", "\\xe6\\x97", "\\xe6\\x97", "\\ufffd\\ufffd" },
		{ "\xc0\x9b", "\\xc0\\x9b", "\\xc0\\x9b", "\\xc0\\x9b", "\\ufffd\\ufffd" },
		{ "\xe0\x82\x9b", "\\xe0\\x82\\x9b", "\\xe0\\x82\\x9b", "\\xe0\\x82\\x9b",
		    "\\ufffd\\ufffd\\ufffd" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80",
		    "\\ufffd\\ufffd\\ufffd" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80",
		    "\\xf4\\x90\\x80\\x80", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const char *want[] = { cases[i].word, cases[i].lines, cases[i].field,
			cases[i].json };

		for (int quote = OUT_WORD; quote <= OUT_QUOTED; quote++) {
			char *got = quoted(cases[i].in, (enum out_quote)quote);

			assert_string_equal(got, want[quote]);
			free(got);
		}
	}
}

/* All of C0, DEL and C1, as characters and as bytes; nothing of it comes through. */
static void
no_control_character_passes(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 0xa0; c++) {
		char character[3] = { (char)c, 0, 0 }, byte[2] = { (char)c, 0 };
		int control = c < 0x20 || c >= 0x7f;

		if (c >= 0x80) {
			character[0] = (char)(0xc0 | c >> 6);
			character[1] = (char)(0x80 | (c & 0x3f));
		}
		for (int quote = OUT_WORD; quote <= OUT_QUOTED; quote++) {
			char *one = quoted(character, (enum out_quote)quote);
			char *two = quoted(byte, (enum out_quote)quote);

			if (control && !(quote == OUT_LINES && (c == '\n' || c == '\t')))
				for (const char *p = one; *p != '\0'; p++)
					assert_in_range((unsigned char)*p, 0x20, 0x7e);
			for (const char *p = two; control && quote != OUT_LINES && *p != '\0'; p++)
				assert_in_range((unsigned char)*p, 0x20, 0x7e);
			free(one);
			free(two);
		}
	}
}

/* The first character of a word that out_string() printed; `rest` is behind it. */
static uint32_t
read_back(const char *s, const char **rest)
{
	int digits = s[1] == 'x' ? 2 : s[1] == 'u' ? 4 : s[1] == 'U' ? 8 : 0;
	char number[9] = "";

	if (s[0] != '\\') {
		*rest = s + 1;
		return (unsigned char)s[0];
	}
	*rest = s + 2 + digits;
	if (digits == 0)
		return s[1] == 'n' ? '\n' : s[1] == 't' ? '\t' : s[1] == 'r' ? '\r' : 0;
	memcpy(number, s + 2, (size_t)digits);
	return (uint32_t)strtoul(number, NULL, 16);
}

/* Whatever follows it, also a digit. */
static void
an_escape_reads_back_as_one_character(void **state)
{
	static const struct { const char *in; uint32_t c; } cases[] = {
		{ "\x01", 0x01 }, { "\x1f", 0x1f }, { "\x7f", 0x7f }, { "\n", '\n' }, { "\r", '\r' },
		{ "\xc2\x80", 0x80 }, { "\xc2\x9f", 0x9f }, { "\xe2\x80\x8e", 0x200e },
		{ "\xef\xbb\xbf", 0xfeff }, { "\xf3\xa0\x80\x80", 0xe0000 },
		{ "\xf3\xa0\x81\xbf", 0xe007f },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		for (const char *follow = "0af9x"; *follow != '\0'; follow++) {
			char in[16], *got;
			const char *rest;

			snprintf(in, sizeof(in), "%s%c", cases[i].in, *follow);
			got = quoted(in, OUT_WORD);
			assert_int_equal(read_back(got, &rest), cases[i].c);
			assert_int_equal(rest[0], *follow);
			assert_int_equal(rest[1], '\0');
			free(got);
		}
}

static void
width_is_that_of_the_printed_word(void **state)
{
	static const struct {
		const char	*s;
		int		 width;
	} cases[] = {
		{ "", 0 }, { "abc", 3 }, { "\033", 4 }, { "\n", 2 }, { "\x9b", 4 }, { "\x8a", 4 },
		{ "\xc3\xbc", 1 }, { "\xe6\x97\xa5", 2 },
		{ "\xe2\x80\xae", 6 }, { "\xf3\xa0\x81\x81", 10 }, { "\xc2\x85", 6 },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(out_string_width(cases[i].s), cases[i].width);
}

/* -- records and events --------------------------------------------------- */

/* Prints with `print` into a file, and gives what came. */
static char *
printed(enum out_mode mode, void (*print)(struct out *o))
{
	FILE *file = tmpfile();
	struct out o;
	char *text;
	long len;

	assert_non_null(file);
	out_init(&o, file, mode);
	print(&o);
	assert_int_equal(out_fini(&o), 0);
	len = ftell(file);
	rewind(file);
	text = calloc(1, (size_t)len + 1);
	assert_int_equal(fread(text, 1, (size_t)len, file), (size_t)len);
	fclose(file);
	return text;
}

static void
two_rows(struct out *o)
{
	out_begin(o);
	out_text(o, "name", "\xe6\x97\xa5\033");
	out_number(o, "unread", 7);
	out_flag(o, "online", 1);
	out_details(o);
	out_time(o, "since", 1700000000123);
	out_end(o);
	out_begin(o);
	out_text(o, "name", "a\"b\\c\td");
	out_number(o, "unread", INT64_MAX);
	out_flag(o, "online", 0);
	out_details(o);
	out_time(o, "since", 0);
	out_end(o);
}

static void
rows_in_json_are_objects(void **state)
{
	char *text = printed(OUT_JSON, two_rows), *second = strchr(text, '\n') + 1;
	json_t *one = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	json_t *two = json_loads(second, 0, NULL);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	assert_string_equal(json_string_value(json_object_get(one, "name")), "\xe6\x97\xa5\033");
	assert_string_equal(json_string_value(json_object_get(one, "since")),
	    "2023-11-14T22:13:20.123Z");
	assert_true(json_is_true(json_object_get(one, "online")));
	assert_string_equal(json_string_value(json_object_get(two, "name")), "a\"b\\c\td");
	assert_true(json_is_null(json_object_get(two, "since")));
	json_decref(one);
	json_decref(two);
	free(text);
}

static void
rows_in_plain_are_fields(void **state)
{
	char *text = printed(OUT_PLAIN, two_rows);

	(void)state;
	assert_string_equal(text,
	    "\xe6\x97\xa5\\x1b\t7\ttrue\t2023-11-14T22:13:20.123Z\n"
	    "a\"b\\\\c\\td\t9223372036854775807\tfalse\t\n");
	free(text);
}

static void
rows_in_text_are_aligned(void **state)
{
	char *text = printed(OUT_TEXT, two_rows);

	(void)state;
	assert_string_equal(text,
	    "\xe6\x97\xa5\\x1b    7                    online\n"
	    "a\"b\\c\\td  9223372036854775807  -\n");
	free(text);
}

static Kith__V1__Event
event_of(Kith__V1__EventKind kind, const char *text)
{
	Kith__V1__Event e = KITH__V1__EVENT__INIT;

	e.conversation = UINT64_C(1) << 62;
	e.seq = 3;
	e.time_ms = 1700000000123;
	e.kind = kind;
	e.sender_name = (char *)"bob";
	e.text = (char *)text;
	e.client_id = UINT64_MAX;
	return e;
}

static void
some_events(struct out *o)
{
	Kith__V1__Event e = event_of(KITH__V1__EVENT_KIND__MESSAGE,
	    "one\n12:00 @alice alice: two\033");

	out_event(o, "@bob", &e);
	e = event_of(KITH__V1__EVENT_KIND__JOINED, "");
	out_event(o, "#ops", &e);
	e = event_of(KITH__V1__EVENT_KIND__INVITATION, "ops");
	out_event(o, "@bob", &e);
	e = event_of((Kith__V1__EventKind)77, "");
	out_event(o, "#ops", &e);
}

static void
lines_of_a_message_are_set_in(void **state)
{
	char *text = printed(OUT_TEXT, some_events);

	(void)state;
	assert_string_equal(text,
	    "2023-11-14 22:13 @bob bob: one\n"
	    "                           12:00 @alice alice: two\\x1b\n"
	    "2023-11-14 22:13 #ops * bob joined\n"
	    "2023-11-14 22:13 @bob * bob invites you to #ops\n"
	    "2023-11-14 22:13 #ops * bob did something that this kith is too old for\n");
	free(text);
}

/* No row is wider than the terminal, whatever is in it, and all after the first are set
 * in. */
static void
rows_fit_and_are_set_in(void **state)
{
	static const char *const texts[] = {
		"", "word", "many words that do not fit into one row of a narrow terminal",
		"unbroken_unbroken_unbroken_unbroken_unbroken_unbroken_unbroken_unbroken",
		"\xe7\x95\x8c\xe7\x95\x8c\xe7\x95\x8c\xe7\x95\x8c\xe7\x95\x8c\xe7\x95\x8c\xe7\x95\x8c",
		"one\ntwo\n\nfour", "\ta\tb\tc\td", OUT_BOLD "bold" OUT_NORMAL " and not bold at all",
		"e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81" "e\xcc\x81",
	};
	char *text, *rest, *row;
	size_t len;

	(void)state;
	for (size_t i = 0; i < N(texts); i++)
		for (int columns = 5; columns < 40; columns += 3) {
			struct out_wrap w = { .columns = columns, .indent = 7 };
			FILE *file = open_memstream(&text, &len);

			out_wrap(file, texts[i], &w);
			assert_int_equal(fclose(file), 0);
			assert_int_equal(text[len - 1], '\n');
			text[len - 1] = '\0';
			rest = text;
			for (size_t n = 0; (row = strsep(&rest, "\n")) != NULL; n++) {
				assert_true(n == 0 || strncmp(row, "  ", 2) == 0);
				if (strchr(row, '\033') == NULL)
					assert_true(out_string_width(row) < columns);
				assert_true(n < w.rows);
			}
			free(text);
		}
}

static void
rows_over_the_limit_are_counted(void **state)
{
	struct out_wrap w = { .columns = 20, .indent = 2, .max = 3 };

	(void)state;
	out_wrap(NULL, "1\n2\n3\n4\n5\n6", &w);
	assert_int_equal(w.rows, 3);
	assert_int_equal(w.left_out, 3);
	w.max = 0;
	out_wrap(NULL, "1\n2\n3\n4\n5\n6", &w);
	assert_int_equal(w.rows, 6);
	assert_int_equal(w.left_out, 0);
}

static void
events_in_json_have_the_promised_fields(void **state)
{
	char *text = printed(OUT_JSON, some_events);
	json_t *e = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);

	(void)state;
	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "conversation")), "@bob");
	assert_string_equal(json_string_value(json_object_get(e, "conversation_id")),
	    "4611686018427387904");
	assert_int_equal(json_integer_value(json_object_get(e, "seq")), 3);
	assert_string_equal(json_string_value(json_object_get(e, "sender")), "bob");
	assert_string_equal(json_string_value(json_object_get(e, "time")),
	    "2023-11-14T22:13:20.123Z");
	assert_string_equal(json_string_value(json_object_get(e, "kind")), "message");
	assert_string_equal(json_string_value(json_object_get(e, "text")),
	    "one\n12:00 @alice alice: two\033");
	json_decref(e);
	free(text);
}

/* -- completion ----------------------------------------------------------- */

static void
names_complete_in_either_case_and_once(void **state)
{
	struct names names = { 0 };

	(void)state;
	names_add(&names, '@', "bob");
	names_add(&names, '@', "alice");
	names_add(&names, '@', "alina");
	names_add(&names, '@', "alice");
	names_add(&names, '#', "alpha");
	assert_int_equal(names.n, 4);
	assert_string_equal(names_match(&names, "@AL", 0), "@alice");
	assert_string_equal(names_match(&names, "@AL", 1), "@alina");
	assert_null(names_match(&names, "@AL", 2));
	assert_string_equal(names_match(&names, "#", 0), "#alpha");
	assert_null(names_match(&names, "#", 1));
	assert_null(names_match(&names, "@x", 0));
	names_fini(&names);
}

static void
names_that_command_a_terminal_are_not_taken(void **state)
{
	static const char *const bad[] = { "", "a\033b", "a\nb", "a\tb", "\xe2\x80\xaex", "\x9b",
		"a\x7f" };
	struct names names = { 0 };
	char long_name[200];

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		names_add(&names, '@', bad[i]);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	names_add(&names, '@', long_name);
	assert_int_equal(names.n, 0);
	names_fini(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_made_harmless),
		cmocka_unit_test(no_control_character_passes),
		cmocka_unit_test(an_escape_reads_back_as_one_character),
		cmocka_unit_test(width_is_that_of_the_printed_word),
		cmocka_unit_test(rows_in_json_are_objects),
		cmocka_unit_test(rows_in_plain_are_fields),
		cmocka_unit_test(rows_in_text_are_aligned),
		cmocka_unit_test(lines_of_a_message_are_set_in),
		cmocka_unit_test(rows_fit_and_are_set_in),
		cmocka_unit_test(rows_over_the_limit_are_counted),
		cmocka_unit_test(events_in_json_have_the_promised_fields),
		cmocka_unit_test(names_complete_in_either_case_and_once),
		cmocka_unit_test(names_that_command_a_terminal_are_not_taken),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
