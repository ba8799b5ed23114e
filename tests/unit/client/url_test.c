/*
 * url_test.c - addresses of servers and targets of messages, as people type them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client-cli/libkith/kith.h"
#include "protocol/limits.h"

#define KEY	"SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0"
#define N(a)	(sizeof(a) / sizeof((a)[0]))

static void
good_urls_are_taken_apart(void **state)
{
	static const struct {
		const char	*text, *host;
		unsigned	 port;
		int		 plain;
		const char	*invite, *key;
	} cases[] = {
		{ "kith://chat.lan", "chat.lan", KITH_PORT, 0, "", "" },
		{ "kith://chat.lan/", "chat.lan", KITH_PORT, 0, "", "" },
		{ "kith://chat.lan:1", "chat.lan", 1, 0, "", "" },
		{ "kith://chat.lan:65535/inv-1_A", "chat.lan", 65535, 0, "inv-1_A", "" },
		{ "kith://chat.lan/abc#" KEY, "chat.lan", KITH_PORT, 0, "abc", KEY },
		{ "kith://chat.lan#" KEY, "chat.lan", KITH_PORT, 0, "", KEY },
		{ "kith://chat.lan/#" KEY, "chat.lan", KITH_PORT, 0, "", KEY },
		{ "kith://[::1]:99/x", "::1", 99, 0, "x", "" },
		{ "kith://[fe80::1%eth0]", "fe80::1%eth0", KITH_PORT, 0, "", "" },
		{ "kith://192.0.2.7:5484", "192.0.2.7", 5484, 0, "", "" },
		{ "kith+plain://127.0.0.1:7/x", "127.0.0.1", 7, 1, "x", "" },
		{ "chat.lan", "chat.lan", KITH_PORT, 0, "", "" },
		{ "chat-1.lan:77", "chat-1.lan", 77, 0, "", "" },
		{ "[2001:db8::1]:77", "2001:db8::1", 77, 0, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct kith_url url;
		const char *why = NULL;

		if (kith_url_parse(cases[i].text, &url, &why) != 0)
			fail_msg("%s: %s", cases[i].text, why);
		assert_string_equal(url.host, cases[i].host);
		assert_int_equal(url.port, cases[i].port);
		assert_int_equal(url.plain, cases[i].plain);
		assert_string_equal(url.invite, cases[i].invite);
		assert_string_equal(url.key, cases[i].key);
	}
}

static void
bad_urls_are_refused_with_a_reason(void **state)
{
	static const char *const cases[] = {
		"", "kith://", "kith:///invite", "kith://:5484", "http://chat.lan",
		"kith+tls://chat.lan",
		"kith://chat.lan:", "kith://chat.lan:0", "kith://chat.lan:65536",
		"kith://chat.lan:123456",
		"kith://chat.lan:12a", "kith://chat.lan:-1", "kith://::1", "kith://[::1",
		"kith://[::1]x",
		"kith://[]", "kith://[abc]", "kith://chat lan", "kith://-oProxy", "kith://a\033[2J",
		"kith://chat.lan/in vite", "kith://chat.lan/in/vite", "kith://chat.lan/x?y",
		"kith://chat.lan#", "kith://chat.lan#SHA256:", "kith://chat.lan#MD5:abc",
		"kith://chat.lan/x#" KEY "x", "kith://chat.lan/x#SHA256:abc",
		"kith://chat.lan/x#SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_=",
		"kith://user@chat.lan", "chat.lan/invite",
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct kith_url url;
		const char *why = NULL;

		if (kith_url_parse(cases[i], &url, &why) != -EINVAL)
			fail_msg("%s was taken", cases[i]);
		assert_non_null(why);
	}
}

static void
too_long_parts_are_refused(void **state)
{
	char text[600];
	struct kith_url url;
	const char *why;

	(void)state;
	snprintf(text, sizeof(text), "kith://%0255d", 1);
	assert_int_equal(kith_url_parse(text, &url, &why), 0);
	snprintf(text, sizeof(text), "kith://%0256d", 1);
	assert_int_equal(kith_url_parse(text, &url, &why), -EINVAL);
	snprintf(text, sizeof(text), "kith://h/%0127d", 1);
	assert_int_equal(kith_url_parse(text, &url, &why), 0);
	snprintf(text, sizeof(text), "kith://h/%0128d", 1);
	assert_int_equal(kith_url_parse(text, &url, &why), -EINVAL);
}

static void
addresses_are_written_as_they_are_read(void **state)
{
	static const char *const cases[] = { "chat.lan:5484", "[::1]:1", "127.0.0.1:65535" };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char out[KITH_ADDRESS_MAX];
		struct kith_url url;
		const char *why;

		assert_int_equal(kith_url_parse(cases[i], &url, &why), 0);
		kith_url_address(&url, out);
		assert_string_equal(out, cases[i]);
	}
}

static void
targets_are_taken_apart(void **state)
{
	char words[] = "@alice,#ops,@bob";
	Kith__V1__Target out[3];
	const char *bad;

	(void)state;
	assert_int_equal(kith_targets_parse(words, out, 3, &bad), 3);
	assert_int_equal(out[0].to_case, KITH__V1__TARGET__TO_USER);
	assert_string_equal(out[0].user, "alice");
	assert_int_equal(out[1].to_case, KITH__V1__TARGET__TO_GROUP);
	assert_string_equal(out[1].group, "ops");
	assert_int_equal(out[2].to_case, KITH__V1__TARGET__TO_USER);
	assert_string_equal(out[2].user, "bob");
}

static void
bad_targets_are_named(void **state)
{
	static const struct {
		const char	*words;
		int		 rc;
		const char	*bad;
	} cases[] = {
		{ "alice", -EINVAL, "alice" }, { "", -EINVAL, "" }, { "@", -EINVAL, "@" },
		{ "#", -EINVAL, "#" }, { "@alice,bob", -EINVAL, "bob" }, { "@alice,", -EINVAL, "" },
		{ ",@alice", -EINVAL, "" }, { "@a,@b,@c", -E2BIG, "@c" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		Kith__V1__Target out[2];
		const char *bad = NULL;
		char words[32];

		snprintf(words, sizeof(words), "%s", cases[i].words);
		assert_int_equal(kith_targets_parse(words, out, 2, &bad), cases[i].rc);
		assert_string_equal(bad, cases[i].bad);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_are_taken_apart),
		cmocka_unit_test(bad_urls_are_refused_with_a_reason),
		cmocka_unit_test(too_long_parts_are_refused),
		cmocka_unit_test(addresses_are_written_as_they_are_read),
		cmocka_unit_test(targets_are_taken_apart),
		cmocka_unit_test(bad_targets_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
