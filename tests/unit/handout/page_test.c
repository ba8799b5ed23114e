/* page_test.c - promises of server/handout/page.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "server/handout/page.h"
#include "tests/unit/kit/tmpdir.h"

static char err[8192];

/* Makes the file, and the folders above it. */
static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Every file, each with its own name as its text. */
static const char *
whole_page(void)
{
	const char *dir = tmpdir();

	for (unsigned i = 0; i < page_names_count; i++)
		write_file(dir, page_names[i].path, page_names[i].path);
	return dir;
}

static void
every_file_is_in_its_place(void **state)
{
	struct page *p = calloc(1, sizeof(*p));
	const char *dir = whole_page();

	(void)state;
	assert_int_equal(page_load(p, dir, err, sizeof(err)), 0);
	for (unsigned i = 0; i < page_names_count; i++) {
		assert_int_equal(p->places[i].plain.len, strlen(page_names[i].path));
		assert_memory_equal(p->bytes + p->places[i].plain.at, page_names[i].path,
		    p->places[i].plain.len);
	}
	tmpdir_remove(dir);
	free(p);
}

static void
the_etag_changes_with_the_bytes_alone(void **state)
{
	struct page *before = calloc(1, sizeof(*before)), *after = calloc(1, sizeof(*after));
	const char *dir = whole_page();

	(void)state;
	page_load(before, dir, err, sizeof(err));
	write_file(dir, page_names[0].path, "something else");
	page_load(after, dir, err, sizeof(err));
	assert_string_not_equal(before->places[0].plain.etag, after->places[0].plain.etag);
	for (unsigned i = 1; i < page_names_count; i++)
		assert_string_equal(before->places[i].plain.etag, after->places[i].plain.etag);
	assert_int_equal(before->places[0].plain.etag[0], '"');
	tmpdir_remove(dir);
	free(before);
	free(after);
}

/* Missing, a folder, and too long for what is left. */
static void
what_cannot_be_read_is_named_and_left_out(void **state)
{
	struct page *p = calloc(1, sizeof(*p));
	const char *dir = whole_page();
	char path[4096], *large = calloc(1, PAGE_BYTES_MAX + 2);

	(void)state;
	memset(large, 'x', PAGE_BYTES_MAX + 1);
	snprintf(path, sizeof(path), "%s/%s", dir, page_names[0].path);
	for (unsigned how = 0; how < 3; how++) {
		unlink(path);
		if (how == 1)
			mkdir(path, 0755);
		if (how == 2) {
			rmdir(path);
			write_file(dir, page_names[0].path, large);
		}
		assert_int_equal(page_load(p, dir, err, sizeof(err)), -1);
		assert_non_null(strstr(err, page_names[0].path));
		assert_int_equal(p->places[0].plain.len, 0);
		for (unsigned i = 1; i < page_names_count; i++)
			assert_int_not_equal(p->places[i].plain.len, 0);
	}
	tmpdir_remove(dir);
	free(large);
	free(p);
}

/* A text shrinks and comes back; noise stays as it is, and so does a file of few bytes. */
static void
what_shrinks_is_packed(void **state)
{
	struct page *p = calloc(1, sizeof(*p));
	const char *dir = whole_page();
	char text[20001], noise[5000], back[sizeof(text)];
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = "kith is chat for a LAN\n"[i % 23];
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < sizeof(noise) - 1; i++)
		noise[i] = (char)(1 + (x = x * 1664525u + 1013904223u) / 16909321u % 255);
	noise[sizeof(noise) - 1] = '\0';
	write_file(dir, page_names[0].path, text);
	write_file(dir, page_names[1].path, noise);
	assert_int_equal(page_load(p, dir, err, sizeof(err)), 0);
	for (unsigned i = 0; i < page_names_count; i++) {
		const struct page_form *plain = &p->places[i].plain, *packed = &p->places[i].packed;
		z_stream z = { .next_in = p->packed + packed->at, .avail_in = packed->len,
		    .next_out = (uint8_t *)back, .avail_out = sizeof(back) };

		assert_int_equal(packed->len != 0, i == 0);
		if (packed->len == 0)
			continue;
		assert_true(packed->len < plain->len / 10);
		assert_string_not_equal(packed->etag, plain->etag);
		assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, plain->len);
		assert_memory_equal(back, p->bytes + plain->at, plain->len);
		inflateEnd(&z);
	}
	tmpdir_remove(dir);
	free(p);
}

static void
names_stay_below_the_folder(void **state)
{
	(void)state;
	assert_true(page_names_count > 0);
	for (unsigned i = 0; i < page_names_count; i++) {
		assert_int_not_equal(page_names[i].path[0], '/');
		assert_null(strstr(page_names[i].path, ".."));
		assert_non_null(strchr(page_names[i].type, '/'));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_in_its_place),
		cmocka_unit_test(the_etag_changes_with_the_bytes_alone),
		cmocka_unit_test(what_cannot_be_read_is_named_and_left_out),
		cmocka_unit_test(what_shrinks_is_packed),
		cmocka_unit_test(names_stay_below_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
