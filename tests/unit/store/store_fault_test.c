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

#include "protocol/base/clock.h"
#include "server/proc/proc_health.h"
#include "server/rules/conv.h"
#include "server/store/store_health.h"
#include "server/store/store_lobby.h"
#include "server/store/store_probe.h"
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

	while (clock_now_ms() < k->w.retry_at)
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
	before = clock_now_ms();
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_UNAVAILABLE);
	assert_true(clock_now_ms() - before >= STORE_PATIENCE_MS);
	/* From now on at once. */
	before = clock_now_ms();
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_mark(k, 1, conv_direct(1, 2), 1), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_group(k, 1, "g", true, NULL), KITH_E_UNAVAILABLE);
	assert_int_equal(kit_error(kit_query(k, 1, &r)), KITH_E_UNAVAILABLE);
	assert_true(clock_now_ms() - before < STORE_PATIENCE_MS);
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

static enum proc_health
health_after_proof(struct store *s)
{
	s->health.doubted = true;
	store_probe_tend(s);
	return proc_health_get(s->p->shared, s->p->slot);
}

static void
a_table_that_is_away_is_an_outage_of_both(void **state)
{
	static const char *const tables[] = { "accounts", "tokens", "invites", "conversations",
	    "chat_groups", "members", "events", "cursors", "history" };
	struct kit *k = *state;
	char sql[96];

	assert_int_equal(kit_number(k, is_mysql(k) ?
	    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()" :
	    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"),
	    sizeof(tables) / sizeof(*tables) + 1);	/* and schema_version */
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		assert_int_equal(health_after_proof(&k->w), PROC_HEALTH_UP);
		assert_int_equal(health_after_proof(&k->r), PROC_HEALTH_UP);
		snprintf(sql, sizeof(sql), "ALTER TABLE %s RENAME TO ex", tables[i]);
		kit_do(k, sql);
		assert_int_equal(health_after_proof(&k->w), PROC_HEALTH_BROKEN);
		assert_int_equal(health_after_proof(&k->r), PROC_HEALTH_BROKEN);
		snprintf(sql, sizeof(sql), "ALTER TABLE ex RENAME TO %s", tables[i]);
		kit_do(k, sql);
	}
	assert_int_equal(health_after_proof(&k->w), PROC_HEALTH_UP);
}

/* Not by the proof: that does not come before the next turn. */
static void
a_message_without_its_table_is_unavailable_and_an_outage(void **state)
{
	struct kit *k = *state;
	uint64_t seq;

	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
	kit_do(k, "ALTER TABLE events RENAME TO ex");
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_UNAVAILABLE);
	assert_int_equal(proc_health_get(k->w.p->shared, k->w.p->slot), PROC_HEALTH_BROKEN);
	kit_do(k, "ALTER TABLE ex RENAME TO events");
	assert_int_equal(kit_say(k, 1, "@u2", "x", &seq), KITH_E_OK);
	assert_int_equal(seq, 2);
}

static enum db_class
refuse_one(struct store *s, void *unused)
{
	(void)s;
	(void)unused;
	return DB_ERROR;
}

static void
one_request_that_is_refused_is_no_outage(void **state)
{
	struct kit *k = *state;

	assert_int_equal(health_after_proof(&k->w), PROC_HEALTH_UP);
	assert_int_equal(store_transact(&k->w, refuse_one, NULL), DB_ERROR);
	assert_int_equal(proc_health_get(k->w.p->shared, k->w.p->slot), PROC_HEALTH_UP);
	assert_true(k->w.health.doubted);
	store_probe_tend(&k->w);
	assert_int_equal(proc_health_get(k->w.p->shared, k->w.p->slot), PROC_HEALTH_UP);
	assert_false(k->w.health.doubted);
}

/* The word follows the cause while it is away; what began otherwise keeps its word. */
static void
an_outage_that_turns_into_a_refusal_says_so(void **state)
{
	struct kit *k = *state;
	const struct proc *p = k->w.p;

	store_health_failed(&k->w, DB_LOST, "cannot connect");
	assert_int_equal(proc_health_get(p->shared, p->slot), PROC_HEALTH_AWAY);
	store_health_refused(&k->w, "access denied");
	assert_int_equal(proc_health_get(p->shared, p->slot), PROC_HEALTH_UNUSABLE);
	assert_string_equal(k->w.health.text, "access denied");
	store_health_failed(&k->w, DB_LOST, "cannot connect");
	assert_int_equal(proc_health_get(p->shared, p->slot), PROC_HEALTH_AWAY);
	store_health_proved(&k->w);
	store_health_failed(&k->w, DB_UNSAFE, "replaced");
	store_health_refused(&k->w, "is missing");
	assert_int_equal(proc_health_get(p->shared, p->slot), PROC_HEALTH_UNSAFE);
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
		KIT_TEST(a_table_that_is_away_is_an_outage_of_both),
		KIT_TEST(a_message_without_its_table_is_unavailable_and_an_outage),
		KIT_TEST(one_request_that_is_refused_is_no_outage),
		KIT_TEST(an_outage_that_turns_into_a_refusal_says_so),
		KIT_TEST(what_is_rolled_back_is_neither_told_nor_remembered),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
