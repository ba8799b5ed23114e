/*
 * ws_reader_test.c - promises of server/door/ws_reader.h, by table: frames, and what must be made
 * of them. Each stream is read whole, cut in two at each place, and byte by byte.
 *
 * Memory comes from heap.h: it may fail, and is searched for secrets when freed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/door/ws_reader.h"
#include "tests/unit/kit/heap.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX		1000u		/* bytes in a message */
#define STREAM_MAX	4096u
#define STORY_MAX	8192u
#define SECRET		HEAP_SECRET

enum { CONT = 0, TEXT = 1, BIN = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* -- frames --------------------------------------------------------------- */

struct stream {
	uint8_t	bytes[STREAM_MAX];
	size_t	len;
};

static void
put(struct stream *s, unsigned byte)
{
	assert_true(s->len < STREAM_MAX);
	s->bytes[s->len++] = (uint8_t)byte;
}

/* A masked frame; `first` is its first byte. */
static void
put_frame(struct stream *s, unsigned first, const void *payload, size_t len)
{
	static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	const uint8_t *bytes = payload;

	put(s, first);
	put(s, 0x80 | (len < 126 ? (unsigned)len : 126));
	if (len >= 126) {
		put(s, (unsigned)(len >> 8));
		put(s, len & 0xff);
	}
	for (unsigned i = 0; i < 4; i++)
		put(s, mask[i]);
	for (size_t i = 0; i < len; i++)
		put(s, bytes[i] ^ mask[i % 4]);
}

/* -- a reader's story ----------------------------------------------------- */

/* What a reader made of a stream, as text: a word for each result. */
struct story {
	char	text[STORY_MAX];
	size_t	len;
};

static void __attribute__((format(printf, 2, 3)))
tell(struct story *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->len += (size_t)vsnprintf(s->text + s->len, STORY_MAX - s->len, fmt, ap);
	va_end(ap);
	assert_true(s->len < STORY_MAX);
}

static enum ws_result
read_piece(struct ws_reader *r, const uint8_t *data, size_t size, struct story *s)
{
	enum ws_result result;
	struct ws_got got;

	while ((result = ws_read(r, &data, &size, &got)) == WS_MESSAGE || result == WS_PING) {
		tell(s, "%s(%.*s) ", result == WS_PING ? "ping" : "message", (int)got.len,
		    got.len > 0 ? (const char *)got.bytes : "");
		if (result == WS_MESSAGE)
			ws_forget(r);
	}
	if (result == WS_MORE)
		assert_int_equal(size, 0);
	else if (result == WS_NO_MEMORY)
		tell(s, "memory ");
	else
		tell(s, "%s(%u) ", result == WS_CLOSE ? "close" : "broken", got.code);
	return result;
}

/* In pieces of `step` bytes, the first one of `first`. */
static void
read_all(enum wslay_opcode kind, const struct stream *in, size_t first, size_t step,
    struct story *s)
{
	enum ws_result result = WS_MORE;
	struct ws_reader r;
	size_t at = 0, n = first;

	s->len = 0;
	*s->text = '\0';
	ws_reader_init(&r, kind, MAX);
	while (at < in->len && result == WS_MORE) {
		if (n > in->len - at)
			n = in->len - at;
		result = read_piece(&r, in->bytes + at, n, s);
		at += n;
		n = step;
	}
	ws_reader_fini(&r);
	assert_int_equal(heap_held(), 0);
}

static void
check(enum wslay_opcode kind, const struct stream *in, const char *expected)
{
	struct story s;

	read_all(kind, in, in->len, 1, &s);
	assert_string_equal(s.text, expected);
	read_all(kind, in, 1, 1, &s);
	assert_string_equal(s.text, expected);
	for (size_t cut = 1; cut < in->len; cut++) {
		read_all(kind, in, cut, in->len, &s);
		assert_string_equal(s.text, expected);
	}
}

/* -- the tables ----------------------------------------------------------- */

/* Frames one after the other until `first` is 0x00 and there is no payload. */
struct part {
	unsigned	 first;		/* FIN, reserved bits, opcode */
	const char	*payload;
	size_t		 len;		/* 0: as a string */
};
#define FIN	0x80u

static const struct row {
	struct part	 parts[5];
	const char	*story;
} rows[] = {
	{ { { FIN | TEXT, "", 0 } }, "message() " },
	{ { { FIN | TEXT, "hello", 0 } }, "message(hello) " },
	{ { { FIN | TEXT, "a", 0 }, { FIN | TEXT, "b", 0 } }, "message(a) message(b) " },
	{ { { TEXT, "he", 0 }, { CONT, "l", 0 }, { FIN | CONT, "lo", 0 } }, "message(hello) " },
	{ { { TEXT, "", 0 }, { FIN | CONT, "", 0 } }, "message() " },
	{ { { FIN | PING, "p", 0 } }, "ping(p) " },
	{ { { FIN | PING, "", 0 }, { FIN | TEXT, "a", 0 } }, "ping() message(a) " },
	{ { { FIN | PONG, "p", 0 }, { FIN | TEXT, "a", 0 } }, "message(a) " },
	{ { { TEXT, "a", 0 }, { FIN | PING, "p", 0 }, { FIN | CONT, "b", 0 } },
	    "ping(p) message(ab) " },

	{ { { CONT, "a", 0 } }, "broken(1002) " },
	{ { { FIN | CONT, "a", 0 } }, "broken(1002) " },
	{ { { TEXT, "a", 0 }, { FIN | TEXT, "b", 0 } }, "broken(1002) " },
	{ { { FIN | TEXT, "a", 0 }, { FIN | CONT, "b", 0 } }, "message(a) broken(1002) " },
	{ { { FIN | BIN, "a", 0 } }, "broken(1003) " },
	{ { { BIN, "a", 0 } }, "broken(1003) " },
	{ { { TEXT, "a", 0 }, { FIN | BIN, "b", 0 } }, "broken(1002) " },
	{ { { FIN | 3, "a", 0 } }, "broken(1002) " },
	{ { { FIN | 7, "", 0 } }, "broken(1002) " },
	{ { { FIN | 11, "a", 0 } }, "broken(1002) " },
	{ { { FIN | 15, "", 0 } }, "broken(1002) " },
	{ { { FIN | 0x40 | TEXT, "a", 0 } }, "broken(1002) " },
	{ { { FIN | 0x20 | TEXT, "a", 0 } }, "broken(1002) " },
	{ { { FIN | 0x10 | PING, "", 0 } }, "broken(1002) " },
	{ { { TEXT, "a", 0 }, { FIN | 0x40 | CONT, "b", 0 } }, "broken(1002) " },
	{ { { PING, "a", 0 } }, "broken(1002) " },
	{ { { CLOSE, "\x03\xe8", 0 } }, "broken(1002) " },

	{ { { FIN | CLOSE, "", 0 } }, "close(0) " },
	{ { { FIN | CLOSE, "\x03\xe8", 0 }, { FIN | TEXT, "a", 0 } }, "close(1000) " },
	{ { { FIN | CLOSE, "\x03\xe8" "bye", 0 } }, "close(1000) " },
	{ { { FIN | CLOSE, "\x03\xe8" "h\xc3\xa9h\xe2\x82\xac\xf0\x9f\x98\x80", 0 } },
	    "close(1000) " },
	{ { { FIN | CLOSE, "\x03\xe8" "h\xc3", 0 } }, "broken(1007) " },
	{ { { FIN | CLOSE, "\x03\xe8" "\x80" "abc", 0 } }, "broken(1007) " },
	{ { { FIN | CLOSE, "\x03\xe8" "abc\xed\xa0\x80", 0 } }, "broken(1007) " },
	{ { { FIN | CLOSE, "\x03", 0 } }, "broken(1002) " },
	{ { { TEXT, "a", 0 }, { FIN | CLOSE, "\x0f\xa0", 0 } }, "close(4000) " },

	{ { { FIN | TEXT, "h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0 } },
	    "message(h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80) " },
	{ { { TEXT, "\xf0\x9f", 0 }, { FIN | PING, "p", 0 }, { FIN | CONT, "\x98\x80", 0 } },
	    "ping(p) message(\xf0\x9f\x98\x80) " },
	{ { { TEXT, "\xf0\x9f", 0 }, { FIN | CONT, "", 0 } }, "broken(1007) " },
	{ { { FIN | TEXT, "a\xc3", 0 } }, "broken(1007) " },
	{ { { TEXT, "a\x80", 0 } }, "broken(1007) " },
	{ { { TEXT, "\xe2\x82", 0 }, { CONT, "a", 0 } }, "broken(1007) " },
	{ { { FIN | TEXT, "\x00", 1 } }, "message() " },	/* NUL, as printf tells it */
};

static void
frames_become_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream in = { .len = 0 };

		for (const struct part *p = rows[i].parts;
		    p < rows[i].parts + COUNT(rows[i].parts) && p->payload != NULL; p++)
			put_frame(&in, p->first, p->payload,
			    p->len > 0 ? p->len : strlen(p->payload));
		check(WSLAY_TEXT_FRAME, &in, rows[i].story);
	}
}

/* In binary messages any byte may stand. */
static void
kind_is_what_was_asked_for(void **state)
{
	struct stream in = { .len = 0 };

	(void)state;
	put_frame(&in, FIN | BIN, "\xff\x80", 2);
	put_frame(&in, BIN, "\xf0", 1);
	put_frame(&in, FIN | CONT, "\xf0", 1);
	put_frame(&in, FIN | TEXT, "a", 1);
	check(WSLAY_BINARY_FRAME, &in, "message(\xff\x80) message(\xf0\xf0) broken(1003) ");
}

/* Which bytes make characters, against a list of code points. */
static void
text_is_utf8_and_nothing_else(void **state)
{
	static const struct {
		unsigned	first, last;	/* of the lead byte */
		unsigned	low, high;	/* of the next; 0: there is none */
		unsigned	more;		/* 80..bf behind them */
	} good[] = {
		{ 0x00, 0x7f, 0, 0, 0 }, { 0xc2, 0xdf, 0x80, 0xbf, 0 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 1 }, { 0xe1, 0xec, 0x80, 0xbf, 1 },
		{ 0xed, 0xed, 0x80, 0x9f, 1 },
		{ 0xee, 0xef, 0x80, 0xbf, 1 }, { 0xf0, 0xf0, 0x90, 0xbf, 2 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 2 }, { 0xf4, 0xf4, 0x80, 0x8f, 2 },
	};

	(void)state;
	for (unsigned lead = 0; lead < 256; lead++)
		for (unsigned next = 0; next < 256; next++) {
			uint8_t text[4] = { (uint8_t)lead, (uint8_t)next, 0xbf, 0x80 };
			struct stream in = { .len = 0 };
			const char *expected = "broken(1007) ";
			struct story s;
			size_t len = 2;

			for (size_t i = 0; i < COUNT(good); i++)
				if (lead >= good[i].first && lead <= good[i].last &&
				    (good[i].low == 0 ? next < 0x80 :
				    next >= good[i].low && next <= good[i].high)) {
					expected = "message(";
					len = 2 + good[i].more;
				}
			put_frame(&in, FIN | TEXT, text, len);
			read_all(WSLAY_TEXT_FRAME, &in, in.len, 1, &s);
			assert_memory_equal(s.text, expected, strlen(expected));
		}
}

static void
close_codes_are_those_that_may_be_sent(void **state)
{
	char expected[32];
	struct story s;

	(void)state;
	for (unsigned code = 0; code <= 0xffff; code++) {
		uint8_t bytes[2] = { (uint8_t)(code >> 8), (uint8_t)code };
		bool good = code >= 1000 && code <= 4999 && (code < 1015 || code >= 3000) &&
		    code != 1004 && code != 1005 && code != 1006;
		struct stream in = { .len = 0 };

		put_frame(&in, FIN | CLOSE, bytes, 2);
		snprintf(expected, sizeof(expected), good ? "close(%u) " : "broken(1002) ", code);
		read_all(WSLAY_TEXT_FRAME, &in, in.len, 1, &s);
		assert_string_equal(s.text, expected);
	}
}

/* A head is enough to refuse it. */
static void
heads_are_refused_before_their_payload(void **state)
{
	static const struct {
		uint8_t		 bytes[16];
		size_t		 len;
		const char	*story;
	} heads[] = {
		{ { 0x81, 0x00 }, 2, "broken(1002) " },				/* no mask */
		{ { 0x81, 0x01, 'a' }, 3, "broken(1002) " },
		{ { 0x89, 0xfe }, 2, "broken(1002) " },				/* a long ping */
		/* Not in the shortest form. */
		{ { 0x81, 0xfe, 0, 125 }, 4, "broken(1002) " },
		{ { 0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 10, "broken(1002) " },
		{ { 0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0 }, 10, "broken(1002) " },
		{ { 0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'a' }, 15, "broken(1009) " },
		{ { 0x81, 0xff, 127, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 'a' }, 15,
		    "broken(1009) " },
		{ { 0x81, 0xfe, 0x03, 0xe9, 0, 0, 0, 0, 'a' }, 9, "broken(1009) " },
		{ { 0x81, 0xfe, 0x03, 0xe8, 0, 0, 0, 0, 'a' }, 9, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct stream in = { .len = heads[i].len };

		memcpy(in.bytes, heads[i].bytes, in.len);
		check(WSLAY_TEXT_FRAME, &in, heads[i].story);
	}
}

static void
message_of_max_passes_and_no_longer_one(void **state)
{
	struct stream whole = { .len = 0 }, parts = { .len = 0 };
	char text[MAX + 1], expected[STORY_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	snprintf(expected, sizeof(expected), "message(%.*s) ", (int)MAX, text);
	put_frame(&whole, FIN | TEXT, text, MAX);
	check(WSLAY_TEXT_FRAME, &whole, expected);
	put_frame(&parts, TEXT, text, MAX - 1);
	put_frame(&parts, CONT, text, 1);
	put_frame(&parts, CONT, text, 0);
	put_frame(&parts, FIN | CONT, text, 1);
	check(WSLAY_TEXT_FRAME, &parts, "broken(1009) ");
	assert_int_equal(heap.largest, MAX);
}

/* One byte in each fragment: no more memory than for one frame. */
static void
fragments_share_one_buffer(void **state)
{
	struct stream in = { .len = 0 };
	struct ws_reader r;
	struct story s = { .len = 0 };

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		put_frame(&in, i == 0 ? TEXT : CONT, "x", 1);
	ws_reader_init(&r, WSLAY_TEXT_FRAME, MAX);
	assert_int_equal(read_piece(&r, in.bytes, in.len, &s), WS_MORE);
	assert_int_equal(heap_held(), 1);
	assert_int_equal(r.buf_len, 500);
	assert_true(r.buf_size <= MAX);
	ws_reader_fini(&r);
}

static void
idle_reader_holds_nothing(void **state)
{
	struct stream in = { .len = 0 };
	struct ws_reader r;
	struct story s = { .len = 0 };

	(void)state;
	put_frame(&in, FIN | TEXT, "hello", 5);
	put_frame(&in, FIN | PING, "", 0);
	ws_reader_init(&r, WSLAY_TEXT_FRAME, MAX);
	for (size_t n = in.len; n > 0; n--) {
		assert_int_equal(read_piece(&r, in.bytes, in.len - n, &s), WS_MORE);
		assert_int_equal(read_piece(&r, in.bytes + in.len - n, n, &s), WS_MORE);
		assert_int_equal(heap_held(), 0);
		assert_null(r.frames);
	}
	ws_reader_fini(&r);
}

/* What was taken is kept while nobody asks. */
static void
nothing_is_told_that_was_not_asked_for(void **state)
{
	struct stream in = { .len = 0 };
	const uint8_t *at, *none = NULL;
	struct ws_reader r;
	struct ws_got got;
	size_t len, nothing = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		put_frame(&in, FIN | TEXT, &"abcdefghijklmnopqrst"[i], 1);
	at = in.bytes;
	len = in.len;
	ws_reader_init(&r, WSLAY_TEXT_FRAME, MAX);
	for (unsigned i = 0; i < 20; i++) {
		if (i < 10)
			assert_int_equal(ws_read(&r, &at, &len, &got), WS_MESSAGE);
		else
			assert_int_equal(ws_read(&r, &none, &nothing, &got), WS_MESSAGE);
		assert_int_equal(got.len, 1);
		assert_int_equal(*got.bytes, 'a' + (int)i);
		ws_forget(&r);
	}
	assert_int_equal(len, 0);
	assert_int_equal(ws_read(&r, &none, &nothing, &got), WS_MORE);
	ws_reader_fini(&r);
}

static void
no_secret_is_given_back(void **state)
{
	struct stream in = { .len = 0 };
	struct story s;

	(void)state;
	put_frame(&in, TEXT, SECRET, strlen(SECRET));
	for (unsigned i = 0; i < 3; i++) {
		put_frame(&in, CONT, SECRET SECRET SECRET SECRET SECRET, 5 * strlen(SECRET));
		put_frame(&in, FIN | PING, SECRET, strlen(SECRET));
	}
	read_all(WSLAY_TEXT_FRAME, &in, in.len, 1, &s);		/* ends in the middle */
	assert_int_equal(heap.told, 0);
	put_frame(&in, FIN | CONT, "", 0);
	read_all(WSLAY_TEXT_FRAME, &in, in.len, 1, &s);
	read_all(WSLAY_TEXT_FRAME, &in, 7, 7, &s);
	assert_int_equal(heap.told, 0);
}

static void
each_allocation_may_fail(void **state)
{
	struct stream in = { .len = 0 };
	char text[MAX];
	struct story s;
	unsigned all;

	(void)state;
	memset(text, 'x', sizeof(text));
	put_frame(&in, TEXT, text, 200);
	put_frame(&in, FIN | CONT, text, MAX - 200);
	read_all(WSLAY_TEXT_FRAME, &in, in.len, 1, &s);
	all = heap.taken;
	assert_true(all >= 2);
	for (unsigned i = 1; i <= all; i++) {
		heap.taken = 0;
		heap.fail_at = i;
		read_all(WSLAY_TEXT_FRAME, &in, in.len, 1, &s);
		assert_string_equal(s.text, "memory ");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_become_messages, heap_setup),
		cmocka_unit_test_setup(kind_is_what_was_asked_for, heap_setup),
		cmocka_unit_test_setup(text_is_utf8_and_nothing_else, heap_setup),
		cmocka_unit_test_setup(close_codes_are_those_that_may_be_sent, heap_setup),
		cmocka_unit_test_setup(heads_are_refused_before_their_payload, heap_setup),
		cmocka_unit_test_setup(message_of_max_passes_and_no_longer_one, heap_setup),
		cmocka_unit_test_setup(fragments_share_one_buffer, heap_setup),
		cmocka_unit_test_setup(idle_reader_holds_nothing, heap_setup),
		cmocka_unit_test_setup(nothing_is_told_that_was_not_asked_for, heap_setup),
		cmocka_unit_test_setup(no_secret_is_given_back, heap_setup),
		cmocka_unit_test_setup(each_allocation_may_fail, heap_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
