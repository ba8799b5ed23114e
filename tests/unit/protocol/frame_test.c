/* frame_test.c - promises of protocol/frame.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "protocol/limits.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define STREAM_MAX	(64u * 1024u)

/* Three frames, of 3, 1 and 5 bytes. */
static const uint8_t stream[] = {
	0, 0, 0, 3, 'a', 'b', 'c',
	0, 0, 0, 1, 'd',
	0, 0, 0, 5, 'e', 'f', 'g', 'h', 'i',
};
static const char *const bodies[] = { "abc", "d", "efghi" };

/* Feeds `n` bytes and checks each frame against bodies[], from *next on. */
static void
feed(struct frame_reader *r, const uint8_t *p, size_t n, size_t *next)
{
	enum frame_result rc;
	const uint8_t *body;
	uint32_t len;

	while ((rc = frame_read(r, &p, &n, &body, &len)) == FRAME_ONE) {
		assert_in_range(*next, 0, COUNT(bodies) - 1);
		assert_int_equal(len, strlen(bodies[*next]));
		assert_memory_equal(body, bodies[*next], len);
		++*next;
	}
	assert_int_equal(rc, FRAME_MORE);
	assert_int_equal(n, 0);
}

static void
one_byte_at_a_time(void **state)
{
	struct frame_reader r;
	size_t next = 0;

	(void)state;
	frame_reader_init(&r, 16);
	for (size_t i = 0; i < sizeof(stream); i++)
		feed(&r, stream + i, 1, &next);
	assert_int_equal(next, COUNT(bodies));
	assert_int_equal(r.buf.size, 0);
	frame_reader_fini(&r);
}

static void
every_split_in_three(void **state)
{
	struct frame_reader r;

	(void)state;
	for (size_t i = 0; i <= sizeof(stream); i++) {
		for (size_t k = i; k <= sizeof(stream); k++) {
			size_t next = 0;

			frame_reader_init(&r, 16);
			feed(&r, stream, i, &next);
			feed(&r, stream + i, k - i, &next);
			feed(&r, stream + k, sizeof(stream) - k, &next);
			assert_int_equal(next, COUNT(bodies));
			assert_int_equal(r.buf.size, 0);
			frame_reader_fini(&r);
		}
	}
}

static void
takes_nothing_beyond_the_frame(void **state)
{
	struct frame_reader r;
	const uint8_t *p = stream, *body;
	size_t n = sizeof(stream);
	uint32_t len;

	(void)state;
	frame_reader_init(&r, 16);
	assert_int_equal(frame_read(&r, &p, &n, &body, &len), FRAME_ONE);
	assert_ptr_equal(p, stream + 7);
	assert_int_equal(n, sizeof(stream) - 7);
	frame_reader_fini(&r);
}

static void
idle_only_between_frames(void **state)
{
	struct frame_reader r;
	size_t next = 0;

	(void)state;
	frame_reader_init(&r, 16);
	assert_int_equal(r.buf.size, 0);
	for (size_t i = 0; i < 6; i++) {
		feed(&r, stream + i, 1, &next);
		assert_int_not_equal(r.buf.size, 0);
	}
	feed(&r, stream + 6, 1, &next);
	assert_int_equal(r.buf.size, 0);
	assert_null(r.buf.data);
	frame_reader_fini(&r);
}

static void
broken_headers(void **state)
{
	static const struct {
		uint32_t		length, max;
		enum frame_result	result;
	} table[] = {
		{ 0, 16, FRAME_BROKEN_ZERO },
		{ 16, 16, FRAME_MORE },
		{ 17, 16, FRAME_BROKEN_SIZE },
		{ 4096, FRAME_BYTES_MAX_LOGIN, FRAME_MORE },
		{ 4097, FRAME_BYTES_MAX_LOGIN, FRAME_BROKEN_SIZE },
		{ 65536, FRAME_BYTES_MAX, FRAME_MORE },
		{ 65537, FRAME_BYTES_MAX, FRAME_BROKEN_SIZE },
		{ 0x7fffffff, FRAME_BYTES_MAX, FRAME_BROKEN_SIZE },
		{ 0x80000000, FRAME_BYTES_MAX, FRAME_BROKEN_SIZE },
		{ 0xffffffff, FRAME_BYTES_MAX, FRAME_BROKEN_SIZE },
		{ 0x16030102, FRAME_BYTES_MAX, FRAME_BROKEN_SIZE },	/* TLS */
		{ 0x47455420, FRAME_BYTES_MAX, FRAME_BROKEN_SIZE },	/* "GET " */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct frame_reader r;
		uint8_t header[5] = { 0 };
		const uint8_t *p = header, *body;
		size_t n = FRAME_HEADER_BYTES;
		uint32_t len;

		frame_reader_init(&r, table[i].max);
		frame_put_header(header, table[i].length);
		assert_int_equal(frame_read(&r, &p, &n, &body, &len), table[i].result);
		/* The stream is lost, whatever comes after. */
		n = 1;
		assert_int_equal(frame_read(&r, &p, &n, &body, &len), table[i].result);
		frame_reader_fini(&r);
	}
}

static void
max_applies_from_the_next_frame(void **state)
{
	static const uint8_t in[] = { 0, 0, 0, 1, 'x', 0, 0, 0, 3, 'a', 'b', 'c' };
	struct frame_reader r;
	const uint8_t *p = in, *body;
	size_t n = sizeof(in);
	uint32_t len;

	(void)state;
	frame_reader_init(&r, 1);
	assert_int_equal(frame_read(&r, &p, &n, &body, &len), FRAME_ONE);
	r.max = 3;
	assert_int_equal(frame_read(&r, &p, &n, &body, &len), FRAME_ONE);
	assert_int_equal(len, 3);
	frame_reader_fini(&r);
}

/* An announced length costs nothing: memory follows what has come. */
static void
memory_is_bounded_by_what_came(void **state)
{
	struct frame_reader r;
	uint8_t *in = malloc(STREAM_MAX + 4);
	const uint8_t *p, *body;
	size_t n, sent = 0;
	uint32_t len;

	(void)state;
	assert_non_null(in);
	memset(in, 'x', STREAM_MAX + 4);
	frame_put_header(in, STREAM_MAX);
	frame_reader_init(&r, STREAM_MAX);
	for (size_t step = 1; sent + step < STREAM_MAX + 4; step = step * 3 / 2 + 1) {
		p = in + sent;
		n = step;
		assert_int_equal(frame_read(&r, &p, &n, &body, &len), FRAME_MORE);
		sent += step;
		assert_true(r.buf.size <= 256 || r.buf.size <= 2 * sent);
	}
	p = in + sent;
	n = STREAM_MAX + 4 - sent;
	assert_int_equal(frame_read(&r, &p, &n, &body, &len), FRAME_ONE);
	assert_int_equal(len, STREAM_MAX);
	assert_memory_equal(body, in + 4, len);
	assert_true(r.buf.size <= STREAM_MAX + 4);
	frame_reader_fini(&r);
	free(in);
}

static void
header_is_big_endian(void **state)
{
	uint8_t out[4];

	(void)state;
	frame_put_header(out, 0x01020304);
	assert_memory_equal(out, "\1\2\3\4", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_at_a_time),
		cmocka_unit_test(every_split_in_three),
		cmocka_unit_test(takes_nothing_beyond_the_frame),
		cmocka_unit_test(idle_only_between_frames),
		cmocka_unit_test(broken_headers),
		cmocka_unit_test(max_applies_from_the_next_frame),
		cmocka_unit_test(memory_is_bounded_by_what_came),
		cmocka_unit_test(header_is_big_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
