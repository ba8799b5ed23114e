/* web_rules_test.c - promises of server/http/web_rules.h, by table; requests come from the
 * reader. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/conf/conf.h"
#include "server/http/http.h"
#include "server/http/web_rules.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static char server_name[] = "chat.example.lan", nothing[] = "";
static char names[] = "  kith.lan\tOther.Example.lan  10.example ";
static char origins[] = "https://wiki.example.lan http://localhost:8080\thttps://[fd00::1]:8443";
static char proxies[] = "127.0.0.1 ::1 10.0.0.0/8 192.168.4.0/22 fd00:1::/32 fd00:2::80/121 "
    "172.16.0.1/32 ::ffff:100.64.0.0/106";

/* With all lists, and with none. */
static struct web_rules *rules, *bare;

static int
setup(void **state)
{
	static const struct conf conf = {
		.server_name = server_name, .http_names = names, .http_origins = origins,
		.http_proxies = proxies,
	}, bare_conf = {
		.server_name = server_name, .http_names = nothing, .http_origins = nothing,
		.http_proxies = nothing,
	};

	(void)state;
	rules = web_rules_create(&conf);
	bare = web_rules_create(&bare_conf);
	return rules != NULL && bare != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	web_rules_destroy(rules);
	web_rules_destroy(bare);
	return 0;
}

/* -- requests ------------------------------------------------------------- */

static const char peer_far[] = "192.0.2.9", peer_proxy[] = "10.1.2.3";

static void
address_of(const char *text, uint8_t address[16])
{
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') == NULL ? "::ffff:" : "", text);
	assert_int_equal(inet_pton(AF_INET6, mapped, address), 1);
}

/* web_rules_judge() for a request with these header lines. */
static bool
ask(const struct web_rules *of, const char *lines, const char *peer, bool tls, struct web_asker *a)
{
	struct http_reader r;
	uint8_t address[16];
	char head[4096];
	const uint8_t *at = (const uint8_t *)head;
	size_t len = (size_t)snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n%s\r\n", lines);
	bool ok;

	http_reader_init(&r);
	assert_int_equal(http_read(&r, &at, &len), HTTP_HEAD_DONE);
	address_of(peer, address);
	ok = web_rules_judge(of, &r.request, address, tls, a);
	http_reader_fini(&r);
	return ok;
}

/* -- hosts ---------------------------------------------------------------- */

static void
hosts_are_ours_or_addresses(void **state)
{
	static const struct {
		const char	*host;
		bool		 ok;
	} rows[] = {
		{ "chat.example.lan", true }, { "CHAT.Example.LAN", true },
		{ "chat.example.lan:5484", true }, { "chat.example.lan.", true },
		{ "chat.example.lan.:5484", true }, { "kith.lan", true },
		{ "other.example.lan:1", true }, { "10.example", true },
		{ "localhost", true }, { "LOCALHOST:65535", true }, { "localhost.", true },
		{ "127.0.0.1", true }, { "127.0.0.1:5484", true }, { "192.0.2.77", true },
		{ "[::1]", true }, { "[::1]:5484", true }, { "[2001:db8::7]", true },
		{ "[::ffff:192.0.2.1]", true },
		/* A page of somebody else's made its name lead here. */
		{ "evil.example", false }, { "evil.example:5484", false },
		{ "chat.example.lan.evil.example", false }, { "evilchat.example.lan", false },
		{ "chat.example.la", false }, { "chat.example.lan..", false },
		{ ".chat.example.lan", false }, { "example.lan", false }, { "lan", false },
		{ "localhost.evil.example", false }, { "127.0.0.1.evil.example", false },
		{ "localhost..", false }, { ".", false }, { "..", false }, { "kith", false },
		/* Not an address, whatever some resolvers make of it. */
		{ "127.1", false }, { "2130706433", false }, { "0x7f.0.0.1", false },
		{ "127.0.0.1.", false }, { "127.0.0.256", false }, { "0177.0.0.1.5", false },
		{ "[127.0.0.1]", false }, { "::1", false }, { "[::1", false }, { "::1]", false },
		{ "[::1]5484", false }, { "[]", false }, { "[", false }, { "[]:1", false },
		{ "[::1%25lo]", false }, { "[fe80::1%lo]", false }, { "[::1]]", false },
		{ "[v1.a]", false }, { "[localhost]", false },
		/* Ports are digits. */
		{ "localhost:", false }, { "localhost:0x1", false }, { "localhost:65536", false },
		{ "localhost:123456", false }, { "localhost:-1", false }, { "localhost:+1", false },
		{ "localhost:80:80", false }, { "localhost: 80", false }, { ":5484", false },
		{ "localhost:a", false },
		/* No host at all. */
		{ "", false }, { NULL, false }, { "*", false }, { "local host", false },
		{ "localhost,evil.example", false }, { "user@localhost", false },
		{ "http://localhost", false }, { "localhost/", false }, { "null", false },
		{ "kith.lan other.example.lan", false }, { "  kith.lan", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (web_rules_host_ok(rules, rows[i].host) != rows[i].ok)
			fail_msg("%s", rows[i].host != NULL ? rows[i].host : "no host");
	assert_false(web_rules_host_ok(bare, "kith.lan"));
	assert_true(web_rules_host_ok(bare, "chat.example.lan"));
}

static void
the_machine_knows_its_own_name(void **state)
{
	char own[256] = "", longer[300];

	(void)state;
	assert_return_code(gethostname(own, sizeof(own) - 1), 0);
	assert_true(web_rules_host_ok(bare, own));
	snprintf(longer, sizeof(longer), "%s.evil.example", own);
	assert_false(web_rules_host_ok(bare, longer));
}

/* A reload frees the texts of the options. */
static void
rules_keep_no_text_of_the_options(void **state)
{
	char text[] = "a.lan", origin[] = "https://b.lan", proxy[] = "10.1.2.3", lan[] = "c.lan";
	const struct conf conf = { .server_name = lan, .http_names = text,
	    .http_origins = origin, .http_proxies = proxy };
	struct web_rules *own = web_rules_create(&conf);
	struct web_asker a;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memset(origin, 'x', sizeof(origin) - 1);
	memset(proxy, 'x', sizeof(proxy) - 1);
	memset(lan, 'x', sizeof(lan) - 1);
	assert_true(web_rules_host_ok(own, "a.lan"));
	assert_true(web_rules_host_ok(own, "c.lan"));
	assert_false(web_rules_host_ok(own, "xxxxx"));
	assert_true(ask(own, "Host: a.lan\r\nOrigin: https://b.lan\r\n", "10.1.2.3", true, &a));
	assert_int_equal(a.origin, ORIGIN_LISTED);
	assert_true(a.proxied);
	web_rules_destroy(own);
}

static void
long_hosts_are_refused(void **state)
{
	char host[600];

	(void)state;
	for (size_t len = 200; len < sizeof(host); len++) {
		memset(host, 'a', len);
		host[len] = '\0';
		assert_false(web_rules_host_ok(rules, host));
		memcpy(host + len - 6, ":65535", 6);
		assert_false(web_rules_host_ok(rules, host));
		host[0] = '[';
		assert_false(web_rules_host_ok(rules, host));
	}
}

/* -- origins -------------------------------------------------------------- */

static const struct {
	const char	*host, *origin;		/* the origin NULL: none */
	bool		 tls;
	enum web_origin	 expected;
} origin_rows[] = {
	{ "localhost", NULL, true, ORIGIN_NONE },
	{ "chat.example.lan:5484", "https://chat.example.lan:5484", true, ORIGIN_OWN },
	{ "chat.example.lan:5484", "http://chat.example.lan:5484", false, ORIGIN_OWN },
	{ "Chat.Example.LAN:5484", "https://chat.example.lan:5484", true, ORIGIN_OWN },
	{ "[::1]:5484", "https://[::1]:5484", true, ORIGIN_OWN },
	{ "[FD00::A]:5484", "https://[fd00::a]:5484", true, ORIGIN_OWN },
	{ "chat.example.lan.", "https://chat.example.lan.", true, ORIGIN_OWN },
	/* The scheme's own port is not said by browsers. */
	{ "chat.example.lan", "https://chat.example.lan", true, ORIGIN_OWN },
	{ "chat.example.lan:443", "https://chat.example.lan", true, ORIGIN_OWN },
	{ "chat.example.lan:80", "http://chat.example.lan", false, ORIGIN_OWN },
	{ "chat.example.lan:80", "https://chat.example.lan:80", true, ORIGIN_OWN },
	{ "chat.example.lan:443", "http://chat.example.lan:443", false, ORIGIN_OWN },
	{ "[::1]:443", "https://[::1]", true, ORIGIN_OWN },
	{ "[::443]", "https://[::443]", true, ORIGIN_OWN },
	{ "chat.example.lan:80", "https://chat.example.lan", true, ORIGIN_REFUSED },
	{ "chat.example.lan:443", "http://chat.example.lan", false, ORIGIN_REFUSED },
	{ "chat.example.lan:1443", "https://chat.example.lan:1", true, ORIGIN_REFUSED },
	{ "chat.example.lan:1443", "https://chat.example.lan", true, ORIGIN_REFUSED },
	/* Others. */
	{ "localhost:5484", "null", true, ORIGIN_REFUSED },
	{ "localhost:5484", "", true, ORIGIN_REFUSED },
	{ "localhost:5484", "*", true, ORIGIN_REFUSED },
	{ "localhost:5484", "localhost:5484", true, ORIGIN_REFUSED },
	{ "localhost:5484", "//localhost:5484", true, ORIGIN_REFUSED },
	{ "localhost:5484", "http://localhost:5484", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost:5484", false, ORIGIN_REFUSED },
	{ "localhost:5484", "wss://localhost:5484", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost:5485", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost:54840", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://127.0.0.1:5484", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost:5484/", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost:5484/x", true, ORIGIN_REFUSED },
	{ "localhost:5484", "https://localhost:5484, https://evil.example", true,
	    ORIGIN_REFUSED },
	{ "localhost:5484", "https://evil.example https://localhost:5484", true,
	    ORIGIN_REFUSED },
	{ "localhost:5484", "HTTPS://LOCALHOST:5484", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "https://chat.example.lan.evil.example", true,
	    ORIGIN_REFUSED },
	{ "chat.example.lan", "https://evil.example", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "https://evilchat.example.lan", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "https://sub.chat.example.lan", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "https://example.lan", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "https://chat.example.lan@evil.example", true,
	    ORIGIN_REFUSED },
	{ "chat.example.lan", "https://chat.example.lan.", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "https://chat.example.la", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "file://", true, ORIGIN_REFUSED },
	{ "chat.example.lan", "chrome-extension://abcdef", true, ORIGIN_REFUSED },
	/* Those of the option. */
	{ "localhost", "https://wiki.example.lan", true, ORIGIN_LISTED },
	{ "localhost", "https://wiki.example.lan", false, ORIGIN_LISTED },
	{ "localhost", "http://localhost:8080", true, ORIGIN_LISTED },
	{ "localhost", "https://[fd00::1]:8443", true, ORIGIN_LISTED },
	{ "localhost", "http://wiki.example.lan", true, ORIGIN_REFUSED },
	{ "localhost", "https://wiki.example.lan:443", true, ORIGIN_REFUSED },
	{ "localhost", "https://wiki.example.lan:8443", true, ORIGIN_REFUSED },
	{ "localhost", "https://wiki.example.lan/", true, ORIGIN_REFUSED },
	{ "localhost", "https://wiki.example.lan.evil.example", true, ORIGIN_REFUSED },
	{ "localhost", "https://wiki.example.lan http://localhost:8080", true,
	    ORIGIN_REFUSED },
	{ "localhost", "https://WIKI.example.lan", true, ORIGIN_REFUSED },
};

static void
origins_are_compared_whole(void **state)
{
	struct web_asker a;
	char lines[512];

	(void)state;
	for (size_t i = 0; i < COUNT(origin_rows); i++) {
		snprintf(lines, sizeof(lines), "Host: %s\r\n%s%s%s", origin_rows[i].host,
		    origin_rows[i].origin != NULL ? "Origin: " : "",
		    origin_rows[i].origin != NULL ? origin_rows[i].origin : "",
		    origin_rows[i].origin != NULL ? "\r\n" : "");
		assert_true(ask(rules, lines, peer_far, origin_rows[i].tls, &a));
		if (a.origin != origin_rows[i].expected)
			fail_msg("%s from %s: %d", origin_rows[i].host,
			    origin_rows[i].origin != NULL ? origin_rows[i].origin : "nowhere",
			    a.origin);
		if (origin_rows[i].expected == ORIGIN_LISTED) {
			assert_true(ask(bare, lines, peer_far, origin_rows[i].tls, &a));
			assert_int_equal(a.origin, ORIGIN_REFUSED);
		}
	}
}

static void
without_a_host_no_origin_is_own(void **state)
{
	struct http_request q = { .headers = { { "origin", "https://" } }, .nheaders = 1 };
	uint8_t address[16] = { 0 };
	struct web_asker a;

	(void)state;
	assert_true(web_rules_judge(rules, &q, address, true, &a));
	assert_int_equal(a.origin, ORIGIN_REFUSED);
}

static void
long_origins_are_refused(void **state)
{
	char lines[2048], host[1024];
	struct web_asker a;

	(void)state;
	for (size_t len = 200; len < sizeof(host) - 1; len++) {
		memset(host, 'a', len);
		host[len] = '\0';
		snprintf(lines, sizeof(lines), "Host: localhost\r\nOrigin: https://%s\r\n", host);
		assert_true(ask(rules, lines, peer_far, true, &a));
		assert_int_equal(a.origin, ORIGIN_REFUSED);
	}
}

static void
sec_fetch_site_is_read(void **state)
{
	static const struct {
		const char	*line;
		bool		 same;
	} rows[] = {
		{ "", false }, { "Sec-Fetch-Site: same-origin\r\n", true },
		{ "Sec-Fetch-Site: same-site\r\n", false }, { "Sec-Fetch-Site: none\r\n", false },
		{ "Sec-Fetch-Site: cross-site\r\n", false }, { "Sec-Fetch-Site:\r\n", false },
		{ "Sec-Fetch-Site: same-origin, none\r\n", false },
	};
	struct web_asker a;
	char lines[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(lines, sizeof(lines), "Host: localhost\r\n%s", rows[i].line);
		assert_true(ask(rules, lines, peer_far, true, &a));
		assert_int_equal(a.same_site, rows[i].same);
		assert_int_equal(a.origin, ORIGIN_NONE);
	}
}

/* -- proxies -------------------------------------------------------------- */

#define FOR	"Host: localhost\r\nX-Forwarded-For: "
#define END	"\r\n"

static void
only_proxies_are_believed(void **state)
{
	static const struct {
		const char	*peer;
		bool		 believed;
	} rows[] = {
		{ "127.0.0.1", true }, { "::1", true }, { "10.0.0.0", true },
		{ "10.255.255.255", true }, { "192.168.4.0", true }, { "192.168.7.255", true },
		{ "fd00:1::1", true }, { "fd00:1:ffff::", true }, { "fd00:2::80", true },
		{ "fd00:2::ff", true }, { "172.16.0.1", true }, { "100.64.0.1", true },
		{ "100.127.255.255", true },
		{ "127.0.0.2", false }, { "::2", false }, { "11.0.0.0", false },
		{ "9.255.255.255", false }, { "192.168.3.255", false }, { "192.168.8.0", false },
		{ "fd00:0:ffff::", false }, { "fd00:2::7f", false }, { "fd00:2::100", false },
		{ "172.16.0.2", false }, { "100.128.0.0", false }, { "100.63.255.255", false },
		{ "::", false }, { "::a00:1", false }, { "0.0.0.0", false },
	};
	uint8_t told[16], peer[16];
	struct web_asker a;

	(void)state;
	address_of("198.51.100.7", told);
	for (size_t i = 0; i < COUNT(rows); i++) {
		address_of(rows[i].peer, peer);
		assert_true(ask(rules, FOR "198.51.100.7" END "X-Forwarded-Proto: https" END,
		    rows[i].peer, false, &a));
		if (a.proxied != rows[i].believed || a.tls != rows[i].believed)
			fail_msg("%s", rows[i].peer);
		assert_memory_equal(a.address, rows[i].believed ? told : peer, 16);
		assert_true(ask(bare, FOR "198.51.100.7" END, rows[i].peer, false, &a));
		assert_false(a.proxied);
		assert_memory_equal(a.address, peer, 16);
	}
}

static void
last_foreign_address_is_the_client(void **state)
{
	static const struct {
		const char	*lines, *address;	/* NULL: makes no sense */
	} rows[] = {
		{ "Host: localhost" END, "10.1.2.3" },
		{ FOR "198.51.100.7" END, "198.51.100.7" },
		{ FOR "  198.51.100.7\t" END, "198.51.100.7" },
		{ FOR "2001:db8::1" END, "2001:db8::1" },
		{ FOR "::ffff:198.51.100.7" END, "198.51.100.7" },
		{ FOR "1.1.1.1, 198.51.100.7" END, "198.51.100.7" },
		{ FOR "1.1.1.1,198.51.100.7,10.9.9.9 , 127.0.0.1" END, "198.51.100.7" },
		{ FOR "127.0.0.1, 198.51.100.7" END, "198.51.100.7" },
		{ FOR "10.0.0.1, 10.0.0.2" END, "10.0.0.1" },
		{ FOR "1.1.1.1" END "X-Forwarded-For: 198.51.100.7" END, "198.51.100.7" },
		{ FOR "198.51.100.7" END "X-Forwarded-For: 10.0.0.1, 10.0.0.2" END,
		    "198.51.100.7" },
		/* What a stranger wrote himself is not even looked at. */
		{ FOR "unknown, <script>, 198.51.100.7" END, "198.51.100.7" },
		{ FOR "unknown" END "X-Forwarded-For: 198.51.100.7" END, "198.51.100.7" },
		{ FOR "unknown" END, NULL },
		{ FOR END, NULL },
		{ FOR "," END, NULL },
		{ FOR "198.51.100.7," END, NULL },
		{ FOR "unknown, 10.0.0.1" END, NULL },
		{ FOR "198.51.100.7:1234" END, NULL },
		{ FOR "[2001:db8::1]" END, NULL },
		{ FOR "198.51.100" END, NULL },
		{ FOR "198.51.100.7 10.0.0.1" END, NULL },
		{ FOR " " END, NULL },
		{ FOR "localhost" END, NULL },
		{ FOR "198.51.100.7" END "X-Forwarded-Proto: ftp" END, NULL },
		{ FOR "198.51.100.7" END "X-Forwarded-Proto: https, http" END, NULL },
		{ FOR "198.51.100.7" END "X-Forwarded-Proto:" END, NULL },
	};
	uint8_t expected[16];
	struct web_asker a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ok = ask(rules, rows[i].lines, peer_proxy, false, &a);

		if (ok != (rows[i].address != NULL))
			fail_msg("row %zu: %s", i, rows[i].lines);
		if (ok) {
			address_of(rows[i].address, expected);
			if (memcmp(a.address, expected, 16) != 0)
				fail_msg("row %zu: %s: another address", i, rows[i].lines);
		}
		/* From anybody else they are nothing. */
		assert_true(ask(rules, rows[i].lines, peer_far, false, &a));
		assert_false(a.proxied || a.tls);
	}
}

static void
overlong_forwarded_list_is_refused(void **state)
{
	char lines[4096];
	struct web_asker a;

	(void)state;
	snprintf(lines, sizeof(lines), FOR "%01100d, 198.51.100.7" END, 0);
	assert_false(ask(rules, lines, peer_proxy, false, &a));
}

static void
the_scheme_is_the_browsers(void **state)
{
	static const struct {
		const char	*peer, *scheme, *origin;
		bool		 tls;			/* that we ended */
		enum web_origin	 expected;
	} rows[] = {
		{ peer_proxy, "https", "https://localhost", false, ORIGIN_OWN },
		{ peer_proxy, "https", "http://localhost", false, ORIGIN_REFUSED },
		{ peer_proxy, "http", "http://localhost", true, ORIGIN_OWN },
		{ peer_proxy, "http", "https://localhost", true, ORIGIN_REFUSED },
		{ peer_far, "https", "https://localhost", false, ORIGIN_REFUSED },
		{ peer_far, "https", "http://localhost", false, ORIGIN_OWN },
		{ peer_far, "http", "https://localhost", true, ORIGIN_OWN },
	};
	struct web_asker a;
	char lines[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(lines, sizeof(lines), FOR "198.51.100.7" END "X-Forwarded-Proto: %s" END
		    "Origin: %s" END, rows[i].scheme, rows[i].origin);
		assert_true(ask(rules, lines, rows[i].peer, rows[i].tls, &a));
		assert_int_equal(a.origin, rows[i].expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_ours_or_addresses),
		cmocka_unit_test(the_machine_knows_its_own_name),
		cmocka_unit_test(rules_keep_no_text_of_the_options),
		cmocka_unit_test(long_hosts_are_refused),
		cmocka_unit_test(origins_are_compared_whole),
		cmocka_unit_test(without_a_host_no_origin_is_own),
		cmocka_unit_test(long_origins_are_refused),
		cmocka_unit_test(sec_fetch_site_is_read),
		cmocka_unit_test(only_proxies_are_believed),
		cmocka_unit_test(last_foreign_address_is_the_client),
		cmocka_unit_test(overlong_forwarded_list_is_refused),
		cmocka_unit_test(the_scheme_is_the_browsers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
