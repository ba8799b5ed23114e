/*
 * store_news_test.c - what workers hear of a transaction: all of it, whole, or a Resync.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/store_news.h"
#include "server/store/store_tell.h"
#include "server/store/store_transact.h"
#include "tests/unit/kit/store_kit.h"
#include "tests/unit/store/store_test.h"

#define MESSAGES "SELECT COUNT(*) FROM events WHERE kind = 1"

struct notes {
	unsigned	n;		/* events of one transaction */
	uint32_t	bytes;		/* of each text */
};

static enum db_class
note_events(struct store *s, void *arg)
{
	const struct notes *x = arg;
	enum db_class c = DB_OK;
	char *text = malloc(x->bytes + 1u);

	assert_non_null(text);
	memset(text, 'x', x->bytes);
	text[x->bytes] = '\0';
	for (unsigned i = 0; c == DB_OK && i < x->n; i++) {
		struct db_event e = { .conversation = s->writer->lobby, .sender = 1,
			.kind = KITH__V1__EVENT_KIND__MESSAGE, .body = text,
			.body_len = x->bytes };

		c = store_news_event(s, &e);
	}
	free(text);
	return c;
}

static const Kith__V1__Event *
next_event(struct kit *k)
{
	Kith__V1__Reply *r;

	assert_int_equal(kit_next(k, 1, &r), 0);
	assert_int_equal(k->head.type, IPC_EVENT);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_EVENT);
	return r->event;
}

static void
long_text_is_told_whole(void **state)
{
	struct kit *k = *state;
	struct notes x = { .n = 1, .bytes = TEXT_BYTES_MAX };

	kit_follow(k, k->w.writer->lobby, 1);
	assert_int_equal(store_transact(&k->w, note_events, &x), DB_OK);
	assert_int_equal(strlen(next_event(k)->text), TEXT_BYTES_MAX);
}

static void
all_news_of_a_transaction_are_told_in_order(void **state)
{
	struct kit *k = *state;
	struct notes x = { .n = STORE_NEWS_MAX, .bytes = 1 };
	Kith__V1__Reply *r;

	kit_follow(k, k->w.writer->lobby, 1);
	assert_int_equal(store_transact(&k->w, note_events, &x), DB_OK);
	for (unsigned i = 0; i < x.n; i++)
		assert_int_equal(next_event(k)->seq, i + 2);
	assert_int_equal(kit_next(k, 1, &r), -1);
}

static void
too_many_news_refuse_the_transaction(void **state)
{
	struct kit *k = *state;
	struct notes x = { .n = STORE_NEWS_MAX + 1, .bytes = 1 };
	Kith__V1__Reply *r;

	kit_follow(k, k->w.writer->lobby, 1);
	assert_int_equal(store_transact(&k->w, note_events, &x), DB_ERROR);
	assert_int_equal(kit_next(k, 1, &r), -1);
	assert_int_equal(kit_number(k, MESSAGES), 0);
	assert_true(kit_stat(k, STAT_db_errors) > 0);
}

static void
event_without_a_live_copy_is_told_as_a_resync(void **state)
{
	struct kit *k = *state;
	static char text[TEXT_BYTES_MAX * 2 + 1];
	struct db_event e = { .conversation = k->w.writer->lobby, .seq = 2, .sender = 1,
		.kind = KITH__V1__EVENT_KIND__MESSAGE, .body = text,
		.body_len = sizeof(text) - 1 };
	Kith__V1__Reply *r;

	memset(text, 'x', sizeof(text) - 1);
	kit_follow(k, k->w.writer->lobby, 1);
	for (unsigned i = 1; i <= 2; i++) {
		store_tell_event(&k->w, &e);
		assert_int_equal(kit_next(k, 1, &r), 0);
		assert_int_equal(k->head.type, IPC_EVENT);
		assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_RESYNC);
		assert_int_equal(kit_stat(k, STAT_events_resynced), i);
		e.body = NULL;
	}
}

int
store_news_tests(const struct kit_kind *kind)
{
	const struct CMUnitTest tests[] = {
		KIT_TEST(long_text_is_told_whole),
		KIT_TEST(all_news_of_a_transaction_are_told_in_order),
		KIT_TEST(too_many_news_refuse_the_transaction),
		KIT_TEST(event_without_a_live_copy_is_told_as_a_resync),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
