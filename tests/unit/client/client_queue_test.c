/*
 * client_queue_test.c - requests until their answers: what is sent, sent again,
 * and given up.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client-cli/libkith/client_id.h"
#include "client-cli/libkith/client_queue.h"
#include "protocol/limits.h"

#define SENT_MAX	64
#define DEADLINE_MS	5000

static struct world {
	struct client_queue queue;
	uint64_t	 now;
	int		 send_rc;
	uint64_t	 sent[SENT_MAX];	/* ids, in order */
	char		 told[512];		/* of the Sends: "2:@bob,#ops=hello " */
	uint64_t	 client_id;		/* of the last one */
	char		 outcomes[128];		/* of the last answer: "7 8 CLIENT_ID_TAKEN" */
	size_t		 n_sent;
	unsigned	 answered, failed;
	uint32_t	 code;			/* of the last failure */
} w;

/* Notes number of targets, targets and text of a Send. */
static void
note_send(const Kith__V1__Send *send)
{
	size_t at = strlen(w.told);

	for (size_t i = 0; i < send->n_targets; i++)
		at += (size_t)snprintf(w.told + at, sizeof(w.told) - at, "%s%s", i > 0 ? "," : "",
		    send->targets[i]->user);
	snprintf(w.told + at, sizeof(w.told) - at, "=%s ", send->text);
	w.client_id = send->client_id;
}

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
	if (r->body_case == KITH__V1__REQUEST__BODY_SEND)
		note_send(r->send);
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

static void
on_sent(struct kith *k, const struct kith_failure *why, const Kith__V1__Reply *reply, void *arg)
{
	size_t at = 0;

	on_reply(k, why, reply, arg);
	for (size_t i = 0; why == NULL && i < reply->sent->n_outcomes; i++) {
		const Kith__V1__Outcome *o = reply->sent->outcomes[i];

		at += (size_t)snprintf(w.outcomes + at, sizeof(w.outcomes) - at, i > 0 ? " %s%u" :
		    "%s%u", o->error != NULL ? "E" : "",
		    o->error != NULL ? (unsigned)o->error->code : (unsigned)o->seq);
	}
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

/* Targets separated by blanks. */
static uint64_t
add_send(const char *targets, const char *text, uint64_t client_id)
{
	Kith__V1__Send body = KITH__V1__SEND__INIT;
	Kith__V1__Target to[8], *list[8];
	uint64_t id = w.queue.next_id;
	char copy[64], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", targets);
	for (; (one = strtok_r(rest, " ", &rest)) != NULL; body.n_targets++) {
		list[body.n_targets] = &to[body.n_targets];
		kith__v1__target__init(list[body.n_targets]);
		to[body.n_targets].to_case = KITH__V1__TARGET__TO_USER;
		to[body.n_targets].user = one;
	}
	body.targets = list;
	body.text = (char *)(uintptr_t)text;
	body.client_id = client_id;
	assert_int_equal(client_queue_add(&w.queue, KITH__V1__REQUEST__BODY_SEND, &body,
	    KITH__V1__REPLY__BODY_SENT, 0, on_sent, NULL), 0);
	return id;
}

/* "7 E32": an outcome with a seq, or with an error, for each copy. */
static void
answer_sent(uint64_t id, const char *outcomes)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Sent sent = KITH__V1__SENT__INIT;
	Kith__V1__Outcome o[8], *list[8];
	Kith__V1__Error errors[8];
	char copy[64], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", outcomes);
	for (; (one = strtok_r(rest, " ", &rest)) != NULL; sent.n_outcomes++) {
		size_t i = sent.n_outcomes;

		list[i] = &o[i];
		kith__v1__outcome__init(&o[i]);
		kith__v1__error__init(&errors[i]);
		if (*one == 'E') {
			errors[i].code = (Kith__V1__ErrorCode)atoi(one + 1);
			o[i].error = &errors[i];
		} else
			o[i].seq = (uint64_t)atoi(one);
	}
	sent.outcomes = list;
	reply.id = id;
	reply.body_case = KITH__V1__REPLY__BODY_SENT;
	reply.sent = &sent;
	client_queue_answer(&w.queue, &reply);
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

/* A message that is sent again is not behind those that were written after it. */
static void
messages_keep_their_order(void **state)
{
	static const char *const again[] = { "E32", "E26", "E24" };

	(void)state;
	open_queue(0);
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		uint64_t one = add_send("bob", "1", 5), two = add_send("bob", "2", 6);

		w.told[0] = '\0';
		answer_sent(one, again[i]);
		w.now += 1001;
		client_queue_pump(&w.queue);
		assert_string_equal(w.told, "bob=1 ");
		answer_sent(one, "7");
		assert_string_equal(w.told, "bob=1 bob=2 ");
		answer_sent(two, "8");
		assert_int_equal(w.answered, 2 * (i + 1));
	}
}

/* What never was handed to a connection, no server can have. */
static void
what_has_left_is_known(void **state)
{
	uint64_t one;

	(void)state;
	one = add_send("bob", "1", 5);
	add_send("bob carol", "2", 6);
	assert_false(client_queue_has_left(&w.queue, 5));
	open_queue(0);
	assert_true(client_queue_has_left(&w.queue, 5));
	assert_false(client_queue_has_left(&w.queue, 6));
	lose();
	assert_true(client_queue_has_left(&w.queue, 5));
	assert_false(client_queue_has_left(&w.queue, 6));
	open_queue(0);
	answer_sent(one, "7");
	assert_false(client_queue_has_left(&w.queue, 5));
	assert_true(client_queue_has_left(&w.queue, 6));
}

/* Others wait behind a message, but not what the core asks. */
static void
requests_wait_behind_messages(void **state)
{
	uint64_t one, two, other;

	(void)state;
	open_queue(0);
	one = add_send("bob", "1", 5);
	two = add_send("bob", "2", 6);
	other = add(0);
	add(REQUEST_INTERNAL);
	assert_int_equal(w.n_sent, 2);
	answer_sent(one, "1");
	assert_int_equal(w.n_sent, 4);
	assert_int_equal(w.sent[2], two);
	assert_int_equal(w.sent[3], other);
	lose();
	open_queue(0);
	assert_int_equal(w.n_sent, 6);
	assert_int_equal(w.sent[4], two);
}

static void
copies_whose_ids_are_taken_are_sent_again(void **state)
{
	static const struct {
		const char *to, *answers[4], *told, *outcomes;
	} rows[] = {
		{ "a", { "E32", "9" }, "a=x a=x ", "9" },
		{ "a b c", { "4 E32 5", "6" }, "a,b,c=x b=x ", "4 6 5" },
		{ "a b c d", { "E32 1 E32 E32", "2 E32 3", "4" }, "a,b,c,d=x a,c,d=x c=x ",
		    "2 1 4 3" },
		{ "a b", { "E32 E16", "E19" }, "a,b=x a=x ", "E19 E16" },
		{ "a b", { "3 E16" }, "a,b=x ", "3 E16" },
		{ "a b", { "E32 7", "E26", "5" }, "a,b=x a=x a=x ", "5 7" },
	};
	uint64_t last = 0;

	(void)state;
	open_queue(0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t id = add_send(rows[i].to, "x", last = 5);

		for (size_t j = 0; rows[i].answers[j] != NULL; j++) {
			if (j > 0 && strcmp(rows[i].answers[j - 1], "E26") != 0) {
				assert_true(w.client_id & CLIENT_ID_FREE_BIT);
				assert_true(w.client_id > last);
				last = w.client_id;
			}
			assert_int_equal(w.queue.n, 1);
			answer_sent(id, rows[i].answers[j]);
			w.now += 1001;
			client_queue_pump(&w.queue);
		}
		assert_string_equal(w.outcomes, rows[i].outcomes);
		assert_string_equal(w.told, rows[i].told);
		assert_int_equal(w.queue.n + w.queue.in_flight + w.queue.sends, 0);
		w.told[0] = '\0';
	}
}

/* Nor does a server that answers nonsense lead into the void. */
static void
taken_ids_end_some_time(void **state)
{
	uint64_t id;

	(void)state;
	open_queue(0);
	id = add_send("a b", "x", 5);
	for (unsigned i = 0; w.answered == 0 && i < 50; i++)
		answer_sent(id, "E32 E32");
	assert_string_equal(w.outcomes, "E32 E32");
	id = add_send("a b", "x", 5);
	answer_sent(id, "E32 1");
	answer_sent(id, "1 2 E32 E32");
	answer_sent(id, "E32");
	assert_int_equal(w.answered, 2);
}

static void
client_ids_rise_and_leave_room(void **state)
{
	uint64_t last = 0, before = 0, first, other = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		unsigned n = 1 + i % TARGETS_MAX;

		first = client_id_take(&last, n);
		assert_true(first > before && (first & CLIENT_ID_FREE_BIT) != 0);
		assert_true(last == first + n - 1 && last < CLIENT_ID_FREE_BIT << 1);
		before = last;
	}
	/* Another process at the same time: chance keeps them apart. */
	assert_true(client_id_take(&other, 1) != client_id_take(&last, 1));
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
		TEST(messages_keep_their_order),
		TEST(what_has_left_is_known),
		TEST(requests_wait_behind_messages),
		TEST(copies_whose_ids_are_taken_are_sent_again),
		TEST(taken_ids_end_some_time),
		TEST(client_ids_rise_and_leave_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
