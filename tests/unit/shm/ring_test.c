/* ring_test.c - promises of shm/ring.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shm/ring.h"
#include "tests/crash/harness.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define SIZE		1024u
#define GARBAGE_ROUNDS	200000u
#define SCRIBBLED_READS	200000u

static struct ring ring;
static unsigned char out[RING_RECORD_MAX];

static int
ring_setup(void **state)
{
	*state = &ring;
	return ring_init(&ring, fenced_alloc(ring_space(SIZE)), SIZE);
}

static int
ring_teardown(void **state)
{
	(void)state;
	fenced_free(ring.shared, ring_space(ring.size));
	return 0;
}

static int
push(struct ring *r, const void *bytes, uint32_t len)
{
	const struct ring_piece piece = { .bytes = bytes, .len = len };

	return ring_push(r, &piece, 1);
}

static int
push_pattern(struct ring *r, uint32_t len, uint64_t name)
{
	static unsigned char bytes[RING_RECORD_MAX + 1];

	pattern_fill(bytes, len, name);
	return push(r, bytes, len);
}

static void
read_pattern(struct ring *r, uint32_t want, uint64_t name)
{
	uint32_t len = 0;

	assert_int_equal(ring_read(r, out, sizeof(out), &len), 0);
	assert_int_equal(len, want);
	assert_true(pattern_matches(out, len, name));
}

static void
init_refuses_sizes(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 32, 63, 65, 96, 1000, (1u << 31) + 1, UINT32_MAX };
	struct ring r;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(ring_init(&r, NULL, sizes[i]), -EINVAL);
}

static void
records_come_back_in_order_at_every_offset(void **state)
{
	struct ring *r = *state;
	uint64_t pushed = 0, got = 0;

	for (uint32_t len = 1; len <= 200; len++) {
		for (unsigned i = 0; i < 3; i++, pushed++)
			assert_int_equal(push_pattern(r, len, pushed), 0);
		for (unsigned i = 0; i < 3; i++, got++)
			read_pattern(r, len, got);
		ring_release(r);
	}
	assert_true(ring_empty(r));
}

static void
pieces_become_one_record(void **state)
{
	const struct ring_piece pieces[] = {
		{ "head", 4 }, { NULL, 0 }, { " and ", 5 }, { "body", 5 },
	};
	uint32_t len;

	assert_int_equal(ring_push(*state, pieces, COUNT(pieces)), 0);
	assert_int_equal(ring_read(*state, out, sizeof(out), &len), 0);
	assert_int_equal(len, 14);
	assert_string_equal(out, "head and body");
	assert_int_equal(ring_read(*state, out, sizeof(out), &len), -EAGAIN);
}

static void
push_refuses_sizes(void **state)
{
	const struct ring_piece overflowing[] = { { out, UINT32_MAX }, { out, 2 } };

	assert_int_equal(ring_push(*state, NULL, 0), -EMSGSIZE);
	assert_int_equal(push(*state, out, 0), -EMSGSIZE);
	assert_int_equal(push(*state, out, SIZE / 2 - 3), -EMSGSIZE);
	assert_int_equal(push(*state, out, UINT32_MAX), -EMSGSIZE);
	assert_int_equal(ring_push(*state, overflowing, 2), -EMSGSIZE);
	assert_int_equal(push(*state, out, SIZE / 2 - 4), 0);
	assert_int_equal(ring_dropped(*state), 0);
}

static void
record_max_is_a_bound_of_its_own(void **state)
{
	const uint32_t size = 1u << 18;
	struct ring r;
	void *mem = fenced_alloc(ring_space(size));

	(void)state;
	assert_int_equal(ring_init(&r, mem, size), 0);
	assert_int_equal(push_pattern(&r, RING_RECORD_MAX + 1, 1), -EMSGSIZE);
	assert_int_equal(push_pattern(&r, RING_RECORD_MAX, 2), 0);
	read_pattern(&r, RING_RECORD_MAX, 2);
	fenced_free(mem, ring_space(size));
}

static void
push_when_full_keeps_old(void **state)
{
	struct ring *r = *state;
	uint64_t n = 0;

	while (push_pattern(r, 100, n) == 0)
		n++;
	assert_int_equal(push_pattern(r, 100, n), -ENOBUFS);
	assert_int_equal(ring_dropped(r), 2);
	assert_int_equal(n, SIZE / 104);
	for (uint64_t i = 0; i < n; i++)
		read_pattern(r, 100, i);
	assert_true(ring_empty(r));
}

static void
only_release_makes_room(void **state)
{
	struct ring *r = *state;

	while (push_pattern(r, 100, 0) == 0)
		;
	read_pattern(r, 100, 0);
	assert_int_equal(push_pattern(r, 100, 0), -ENOBUFS);
	assert_true(ring_used(r) > SIZE - 104);
	ring_release(r);
	assert_int_equal(push_pattern(r, 100, 0), 0);
}

static void
attach_reads_the_unreleased_again(void **state)
{
	struct ring *r = *state, successor = ring;

	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(push_pattern(r, 50, i), 0);
	read_pattern(r, 50, 0);
	ring_release(r);
	read_pattern(r, 50, 1);
	read_pattern(r, 50, 2);
	ring_attach(&successor);
	for (uint64_t i = 1; i < 4; i++)
		read_pattern(&successor, 50, i);
	assert_true(ring_empty(&successor));
}

static void
too_large_for_the_buffer_stays(void **state)
{
	struct ring *r = *state;
	unsigned char *exact = malloc(77);
	uint32_t len = 0;

	assert_non_null(exact);
	assert_int_equal(push_pattern(r, 77, 5), 0);
	assert_int_equal(ring_read(r, exact, 76, &len), -EMSGSIZE);
	assert_int_equal(len, 77);
	assert_int_equal(ring_read(r, exact, len, &len), 0);
	assert_true(pattern_matches(exact, 77, 5));
	free(exact);
}

static void
drop_all_leaves_nothing(void **state)
{
	struct ring *r = *state;

	while (push_pattern(r, 100, 0) == 0)
		;
	ring_drop_all(r);
	assert_true(ring_empty(r));
	assert_int_equal(ring_used(r), 0);
	assert_int_equal(push_pattern(r, 100, 7), 0);
	read_pattern(r, 100, 7);
}

/*
 * Trust. The layout is known to ring.c only: two words are found by what a push
 * and a release change, the data by where it ends.
 */

struct insides {
	uint64_t	*tail, *head;
	unsigned char	*data;
};

static uint64_t *
word_that_changed(const uint64_t *before, uint64_t *now, size_t n, uint64_t from, uint64_t to)
{
	uint64_t *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (before[i] == from && now[i] == to)
			found = &now[i];
	assert_non_null(found);
	return found;
}

static struct insides
insides_of(struct ring *r)
{
	uint64_t *words = (uint64_t *)(void *)r->shared, before[64];
	size_t n = (ring_space(SIZE) - SIZE) / 8;
	struct insides in = { .data = (unsigned char *)r->shared + ring_space(SIZE) - SIZE };

	assert_true(n <= COUNT(before));
	memcpy(before, words, n * 8);
	assert_int_equal(push_pattern(r, 500, 0), 0);
	in.tail = word_that_changed(before, words, n, 0, 504);
	memcpy(before, words, n * 8);
	read_pattern(r, 500, 0);
	ring_release(r);
	in.head = word_that_changed(before, words, n, 0, 504);
	return in;
}

static void
corrupt_record_empties_the_ring(void **state)
{
	static const uint32_t lengths[] = {
		0, 93, 100, 101, SIZE, RING_RECORD_MAX + 1, UINT32_MAX,
	};
	struct ring *r = *state;
	struct insides in = insides_of(r);
	uint32_t len;

	for (size_t i = 0; i < COUNT(lengths); i++) {
		unsigned char *record = in.data + (*in.tail & (SIZE - 1));

		assert_int_equal(push_pattern(r, 84, 1), 0);
		memcpy(record, &lengths[i], 4);
		assert_int_equal(ring_read(r, out, sizeof(out), &len), -EBADMSG);
		assert_true(ring_empty(r));
		assert_int_equal(ring_used(r), 0);
		assert_int_equal(ring_read(r, out, sizeof(out), &len), -EAGAIN);
		*in.tail = *in.head = 0;
		ring_attach(r);
	}
	assert_int_equal(push_pattern(r, 84, 2), 0);
	read_pattern(r, 84, 2);
}

static void
impossible_tail_empties_the_ring(void **state)
{
	static const uint64_t tails[] = { 0, 503, 504 + SIZE + 1, UINT64_MAX };
	struct ring *r = *state;
	struct insides in = insides_of(r);
	uint32_t len;

	for (size_t i = 0; i < COUNT(tails); i++) {
		*in.head = 504;
		ring_attach(r);
		*in.tail = tails[i];
		assert_int_equal(push_pattern(r, 100, 1), -ENOBUFS);
		assert_int_equal(ring_used(r), SIZE);
		assert_int_equal(ring_read(r, out, sizeof(out), &len), -EBADMSG);
		assert_int_equal(ring_used(r), 0);
		assert_int_equal(push_pattern(r, 100, 2), 0);
		read_pattern(r, 100, 2);
	}
}

/* Mostly near misses: what is far off is refused by the first comparison. */
static uint64_t
garbage_position(struct dice *d, uint64_t about)
{
	switch (dice_below(d, 4)) {
	case 0:
		return dice_roll(d);
	case 1:
		return about;
	default:
		return about + dice_below(d, 2 * SIZE) - SIZE / 2;
	}
}

/* The fences end the test if the owner looks outside, the sanitizer if it writes
 * behind the buffer, which is as large as it says. */
static void
garbage_never_leads_outside(void **state)
{
	struct ring *r = *state;
	struct insides in = insides_of(r);
	struct dice d = { .state = 20 };
	unsigned char *buf = malloc(200);
	uint32_t len, n;

	assert_non_null(buf);
	for (unsigned i = 0; i < GARBAGE_ROUNDS; i++) {
		*in.head = garbage_position(&d, *in.tail);
		*in.tail = garbage_position(&d, *in.head);
		n = (uint32_t)dice_below(&d, dice_below(&d, 2) == 0 ? 2 * SIZE : UINT32_MAX);
		memcpy(in.data + dice_below(&d, SIZE / 4) * 4, &n, 4);
		if (dice_below(&d, 2) == 0)
			ring_attach(r);
		while (ring_read(r, buf, 200, &len) == 0)
			assert_in_range(len, 1, 200);
		ring_release(r);
		assert_in_range(ring_used(r), 0, SIZE);
		push_pattern(r, (uint32_t)dice_below(&d, SIZE), i);
	}
	free(buf);
}

static int
scribble_till_killed(void *arg)
{
	struct insides *s = arg;
	struct dice d = { .state = 21 };

	for (uint64_t i = 0; i < UINT64_MAX; i++) {
		*(volatile uint64_t *)s->tail += dice_below(&d, 3) * 8;
		((volatile uint8_t *)s->data)[dice_below(&d, SIZE)] = (uint8_t)dice_below(&d, 64);
	}
	return 0;
}

/* As before, but it changes between the check and the use. */
static void
concurrent_garbage_never_leads_outside(void **state)
{
	struct ring *r = *state;
	struct insides in = insides_of(r);
	pid_t pid = child_start(scribble_till_killed, &in);
	unsigned char *buf = malloc(60);
	uint32_t len;

	assert_non_null(buf);
	for (unsigned i = 0; i < SCRIBBLED_READS; i++) {
		if (ring_read(r, buf, 60, &len) == 0)
			assert_in_range(len, 1, 60);
		ring_release(r);
	}
	child_kill(pid);
	free(buf);
}

/* The ring's memory as such: whether `text` stands anywhere in it. */
static int
remembers(const struct ring *r, const char *text)
{
	return memmem(r->shared, ring_space(r->size), text, strlen(text)) != NULL;
}

static void
release_wiped_leaves_no_secret(void **state)
{
	struct ring *r = *state;
	uint32_t len;

	for (unsigned round = 0; round < SIZE / 8; round++) {	/* at each place, also wrapped */
		assert_int_equal(push(r, "correct horse", 13), 0);
		assert_int_equal(push(r, "unread", 6), 0);
		assert_int_equal(ring_read(r, out, sizeof(out), &len), 0);
		assert_true(round > 0 || remembers(r, "correct horse"));
		assert_int_equal(ring_release_wiped(r), 0);
		assert_false(remembers(r, "correct") || remembers(r, "horse"));
		assert_int_equal(ring_read(r, out, sizeof(out), &len), 0);
		assert_memory_equal(out, "unread", 6);
		ring_release(r);
	}
	assert_int_equal(ring_used(r), 0);
}

#define RING_TEST(name)	cmocka_unit_test_setup_teardown(name, ring_setup, ring_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_refuses_sizes),
		RING_TEST(records_come_back_in_order_at_every_offset),
		RING_TEST(pieces_become_one_record),
		RING_TEST(push_refuses_sizes),
		cmocka_unit_test(record_max_is_a_bound_of_its_own),
		RING_TEST(push_when_full_keeps_old),
		RING_TEST(only_release_makes_room),
		RING_TEST(attach_reads_the_unreleased_again),
		RING_TEST(too_large_for_the_buffer_stays),
		RING_TEST(drop_all_leaves_nothing),
		RING_TEST(release_wiped_leaves_no_secret),
		RING_TEST(corrupt_record_empties_the_ring),
		RING_TEST(impossible_tail_empties_the_ring),
		RING_TEST(garbage_never_leads_outside),
		RING_TEST(concurrent_garbage_never_leads_outside),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
