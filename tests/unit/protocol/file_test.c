/* file_test.c - promises of protocol/base/file.h. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/base/file.h"
#include "tests/unit/kit/tmpdir.h"

static char path[4096];

static void
make_file(const char *text)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/file", tmpdir());
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
assert_wiped(const char *buf, size_t cap)
{
	for (size_t i = 0; i < cap; i++)
		assert_int_equal(buf[i], 0);
}

static void
file_comes_whole_with_a_nul(void **state)
{
	char buf[8];

	(void)state;
	make_file("secret\n");
	assert_int_equal(file_read(path, buf, sizeof(buf)), 7);
	assert_string_equal(buf, "secret\n");
	make_file("");
	assert_int_equal(file_read(path, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void
longer_file_is_refused_and_wiped(void **state)
{
	char buf[7] = "xxxxxx";

	(void)state;
	make_file("secret\n");
	assert_int_equal(file_read(path, buf, sizeof(buf)), -EFBIG);
	assert_wiped(buf, sizeof(buf));
}

/* A fifo without a writer would block. */
static void
only_regular_files_are_read(void **state)
{
	const char *dir = tmpdir();
	char buf[8] = "xxxxxxx";
	int reader;

	(void)state;
	assert_int_equal(file_read(dir, buf, sizeof(buf)), -EINVAL);
	assert_wiped(buf, sizeof(buf));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_read(path, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(file_open(path), -EINVAL);
	assert_int_equal(file_append(path, 0), -EINVAL);
	assert_true((reader = open(path, O_RDONLY | O_NONBLOCK)) >= 0);
	assert_int_equal(file_append(path, 0600), -EINVAL);
	close(reader);
	snprintf(path, sizeof(path), "%s/none", dir);
	assert_int_equal(file_read(path, buf, sizeof(buf)), -ENOENT);
}

static void
appends_to_files_and_devices(void **state)
{
	char link_path[sizeof(path) + 8], buf[8];
	int fd;

	(void)state;
	make_file("a");
	assert_true((fd = file_append(path, 0)) >= 0);
	assert_int_equal(write(fd, "b", 1), 1);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
	assert_int_equal(file_read(path, buf, sizeof(buf)), 2);
	assert_string_equal(buf, "ab");
	snprintf(link_path, sizeof(link_path), "%s.link", path);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(file_append(link_path, 0), -ELOOP);
	unlink(link_path);
	unlink(path);
	assert_int_equal(file_append(path, 0), -ENOENT);
	assert_true((fd = file_append(path, 0600)) >= 0);
	close(fd);
	assert_true((fd = file_append("/dev/null", 0)) >= 0);
	close(fd);
}

static void
line_ends_at_its_end(void **state)
{
	static const struct {
		const char	*text, *line, *rest;
	} table[] = {
		{ "one\ntwo\n", "one", "two\n" },
		{ "one\r\ntwo", "one", "two" },
		{ "one", "one", "" },
		{ "\nx", "", "x" },
		{ "\r\n", "", "" },
		{ "", "", "" },
		{ "sevench\nx", "sevench", "x" },
	};
	char line[8], rest[16];
	ssize_t n;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		make_file(table[i].text);
		assert_true((fd = open(path, O_RDONLY)) >= 0);
		assert_int_equal(file_read_line(fd, line, sizeof(line)), strlen(table[i].line));
		assert_string_equal(line, table[i].line);
		assert_true((n = read(fd, rest, sizeof(rest) - 1)) >= 0);
		rest[n] = '\0';
		assert_string_equal(rest, table[i].rest);
		close(fd);
	}
}

static void
longer_line_is_refused_and_wiped(void **state)
{
	char line[8] = "xxxxxxx";
	int fd;

	(void)state;
	make_file("eightcha\n");
	assert_true((fd = open(path, O_RDONLY)) >= 0);
	assert_int_equal(file_read_line(fd, line, sizeof(line)), -EFBIG);
	assert_wiped(line, sizeof(line));
	close(fd);
	assert_int_equal(file_read_line(fd, line, sizeof(line)), -EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_comes_whole_with_a_nul),
		cmocka_unit_test(longer_file_is_refused_and_wiped),
		cmocka_unit_test(only_regular_files_are_read),
		cmocka_unit_test(appends_to_files_and_devices),
		cmocka_unit_test(line_ends_at_its_end),
		cmocka_unit_test(longer_line_is_refused_and_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
