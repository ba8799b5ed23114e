/*
 * conf_test.c - kithd.conf: every row's default and bounds, complaints with file and line, the
 * sample and the man page against the rows, reloading.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/conf/conf.h"
#include "server/conf/conf_keys.h"
#include "server/lib/notes.h"
#include "tests/unit/kit/tmpdir.h"

static char err[1024];

static const char *
source(const char *name)
{
	static char path[4096];
	const char *dir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : "..", name);
	return path;
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static char *
read_fd(int fd)
{
	char *text = calloc(1, 65536);
	ssize_t n;

	assert_non_null(text);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, text, 65535);
	assert_true(n >= 0);
	return text;
}

static char *
read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	char *text;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	text = read_fd(fd);
	close(fd);
	return text;
}

/* STATE/kithd.conf with this text, in a folder of its own. */
static struct conf *
load(const char *text, char file[4096])
{
	const char *dir = tmpdir();
	struct conf *c;

	snprintf(file, 4096, "%s/kithd.conf", dir);
	write_file(file, text);
	err[0] = '\0';
	c = conf_load(NULL, dir, err, sizeof(err));
	if (c == NULL)
		tmpdir_remove(dir);
	return c;
}

static struct conf *
load_good(const char *text)
{
	char file[4096];
	struct conf *c = load(text, file);

	if (c == NULL)
		fail_msg("%s", err);
	return c;
}

static void
unload(struct conf *c)
{
	tmpdir_remove(c->state_dir);
	conf_destroy(c);
}

static void
defaults_are_those_of_the_rows(void **state)
{
	struct conf *c = load_good("");

	(void)state;
	assert_string_equal(c->listen[0], "*:5484");
	assert_null(c->listen[1]);
	assert_int_equal(c->workers, 0);
	assert_int_equal(c->registration, REGISTRATION_INVITE);
	assert_string_equal(c->database, "sqlite");
	assert_string_equal(c->lobby, "lobby");
	assert_int_equal(c->inbox_bytes, 8 << 20);
	assert_int_equal(c->log_to, LOG_TO_STDERR);
	assert_int_equal(c->log_level, LOG_L_INFO);
	assert_false(c->plaintext);
	assert_true(strlen(c->server_name) > 0);
	assert_false(conf_given(c, "server_name"));
	assert_string_equal(c->mysql_socket, "");
	unload(c);
}

static void
relative_paths_are_below_the_state_directory(void **state)
{
	struct conf *c = load_good("control_socket run/ctl\npid_file /run/kithd.pid\n");
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/run/ctl", c->state_dir);
	assert_string_equal(c->control_socket, path);
	assert_string_equal(c->pid_file, "/run/kithd.pid");
	snprintf(path, sizeof(path), "%s/tls/key.pem", c->state_dir);
	assert_string_equal(c->tls_key, path);
	unload(c);
}

/* Each number takes its bounds and nothing beyond them. */
static void
bounds_hold_in_every_row(void **state)
{
	struct conf *c = load_good("");
	char value[32];

	(void)state;
	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->type != CONF_NUMBER)
			continue;
		for (int high = 0; high < 2; high++) {
			unsigned bound = high ? k->max : k->min;

			snprintf(value, sizeof(value), "%u", bound);
			if (conf_set(c, k->name, value, err, sizeof(err)) < 0)
				fail_msg("%s %s: %s", k->name, value, err);
			if (high == 0 && bound == 0)
				continue;
			snprintf(value, sizeof(value), "%lld", (long long)bound + (high ? 1 : -1));
			assert_int_equal(conf_set(c, k->name, value, err, sizeof(err)), -1);
			assert_non_null(strstr(err, k->name));
		}
	}
	unload(c);
}

static void
choices_and_switches_take_their_words(void **state)
{
	struct conf *c = load_good("");

	(void)state;
	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];

		for (unsigned n = 0; k->type == CONF_CHOICE && n <= k->max; n++) {
			assert_int_equal(conf_set(c, k->name, k->choices[n], err, sizeof(err)), 0);
			assert_int_equal(*(unsigned *)(void *)((char *)c + k->offset), n);
		}
		if (k->type == CONF_CHOICE || k->type == CONF_BOOL)
			assert_int_equal(conf_set(c, k->name, "perhaps", err, sizeof(err)), -1);
	}
	assert_int_equal(conf_set(c, "plaintext", "on", err, sizeof(err)), 0);
	assert_true(c->plaintext);
	unload(c);
}

static void
complaints_name_file_line_and_option(void **state)
{
	static const struct { const char *text; unsigned line; const char *word; } bad[] = {
		{ "workers many\n", 1, "workers" },
		{ "\n# x\nworkers -1\n", 3, "workers" },
		{ "workers 1 2\n", 1, "workers" },
		{ "workers\n", 1, "workers" },
		{ "workers 99999999999999999999\n", 1, "workers" },
		{ "no_such 1\n", 1, "no_such" },
		{ "Workers 1\n", 1, "Workers" },
		{ "readers 1\nreaders 1\n", 2, "twice" },
		{ "listen nonsense\n", 1, "listen" },
		{ "listen 127.0.0.1:70000\n", 1, "port" },
		{ "listen ::1:5484\n", 1, "brackets" },
		{ "listen 1.1.1.1:1 1.1.1.1:2 1.1.1.1:3 1.1.1.1:4 1.1.1.1:5 1.1.1.1:6 1.1.1.1:7 "
		  "1.1.1.1:8 1.1.1.1:9\n", 1, "more than" },
		{ "database oracle\n", 1, "database" },
		{ "registration sometimes\n", 1, "registration" },
		{ "inbox_bytes 1000000\n", 1, "power of two" },
		{ "user\n", 1, "user" },
		{ "lobby a\x01z\n", 1, "control character" },
	};
	char file[4096], place[4200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_null(load(bad[i].text, file));
		snprintf(place, sizeof(place), "%s:%u: ", file, bad[i].line);
		if (strncmp(err, place, strlen(place)) != 0 || strstr(err, bad[i].word) == NULL)
			fail_msg("\"%s\": %s", bad[i].text, err);
	}
}

static void
what_no_row_can_tell_is_checked(void **state)
{
	static const struct { const char *text, *word; } bad[] = {
		{ "control_socket\n", "control_socket: the value is missing" },
		{ "web_dir  \n", "web_dir: the value is missing" },
		{ "output_soft 2000000\noutput_hard 1000000\n", "output_soft" },
#ifdef HAVE_MYSQL
		{ "database mysql\n", "mysql_socket" },
#endif
		{ "control_socket /a123456789b123456789c123456789d123456789e123456789f123456789"
		  "g123456789h123456789i123456789j123456789k123456789\n", "control_socket" },
	};
	char file[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_null(load(bad[i].text, file));
		if (strstr(err, bad[i].word) == NULL || strstr(err, file) == NULL)
			fail_msg("\"%s\": %s", bad[i].text, err);
	}
}

static void
a_named_file_must_be_there(void **state)
{
	(void)state;
	assert_null(conf_load("/nonexistent/kithd.conf", NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "/nonexistent/kithd.conf"));
	assert_null(conf_load("/", NULL, err, sizeof(err)));
	assert_null(conf_load("/dev/null", NULL, err, sizeof(err)));
}

static void
root_reads_only_what_nobody_else_may_write(void **state)
{
	struct conf *c = load_good("workers 1\n");

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(c->file, 0664), 0);
	assert_null(conf_again(c, err, sizeof(err)));
	assert_non_null(strstr(err, "root"));
	assert_int_equal(chmod(c->file, 0644), 0);
	assert_int_equal(chown(c->file, 12345, 0), 0);
	assert_null(conf_again(c, err, sizeof(err)));
	unload(c);
}

static void
a_nul_byte_is_refused(void **state)
{
	const char *dir = tmpdir();
	char file[4096];
	FILE *f;

	(void)state;
	snprintf(file, sizeof(file), "%s/kithd.conf", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	assert_int_equal(fwrite("workers 1\0\n", 1, 11, f), 11);
	fclose(f);
	assert_null(conf_load(NULL, dir, err, sizeof(err)));
	assert_non_null(strstr(err, ":1: NUL"));
	tmpdir_remove(dir);
}

static void
a_listen_line_replaces_the_default(void **state)
{
	struct conf *c = load_good("listen 127.0.0.1:0\t[::1]:7  *:0 \r\n");

	(void)state;
	assert_string_equal(c->listen[0], "127.0.0.1:0");
	assert_string_equal(c->listen[1], "[::1]:7");
	assert_string_equal(c->listen[2], "*:0");
	assert_null(c->listen[3]);
	assert_int_equal(conf_set(c, "listen", "127.0.0.2:9", err, sizeof(err)), 0);
	assert_string_equal(c->listen[0], "127.0.0.2:9");
	assert_null(c->listen[1]);
	unload(c);
}

/* The dump of any configuration loads as the same configuration. */
static void
dump_loads_again(void **state)
{
	struct conf *c = load_good("workers 3\nlobby\nserver_name chat.lan\nplaintext on\n"
	    "log_level debug\nlisten 127.0.0.1:1 [::1]:2\n"), *again;
	char *first, *second, copy[4096], file[4200];
	FILE *one = tmpfile(), *two = tmpfile();

	(void)state;
	assert_int_equal(conf_dump(c, fileno(one)), 0);
	first = read_fd(fileno(one));
	assert_non_null(strstr(first, "\nworkers 3\n"));
	assert_non_null(strstr(first, "\nlobby\n"));
	assert_non_null(strstr(first, "\n#readers 1\n"));
	snprintf(copy, sizeof(copy), "%s", c->state_dir);
	snprintf(file, sizeof(file), "%s/kithd.conf", copy);
	write_file(file, first);
	again = conf_load(NULL, copy, err, sizeof(err));
	assert_non_null(again);
	assert_int_equal(conf_dump(again, fileno(two)), 0);
	second = read_fd(fileno(two));
	assert_string_equal(first, second);
	free(first);
	free(second);
	fclose(one);
	fclose(two);
	conf_destroy(again);
	unload(c);
}

/* As the build does: once. */
static void
fill_in(char *text, size_t cap, const char *mark, const char *value)
{
	char *at = strstr(text, mark), *rest;

	assert_non_null(at);
	rest = strdup(at + strlen(mark));
	snprintf(at, cap - (size_t)(at - text), "%s%s", value, rest);
	free(rest);
}

/* etc/kithd.conf.in is the dump of the defaults. */
static void
sample_is_the_dump_of_the_defaults(void **state)
{
	char *sample = read_file(source("etc/kithd.conf.in")), *dump;
	const char *dir = tmpdir();
	char expected[65536], empty[4096];
	FILE *f = tmpfile();
	struct conf *c;

	(void)state;
	/* A file without an option: only defaults are left. */
	snprintf(empty, sizeof(empty), "%s/empty", dir);
	write_file(empty, "");
	c = conf_load(empty, NULL, err, sizeof(err));
	assert_non_null(c);
	assert_int_equal(conf_dump(c, fileno(f)), 0);
	dump = read_fd(fileno(f));
	snprintf(expected, sizeof(expected), "%s", sample);
	/* As configure was given them. */
	fill_in(expected, sizeof(expected), "@localstatedir@", LOCALSTATEDIR);
	fill_in(expected, sizeof(expected), "@pkgdatadir@", PKGDATADIR);
	assert_string_equal(dump, expected);
	free(sample);
	free(dump);
	fclose(f);
	conf_destroy(c);
	tmpdir_remove(dir);
}

/* kithd.conf.5 has every option, its default, and whether a reload takes it over. */
static void
man_page_describes_every_option(void **state)
{
	char *page = read_file(source("server/conf/kithd.conf.5"));
	char line[512];
	bool reload;
	char *at;

	(void)state;
	for (unsigned i = 0; i < conf_keys_count; i++) {
		const struct conf_key *k = &conf_keys[i];

		at = page;
		while ((at = strstr(at, k->name)) != NULL) {
			char before = at[-1], after = at[strlen(k->name)];

			if (before == ' ' && (after == ' ' || after == '\n' || after == '"'))
				break;
			at++;
		}
		if (at == NULL)
			fail_msg("kithd.conf.5 does not describe %s", k->name);
		/* From the name to the next one of the same line, or to its end. */
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, ",\n"), at);
		reload = strstr(line, "reload") != NULL;
		if (reload != k->reload)
			fail_msg("kithd.conf.5 is wrong about the reload of %s", k->name);
		if (k->type == CONF_NUMBER && strstr(line, k->initial) == NULL)
			fail_msg("kithd.conf.5 is wrong about the default of %s", k->name);
	}
	free(page);
}

static bool
noted(const struct notes *notes, const char *begin)
{
	for (unsigned i = 0; i < notes->n; i++)
		if (strncmp(notes->text[i], begin, strlen(begin)) == 0)
			return true;
	return false;
}

static void
reload_takes_only_what_may(void **state)
{
	struct conf *to = load_good("workers 1\nsend_rate 5\n");
	struct conf *from = load_good("workers 2\nsend_rate 7\nregistration open\nlobby x\n");

	(void)state;
	struct notes notes = { 0 };

	conf_reload(to, from, &notes);
	assert_true(noted(&notes, "workers: ") && noted(&notes, "lobby: "));
	assert_false(noted(&notes, "send_rate: ") || noted(&notes, "readers: "));
	assert_int_equal(to->workers, 1);
	assert_string_equal(to->lobby, "lobby");
	assert_int_equal(to->send_rate, 7);
	assert_int_equal(to->registration, REGISTRATION_OPEN);
	unload(to);
	unload(from);
}

/* A file that comes later is read, shown, and from then on not allowed to be missing. */
static void
reload_finds_a_file_that_was_not_there(void **state)
{
	struct conf *c, *fresh;
	const char *dir = tmpdir();
	struct notes notes = { 0 };
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/kithd.conf", dir);
	c = conf_load(NULL, dir, err, sizeof(err));
	assert_non_null(c);
	assert_null(c->file);

	assert_int_equal(symlink("nowhere", path), 0);
	assert_null(conf_again(c, err, sizeof(err)));
	assert_non_null(strstr(err, path));
	assert_int_equal(unlink(path), 0);

	write_file(path, "send_rate 7\n");
	assert_non_null(fresh = conf_again(c, err, sizeof(err)));
	conf_reload(c, fresh, &notes);
	conf_destroy(fresh);
	assert_int_equal(c->send_rate, 7);
	assert_string_equal(c->file, path);

	assert_int_equal(unlink(path), 0);
	assert_null(conf_again(c, err, sizeof(err)));
	conf_destroy(c);
	assert_int_equal(rmdir(dir), 0);
}

static void
again_keeps_what_the_command_line_said(void **state)
{
	struct conf *c = load_good("workers 1\nlisten 127.0.0.1:1\n"), *fresh;

	(void)state;
	assert_int_equal(conf_set(c, "listen", "127.0.0.1:2 127.0.0.1:3", err, sizeof(err)), 0);
	write_file(c->file, "workers 2\nlisten 127.0.0.1:4\ncontrol_socket x\n");
	fresh = conf_again(c, err, sizeof(err));
	assert_non_null(fresh);
	assert_int_equal(fresh->workers, 2);
	assert_string_equal(fresh->listen[0], "127.0.0.1:2");
	assert_string_equal(fresh->listen[1], "127.0.0.1:3");
	assert_non_null(strstr(fresh->control_socket, c->state_dir));
	conf_destroy(fresh);
	write_file(c->file, "workers x\n");
	assert_null(conf_again(c, err, sizeof(err)));
	assert_non_null(strstr(err, "kithd.conf:1"));
	unload(c);
}

static void
printed_options_are_taken_over(void **state)
{
	struct conf *from = load_good("send_rate 7\nhttp_names a.lan b.lan\nlog_level debug\n"
	    "workers 9\n");
	struct conf *to = load_good("workers 1\n");
	char lines[16384];

	(void)state;
	assert_true(conf_print(from, lines, sizeof(lines)) > 0);
	assert_null(strstr(lines, "workers"));
	assert_int_equal(conf_take(to, lines, err, sizeof(err)), 0);
	assert_int_equal(to->send_rate, 7);
	assert_string_equal(to->http_names, "a.lan b.lan");
	assert_int_equal(to->log_level, LOG_L_DEBUG);
	assert_int_equal(to->workers, 1);
	assert_int_equal(conf_print(from, lines, 20), -EMSGSIZE);
	unload(from);
	unload(to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_rows),
		cmocka_unit_test(relative_paths_are_below_the_state_directory),
		cmocka_unit_test(bounds_hold_in_every_row),
		cmocka_unit_test(choices_and_switches_take_their_words),
		cmocka_unit_test(complaints_name_file_line_and_option),
		cmocka_unit_test(what_no_row_can_tell_is_checked),
		cmocka_unit_test(a_named_file_must_be_there),
		cmocka_unit_test(root_reads_only_what_nobody_else_may_write),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(a_listen_line_replaces_the_default),
		cmocka_unit_test(dump_loads_again),
		cmocka_unit_test(sample_is_the_dump_of_the_defaults),
		cmocka_unit_test(man_page_describes_every_option),
		cmocka_unit_test(reload_takes_only_what_may),
		cmocka_unit_test(reload_finds_a_file_that_was_not_there),
		cmocka_unit_test(again_keeps_what_the_command_line_said),
		cmocka_unit_test(printed_options_are_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
