/* netname.c - hosts, ports, addresses, networks and origins as text. */
#include "server/lib/netname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_PREFIX_BYTES	12u

static const uint8_t v4_mapped[16] = NETNAME_V4_MAPPED;

bool
netname_next_word(const char **list, char *word, size_t cap)
{
	size_t len;

	*list += strspn(*list, " \t");
	if ((len = strcspn(*list, " \t")) == 0)
		return false;
	snprintf(word, cap, "%.*s", len < cap ? (int)len : 0, *list);
	*list += len;
	return true;
}

/* -- addresses and networks ----------------------------------------------- */

bool
netname_is_v4(const uint8_t address[16])
{
	return memcmp(address, v4_mapped, V4_PREFIX_BYTES) == 0;
}

bool
netname_is_loopback(const uint8_t address[16])
{
	static const uint8_t six[16] = { [15] = 1 };

	return memcmp(address, six, sizeof(six)) == 0 ||
	    (netname_is_v4(address) && address[V4_PREFIX_BYTES] == 127);
}

const char *
netname_print_address(const uint8_t address[16], char out[NETNAME_ADDRESS_MAX])
{
	bool four = netname_is_v4(address);

	if (inet_ntop(four ? AF_INET : AF_INET6, address + (four ? V4_PREFIX_BYTES : 0), out,
	    NETNAME_ADDRESS_MAX) == NULL)
		strcpy(out, "?");
	return out;
}

void
netname_map_v4(uint8_t address[16], const void *four)
{
	memcpy(address, v4_mapped, V4_PREFIX_BYTES);
	memcpy(address + V4_PREFIX_BYTES, four, 4);
}

bool
netname_parse_address(const char *text, uint8_t address[16], unsigned *bits)
{
	struct in_addr four;

	*bits = 128;
	if (inet_pton(AF_INET6, text, address) == 1)
		return true;
	*bits = 32;
	if (inet_pton(AF_INET, text, &four) != 1)
		return false;
	netname_map_v4(address, &four);
	return true;
}

bool
netname_parse_network(const char *text, uint8_t address[16], unsigned *bits)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned all, given;

	snprintf(host, sizeof(host), "%.*s", len < sizeof(host) ? (int)len : 0, text);
	if (!netname_parse_address(host, address, &all))
		return false;
	given = all;
	if (slash != NULL) {
		len = strlen(slash + 1);
		if (len < 1 || len > 3 || strspn(slash + 1, "0123456789") != len)
			return false;
		given = (unsigned)atoi(slash + 1);
	}
	*bits = 128 - all + given;
	return given <= all;
}

bool
netname_in_network(const uint8_t address[16], const uint8_t network[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(address, network, whole) == 0 &&
	    (rest == 0 || ((address[whole] ^ network[whole]) & (0xff00 >> rest) & 0xff) == 0);
}

const char *
netname_check_networks(const char *list)
{
	char word[NETNAME_NETWORK_MAX];
	uint8_t network[16];
	unsigned bits;

	while (netname_next_word(&list, word, sizeof(word)))
		if (!netname_parse_network(word, network, &bits))
			return "must be addresses or networks such as 127.0.0.1 or 10.0.0.0/8";
	return NULL;
}

/* -- hosts ---------------------------------------------------------------- */

bool
netname_is_name(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= 253 && s[0] != '.' && s[0] != '-' && s[len - 1] != '.' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == len;
}

static bool
is_port(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= 5 && strspn(s, "0123456789") == len && atoi(s) <= 65535;
}

bool
netname_split_host(const char *text, char host[NETNAME_HOST_MAX])
{
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;

	if (text[0] == '[' && end == NULL)
		return false;
	end = end != NULL ? end + 1 : text + strcspn(text, ":");
	if (end == text || (size_t)(end - text) >= NETNAME_HOST_MAX ||
	    (*end != '\0' && *end != ':') || (*end == ':' && !is_port(end + 1)))
		return false;
	snprintf(host, NETNAME_HOST_MAX, "%.*s", (int)(end - text), text);
	return true;
}

bool
netname_is_address(const char *host)
{
	size_t len = strlen(host);
	struct in6_addr six;
	struct in_addr four;
	char inner[NETNAME_HOST_MAX];

	if (host[0] != '[')
		return inet_pton(AF_INET, host, &four) == 1;
	if (host[len - 1] != ']')
		return false;
	snprintf(inner, sizeof(inner), "%.*s", (int)len - 2, host + 1);
	return inet_pton(AF_INET6, inner, &six) == 1;
}

const char *
netname_check_names(const char *list)
{
	char word[NETNAME_HOST_MAX];

	while (netname_next_word(&list, word, sizeof(word)))
		if (!netname_is_name(word))
			return "must be host names without ports";
	return NULL;
}

/* -- origins -------------------------------------------------------------- */

/* "https://wiki.example.lan[:port]" as browsers write it (RFC 6454, section 6.2): in lower case,
 * no path, not the scheme's own port. */
static bool
is_origin(const char *s)
{
	char host[NETNAME_HOST_MAX];
	const char *place, *port;

	if (strncmp(s, "https://", 8) == 0)
		place = s + 8;
	else if (strncmp(s, "http://", 7) == 0)
		place = s + 7;
	else
		return false;
	if (!netname_split_host(place, host) ||
	    (!netname_is_address(host) && !netname_is_name(host)))
		return false;
	port = place + strlen(host);
	if (strncmp(port, ":0", 2) == 0 || strcmp(port, s[4] == 's' ? ":443" : ":80") == 0)
		return false;
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			return false;
	return true;
}

const char *
netname_check_origins(const char *list)
{
	char word[NETNAME_ORIGIN_MAX];

	while (netname_next_word(&list, word, sizeof(word)))
		if (!is_origin(word))
			return "must be origins such as https://wiki.example.lan, in lower case";
	return NULL;
}

/* -- where to listen ------------------------------------------------------ */

static int
parse_listen_port(const char *text, in_port_t *port)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > 65535)
		return -EINVAL;
	*port = htons((in_port_t)n);
	return 0;
}

/* An interface, by name or by number (RFC 4007, section 11.2). 0: none. */
static uint32_t
parse_zone(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	char name[IF_NAMESIZE];
	unsigned long n;

	if (digits == 0 || text[digits] != '\0')
		return if_nametoindex(text);
	errno = 0;
	n = strtoul(text, NULL, 10);
	return errno == 0 && n <= UINT32_MAX && if_indextoname((unsigned)n, name) != NULL ?
	    (uint32_t)n : if_nametoindex(text);
}

static int
parse_listen_v6(const char *host, struct sockaddr_in6 *sin6)
{
	char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 2], *scope;

	if (strlen(host) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, host);
	if ((scope = strchr(copy, '%')) != NULL) {
		*scope++ = '\0';
		if ((sin6->sin6_scope_id = parse_zone(scope)) == 0)
			return -EINVAL;
	}
	sin6->sin6_family = AF_INET6;
	return inet_pton(AF_INET6, copy, &sin6->sin6_addr) == 1 ? 0 : -EINVAL;
}

const char *
netname_parse_listen(const char *text, struct netname_listen *to)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&to->addr;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&to->addr;
	const char *colon = strrchr(text, ':');
	char host[NETNAME_LISTEN_MAX];
	size_t len;

	memset(to, 0, sizeof(*to));
	if (colon == NULL)
		return "must be ADDRESS:PORT";
	if ((len = (size_t)(colon - text)) >= sizeof(host))
		return "the address is too long";
	memcpy(host, text, len);
	host[len] = '\0';

	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		to->len = sizeof(*sin6);
		if (parse_listen_v6(host + 1, sin6) < 0)
			return "not an IPv6 address";
		if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr))
			return "an IPv4 address in the form of an IPv6 one: write it as "
			    "127.0.0.1:5484, without brackets";
		return parse_listen_port(colon + 1, &sin6->sin6_port) < 0 ? "not a port" : NULL;
	}
	to->all = strcmp(host, "*") == 0;
	to->len = sizeof(*sin);
	sin->sin_family = AF_INET;
	if (!to->all && inet_pton(AF_INET, host, &sin->sin_addr) != 1)
		return "not an address (IPv6 is written in brackets)";
	return parse_listen_port(colon + 1, &sin->sin_port) < 0 ? "not a port" : NULL;
}
