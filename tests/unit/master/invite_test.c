/*
 * invite_test.c - every address that the server prints is one that kith takes and a browser
 * can open, whatever the server's name comes from.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-cli/libkith/kith.h"
#include "server/conf/conf.h"
#include "server/lib/hostname.h"
#include "server/master/invite.h"
#include "server/master/master_int.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define KEY		"SHA256:DEht_WgGQR7BFsMp1YgztyXEhiFsii3qKciAMtuOK7U"
#define SECRET		"kyavtrpEJZbnXKo_y1WxZw"

static struct conf *
make_conf(const char *server_name)
{
	char err[1024];
	struct conf *c = conf_load(NULL, "/nonexistent", err, sizeof(err));

	assert_non_null(c);
	if (server_name != NULL && conf_set(c, "server_name", server_name, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return c;
}

/* The invite for both, of a server that listens on `address`. `host` as kith has it, without
 * brackets; NULL: any. */
static void
expect_host(const char *server_name, const char *address, const char *host)
{
	struct master *m = calloc(1, sizeof(*m));
	char url[INVITE_URL_MAX], link[INVITE_URL_MAX], brackets[300];
	struct kith_url parsed;
	const char *why = "";

	m->conf = make_conf(server_name);
	m->listeners.n = 1;
	snprintf(m->listeners.at[0].text, sizeof(m->listeners.at[0].text), "%s", address);
	strcpy(m->fingerprint, KEY);
	assert_int_equal(invite_url(m, SECRET, url, sizeof(url)), 0);
	assert_int_equal(invite_link(m, SECRET, link, sizeof(link)), 0);
	if (kith_url_parse(url, &parsed, &why) < 0)
		fail_msg("%s: %s", url, why);
	assert_string_equal(parsed.invite, SECRET);
	assert_string_equal(parsed.key, KEY);
	assert_int_equal(parsed.port, 7777);
	if (host != NULL)
		assert_string_equal(parsed.host, host);
	snprintf(brackets, sizeof(brackets), strchr(parsed.host, ':') != NULL ?
	    "https://[%s]:7777/#invite=" SECRET : "https://%s:7777/#invite=" SECRET, parsed.host);
	assert_string_equal(link, brackets);
	assert_null(strchr(link, '%'));		/* a zone is no part of a browser's address */
	conf_destroy(m->conf);
	free(m);
}

static void
names_of_the_configuration(void **state)
{
	static const struct { const char *name, *host; } rows[] = {
		{ "chat.example.lan", "chat.example.lan" }, { "Chat_1.LAN", "Chat_1.LAN" },
		{ "192.0.2.7", "192.0.2.7" }, { "2001:db8::7", "2001:db8::7" },
		{ "[2001:db8::7]", "2001:db8::7" }, { "::1", "::1" },
		{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
		{ "B\xc3\x9c" "CHER.Example", "xn--bcher-kva.example" },
		{ "\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95", "xn--fsqu00a.xn--0zwm56d" },
		{ "stra\xc3\x9f" "e.lan", "xn--strae-oqa.lan" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_host(rows[i].name, "0.0.0.0:7777", rows[i].host);
		expect_host(rows[i].name, "198.51.100.2:7777", rows[i].host);
	}
}

static void
names_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {
		"our chat", "\"chat\"", "chat:5484", "https://chat", "-chat", ".chat", "chat.", "1.2.3",
		"256.1.1.1", "[::1", "::1]", "fe80::1%eth0", "a/b", "a#b", "\xff\xfe", "b\xcc\x88\xe2\x80\x8d",
		"a\xe3\x80\x82", "\xe2\x80\xae" "x.lan",
	};
	struct conf *c = make_conf(NULL);
	char err[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (conf_set(c, "server_name", bad[i], err, sizeof(err)) == 0)
			fail_msg("\"%s\" passed", bad[i]);
		assert_non_null(strstr(err, "must be a host name"));
	}
	conf_destroy(c);
}

static void
addresses_to_listen_on(void **state)
{
	(void)state;
	expect_host(NULL, "192.0.2.9:7777", "192.0.2.9");
	expect_host(NULL, "[2001:db8::9]:7777", "2001:db8::9");
	/* With a zone the address means something on this machine alone. */
	expect_host(NULL, "[fe80::5%br-lan]:7777", NULL);
	expect_host("chat.lan", "[fe80::5%lo]:7777", "chat.lan");
}

/* In a child with a host name of its own. */
static int
try_host_name(const char *name)
{
	char host[NETNAME_HOST_MAX];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWUTS) < 0 || sethostname(name, strlen(name)) < 0)
			_exit(77);
		expect_host(NULL, "0.0.0.0:7777", NULL);
		_exit(hostname_own(host) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
names_of_the_host(void **state)
{
	static const struct { const char *name; int status; } rows[] = {
		{ "desk", 0 }, { "desk.example.lan", 0 }, { "M\xc3\x9cLLER-pc", 0 },
		{ "my host", 1 }, { "(none)", 1 }, { "a#b", 1 }, { "", 1 }, { "\xff", 1 },
	};
	int got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if ((got = try_host_name(rows[i].name)) == 77)
			return;		/* only root can have another name */
		if (got != rows[i].status)
			fail_msg("\"%s\": %d", rows[i].name, got);
	}
}

static void
a_secret_that_is_none_makes_no_url(void **state)
{
	static const char *const bad[] = { "", "a b", "a\x1b[2J", "a/b", "a#b", "\xc3\xa4" };
	struct master *m = calloc(1, sizeof(*m));
	char url[INVITE_URL_MAX];

	(void)state;
	m->conf = make_conf("chat.lan");
	m->listeners.n = 1;
	strcpy(m->listeners.at[0].text, "0.0.0.0:7777");
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_true(invite_url(m, bad[i], url, sizeof(url)) < 0);
		assert_true(invite_link(m, bad[i], url, sizeof(url)) < 0);
	}
	conf_destroy(m->conf);
	free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_the_configuration),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(addresses_to_listen_on),
		cmocka_unit_test(names_of_the_host),
		cmocka_unit_test(a_secret_that_is_none_makes_no_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
