/*
 * listen_test.c - addresses, one socket per worker, and who else listens there.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/conf/conf.h"
#include "server/master/listen.h"

static char err[256];

static int
open_on(struct listeners *l, const char *address, unsigned workers)
{
	char *text = strdup(address);
	struct conf c = { .listen = { text } };
	int rc;

	assert_non_null(text);
	rc = listen_open(l, &c, workers, err, sizeof(err));
	free(text);
	return rc;
}

static int
connect_to(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((in_port_t)atoi(strrchr(text, ':') + 1));
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static void
each_worker_has_a_socket_at_the_same_port(void **state)
{
	struct listeners l;
	struct sockaddr_in sin;
	socklen_t len;
	int fds[REGISTRY_WORKERS_MAX][PROC_LISTEN_MAX], got[2] = { 0, 0 }, client, fd;

	(void)state;
	assert_int_equal(open_on(&l, "127.0.0.1:0", 2), 0);
	assert_int_equal(l.n, 1);
	assert_true(listen_is_specific(&l));
	listen_give(&l, fds);
	assert_int_equal(fds[2][0], -1);
	for (unsigned w = 0; w < 2; w++) {
		len = sizeof(sin);
		assert_int_equal(fds[w][1], -1);
		assert_int_equal(getsockname(fds[w][0], (struct sockaddr *)&sin, &len), 0);
		assert_int_equal(ntohs(sin.sin_port), atoi(strrchr(l.at[0].text, ':') + 1));
	}
	assert_int_not_equal(l.at[0].fds[0], l.at[0].fds[1]);
	/* Both are in the group: connections come to either. */
	for (int i = 0; i < 64; i++) {
		client = connect_to(l.at[0].text);
		for (unsigned w = 0; w < 2; w++) {
			if ((fd = accept(l.at[0].fds[w], NULL, NULL)) >= 0) {
				got[w]++;
				close(fd);
			}
		}
		close(client);
	}
	assert_int_equal(got[0] + got[1], 64);
	assert_true(got[0] > 0 && got[1] > 0);
	listen_close(&l);
}

static void
another_listener_is_noticed(void **state)
{
	struct listeners l, second;

	(void)state;
	assert_int_equal(open_on(&l, "127.0.0.1:0", 2), 0);
	assert_int_equal(open_on(&second, l.at[0].text, 2), -1);
	assert_non_null(strstr(err, l.at[0].text));
	assert_int_equal(second.n, 0);
	listen_close(&l);
}

/* A kithd that starts again finds connections of the last one. */
static void
lingering_connections_are_no_obstacle(void **state)
{
	struct listeners l, again;
	int client, fd;
	char text[NETNAME_LISTEN_MAX];

	(void)state;
	assert_int_equal(open_on(&l, "127.0.0.1:0", 1), 0);
	client = connect_to(l.at[0].text);
	fd = accept(l.at[0].fds[0], NULL, NULL);
	assert_true(fd >= 0);
	close(fd);			/* this side first: TIME_WAIT stays here */
	strcpy(text, l.at[0].text);
	listen_close(&l);
	assert_int_equal(open_on(&again, text, 1), 0);
	assert_string_equal(again.at[0].text, text);
	listen_close(&again);
	close(client);
}

static void
all_means_both_families_at_one_port(void **state)
{
	struct listeners l;

	(void)state;
	assert_int_equal(open_on(&l, "*:0", 1), 0);
	assert_in_range(l.n, 1, 2);	/* 1: this machine has no IPv6 */
	assert_false(listen_is_specific(&l));
	if (l.n == 2)
		assert_string_equal(strrchr(l.at[0].text, ':'), strrchr(l.at[1].text, ':'));
	listen_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_worker_has_a_socket_at_the_same_port),
		cmocka_unit_test(another_listener_is_noticed),
		cmocka_unit_test(lingering_connections_are_no_obstacle),
		cmocka_unit_test(all_means_both_families_at_one_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
