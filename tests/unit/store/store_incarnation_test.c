/*
 * store_incarnation_test.c - a database that was put back is noticed, and no
 * other one.
 */
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/store_incarnation.h"
#include "tests/unit/kit/store_kit.h"
#include "tests/unit/store/store_test.h"

#define INCARNATION "SELECT incarnation FROM history"

static const char *
mark_path(const struct kit *k)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/kith.history", k->conf.state_dir);
	return path;
}

static void
write_mark(const struct kit *k, const char *text)
{
	FILE *f = fopen(mark_path(k), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
read_mark(const struct kit *k, char text[64])
{
	FILE *f = fopen(mark_path(k), "r");

	assert_non_null(f);
	text[fread(text, 1, 63, f)] = '\0';
	fclose(f);
}

static uint64_t
incarnation(struct kit *k)
{
	uint64_t id = 0;

	assert_int_equal(store_incarnation_get(&k->w, &id), DB_OK);
	assert_int_equal(kit_number(k, INCARNATION), (int64_t)id);
	assert_true(id > 0 && id <= INT64_MAX);
	return id;
}

/* A writer that was killed: its mark is exact, and was not brought up to date at the end. */
static void
the_mark_follows_each_commit(void **state)
{
	struct kit *k = *state;
	uint64_t id = incarnation(k), group;
	char want[64], mark[64];

	for (unsigned i = 0; i < 4; i++) {
		if (i == 1)
			assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
		else if (i == 2)
			assert_int_equal(kit_group(k, 1, "g", true, &group), KITH_E_OK);
		else if (i == 3)
			assert_int_equal(kit_join(k, 2, "#g"), KITH_E_OK);
		snprintf(want, sizeof(want), "%020" PRIu64 " %020" PRIu64 "\n", id,
		    (uint64_t)kit_number(k, "SELECT SUM(last_seq) FROM conversations"));
		read_mark(k, mark);
		assert_string_equal(mark, want);
	}
}

static void
the_same_database_keeps_its_incarnation(void **state)
{
	struct kit *k = *state;
	uint64_t id = incarnation(k);
	char mark[64];

	read_mark(k, mark);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
		kit_restart_writer(k);
		assert_int_equal(incarnation(k), id);
	}
	/* After a power cut the mark may be an old one. */
	write_mark(k, mark);
	kit_restart_writer(k);
	assert_int_equal(incarnation(k), id);
}

static void
another_database_gets_a_new_incarnation(void **state)
{
	static const struct {
		const char *sql, *mark;		/* NULL: as it is; "": none */
	} rows[] = {
		{ "UPDATE conversations SET last_seq = last_seq - 1 WHERE id > 1", NULL },
		{ "DELETE FROM conversations WHERE id > 1", NULL },
		{ "UPDATE history SET incarnation = 5", NULL },
		{ "DELETE FROM history", NULL },
		{ "UPDATE accounts SET admin = 0", "" },
		{ "UPDATE accounts SET admin = 0", "1 2\n" },
		{ "UPDATE accounts SET admin = 0", "00000000000000000001 0000000000000000000x\n" },
		{ "UPDATE accounts SET admin = 0", "-0000000000000000001 00000000000000000001\n" },
		{ "UPDATE accounts SET admin = 0", "00000000000000000001 18446744073709551615\n" },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = incarnation(k), after;

		assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
		kit_do(k, rows[i].sql);
		if (rows[i].mark != NULL && *rows[i].mark == '\0')
			assert_int_equal(unlink(mark_path(k)), 0);
		else if (rows[i].mark != NULL)
			write_mark(k, rows[i].mark);
		kit_restart_writer(k);
		if ((after = incarnation(k)) == before)
			fail_msg("row %zu", i);
		kit_restart_writer(k);
		assert_int_equal(incarnation(k), after);
		kit_do(k, "DELETE FROM events WHERE kind = 1");
		kit_do(k, "DELETE FROM conversations WHERE id > 1");
		assert_int_equal(unlink(mark_path(k)), 0);
		kit_restart_writer(k);
	}
}

/* Without its mark the server stores, and says so. */
static void
a_mark_that_cannot_be_written_stops_nothing(void **state)
{
	struct kit *k = *state;

	assert_int_equal(unlink(mark_path(k)), 0);
	assert_int_equal(mkdir(mark_path(k), 0700), 0);
	kit_restart_writer(k);
	assert_int_equal(kit_say(k, 1, "@u2", "x", NULL), KITH_E_OK);
	assert_int_equal(rmdir(mark_path(k)), 0);
	assert_int_equal(kit_say(k, 1, "@u2", "y", NULL), KITH_E_OK);
	assert_int_equal(access(mark_path(k), R_OK), 0);
}

int
store_incarnation_tests(const struct kit_kind *kind)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(the_mark_follows_each_commit),
		KIT_TEST(the_same_database_keeps_its_incarnation),
		KIT_TEST(another_database_gets_a_new_incarnation),
		KIT_TEST(a_mark_that_cannot_be_written_stops_nothing),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
