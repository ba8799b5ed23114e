/*
 * client_queue_test.c - requests until their answers: what is sent, sent again,
 * and given up.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client-cli/libkith/client_queue.h"
#include "protocol/limits.h"

#define SENT_MAX	64
#define DEADLINE_MS	5000

static struct world {
	struct client_queue queue;
	uint64_t	 now;
	int		 send_rc;
	uint64_t	 sent[SENT_MAX];	/* ids, in order */
	size_t		 n_sent;
	unsigned	 answered, failed;
	uint32_t	 code;			/* of the last failure */
} w;

static int
fake_send(struct kith *k, const uint8_t *frame, size_t len)
{
	Kith__V1__Request *r;

	(void)k;
	if (w.send_rc < 0)
		return w.send_rc;
	r = kith__v1__request__unpack(NULL, len - FRAME_HEADER_BYTES, frame + FRAME_HEADER_BYTES);
	assert_non_null(r);
	assert_true(w.n_sent < SENT_MAX);
	w.sent[w.n_sent++] = r->id;
	kith__v1__request__free_unpacked(r, NULL);
	return 0;
}

static uint64_t
fake_now(void)
{
	return w.now;
}

static void
on_reply(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	(void)k;
	(void)arg;
	assert_true((why == NULL) == (reply != NULL));
	if (why == NULL) {
		w.answered++;
		return;
	}
	w.failed++;
	w.code = why->code;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.now = 1000000;
	client_queue_init(&w.queue, NULL, fake_send, fake_now, DEADLINE_MS);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	client_queue_fini(&w.queue);
	return 0;
}

static uint64_t
add(unsigned flags)
{
	Kith__V1__Logout body = KITH__V1__LOGOUT__INIT;
	uint64_t id = w.queue.next_id;

	assert_int_equal(client_queue_add(&w.queue, KITH__V1__REQUEST__BODY_LOGOUT, &body,
	    KITH__V1__REPLY__BODY_DONE, flags, on_reply, NULL), 0);
	return id;
}

static void
open_queue(uint32_t in_flight)
{
	client_queue_open(&w.queue, in_flight);
	client_queue_pump(&w.queue);
}

static void
answer_done(uint64_t id)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Done done = KITH__V1__DONE__INIT;

	reply.id = id;
	reply.body_case = KITH__V1__REPLY__BODY_DONE;
	reply.done = &done;
	client_queue_answer(&w.queue, &reply);
}

static void
answer_error(uint64_t id, Kith__V1__ErrorCode code, uint32_t retry_after_ms)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Error error = KITH__V1__ERROR__INIT;

	error.code = code;
	error.retry_after_ms = retry_after_ms;
	reply.id = id;
	reply.body_case = KITH__V1__REPLY__BODY_ERROR;
	reply.error = &error;
	client_queue_answer(&w.queue, &reply);
}

static void
lose(void)
{
	struct kith_failure why = { .code = KITH_L_LOST, .exit = KITH_EXIT_OFFLINE };

	client_queue_lost(&w.queue, &why);
}

static void
requests_wait_for_the_login(void **state)
{
	uint64_t id = add(0);

	(void)state;
	assert_int_equal(w.n_sent, 0);
	open_queue(0);
	assert_int_equal(w.n_sent, 1);
	answer_done(id);
	assert_int_equal(w.answered, 1);
	assert_int_equal(w.queue.n, 0);
}

static void
no_more_in_flight_than_the_server_takes(void **state)
{
	uint64_t ids[3];

	(void)state;
	open_queue(2);
	for (size_t i = 0; i < 3; i++)
		ids[i] = add(0);
	assert_int_equal(w.n_sent, 2);
	answer_done(ids[0]);
	assert_int_equal(w.n_sent, 3);
	assert_int_equal(w.sent[2], ids[2]);
}

static void
lost_requests_are_sent_again_in_their_order(void **state)
{
	uint64_t first, second;

	(void)state;
	open_queue(0);
	first = add(0);
	second = add(0);
	lose();
	assert_int_equal(w.failed, 0);
	add(0);
	assert_int_equal(w.n_sent, 2);		/* nothing without a login */
	open_queue(0);
	assert_int_equal(w.n_sent, 5);
	assert_int_equal(w.sent[2], first);
	assert_int_equal(w.sent[3], second);
}

static void
what_may_not_be_repeated_fails_if_it_was_sent(void **state)
{
	(void)state;
	add(REQUEST_ONCE);
	lose();
	assert_int_equal(w.failed, 0);
	open_queue(0);
	lose();
	assert_int_equal(w.failed, 1);
	assert_int_equal(w.code, KITH_L_LOST);
}

static void
internal_requests_are_dropped_in_silence(void **state)
{
	(void)state;
	add(REQUEST_INTERNAL);
	lose();
	assert_int_equal(w.queue.n, 0);
	assert_int_equal(w.failed, 0);
}

static void
busy_pauses_all_for_as_long_as_it_says(void **state)
{
	uint64_t id;

	(void)state;
	open_queue(0);
	id = add(0);
	answer_error(id, KITH__V1__ERROR_CODE__BUSY, 300);
	assert_int_equal(w.failed, 0);
	add(0);
	assert_int_equal(w.n_sent, 1);
	w.now += 299;
	client_queue_pump(&w.queue);
	assert_int_equal(w.n_sent, 1);
	w.now += 1;
	client_queue_pump(&w.queue);
	assert_int_equal(w.n_sent, 3);
	assert_int_equal(w.sent[1], id);
}

static void
busy_beyond_the_deadline_fails(void **state)
{
	uint64_t id;

	(void)state;
	open_queue(0);
	id = add(0);
	answer_error(id, KITH__V1__ERROR_CODE__BUSY, DEADLINE_MS);
	assert_int_equal(w.failed, 1);
}

static void
no_answer_fails_at_the_deadline(void **state)
{
	(void)state;
	open_queue(0);
	add(0);
	w.now += DEADLINE_MS - 1;
	client_queue_expire(&w.queue);
	assert_int_equal(w.failed, 0);
	w.now += 1;
	client_queue_expire(&w.queue);
	assert_int_equal(w.failed, 1);
	assert_int_equal(w.code, KITH_L_NO_ANSWER);
}

static void
full_connection_is_tried_again(void **state)
{
	(void)state;
	w.send_rc = -ENOBUFS;
	open_queue(0);
	add(0);
	assert_int_equal(w.n_sent, 0);
	w.send_rc = 0;
	client_queue_pump(&w.queue);
	assert_int_equal(w.n_sent, 1);
}

static void
answer_of_another_kind_is_a_failure(void **state)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sent sent = KITH__V1__SENT__INIT;

	(void)state;
	open_queue(0);
	reply.id = add(0);
	reply.body_case = KITH__V1__REPLY__BODY_SENT;
	reply.sent = &sent;
	client_queue_answer(&w.queue, &reply);
	assert_int_equal(w.failed, 1);
	assert_int_equal(w.code, KITH_L_PROTOCOL);
}

static void
request_over_the_frame_size_is_refused(void **state)
{
	static char text[FRAME_BYTES_MAX + 1];
	Kith__V1__Send body = KITH__V1__SEND__INIT;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	body.text = text;
	assert_int_equal(client_queue_add(&w.queue, KITH__V1__REQUEST__BODY_SEND, &body,
	    KITH__V1__REPLY__BODY_SENT, 0, on_reply, NULL), -EMSGSIZE);
	assert_int_equal(w.queue.n, 0);
}

int
main(void)
{
#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(requests_wait_for_the_login),
		TEST(no_more_in_flight_than_the_server_takes),
		TEST(lost_requests_are_sent_again_in_their_order),
		TEST(what_may_not_be_repeated_fails_if_it_was_sent),
		TEST(internal_requests_are_dropped_in_silence),
		TEST(busy_pauses_all_for_as_long_as_it_says),
		TEST(busy_beyond_the_deadline_fails),
		TEST(no_answer_fails_at_the_deadline),
		TEST(full_connection_is_tried_again),
		TEST(answer_of_another_kind_is_a_failure),
		TEST(request_over_the_frame_size_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
