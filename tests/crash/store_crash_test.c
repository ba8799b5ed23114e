/*
 * store_crash_test.c - the writer is killed at each point of its turn, and at random instants; its
 * successors go on. What was acknowledged is stored, once, in order, without a gap; all that
 * was sent is answered and told.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/store_writer.h"
#include "shm/point.h"
#include "tests/unit/kit/mariadb.h"
#include "tests/unit/kit/store_kit.h"

#define ROUND		30u		/* messages of a round */
#define TURN		10u		/* records a turn */
#define KILLS_RANDOM	40u
#define GROUP		"#g"
#define MESSAGES_MAX	4096u

struct run {
	struct kit	*k;
	uint64_t	 group;
	unsigned	 sent, kills;
	uint64_t	 request_of[MESSAGES_MAX];	/* of message i */
	uint64_t	 acked[MESSAGES_MAX];		/* its seq, 0: no answer yet */
	bool		 told[2 * MESSAGES_MAX];	/* by seq */
};

static void
queue_round(struct run *x)
{
	char text[16];

	for (unsigned i = 0; i < ROUND; i++) {
		snprintf(text, sizeof(text), "%u", x->sent);
		kit_send(x->k, 1 + i % 2, GROUP, text);
		x->request_of[x->sent++] = x->k->request;
	}
}

/* The child: a new writer on what its predecessor left. */
static void __attribute__((noreturn))
write_until_empty(struct kit *k, const char *point, unsigned count)
{
#ifdef KITH_POINTS
	if (point != NULL)
		point_arm(point, count);
#else
	(void)point;
	(void)count;
#endif
	if (store_writer_init(&k->w, &k->writer_proc) < 0)
		_exit(2);
	do
		kit_turn_of(k, TURN);
	while (!ring_empty(&k->shared.rings[k->writer_proc.slot]));
	_exit(0);
}

static void
pause_us(long us)
{
	struct timespec t = { 0, us * 1000 };

	nanosleep(&t, NULL);
}

/* Children one after the other until one comes to its end. */
static void
serve(struct run *x, const char *point, unsigned count, long kill_after_us)
{
	int status;
	pid_t pid;

	for (unsigned tries = 0; tries < 10; tries++) {
		fflush(NULL);
		if ((pid = fork()) == 0)
			write_until_empty(x->k, tries == 0 ? point : NULL, count);
		assert_true(pid > 0);
		if (tries == 0 && kill_after_us > 0) {
			pause_us(kill_after_us);
			kill(pid, SIGKILL);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return;
		}
		assert_int_equal(WTERMSIG(status), SIGKILL);
		x->kills++;
	}
	fail_msg("no writer came to its end");
}

static void
note_reply(struct run *x, const Kith__V1__Reply *r)
{
	unsigned i = x->sent;

	while (i > 0 && x->request_of[i - 1] != r->id)
		i--;
	assert_true(i > 0);
	assert_int_equal(r->body_case, KITH__V1__REPLY__BODY_SENT);
	assert_null(r->sent->outcomes[0]->error);
	/* Whatever is answered twice has the same answer. */
	if (x->acked[i - 1] != 0)
		assert_int_equal(x->acked[i - 1], r->sent->outcomes[0]->seq);
	x->acked[i - 1] = r->sent->outcomes[0]->seq;
}

static void
collect(struct run *x)
{
	Kith__V1__Reply *r;

	for (unsigned worker = 0; worker < KIT_WORKERS; worker++) {
		while (kit_next(x->k, worker, &r) == 0) {
			if (x->k->head.type == IPC_REPLY)
				note_reply(x, r);
			else if (x->k->head.type == IPC_EVENT)
				x->told[r->event->seq] = true;
			kith__v1__reply__free_unpacked(r, NULL);
			x->k->nreplies--;
		}
	}
}

/* The round before is answered and told, in the order in which it was sent. */
static void
check_round(struct run *x)
{
	for (unsigned i = x->sent - ROUND; i < x->sent; i++) {
		assert_true(x->acked[i] != 0);
		assert_true(x->told[x->acked[i]]);
		if (i > 0)
			assert_int_equal(x->acked[i], x->acked[i - 1] + 1);
	}
}

static void
kill_and_check(struct run *x, const char *point, unsigned count, long kill_after_us)
{
	queue_round(x);
	serve(x, point, count, kill_after_us);
	collect(x);
	check_round(x);
}

/* The parent holds no connection while a child has one: none goes over a fork. */
static void
disconnect(struct kit *k)
{
	db_close(k->w.db);
	k->w.db = NULL;
}

static void
prepare(struct run *x)
{
	assert_int_equal(kit_group(x->k, 1, "g", true, &x->group), KITH_E_OK);
	assert_int_equal(kit_join(x->k, 2, GROUP), KITH_E_OK);
	kit_follow(x->k, x->group, 1);
	kit_drop_told(x->k);
	x->k->w.writer->joins[0].until_ms = x->k->w.writer->joins[1].until_ms = 0;
	disconnect(x->k);
}

static void
a_killed_writer_loses_and_doubles_nothing(void **state)
{
	static const char *const points[] = {
		"store.before_commit", "store.committed", "store.replied", "store.told",
	};
	static struct run x;
	char err[128];
	bool fatal;

	memset(&x, 0, sizeof(x));
	x.k = *state;
	srand(7);
	prepare(&x);
	for (unsigned i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		for (unsigned count = 1; count <= ROUND / TURN; count++)
			kill_and_check(&x, points[i], count, 0);
	for (unsigned i = 0; i < KILLS_RANDOM; i++)
		kill_and_check(&x, NULL, 0, 300 + rand() % 5000);
	x.k->w.db = db_open(&x.k->conf, true, NULL, &fatal, err, sizeof(err));
	assert_non_null(x.k->w.db);
	assert_int_equal(kit_number(x.k, "SELECT COUNT(*) FROM events WHERE kind = 1"), x.sent);
	assert_int_equal(kit_number(x.k, "SELECT COUNT(DISTINCT body) FROM events WHERE kind = 1"),
	    x.sent);
	assert_int_equal(kit_number(x.k, "SELECT MAX(seq) FROM events WHERE kind = 1"), x.sent + 2);
	printf("%u kills, %u messages\n", x.kills, x.sent);
#ifdef KITH_POINTS
	assert_true(x.kills >= 12);
#endif
}

int
main(void)
{
	int failures = 0;

	for (unsigned i = 0; i < kit_nkinds; i++) {
		const struct kit_kind *kind = &kit_kinds[i];
		const struct CMUnitTest tests[] = {
			KIT_TEST(a_killed_writer_loses_and_doubles_nothing),
		};

		if (strcmp(kind->database, "mysql") == 0 && !mariadb_there())
			continue;
		if (!kind->plain)		/* the children do not know of it */
			failures += cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
	}
	return failures == 0 ? 0 : 1;
}
