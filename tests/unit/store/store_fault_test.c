/*
 * store_fault_test.c - the database goes away, comes back, is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "server/rules/conv.h"
#include "server/store/store_lobby.h"
#include "server/store/store_transact.h"
#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/store_kit.h"
#include "tests/unit/store/store_test.h"

static bool
is_mysql(const struct kit *k)
{
	return strcmp(k->kind->database, "mysql") == 0;
}

static void
kill_connections(void)
{
	mariadb_do("BEGIN NOT ATOMIC FOR r IN (SELECT id FROM information_schema.processlist"
	    " WHERE db = 'kith_test') DO EXECUTE IMMEDIATE CONCAT('KILL CONNECTION ', r.id);"
	    " END FOR; END");
}

static void
wait_until_it_may_connect(const struct kit *k)
{
	struct timespec pause = { 0, 10 * 1000 * 1000 };

	while (proc_now_ms() < k->w.retry_at)
		nanosleep(&pause, NULL);
}

static void
a_lost_connection_costs_nothing(void **state)
{
	struct kit *k = *state;
	uint64_t seq;

	if (!is_mysql(k))
		return;
	assert_int_equal(kit_say(k, 1, "@u2", "x", &seq), KITH_E_OK);
	kill_connections();
	assert_int_equal(kit_say(k, 1, "@u2", "x", &seq), KITH_E_OK);
	assert_int_equal(seq, 2);
	kill_connections();
	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_OK);
	kill_connections();
	assert_int_equal(kit_mark(k, 1, conv_direct(1, 2), 1), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM events WHERE kind = 1"), 2);
	assert_int_equal(kit_stat(k, STAT_db_connects), 4);
}

static void
a_reader_connects_anew(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__ListGroups m = KITH__V1__LIST_GROUPS__INIT;

	if (!is_mysql(k))
		return;
	r.body_case = KITH__V1__REQUEST__BODY_LIST_GROUPS;
	r.list_groups = &m;
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_OK);
	kill_connections();
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_OK);
}

static void
while_it_is_away_requests_are_unavailable(void **state)
{
	struct kit *k = *state;
	Kith__V1__Request r = KITH__V1__REQUEST__INIT;
	Kith__V1__ListGroups m = KITH__V1__LIST_GROUPS__INIT;
	uint64_t before, seq;

	if (!is_mysql(k))
		return;
	r.body_case = KITH__V1__REQUEST__BODY_LIST_GROUPS;
	r.list_groups = &m;
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_OK);
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
	mariadb_stop(true);
	before = proc_now_ms();
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_UNAVAILABLE);
	assert_true(proc_now_ms() - before >= STORE_PATIENCE_MS);
	/* From now on at once. */
	before = proc_now_ms();
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_mark(k, 1, conv_direct(1, 2), 1), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_UNAVAILABLE);
	assert_true(proc_now_ms() - before < STORE_PATIENCE_MS);
	mariadb_start(NULL);
	wait_until_it_may_connect(k);
	assert_int_equal(kit_say(k, 1, "@u2", "x", &seq), KITH_E_OK);
	assert_int_equal(seq, 2);
	k->r.retry_at = 0;
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_OK);
}

static void
a_restart_during_the_patience_is_not_noticed(void **state)
{
	struct kit *k = *state;
	uint64_t seq;

	if (!is_mysql(k))
		return;
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
	mariadb_stop(true);
	mariadb_start(NULL);
	assert_int_equal(kit_say(k, 1, "@u2", "x", &seq), KITH_E_OK);
	assert_int_equal(seq, 2);
}

static void
a_full_disk_is_unavailable_and_passes(void **state)
{
	struct kit *k = *state;
	static char text[TEXT_BYTES_MAX + 1];
	char sql[64];
	unsigned n;

	if (is_mysql(k))
		return;
	memset(text, 'x', TEXT_BYTES_MAX);
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d",
	    (int)kit_number(k, "PRAGMA page_count") + 4);
	kit_do(k, sql);
	for (n = 0; n < 10; n++)
		if (kit_say(k, 1, "@u2", text, NULL) != KITH_E_OK)
			break;
	assert_true(n > 0 && n < 10);
	assert_int_equal(kit_say(k, 1, "@u2", text, NULL), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM events WHERE kind = 1"), n);
	assert_true(kit_stat(k, STAT_db_errors) > 0);
	kit_do(k, "PRAGMA max_page_count = 1000000");
	assert_int_equal(kit_say(k, 1, "@u2", text, NULL), KITH_E_OK);
	assert_int_equal(kit_number(k, "SELECT COUNT(*) FROM events WHERE kind = 1"), n + 1);
}

/* The commit happened, its answer did not come: the batch finds itself stored. */
static void
an_unsure_commit_is_told_once_it_is_found(void **state)
{
	struct kit *k = *state;
	Kith__V1__Reply *r;
	uint64_t id;

	kit_online(k, 2, 1);
	id = kit_send(k, 1, "@u2", "x");
	kit_turn(k);
	assert_int_equal(kit_next(k, 0, &r), 0);
	k->w.writer->unsure_from = k->w.writer->unsure_to = r->sent->outcomes[0]->time_ms;
	kit_drop_told(k);
	kit_send_as(k, 1, "@u2", "x", id);
	kit_turn(k);
	assert_int_equal(kit_next(k, 1, &r), 0);
	assert_int_equal(k->head.type, IPC_EVENT);
	assert_int_equal(r->event->seq, 1);
}

struct rollback {
	uint64_t	group;
	bool		refuse;
};

static enum db_class
join_and_maybe_refuse(struct store *s, void *arg)
{
	struct rollback *x = arg;
	enum db_class c = store_lobby_join(s, 4);

	return c == DB_OK && x->refuse ? DB_DONE : c;
}

static void
what_is_rolled_back_is_neither_told_nor_remembered(void **state)
{
	struct kit *k = *state;
	struct rollback x = { .refuse = true };
	Kith__V1__Reply *r;

	kit_follow(k, k->w.writer->lobby, 1);
	assert_int_equal(store_transact(&k->w, join_and_maybe_refuse, &x), DB_DONE);
	assert_int_equal(kit_next(k, 1, &r), -1);
	assert_int_equal(kit_say(k, 4, "#lobby", "x", NULL), KITH_E_NOT_MEMBER);
	x.refuse = false;
	assert_int_equal(store_transact(&k->w, join_and_maybe_refuse, &x), DB_OK);
	assert_int_equal(kit_next(k, 1, &r), 0);
	assert_int_equal(r->event->seq, 2);
	assert_int_equal(kit_say(k, 4, "#lobby", "x", NULL), KITH_E_OK);
}

int
store_fault_tests(const struct kit_kind *kind)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(a_lost_connection_costs_nothing),
		KIT_TEST(a_reader_connects_anew),
		KIT_TEST(while_it_is_away_requests_are_unavailable),
		KIT_TEST(a_restart_during_the_patience_is_not_noticed),
		KIT_TEST(a_full_disk_is_unavailable_and_passes),
		KIT_TEST(an_unsure_commit_is_told_once_it_is_found),
		KIT_TEST(what_is_rolled_back_is_neither_told_nor_remembered),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
