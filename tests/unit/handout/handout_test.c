/*
 * handout_test.c - what the master hands to running roles: whole versions, read-only, and only
 * to those who are entitled; the keys of session tickets.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/handout/handout.h"
#include "server/handout/tickets.h"
#include "server/lib/seqpage.h"

static void
page_gives_back_what_was_written(void **state)
{
	struct seqpage *s = calloc(1, seqpage_space(100));
	char in[100], out[100];
	uint32_t len = 0;

	(void)state;
	assert_non_null(s);
	assert_int_equal(seqpage_read(s, out, sizeof(out), &len), 0);
	assert_int_equal(len, 0);
	for (uint32_t n = 0; n <= 100; n++) {
		memset(in, (int)n, sizeof(in));
		memset(out, 0xee, sizeof(out));
		seqpage_write(s, in, n);
		assert_int_equal(seqpage_read(s, out, n, &len), 0);
		assert_int_equal(len, n);
		assert_memory_equal(in, out, n);
		if (n > 0)
			assert_int_equal(seqpage_read(s, out, n - 1, &len), -EMSGSIZE);
	}
	free(s);
}

/* The writer stands still in the middle of a write: its process lost the processor. */
static void
a_reader_outlasts_a_writer_that_was_interrupted(void **state)
{
	struct seqpage *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0);
	const struct timespec turn = { 0, 100 * 1000 * 1000 };
	uint32_t len = 0, odd = 3, even = 4;
	int status, begun[2];
	char out[100], c;
	pid_t pid;

	(void)state;
	assert_true(s != MAP_FAILED);
	assert_int_equal(pipe(begun), 0);
	seqpage_write(s, "new", 3);
	memcpy(s, &odd, sizeof(odd));
	if ((pid = fork()) == 0) {
		if (write(begun[1], "x", 1) != 1)
			_exit(2);
		_exit(seqpage_read(s, out, sizeof(out), &len) != 0 || len != 3 ||
		    memcmp(out, "new", 3) != 0);
	}
	assert_int_equal(read(begun[0], &c, 1), 1);
	nanosleep(&turn, NULL);			/* the others' turn */
	memcpy(s, &even, sizeof(even));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(begun[0]);
	close(begun[1]);
	munmap(s, 4096);
}

/* Runs fn in a child, whose exit status it is. */
static int
in_child(int (*fn)(struct handout *), struct handout *h)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn(h));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
reads_hello(struct handout *h)
{
	char buf[16];
	uint32_t len;

	if (handout_open(h) < 0)
		return 1;
	if (handout_read(h, buf, sizeof(buf), &len) < 0 || len != 5)
		return 2;
	return memcmp(buf, "hello", 5) == 0 ? 0 : 3;
}

static int
tries_to_write(struct handout *h)
{
	size_t size = seqpage_space(h->cap);
	int fd = dup(h->fd);

	if (handout_open(h) < 0)
		return 1;
	if (mprotect(h->page, size, PROT_READ | PROT_WRITE) == 0)
		return 2;
	if (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
		return 3;
	return pwrite(fd, "x", 1, 0) < 0 ? 0 : 4;
}

static int
touches_the_masters_mapping(struct handout *h)
{
	const volatile char *page = (const volatile char *)h->page;

	signal(SIGSEGV, SIG_DFL);	/* a sanitizer has its own handler */
	return page[0];
}

static int
refuses(struct handout *h)
{
	char buf[16];
	uint32_t len;

	handout_refuse(h);
	return h->fd == -1 && handout_read(h, buf, sizeof(buf), &len) == -EBADF ? 0 : 1;
}

static void
role_can_read_but_not_write(void **state)
{
	struct handout h;

	(void)state;
	assert_int_equal(handout_create(&h, "test", 64), 0);
	assert_int_equal(handout_write(&h, "hello", 5), 0);
	assert_int_equal(in_child(reads_hello, &h), 0);
	assert_int_equal(in_child(tries_to_write, &h), 0);
	assert_int_equal(in_child(refuses, &h), 0);
	assert_int_equal(in_child(touches_the_masters_mapping, &h), 128 + SIGSEGV);
	handout_close(&h);
	assert_int_equal(h.fd, -1);
}

static void
more_than_cap_is_refused(void **state)
{
	struct handout h;
	char big[65] = "";

	(void)state;
	assert_int_equal(handout_create(&h, "test", 64), 0);
	assert_int_equal(handout_write(&h, big, 65), -EMSGSIZE);
	assert_int_equal(handout_write(&h, big, 64), 0);
	handout_close(&h);
}

/* Reads until the master ends it: each version must be all of one letter. */
static int
reads_whole_versions(struct handout *h)
{
	static char buf[4096];
	uint32_t len;
	int rc;

	if (handout_open(h) < 0)
		return 1;
	for (;;) {
		rc = handout_read(h, buf, sizeof(buf), &len);
		if (rc == -EAGAIN)
			continue;
		if (rc < 0)
			return 2;
		for (uint32_t i = 1; i < len; i++)
			if (buf[i] != buf[0])
				return 3;
		if (len > 0 && buf[0] == '.')
			return 0;
	}
}

static void
reader_never_sees_half_a_version(void **state)
{
	static char text[4096];
	struct handout h;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(handout_create(&h, "test", sizeof(text)), 0);
	if ((pid = fork()) == 0)
		_exit(reads_whole_versions(&h));
	for (unsigned n = 0; n < 20000; n++) {
		memset(text, 'a' + (int)(n % 26), sizeof(text));
		assert_int_equal(handout_write(&h, text, 1 + n % sizeof(text)), 0);
	}
	memset(text, '.', sizeof(text));
	assert_int_equal(handout_write(&h, text, sizeof(text)), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	handout_close(&h);
}

static void
rotation_puts_a_new_key_in_front(void **state)
{
	struct tickets_key before[TICKETS_KEYS], after[TICKETS_KEYS];
	struct handout h;

	(void)state;
	assert_int_equal(tickets_create(&h), 0);
	assert_int_equal(tickets_read(&h, before), 0);
	assert_memory_not_equal(&before[0], &before[1], sizeof(before[0]));
	assert_int_equal(tickets_rotate(&h), 0);
	assert_int_equal(tickets_read(&h, after), 0);
	assert_memory_equal(&after[1], &before[0], sizeof(before[0]) * (TICKETS_KEYS - 1));
	for (unsigned i = 0; i < TICKETS_KEYS; i++)
		assert_memory_not_equal(&after[0], &before[i], sizeof(before[0]));
	handout_close(&h);
	assert_int_equal(tickets_read(&h, after), -EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_gives_back_what_was_written),
		cmocka_unit_test(a_reader_outlasts_a_writer_that_was_interrupted),
		cmocka_unit_test(role_can_read_but_not_write),
		cmocka_unit_test(more_than_cap_is_refused),
		cmocka_unit_test(reader_never_sees_half_a_version),
		cmocka_unit_test(rotation_puts_a_new_key_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
