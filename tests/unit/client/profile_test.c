/*
 * profile_test.c - what kith keeps on disk: whole, private, and shared by several
 * processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-cli/app/known_servers.h"
#include "client-cli/app/profile.h"
#include "tests/unit/kit/tmpdir.h"

#define KEY_A	"SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B	"SHA256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"


static const char *root;		/* this run's folder */

static void
path_of(char out[PATH_MAX], const char *variable, const char *file)
{
	snprintf(out, PATH_MAX, "%s/kith/%s", getenv(variable), file);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int
fresh_folders(void **state)
{
	static const char *const variables[] = {
		"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"
	};
	static unsigned number;
	char path[PATH_MAX];

	(void)state;
	number++;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%u/%s", root, number, variables[i]);
		setenv(variables[i], path, 1);
	}
	return 0;
}

static struct profile
sample(void)
{
	struct profile p = { .name = "work", .user = "alice", .token = "t0ken" };
	const char *why;

	assert_int_equal(kith_url_parse("kith+plain://[::1]:77", &p.url, &why), 0);
	return p;
}

static void
profile_is_loaded_as_saved(void **state)
{
	struct profile p = sample(), q;
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	assert_int_equal(profile_load("work", &q), -ENOENT);
	assert_int_equal(profile_save(&p), 0);
	assert_int_equal(profile_load("work", &q), 0);
	assert_string_equal(q.user, "alice");
	assert_string_equal(q.token, "t0ken");
	assert_string_equal(q.url.host, "::1");
	assert_int_equal(q.url.port, 77);
	assert_int_equal(q.url.plain, 1);
	path_of(path, "XDG_DATA_HOME", "work.token");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	path_of(path, "XDG_DATA_HOME", "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void
forgotten_profile_is_gone(void **state)
{
	struct profile p = sample(), q;

	(void)state;
	assert_int_equal(profile_save(&p), 0);
	assert_int_equal(profile_forget("work"), 0);
	assert_int_equal(profile_load("work", &q), -ENOENT);
	assert_int_equal(profile_forget("work"), 0);
}

static void
malformed_profiles_are_refused(void **state)
{
	static const struct {
		const char	*text;
		int		 rc;
	} cases[] = {
		{ "server = h:1\nuser = a\n", 0 },
		{ "# mine\n\n server=h:1 \n\tuser = a", 0 },
		{ "server = h:1\n", -EINVAL }, { "user = a\n", -EINVAL }, { "", -EINVAL },
		{ "server = h:1\nuser = a\nuse", -EINVAL },
		{ "server = h:1\nuser = a\ncolour = red\n", -EINVAL },
		{ "server = h:0\nuser = a\n", -EINVAL }, { "server = \nuser = a\n", -EINVAL },
	};
	struct profile p = sample(), q;
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(profile_save(&p), 0);
	path_of(path, "XDG_CONFIG_HOME", "work.conf");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(path, cases[i].text);
		assert_int_equal(profile_load("work", &q), cases[i].rc);
	}
}

static void
empty_token_counts_as_logged_out(void **state)
{
	struct profile p = sample(), q;
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(profile_save(&p), 0);
	path_of(path, "XDG_DATA_HOME", "work.token");
	write_file(path, "");
	assert_int_equal(profile_load("work", &q), -ENOENT);
}

static void
profile_names_are_file_names(void **state)
{
	static const char *const good[] = { "default", "a", "work-2_x.y" };
	static const char *const bad[] = { "", ".", "..", ".hidden", "a/b", "../x", "a b", "a\n",
		"\xc3\xbc" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(profile_name_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(profile_name_ok(bad[i]));
}

static void
keys_are_found_by_the_whole_address(void **state)
{
	char key[64], next[64], path[PATH_MAX];

	(void)state;
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), -ENOENT);
	assert_int_equal(known_servers_set("chat.lan:5484", KEY_A, ""), 0);
	assert_int_equal(known_servers_set("chat.lan:548", KEY_B, ""), 0);
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), 0);
	assert_string_equal(key, KEY_A);
	assert_int_equal(known_servers_find("chat.lan:54", key, next), -ENOENT);
	assert_int_equal(known_servers_find("lan:5484", key, next), -ENOENT);
	assert_int_equal(known_servers_set("chat.lan:5484", KEY_B, ""), 0);
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), 0);
	assert_string_equal(key, KEY_B);
	/* The last line without its newline is a line. */
	path_of(path, "XDG_DATA_HOME", "known_servers");
	write_file(path, "chat.lan:5484 " KEY_A);
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), 0);
	assert_int_equal(known_servers_set("other:1", KEY_B, ""), 0);
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), 0);
	assert_string_equal(key, KEY_A);
	assert_string_equal(next, "");
	/* The next key is a second line, and goes with the first. */
	assert_int_equal(known_servers_set("chat.lan:5484", KEY_A, KEY_B), 0);
	assert_int_equal(known_servers_set("other:1", KEY_B, ""), 0);
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), 0);
	assert_string_equal(key, KEY_A);
	assert_string_equal(next, KEY_B);
	assert_int_equal(known_servers_set("chat.lan:5484", KEY_B, ""), 0);
	assert_int_equal(known_servers_find("chat.lan:5484", key, next), 0);
	assert_string_equal(key, KEY_B);
	assert_string_equal(next, "");
}

static void
relative_folders_count_as_unset(void **state)
{
	char path[PATH_MAX], want[PATH_MAX];

	(void)state;
	setenv("HOME", root, 1);
	setenv("XDG_DATA_HOME", "relative", 1);
	assert_int_equal(known_servers_path(path), 0);
	snprintf(want, sizeof(want), "%s/.local/share/kith/known_servers", root);
	assert_string_equal(path, want);
	setenv("HOME", "relative", 1);
	assert_int_equal(known_servers_path(path), -ENXIO);
}

static void
without_home_it_is_that_of_the_user(void **state)
{
	const struct passwd *user = getpwuid(getuid());
	char path[PATH_MAX], want[PATH_MAX];

	(void)state;
	if (user == NULL)
		skip();
	unsetenv("XDG_DATA_HOME");
	snprintf(want, sizeof(want), "%s/.local/share/kith/known_servers", user->pw_dir);
	unsetenv("HOME");
	assert_int_equal(known_servers_path(path), 0);
	assert_string_equal(path, want);
	setenv("HOME", "", 1);
	assert_int_equal(known_servers_path(path), 0);
	assert_string_equal(path, want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(profile_is_loaded_as_saved, fresh_folders),
		cmocka_unit_test_setup(forgotten_profile_is_gone, fresh_folders),
		cmocka_unit_test_setup(malformed_profiles_are_refused, fresh_folders),
		cmocka_unit_test_setup(empty_token_counts_as_logged_out, fresh_folders),
		cmocka_unit_test_setup(profile_names_are_file_names, fresh_folders),
		cmocka_unit_test_setup(keys_are_found_by_the_whole_address, fresh_folders),
		cmocka_unit_test_setup(relative_folders_count_as_unset, fresh_folders),
		cmocka_unit_test_setup(without_home_it_is_that_of_the_user, fresh_folders),
	};

	root = tmpdir();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
