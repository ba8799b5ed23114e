/*
 * accept_test.c - who takes a new connection: its worker, and the others if that one hangs.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/kit/fake_shared.h"
#include "tests/unit/kit/worker_kit.h"

#define OTHER	1u			/* the worker of the kit is 0 */
#define LATE	(3 * WAKE_SLEEP_MAX_MS)

static int
make_listener(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 10), 0);
	return fd;
}

static int
connect_to_listener(int listener)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, len), 0);
	return fd;
}

static _Atomic uint64_t *
beat_of_other(struct kit *k)
{
	return &k->shared->slots[FAKE_SLOT(ROLE_WORKER) + OTHER].beat_ms;
}

/* The other one has just looked up; and one turn. */
static void
beat_and_turn(struct kit *k, uint64_t ms)
{
	atomic_store(beat_of_other(k), k->w.clock() + ms);
	kit_later(k, ms);
}

static int
listen_set_up(void **state)
{
	struct kit *k;

	assert_int_equal(kit_set_up(state), 0);
	k = *state;
	accept_stop(&k->w);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned j = 0; j < 2; j++)
			k->listening.fds[i][j] = make_listener();
	assert_int_equal(accept_start(&k->w), 0);
	beat_and_turn(k, 1);
	return 0;
}

static int
listen_tear_down(void **state)
{
	struct kit *k = *state;
	int fds[4];

	memcpy(fds, k->listening.fds[0], 2 * sizeof(int));
	memcpy(fds + 2, k->listening.fds[OTHER], 2 * sizeof(int));
	kit_tear_down(state);
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);
	return 0;
}

static void
own_connections_are_taken_at_once(void **state)
{
	struct kit *k = *state;
	int client[2];

	for (unsigned i = 0; i < 2; i++)
		client[i] = connect_to_listener(k->listening.fds[0][i]);
	kit_turn(k);
	kit_turn(k);
	assert_int_equal(k->w.nconns, 2);
	for (unsigned i = 0; i < 2; i++)
		close(client[i]);
}

static void
others_connections_are_taken_only_while_it_hangs(void **state)
{
	struct kit *k = *state;
	int client[4];

	for (unsigned i = 0; i < 2; i++)
		client[i] = connect_to_listener(k->listening.fds[OTHER][i]);
	kit_later(k, LATE);
	kit_later(k, 0);
	assert_int_equal(k->w.nconns, 0);
	kit_later(k, 1);
	kit_later(k, 0);
	kit_later(k, 0);
	assert_int_equal(k->w.nconns, 2);
	/* One that comes meanwhile is taken at once. */
	client[2] = connect_to_listener(k->listening.fds[OTHER][0]);
	kit_later(k, 0);
	assert_int_equal(k->w.nconns, 3);
	beat_and_turn(k, 1);
	client[3] = connect_to_listener(k->listening.fds[OTHER][1]);
	beat_and_turn(k, 1);
	beat_and_turn(k, 1);
	assert_int_equal(k->w.nconns, 3);
	for (unsigned i = 0; i < 4; i++)
		close(client[i]);
}

static void
nobody_is_taken_while_it_drains(void **state)
{
	struct kit *k = *state;
	int client = connect_to_listener(k->listening.fds[OTHER][0]);

	worker_drain(&k->p);
	kit_later(k, LATE + 1);
	kit_later(k, 0);
	assert_int_equal(k->w.nconns, 0);
	close(client);
}

/* Without descriptors it takes from nobody for a while, and then from all again. */
static void
a_pause_holds_for_the_others_too(void **state)
{
	struct kit *k = *state;
	struct rlimit old, none;
	int client[2];

	kit_later(k, LATE + 1);
	for (unsigned i = 0; i < 2; i++)
		client[i] = connect_to_listener(k->listening.fds[OTHER][i]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	kit_turn(k);
	kit_turn(k);
	assert_int_equal(k->w.nconns, 0);
	assert_true(event_pending(&k->w.pause, EV_TIMEOUT, NULL));
	assert_false(k->w.accepting[0] || k->w.accepting[OTHER]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	while (!k->w.accepting[OTHER]) {
		event_base_loop(k->p.base, EVLOOP_ONCE);
		worker_turn(&k->p);
	}
	kit_turn(k);
	kit_turn(k);
	assert_int_equal(k->w.nconns, 2);
	for (unsigned i = 0; i < 2; i++)
		close(client[i]);
}

#define LISTEN_TEST(f)	cmocka_unit_test_setup_teardown(f, listen_set_up, listen_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTEN_TEST(own_connections_are_taken_at_once),
		LISTEN_TEST(others_connections_are_taken_only_while_it_hangs),
		LISTEN_TEST(nobody_is_taken_while_it_drains),
		LISTEN_TEST(a_pause_holds_for_the_others_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
