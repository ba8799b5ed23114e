/*
 * ipc_test.c - which role may send which record to which, at both ends.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/ipc.pb-c.h"
#include "protocol/limits.h"
#include "server/lib/log.h"
#include "server/proc/ipc.h"
#include "tests/unit/kit/fake_shared.h"

enum {
	WRITER = FAKE_SLOT(ROLE_WRITER),
	READER = FAKE_SLOT(ROLE_READER),
	AUTH = FAKE_SLOT(ROLE_AUTH),
	WORKER = FAKE_SLOT(ROLE_WORKER),
	WORKER_2
};

static struct shared *shared;

static int
setup(void **state)
{
	(void)state;
	shared = fake_shared_create();
	log_init(LOG_L_ERROR);		/* refusals are expected, and many */
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fake_shared_destroy(shared);
	return 0;
}

static unsigned
slot_of(enum role r)
{
	return shared->first[r] + shared->count[r] - 1;
}

/* The table once more, written another way: sender, type, receiver. */
static bool
expected(enum role from, unsigned type, enum role to)
{
	static const struct { enum role from; unsigned type; enum role to; } allowed[] = {
		{ ROLE_WORKER, IPC_REQUEST, ROLE_WRITER },
		{ ROLE_WORKER, IPC_QUERY, ROLE_READER },
		{ ROLE_WORKER, IPC_AUTH, ROLE_AUTH },
		{ ROLE_WRITER, IPC_REPLY, ROLE_WORKER },
		{ ROLE_READER, IPC_REPLY, ROLE_WORKER },
		{ ROLE_AUTH, IPC_REPLY, ROLE_WORKER },
		{ ROLE_AUTH, IPC_LOGIN, ROLE_WORKER },
		{ ROLE_WRITER, IPC_EVENT, ROLE_WORKER },
		{ ROLE_WRITER, IPC_CURSOR, ROLE_WORKER },
		{ ROLE_WRITER, IPC_MEMBER, ROLE_WORKER },
		{ ROLE_WORKER, IPC_LOAD, ROLE_READER },
		{ ROLE_READER, IPC_LOADED, ROLE_WORKER },
		{ ROLE_WRITER, IPC_REVOKED, ROLE_WORKER },
		{ ROLE_WORKER, IPC_SEEN, ROLE_WRITER },
		{ ROLE_MASTER, IPC_SEEN, ROLE_WRITER },
		{ ROLE_AUTH, IPC_ASK, ROLE_READER },
		{ ROLE_AUTH, IPC_ASK, ROLE_WRITER },
		{ ROLE_READER, IPC_ANSWER, ROLE_AUTH },
		{ ROLE_WRITER, IPC_ANSWER, ROLE_AUTH },
		{ ROLE_MASTER, IPC_ADMIN, ROLE_AUTH },
		{ ROLE_AUTH, IPC_ADMIN_ANSWER, ROLE_MASTER },
		{ ROLE_WORKER, IPC_TYPING, ROLE_WORKER },
	};

	if (type == IPC_LOG)
		return to == ROLE_LOG && from != ROLE_LOG;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (allowed[i].from == from && allowed[i].type == type && allowed[i].to == to)
			return true;
	return false;
}

static void
only_rows_pass_at_both_ends(void **state)
{
	uint8_t rec[RING_RECORD_MAX];
	const uint8_t *body;
	uint32_t len, body_len;
	struct ipc_head h;

	(void)state;
	for (unsigned from = 0; from < ROLE_COUNT; from++)
	for (unsigned to = 0; to < ROLE_COUNT; to++)
	for (unsigned type = 0; type < IPC_TYPE_COUNT + 2; type++) {
		struct proc sender = fake_proc(shared, slot_of(from));
		struct proc receiver = fake_proc(shared, slot_of(to));
		bool may = expected(from, type, to);

		h = (struct ipc_head){ .type = (uint16_t)type };
		assert_int_equal(ipc_send(&sender, slot_of(to), &h, NULL, 0), may ? 0 : -EPERM);
		if (may)
			assert_int_equal(ring_read(&shared->rings[slot_of(to)], rec, sizeof(rec),
			    &len), 0);
		/* The same record by somebody who does not use ipc_send(). */
		h.from = (uint8_t)slot_of(from);
		h.generation = FAKE_GENERATION;
		memcpy(rec, &h, sizeof(h));
		assert_int_equal(ipc_check(&receiver, rec, sizeof(h), &h, &body, &body_len),
		    may ? 0 : -EBADMSG);
	}
}

static void
a_record_arrives_as_it_was_sent(void **state)
{
	struct proc worker = fake_proc(shared, WORKER_2), writer = fake_proc(shared, WRITER);
	struct ipc_head h = { .type = IPC_REQUEST, .session = 9, .request = 77, .user = { 5, 6 } };
	uint8_t rec[RING_RECORD_MAX];
	const uint8_t *body;
	uint32_t len, body_len;

	(void)state;
	assert_int_equal(ipc_send(&worker, WRITER, &h, "body", 4), 0);
	assert_int_equal(ring_read(&shared->rings[WRITER], rec, sizeof(rec), &len), 0);
	memset(&h, 0xff, sizeof(h));
	assert_int_equal(ipc_check(&writer, rec, len, &h, &body, &body_len), 0);
	assert_int_equal(h.from, WORKER_2);
	assert_int_equal(h.generation, FAKE_GENERATION);
	assert_int_equal(h.session, 9);
	assert_int_equal(h.request, 77);
	assert_int_equal(h.user[1], 6);
	assert_int_equal(body_len, 4);
	assert_memory_equal(body, "body", 4);
}

static void
malformed_heads_are_refused_and_counted(void **state)
{
	const struct ipc_head good = { .type = IPC_SEEN, .from = WORKER,
	    .generation = FAKE_GENERATION };
	struct proc writer = fake_proc(shared, WRITER);
	struct ipc_head bad[4] = { good, good, good, good }, h;
	uint64_t before = atomic_load(&writer.stats->v[STAT_ipc_refused]);
	const uint8_t *body;
	uint32_t body_len;

	(void)state;
	bad[0].from = 7;			/* no such slot */
	bad[1].from = 255;
	bad[2].generation = 0;
	bad[3].generation = FAKE_GENERATION + 1;
	assert_int_equal(ipc_check(&writer, &good, sizeof(good), &h, &body, &body_len), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(ipc_check(&writer, &bad[i], sizeof(h), &h, &body, &body_len),
		    -EBADMSG);
	for (uint32_t len = 0; len < sizeof(h); len++)
		assert_int_equal(ipc_check(&writer, &good, len, &h, &body, &body_len), -EBADMSG);
	assert_int_equal(atomic_load(&writer.stats->v[STAT_ipc_refused]),
	    before + 4 + sizeof(h));
}

static void
what_an_earlier_generation_left_is_taken(void **state)
{
	const struct ipc_head old = { .type = IPC_SEEN, .from = WORKER, .generation = 1 };
	struct proc writer = fake_proc(shared, WRITER);
	const uint8_t *body;
	uint32_t body_len;
	struct ipc_head h;

	(void)state;
	assert_int_equal(ipc_check(&writer, &old, sizeof(old), &h, &body, &body_len), 0);
}

static void
an_answer_to_an_earlier_generation_is_stale(void **state)
{
	struct ipc_head answer = { .type = IPC_LOADED, .from = READER,
	    .generation = FAKE_GENERATION,
	    .to_generation = FAKE_GENERATION - 1 }, h;
	struct proc worker = fake_proc(shared, WORKER);
	const uint8_t *body;
	uint32_t body_len;

	(void)state;
	assert_int_equal(ipc_check(&worker, &answer, sizeof(h), &h, &body, &body_len), -ESTALE);
	answer.to_generation = FAKE_GENERATION;
	assert_int_equal(ipc_check(&worker, &answer, sizeof(h), &h, &body, &body_len), 0);
	answer.to_generation = 0;
	assert_int_equal(ipc_check(&worker, &answer, sizeof(h), &h, &body, &body_len), 0);
}

static void
bodies_over_their_bound_are_refused_at_both_ends(void **state)
{
	static uint8_t big[sizeof(struct ipc_head) + FRAME_BYTES_MAX + 1];
	struct ipc_head h;
	const uint8_t *body;
	uint32_t body_len;

	(void)state;
	for (unsigned type = 1; type < IPC_TYPE_COUNT; type++) {
		const struct ipc_row *row = &ipc_table[type];
		unsigned from = (unsigned)__builtin_ctz(row->from);
		unsigned to = (unsigned)__builtin_ctz(row->to);
		uint32_t over = row->body_max + 1, head = sizeof(h);
		struct proc sender = fake_proc(shared, slot_of(from));
		struct proc receiver = fake_proc(shared, slot_of(to));

		h = (struct ipc_head){ .type = (uint16_t)type };
		assert_int_equal(ipc_send(&sender, slot_of(to), &h, big, over), -EMSGSIZE);
		h.from = (uint8_t)slot_of(from);
		h.generation = FAKE_GENERATION;
		memcpy(big, &h, sizeof(h));
		assert_int_equal(ipc_check(&receiver, big, head + over - 1, &h, &body,
		    &body_len), 0);
		assert_int_equal(ipc_check(&receiver, big, head + over, &h, &body, &body_len),
		    -EBADMSG);
	}
}

static void
a_full_inbox_is_told_and_counted(void **state)
{
	struct proc worker = fake_proc(shared, WORKER);
	static uint8_t body[60000];
	struct ipc_head h;
	unsigned sent = 0;
	int rc;

	(void)state;
	do {
		h = (struct ipc_head){ .type = IPC_QUERY };
		rc = ipc_send(&worker, READER, &h, body, sizeof(body));
	} while (rc == 0 && ++sent < 100);
	assert_int_equal(rc, -ENOBUFS);
	assert_in_range(sent, 1, 10);
	assert_int_equal(atomic_load(&worker.stats->v[STAT_ipc_full]), 1);
	ring_drop_all(&shared->rings[READER]);
}

/* So no inbox ever counts a record as dropped for it: its worker would distrust what it has. */
static void
a_hint_takes_no_room_that_others_need(void **state)
{
	struct proc worker = fake_proc(shared, WORKER);
	struct ring *inbox = &shared->rings[WORKER_2];
	uint64_t dropped = ring_dropped(inbox);
	unsigned sent = 0;
	int rc;

	(void)state;
	do {
		struct ipc_head h = { .type = IPC_TYPING };

		rc = ipc_send_hint(&worker, WORKER_2, &h, "hint", 4);
	} while (rc == 0 && ++sent < inbox->size);
	assert_int_equal(rc, -ENOBUFS);
	assert_true(ring_used(inbox) > inbox->size / 2);
	assert_true(ring_used(inbox) < inbox->size / 2 + 256);
	assert_int_equal(ring_dropped(inbox), dropped);
	assert_int_equal(atomic_load(&worker.stats->v[STAT_ipc_full]), 1); /* of the test before */
	ring_drop_all(inbox);
}

static unsigned
taken(unsigned slot)
{
	uint8_t rec[RING_RECORD_MAX];
	unsigned n = 0;
	uint32_t len;

	while (ring_read(&shared->rings[slot], rec, sizeof(rec), &len) == 0)
		n++;
	ring_release(&shared->rings[slot]);
	return n;
}

/* A lookup that failed must not silence a revocation. */
static void
workers_of_the_mask_are_told_or_all(void **state)
{
	static const struct {
		int found;
		uint32_t mask, meant;
	} rows[] = {
		{ 0, 0, 0 }, { 0, 1, 1 }, { 0, 2, 2 }, { 0, 3, 3 }, { 0, ~0u, 3 }, { 0, 4, 0 },
		{ -EBADMSG, 0, 3 }, { -ETIMEDOUT, 1, 3 },
	};
	struct proc writer = fake_proc(shared, WRITER), worker = fake_proc(shared, WORKER);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ipc_head h = { .type = IPC_REVOKED }, hint = { .type = IPC_TYPING };

		assert_int_equal(ipc_send_workers(&writer, rows[i].found, rows[i].mask, &h, NULL,
		    0), rows[i].meant);
		assert_int_equal(taken(WORKER), rows[i].meant & 1);
		assert_int_equal(taken(WORKER_2), rows[i].meant >> 1);
		assert_int_equal(ipc_hint_workers(&worker, rows[i].found, rows[i].mask, &hint,
		    "hint", 4), rows[i].meant);
		assert_int_equal(taken(WORKER), rows[i].meant & 1);
		assert_int_equal(taken(WORKER_2), rows[i].meant >> 1);
	}
}

static void
messages_are_packed(void **state)
{
	struct proc auth = fake_proc(shared, AUTH);
	Kith__Ipc__Ask ask = KITH__IPC__ASK__INIT;
	Kith__Ipc__FindAccount find = KITH__IPC__FIND_ACCOUNT__INIT;
	struct ipc_head h = { .type = IPC_ASK };
	static char name[9000];
	uint8_t rec[RING_RECORD_MAX];
	uint32_t len;

	(void)state;
	find.name = (char *)(uintptr_t)"alice";
	ask.what_case = KITH__IPC__ASK__WHAT_FIND_ACCOUNT;
	ask.find_account = &find;
	assert_int_equal(ipc_send_msg(&auth, READER, &h, &ask.base), 0);
	assert_int_equal(ring_read(&shared->rings[READER], rec, sizeof(rec), &len), 0);
	assert_int_equal(len, sizeof(h) + kith__ipc__ask__get_packed_size(&ask));
	memset(name, 'a', sizeof(name) - 1);
	find.name = name;
	assert_int_equal(ipc_send_msg(&auth, READER, &h, &ask.base), -EMSGSIZE);
}

static void
slots_are_spread_by_key(void **state)
{
	struct proc worker = fake_proc(shared, WORKER);
	unsigned hits[2] = { 0, 0 };

	(void)state;
	for (uint64_t key = 0; key < 1000; key++) {
		assert_int_equal(ipc_slot(&worker, ROLE_WRITER, key), WRITER);
		hits[ipc_slot(&worker, ROLE_WORKER, key) - WORKER]++;
	}
	assert_in_range(hits[0], 400, 600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_rows_pass_at_both_ends),
		cmocka_unit_test(a_record_arrives_as_it_was_sent),
		cmocka_unit_test(malformed_heads_are_refused_and_counted),
		cmocka_unit_test(what_an_earlier_generation_left_is_taken),
		cmocka_unit_test(an_answer_to_an_earlier_generation_is_stale),
		cmocka_unit_test(bodies_over_their_bound_are_refused_at_both_ends),
		cmocka_unit_test(a_full_inbox_is_told_and_counted),
		cmocka_unit_test(a_hint_takes_no_room_that_others_need),
		cmocka_unit_test(workers_of_the_mask_are_told_or_all),
		cmocka_unit_test(messages_are_packed),
		cmocka_unit_test(slots_are_spread_by_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
