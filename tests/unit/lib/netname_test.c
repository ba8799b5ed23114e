/* netname_test.c - promises of server/lib/netname.h, by table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/lib/netname.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
listen_addresses_are_parsed(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:0", "0.0.0.0:5484", "[::1]:5484", "[::]:65535", "*:0",
		"[fe80::5%lo]:1", "[fe80::5%1]:1",	/* RFC 4007: by name and by number */
	};
	static const char *const bad[] = {
		"", ":", "5484", "*", "localhost:5484", "127.0.0.1", "127.0.0.1:",
		"127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1: 1", "127.0.0.1:1x", "::1:5484", "[::1]", "[::1", "[]:1",
		"[127.0.0.1]:1", "256.0.0.1:1", "[::1%nosuchif]:1", "[fe80::5%4711]:1",
		"[fe80::5%]:1", "[fe80::5%-1]:1", "[fe80::5%4294967297]:1",
	};
	struct netname_listen to;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (netname_parse_listen(good[i], &to) != NULL)
			fail_msg("%s: %s", good[i], netname_parse_listen(good[i], &to));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (netname_parse_listen(bad[i], &to) == NULL)
			fail_msg("%s passed", bad[i]);
}

struct option {
	const char	*value;
	bool		 ok;
};

static void
check_options(const char *(*check)(const char *), const struct option *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((check(rows[i].value) == NULL) != rows[i].ok)
			fail_msg("%s", rows[i].value);
}

static void
lists_of_options_are_checked(void **state)
{
	static const struct option name_rows[] = {
		{ "", true }, { "  \t", true },
		{ "  kith.lan\tOther.Example.lan  10.example ", true }, { "a", true }, { "a-b.c_d", true },
		{ "a:1", false }, { "https://a", false }, { "a.", false }, { ".a", false },
		{ "-a", false }, { "[::1]", false }, { "a,b", false }, { "a *", false },
		{ "*.example", false }, { "a\x7f", false }, { "\xc3\xa4", false },
	}, origin_rows[] = {
		{ "", true }, { "https://wiki.example.lan http://localhost:8080\thttps://[fd00::1]:8443", true },
	 { "http://a", true }, { "https://a.b:1", true },
		{ "http://a:443", true }, { "https://a:80", true }, { "https://[::1]", true },
		{ "https://192.0.2.1:65535", true },
		{ "null", false }, { "*", false }, { "a", false }, { "https://", false },
		{ "https://a/", false }, { "https://a/b", false }, { "https://A", false },
		{ "HTTPS://a", false }, { "https://a:443", false }, { "http://a:80", false },
		{ "https://a:0443", false }, { "https://a:0", false }, { "https://a:", false },
		{ "https://a:65536", false }, { "https://*.a", false }, { "ftp://a", false },
		{ "https://a, https://b", false }, { "https://a@b", false },
		{ "https://[::1", false }, { "https://a?b", false }, { "https://[a]", false },
		{ "https://a https://b/", false },
	}, network_rows[] = {
		{ "", true }, { "127.0.0.1 ::1 10.0.0.0/8 fd00:2::80/121 172.16.0.1/32", true },
		{ "::ffff:100.64.0.0/106", true }, { "0.0.0.0/0", true }, { "::/0", true },
		{ "1.2.3.4/32", true }, { "::1/128", true }, { "::ffff:1.2.3.4/128", true },
		{ "1.2.3.4/33", false }, { "::1/129", false }, { "1.2.3.4/", false },
		{ "1.2.3.4/-1", false }, { "1.2.3.4/+8", false }, { "1.2.3.4/8/8", false },
		{ "1.2.3.4/255.0.0.0", false }, { "1.2.3/24", false }, { "1.2.3.4:80", false },
		{ "[::1]", false }, { "localhost", false }, { "/8", false }, { "1.2.3.4,", false },
		{ "1.2.3.4/0008", false }, { "1.2.3.4 x", false },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", false },
	};
	char value[600];

	(void)state;
	check_options(netname_check_names, name_rows, COUNT(name_rows));
	check_options(netname_check_origins, origin_rows, COUNT(origin_rows));
	check_options(netname_check_networks, network_rows, COUNT(network_rows));

	memset(value, 'a', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	assert_non_null(netname_check_names(value));
	memcpy(value, "https://", 8);
	assert_non_null(netname_check_origins(value));
	assert_non_null(netname_check_networks(value));
}

static void
loopback_is_known_in_both_families(void **state)
{
	static const struct {
		const char	*text;
		bool		 v4, loopback;
	} rows[] = {
		{ "127.0.0.1", true, true }, { "127.255.0.9", true, true },
		{ "::ffff:127.0.0.1", true, true }, { "::1", false, true },
		{ "128.0.0.1", true, false }, { "0.0.0.0", true, false },
		{ "::", false, false }, { "::127.0.0.1", false, false },
		{ "fe80::1", false, false }, { "1::1", false, false },
	};
	uint8_t address[16];
	unsigned bits;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(netname_parse_address(rows[i].text, address, &bits));
		assert_int_equal(netname_is_v4(address), rows[i].v4);
		assert_int_equal(netname_is_loopback(address), rows[i].loopback);
	}
}

static void
networks_hold_their_addresses(void **state)
{
	static const struct {
		const char	*network, *address;
		bool		 in;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1", true }, { "10.0.0.0/8", "11.0.0.1", false },
		{ "10.1.2.3", "10.1.2.3", true }, { "10.1.2.3", "10.1.2.2", false },
		{ "192.168.4.0/22", "192.168.7.255", true },
		{ "192.168.4.0/22", "192.168.8.0", false },
		{ "0.0.0.0/0", "255.1.2.3", true }, { "0.0.0.0/0", "::1", false },
		{ "::/0", "::1", true }, { "::/0", "1.2.3.4", true },
		{ "fd00:2::80/121", "fd00:2::ff", true },
		{ "fd00:2::80/121", "fd00:2::7f", false },
	};
	uint8_t network[16], address[16];
	unsigned bits, all;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(netname_parse_network(rows[i].network, network, &bits));
		assert_true(netname_parse_address(rows[i].address, address, &all));
		if (netname_in_network(address, network, bits) != rows[i].in)
			fail_msg("%s %s", rows[i].network, rows[i].address);
	}
}

static void
addresses_are_printed_as_people_write_them(void **state)
{
	static const char *const rows[] = {
		"127.0.0.1", "192.0.2.255", "::1", "2001:db8::7", "::",
	};
	char text[NETNAME_ADDRESS_MAX];
	uint8_t address[16];
	unsigned bits;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(netname_parse_address(rows[i], address, &bits));
		assert_string_equal(netname_print_address(address, text), rows[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_addresses_are_parsed),
		cmocka_unit_test(addresses_are_printed_as_people_write_them),
		cmocka_unit_test(lists_of_options_are_checked),
		cmocka_unit_test(loopback_is_known_in_both_families),
		cmocka_unit_test(networks_hold_their_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
