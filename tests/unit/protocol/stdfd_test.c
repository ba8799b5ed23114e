/*
 * stdfd_test.c - a program whose standard streams are closed gets /dev/null in
 * their place, whichever are missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/base/stdfd.h"

static int
is_null(int fd)
{
	struct stat there, null;

	return fstat(fd, &there) == 0 && stat("/dev/null", &null) == 0 &&
	    S_ISCHR(there.st_mode) && there.st_rdev == null.st_rdev;
}

/* In a child whose descriptors 0-2 are a pipe each, except those in `closed`. An exit
 * code: 0, or what was wrong. */
static int
fill_in_child(int closed)
{
	int pipes[2], next;

	if (pipe(pipes) < 0)
		return 10;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(pipes[1], fd) < 0)
			return 11;
	for (int fd = 0; fd <= 2; fd++)
		if (closed & 1 << fd)
			close(fd);
	if (stdfd_fill() != closed)
		return 12;
	for (int fd = 0; fd <= 2; fd++)
		if (is_null(fd) != ((closed & 1 << fd) != 0))
			return 13 + fd;
	if ((closed & 2) && write(STDOUT_FILENO, "x", 1) != 1)
		return 16;
	next = dup(pipes[0]);
	return next > 2 ? 0 : 17;
}

static void
missing_streams_become_null_and_others_stay(void **state)
{
	(void)state;
	for (int closed = 0; closed < 8; closed++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0)
			_exit(fill_in_child(closed));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) != 0)
			fail_msg("closed %d: step %d", closed, WEXITSTATUS(status));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_streams_become_null_and_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
