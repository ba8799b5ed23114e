/* table_test.c - promises of shm/table.h. Deaths: tests/crash/table_test.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shm/stripe.h"
#include "shm/table.h"
#include "tests/crash/harness.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define STRIPES		4u
#define PER_STRIPE	50u
#define ENTRIES		(STRIPES * PER_STRIPE)
#define MODEL_ROUNDS	50000u
#define GARBAGE_ROUNDS	20000u
#define TORN_READS	300000u

struct value {
	uint64_t	key;		/* again, to see whose value it is */
	uint64_t	serial;
	uint64_t	pattern[4];
};

static struct table table;
static size_t table_bytes;

static int
table_setup(void **state)
{
	const uint32_t value_bytes = sizeof(struct value);

	*state = &table;
	table_bytes = table_space(STRIPES, PER_STRIPE, value_bytes);
	return table_init(&table, fenced_alloc(table_bytes), STRIPES, PER_STRIPE, value_bytes);
}

static int
table_teardown(void **state)
{
	(void)state;
	fenced_free(table.shared, table_bytes);
	return 0;
}

static struct value
value_of(uint64_t key, uint64_t serial)
{
	struct value v = { .key = key, .serial = serial };

	pattern_fill(v.pattern, sizeof(v.pattern), serial);
	return v;
}

static bool
value_sound(const struct value *v, uint64_t key)
{
	return v->key == key && pattern_matches(v->pattern, sizeof(v->pattern), v->serial);
}

static int
add(struct table *t, uint64_t key, uint64_t serial)
{
	struct value v = value_of(key, serial);

	return table_add(t, key, &v);
}

/* A visitor that notes what it was shown, and answers `act`. */
struct notes {
	int		act;
	unsigned	shown;
	uint64_t	serials[ENTRIES];
	bool		unsound;
};

static int
note(uint64_t key, void *value, void *arg)
{
	struct value *v = value;
	struct notes *n = arg;

	if (!value_sound(v, key) || n->shown == ENTRIES)
		n->unsound = true;
	else
		n->serials[n->shown++] = v->serial;
	*v = value_of(key, v->serial + 1000);
	return n->act;
}

static unsigned
count_key(struct table *t, uint64_t key)
{
	struct notes n = { .act = TABLE_NEXT };
	int visited = table_visit_key(t, key, note, &n);

	assert_int_equal(visited, n.shown);
	assert_false(n.unsound);
	return n.shown;
}

static void
numbers_are_checked(void **state)
{
	static const uint32_t rows[][3] = {
		{ 0, 1, 8 }, { 3, 1, 8 }, { TABLE_STRIPES_MAX * 2, 1, 8 },
		{ 1, 0, 8 }, { 1, TABLE_PER_STRIPE_MAX + 1, 8 },
		{ 1, 1, 0 }, { 1, 1, 12 }, { 1, 1, TABLE_VALUE_MAX + 8 },
	};
	struct table t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(table_space(rows[i][0], rows[i][1], rows[i][2]), 0);
		assert_int_equal(table_init(&t, NULL, rows[i][0], rows[i][1], rows[i][2]), -EINVAL);
	}
}

static void
any_size_works_to_its_last_byte(void **state)
{
	static const uint32_t rows[][3] = {
		{ 1, 1, 8 }, { 1, 2, TABLE_VALUE_MAX }, { 16, 3, 24 }, { 2, 1000, 168 },
	};
	unsigned char value[TABLE_VALUE_MAX];

	(void)state;
	memset(value, 0x5a, sizeof(value));
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t bytes = table_space(rows[i][0], rows[i][1], rows[i][2]);
		void *mem = fenced_alloc(bytes);
		uint64_t key = 0;
		struct table t;

		assert_int_equal(table_init(&t, mem, rows[i][0], rows[i][1], rows[i][2]), 0);
		while (table_count(&t) < rows[i][0] * rows[i][1])
			table_add(&t, ++key, value);
		assert_int_equal(table_check(&t), 0);
		fenced_free(mem, bytes);
	}
}

static void
added_is_visited(void **state)
{
	struct table *t = *state;
	struct notes n = { .act = TABLE_NEXT };

	assert_int_equal(add(t, 7, 70), 0);
	assert_int_equal(add(t, 8, 80), 0);
	assert_int_equal(table_visit_key(t, 7, note, &n), 1);
	assert_int_equal(n.serials[0], 70);
	assert_int_equal(count_key(t, 9), 0);
	assert_int_equal(table_count(t), 2);
}

static void
a_key_may_stand_several_times(void **state)
{
	struct table *t = *state;
	struct notes n = { .act = TABLE_STOP };

	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(add(t, 7, i), 0);
	assert_int_equal(count_key(t, 7), 5);
	assert_int_equal(table_visit_key(t, 7, note, &n), 1);
	assert_int_equal(n.shown, 1);
}

static void
a_visitor_writes_only_when_it_says_so(void **state)
{
	struct table *t = *state;
	struct value v;

	assert_int_equal(add(t, 7, 1), 0);
	count_key(t, 7);
	assert_int_equal(table_read(t, 7, &v, 1), 1);
	assert_int_equal(v.serial, 1);
	assert_int_equal(table_visit_key(t, 7, note, &(struct notes){ .act = TABLE_WRITE }), 1);
	assert_int_equal(table_read(t, 7, &v, 1), 1);
	assert_int_equal(v.serial, 1001);
	assert_true(value_sound(&v, 7));
}

static void
a_visitor_of_a_key_erases(void **state)
{
	struct table *t = *state;
	struct notes first = { .act = TABLE_ERASE | TABLE_STOP }, all = { .act = TABLE_ERASE };

	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(add(t, 7, i), 0);
	assert_int_equal(add(t, 8, 0), 0);
	assert_int_equal(table_visit_key(t, 7, note, &first), 1);
	assert_int_equal(count_key(t, 7), 4);
	assert_int_equal(table_visit_key(t, 7, note, &all), 4);
	assert_int_equal(count_key(t, 7), 0);
	assert_int_equal(count_key(t, 8), 1);
	assert_int_equal(table_check(t), 0);
}

static int
erase_odd_write_even(uint64_t key, void *value, void *arg)
{
	struct value *v = value;

	(void)arg;
	if (v->serial % 2 != 0)
		return TABLE_ERASE;
	*v = value_of(key, v->serial + 1);
	return TABLE_WRITE;
}

static void
a_visitor_of_stripes_sees_each_entry_once(void **state)
{
	struct table *t = *state;
	int sum = 0;

	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(add(t, i / 2, i), 0);
	for (uint32_t i = 0; i < STRIPES; i++)
		sum += table_visit_stripe(t, i, erase_odd_write_even, NULL);
	assert_int_equal(sum, 100);
	assert_int_equal(table_count(t), 50);
	for (uint64_t key = 0; key < 50; key++) {
		struct value v;

		assert_int_equal(table_read(t, key, &v, 1), 1);
		assert_int_equal(v.serial, key * 2 + 1);
	}
	assert_int_equal(table_check(t), 0);
}

static void
upsert_adds_or_updates(void **state)
{
	struct table *t = *state;
	struct value v = value_of(7, 1);
	struct notes n = { .act = TABLE_WRITE | TABLE_STOP }, look = { .act = TABLE_NEXT };

	assert_int_equal(table_upsert(t, 7, note, &n, &v), 0);
	assert_int_equal(n.shown, 0);
	assert_int_equal(table_upsert(t, 7, note, &n, &v), 1);
	assert_int_equal(count_key(t, 7), 1);
	assert_int_equal(table_read(t, 7, &v, 1), 1);
	assert_int_equal(v.serial, 1001);
	assert_int_equal(table_upsert(t, 7, note, &look, &v), 1);
	assert_int_equal(count_key(t, 7), 2);
}

static void
full_stripe_refuses_and_recovers(void **state)
{
	struct table *t = *state;
	struct notes look = { .act = TABLE_NEXT };
	uint64_t i = 0;
	struct value v;
	int rc;

	while ((rc = add(t, 7, i)) == 0)
		i++;
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(i, PER_STRIPE);
	v = value_of(7, i);
	assert_int_equal(table_upsert(t, 7, note, &look, &v), -ENOSPC);
	assert_int_equal(table_check(t), 0);
	assert_int_equal(table_visit_key(t, 7, note,
	    &(struct notes){ .act = TABLE_ERASE | TABLE_STOP }), 1);
	assert_int_equal(add(t, 7, i), 0);
	assert_int_equal(count_key(t, 7), PER_STRIPE);
}

static void
read_says_how_many_there_are(void **state)
{
	struct table *t = *state;
	struct value out[4];

	memset(out, 0xee, sizeof(out));
	assert_int_equal(table_read(t, 7, out, 3), 0);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(add(t, 7, i), 0);
	assert_int_equal(table_read(t, 7, NULL, 0), 5);
	assert_int_equal(table_read(t, 7, out, 3), 5);
	for (unsigned i = 0; i < 3; i++)
		assert_true(value_sound(&out[i], 7));
	assert_int_equal(out[3].key, UINT64_C(0xeeeeeeeeeeeeeeee));
}

static void
keys_are_counted_once(void **state)
{
	struct table *t = *state;
	int keys = 0;

	for (uint64_t i = 0; i < 60; i++)
		assert_int_equal(add(t, i % 20, i), 0);
	for (uint32_t i = 0; i < STRIPES; i++)
		keys += table_stripe_keys(t, i);
	assert_int_equal(keys, 20);
}

/* Random changes against a model: how many entries each key has. */
static void
it_does_what_a_model_does(void **state)
{
	struct table *t = *state;
	struct dice d = { .state = 5 };
	unsigned model[30] = { 0 };
	uint64_t key, total = 0;
	int rc;

	for (unsigned i = 0; i < MODEL_ROUNDS; i++) {
		key = dice_below(&d, COUNT(model));
		if (dice_below(&d, 2) == 0) {
			if ((rc = add(t, key, i)) == 0)
				model[key]++, total++;
			else
				assert_int_equal(rc, -ENOSPC);
		} else {
			rc = table_visit_key(t, key, note,
			    &(struct notes){ .act = TABLE_ERASE | TABLE_STOP });
			assert_int_equal(rc, model[key] > 0);
			model[key] -= (unsigned)rc;
			total -= (unsigned)rc;
		}
		assert_int_equal(table_read(t, key, NULL, 0), model[key]);
		if (i % 500 == 0)
			assert_int_equal(table_check(t), 0);
	}
	assert_int_equal(table_count(t), total);
	assert_int_equal(table_broken(t), 0);
}

static int
rewrite(uint64_t key, void *value, void *arg)
{
	struct value *v = value;

	(void)arg;
	*v = value_of(key, v->serial + 1);
	return TABLE_WRITE;
}

static int
change_till_killed(void *arg)
{
	for (uint64_t i = 0; i < UINT64_MAX; i++) {
		table_visit_key(arg, 7, rewrite, NULL);
		if (i % 16 == 0)
			table_visit_key(arg, 8, note, &(struct notes){ .act = TABLE_ERASE });
		if (i % 16 == 8)
			add(arg, 8, i);
	}
	return 0;
}

static uint64_t
read_serial(struct table *t, uint64_t least)
{
	struct value v;

	assert_int_equal(table_read(t, 7, &v, 1), 1);
	assert_true(value_sound(&v, 7));
	assert_true(v.serial >= least);
	return v.serial;
}

static void
reads_without_the_lock_are_never_torn(void **state)
{
	struct table *t = *state;
	uint64_t serial = 0;
	struct value v;
	pid_t pid;

	assert_int_equal(add(t, 7, 0), 0);
	pid = child_start(change_till_killed, t);
	while (serial == 0)
		serial = read_serial(t, 0);
	for (unsigned i = 0; i < TORN_READS; i++) {
		serial = read_serial(t, serial);
		if (table_read(t, 8, &v, 1) == 1)
			assert_true(value_sound(&v, 8));
	}
	child_kill(pid);
	assert_int_equal(table_check(t), 0);
}

/* -- trust, and what is left of a table that was scribbled on ------------- */

static void
calls_answer_broken(struct table *t, uint64_t key)
{
	struct notes n = { .act = TABLE_NEXT };
	struct value v = value_of(key, 1);

	assert_int_equal(table_add(t, key, &v), -EBADMSG);
	assert_int_equal(table_upsert(t, key, note, &n, &v), -EBADMSG);
	assert_int_equal(table_visit_key(t, key, note, &n), -EBADMSG);
	assert_int_equal(table_read(t, key, &v, 1), -EBADMSG);
	assert_int_equal(n.shown, 0);
}

static void
a_broken_stripe_is_refused_until_cleared(void **state)
{
	struct table *t = *state;
	struct stripe *s = stripe_of(t, 7);
	uint64_t other = 8;

	while (stripe_of(t, other) == s)
		other++;
	assert_int_equal(add(t, 7, 1), 0);
	assert_int_equal(add(t, other, 1), 0);
	set(&s->count, 2);
	assert_int_equal(table_check(t), -EBADMSG);
	assert_int_equal(table_broken(t), 1);
	calls_answer_broken(t, 7);
	assert_int_equal(count_key(t, other), 1);

	assert_int_equal(table_clear_broken(t), 1);
	assert_int_equal(table_broken(t), 0);
	assert_int_equal(table_check(t), 0);
	assert_int_equal(count_key(t, 7), 0);
	assert_int_equal(count_key(t, other), 1);
	assert_int_equal(add(t, 7, 1), 0);
	assert_int_equal(table_clear_broken(t), 0);
}

struct stopped {
	struct stripe	*stripe;
	int		 ready[2];
};

static int
take_and_stop(void *arg)
{
	struct stopped *stopped = arg;

	if (rlock_take(&stopped->stripe->lock, RANK_TABLE) != 0 ||
	    write(stopped->ready[1], "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* It waits RLOCK_WAIT_MS for each. */
static void
a_stopped_owner_keeps_no_other_stripe_broken(void **state)
{
	struct table *t = *state;
	struct stopped stopped = { .stripe = stripe_at(t, 0) };
	struct stripe *last = stripe_at(t, t->stripes - 1);
	char byte;
	pid_t pid;

	assert_int_equal(pipe(stopped.ready), 0);
	pid = child_start(take_and_stop, &stopped);
	assert_int_equal(read(stopped.ready[0], &byte, 1), 1);
	set(&last->broken, 1);
	assert_int_equal(table_clear_broken(t), 1);
	assert_int_equal(table_broken(t), 0);
	assert_int_equal(table_clear_broken(t), -ETIMEDOUT);
	child_kill(pid);
	assert_int_equal(table_clear_broken(t), 0);
	close(stopped.ready[0]);
	close(stopped.ready[1]);
}

/* Each leaves key 7 alone in its chain, in entry 1, with 2 as the next free one. */
static void
loop_chain(struct table *t, struct stripe *s)
{
	set(next_of(t, s, 1), 1);
}

static void
lead_chain_outside(struct table *t, struct stripe *s)
{
	set(next_of(t, s, 1), t->per_stripe + 1);
}

static void
free_what_is_used(struct table *t, struct stripe *s)
{
	(void)t;
	set(&s->free_head, 1);
}

static void
lead_free_list_outside(struct table *t, struct stripe *s)
{
	set(next_of(t, s, 2), UINT32_MAX);
}

static void
lose_an_entry(struct table *t, struct stripe *s)
{
	set(&s->free_head, get(next_of(t, s, 2)));
}

static void
change_the_key(struct table *t, struct stripe *s)
{
	atomic_store(entry_words(t, s, 1), 8);
}

static void
leave_seq_odd(struct table *t, struct stripe *s)
{
	(void)t;
	set(&s->seq, get(&s->seq) | 1);
}

static void
check_sees(void **state)
{
	static void (*const harm[])(struct table *, struct stripe *) = {
		loop_chain, lead_chain_outside, free_what_is_used, lead_free_list_outside,
		lose_an_entry, change_the_key, leave_seq_odd,
	};
	struct table *t = *state;

	for (size_t i = 0; i < COUNT(harm); i++) {
		assert_int_equal(add(t, 7, 1), 0);
		assert_int_equal(table_check(t), 0);
		harm[i](t, stripe_of(t, 7));
		assert_int_equal(table_check(t), -EBADMSG);
		assert_int_equal(table_clear_broken(t), 1);
	}
}

static int
take_and_die(void *arg)
{
	return rlock_take(arg, RANK_TABLE);
}

static void
a_lost_lock_is_made_anew(void **state)
{
	struct table *t = *state;
	struct stripe *s = stripe_of(t, 7);

	assert_int_equal(child_run(take_and_die, &s->lock), 0);
	assert_int_equal(rlock_take(&s->lock, RANK_TABLE), 1);
	rlock_give(&s->lock);
	assert_int_equal(add(t, 7, 1), -ENOTRECOVERABLE);
	assert_int_equal(table_clear_broken(t), 1);
	assert_int_equal(add(t, 7, 1), 0);
	assert_int_equal(table_check(t), 0);
	assert_int_equal(table_deaths(t), 1);
}

/* All of a stripe but its lock, which the C library trusts. */
static void
scribble(struct table *t, struct dice *d)
{
	struct stripe *s = stripe_at(t, (uint32_t)dice_below(d, STRIPES));
	size_t from = offsetof(struct stripe, seq);
	uint32_t garbage = (uint32_t)dice_roll(d);

	if (dice_below(d, 4) != 0)
		garbage %= 2 * PER_STRIPE;
	from += dice_below(d, (t->stripe_bytes - from) / 4) * 4;
	memcpy((unsigned char *)s + from, &garbage, 4);
}

/* Whatever stands there, the calls return, and the fences are not touched. */
static void
garbage_never_leads_outside(void **state)
{
	struct table *t = *state;
	struct dice d = { .state = 9 };
	struct value out[3];
	uint32_t stripe;
	uint64_t key;

	for (unsigned i = 0; i < GARBAGE_ROUNDS; i++) {
		scribble(t, &d);
		key = dice_below(&d, 60);
		stripe = (uint32_t)(key % STRIPES);
		add(t, key, i);
		table_visit_key(t, key, rewrite, NULL);
		table_visit_stripe(t, stripe, erase_odd_write_even, NULL);
		table_read(t, key, out, COUNT(out));
		table_stripe_keys(t, stripe);
		if (dice_below(&d, 64) == 0)
			child_run(take_and_die, &stripe_of(t, key)->lock);
		if (i % 16 == 0) {
			table_check(t);
			assert_in_range(table_clear_broken(t), 0, STRIPES);
			assert_int_equal(table_check(t), 0);
		}
	}
}

#define TABLE_TEST(name)	cmocka_unit_test_setup_teardown(name, table_setup, table_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_checked),
		cmocka_unit_test(any_size_works_to_its_last_byte),
		TABLE_TEST(added_is_visited),
		TABLE_TEST(a_key_may_stand_several_times),
		TABLE_TEST(a_visitor_writes_only_when_it_says_so),
		TABLE_TEST(a_visitor_of_a_key_erases),
		TABLE_TEST(a_visitor_of_stripes_sees_each_entry_once),
		TABLE_TEST(upsert_adds_or_updates),
		TABLE_TEST(full_stripe_refuses_and_recovers),
		TABLE_TEST(read_says_how_many_there_are),
		TABLE_TEST(keys_are_counted_once),
		TABLE_TEST(it_does_what_a_model_does),
		TABLE_TEST(reads_without_the_lock_are_never_torn),
		TABLE_TEST(a_broken_stripe_is_refused_until_cleared),
		TABLE_TEST(a_stopped_owner_keeps_no_other_stripe_broken),
		TABLE_TEST(check_sees),
		TABLE_TEST(a_lost_lock_is_made_anew),
		TABLE_TEST(garbage_never_leads_outside),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
