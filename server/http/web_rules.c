/*
 * web_rules.c - hosts, origins, proxies.
 *
 * The options are read anew for each request: they are short, and a reload needs no care.
 */
#include "server/http/web_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/http/http.h"

#define HOST_MAX	262u		/* a name of 253, a port, brackets */
#define ORIGIN_MAX	280u

/* The next word of a list separated by blanks, copied; "" is too long for `cap`. False: none. */
static bool
next_word(const char **list, char *word, size_t cap)
{
	size_t len;

	*list += strspn(*list, " \t");
	if ((len = strcspn(*list, " \t")) == 0)
		return false;
	snprintf(word, cap, "%.*s", len < cap ? (int)len : 0, *list);
	*list += len;
	return true;
}

/* -- hosts --------------------------------------------------------------------------- */

/* Letters, digits, hyphens and dots; the form of a name is all that matters here. */
static bool
is_name(const char *s)
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

/* "HOST[:PORT]" into its host; brackets stay. False: it is none. */
static bool
split_host(const char *text, char host[HOST_MAX])
{
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;

	if (text[0] == '[' && end == NULL)
		return false;
	end = end != NULL ? end + 1 : text + strcspn(text, ":");
	if (end == text || (size_t)(end - text) >= HOST_MAX || (*end != '\0' && *end != ':') ||
	    (*end == ':' && !is_port(end + 1)))
		return false;
	snprintf(host, HOST_MAX, "%.*s", (int)(end - text), text);
	return true;
}

/* No name at all, so nobody's DNS can make it lead here. */
static bool
is_address(const char *host)
{
	size_t len = strlen(host);
	struct in6_addr six;
	struct in_addr four;
	char inner[HOST_MAX];

	if (host[0] != '[')
		return inet_pton(AF_INET, host, &four) == 1;
	snprintf(inner, sizeof(inner), "%.*s", (int)len - 2, host + 1);
	return inet_pton(AF_INET6, inner, &six) == 1;
}

static bool
in_names(const char *list, const char *host)
{
	char word[HOST_MAX];

	while (next_word(&list, word, sizeof(word)))
		if (strcasecmp(word, host) == 0)
			return true;
	return false;
}

bool
web_host_ok(const struct conf *conf, const char *text)
{
	char host[HOST_MAX], own[HOST_MAX] = "";
	size_t len;

	if (text == NULL || !split_host(text, host))
		return false;
	if (is_address(host))
		return true;
	len = strlen(host);
	if (len > 1 && host[len - 1] == '.')
		host[len - 1] = '\0';	/* the same name, said in full */
	gethostname(own, sizeof(own) - 1);
	return is_name(host) && (strcasecmp(host, "localhost") == 0 ||
	    strcasecmp(host, conf->server_name) == 0 || strcasecmp(host, own) == 0 ||
	    in_names(conf->http_names, host));
}

const char *
web_check_names(const char *value)
{
	char word[HOST_MAX];

	while (next_word(&value, word, sizeof(word)))
		if (!is_name(word))
			return "must be host names without ports";
	return NULL;
}

/* -- origins ------------------------------------------------------------------------- */

/* The serialised form (RFC 6454, 6.2): scheme://host[:port], in lower case, no path, and
 * not the scheme's own port: nothing else would ever be equal to what a browser sends. */
static bool
is_origin(const char *s)
{
	char host[HOST_MAX];
	const char *place, *port;

	if (strncmp(s, "https://", 8) == 0)
		place = s + 8;
	else if (strncmp(s, "http://", 7) == 0)
		place = s + 7;
	else
		return false;
	if (!split_host(place, host) || (!is_address(host) && !is_name(host)))
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
web_check_origins(const char *value)
{
	char word[ORIGIN_MAX];

	while (next_word(&value, word, sizeof(word)))
		if (!is_origin(word))
			return "must be origins such as https://wiki.example.lan, in lower case";
	return NULL;
}

/* What the browser makes of the address of our page: without the scheme's own port. */
static void
own_origin(const char *host, bool tls, char out[ORIGIN_MAX])
{
	const char *port = tls ? ":443" : ":80";
	size_t len = strlen(host), n = strlen(port);

	if (len > n && strcmp(host + len - n, port) == 0)
		len -= n;
	snprintf(out, ORIGIN_MAX, "%s://%.*s", tls ? "https" : "http", (int)len, host);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

static enum web_origin
judge_origin(const struct conf *conf, const struct http_request *r, bool tls)
{
	const char *given = http_header(r, "origin", 0), *host = http_header(r, "host", 0);
	const char *list = conf->http_origins;
	char own[ORIGIN_MAX], word[ORIGIN_MAX];

	if (given == NULL)
		return ORIGIN_NONE;
	if (host != NULL) {
		own_origin(host, tls, own);
		if (strcmp(given, own) == 0)
			return ORIGIN_OWN;
	}
	while (next_word(&list, word, sizeof(word)))
		if (strcmp(given, word) == 0)
			return ORIGIN_LISTED;
	return ORIGIN_REFUSED;
}

/* -- proxies --------------------------------------------------------------------------- */

/* An address of either family as IPv6, IPv4 mapped. */
static bool
parse_address(const char *text, uint8_t address[16], unsigned *bits)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	*bits = 128;
	if (inet_pton(AF_INET6, text, address) == 1)
		return true;
	memcpy(address, mapped, sizeof(mapped));
	*bits = 32;
	return inet_pton(AF_INET, text, address + 12) == 1;
}

/* ADDRESS[/BITS]; *bits of the mapped form. */
static bool
parse_network(const char *word, uint8_t address[16], unsigned *bits)
{
	char text[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(word, '/');
	size_t len = slash != NULL ? (size_t)(slash - word) : strlen(word);
	unsigned all, given;

	snprintf(text, sizeof(text), "%.*s", len < sizeof(text) ? (int)len : 0, word);
	if (!parse_address(text, address, &all))
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

static bool
in_network(const uint8_t address[16], const uint8_t network[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(address, network, whole) == 0 &&
	    (rest == 0 || ((address[whole] ^ network[whole]) & (0xff00 >> rest) & 0xff) == 0);
}

static bool
is_proxy(const struct conf *conf, const uint8_t address[16])
{
	const char *list = conf->http_proxies;
	char word[INET6_ADDRSTRLEN + 8];
	uint8_t network[16];
	unsigned bits;

	while (next_word(&list, word, sizeof(word)))
		if (parse_network(word, network, &bits) && in_network(address, network, bits))
			return true;
	return false;
}

const char *
web_check_proxies(const char *value)
{
	char word[INET6_ADDRSTRLEN + 8];
	uint8_t network[16];
	unsigned bits;

	while (next_word(&value, word, sizeof(word)))
		if (!parse_network(word, network, &bits))
			return "must be addresses or networks such as 127.0.0.1 or 10.0.0.0/8";
	return NULL;
}

/* One list of addresses, from its end: each was written by who is named after it. */
static bool
walk_back(const struct conf *conf, const char *list, struct web_asker *a, bool *found)
{
	char copy[1024], *comma, *item, *end;
	unsigned bits;

	if (strlen(list) >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%s", list);
	do {
		comma = strrchr(copy, ',');
		item = comma != NULL ? comma + 1 : copy;
		item += strspn(item, " \t");
		for (end = item + strlen(item); end > item && strchr(" \t", end[-1]) != NULL; end--)
			;
		*end = '\0';
		if (!parse_address(item, a->address, &bits))
			return false;
		*found = !is_proxy(conf, a->address);
		if (comma != NULL)
			*comma = '\0';
	} while (!*found && comma != NULL);
	return true;
}

static bool
believe(const struct conf *conf, const struct http_request *r, struct web_asker *a)
{
	const char *scheme = http_header(r, "x-forwarded-proto", 0);
	unsigned n = 0;
	bool found = false;

	a->proxied = true;
	if (scheme != NULL && strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		return false;
	if (scheme != NULL)
		a->tls = strcmp(scheme, "https") == 0;
	while (http_header(r, "x-forwarded-for", n) != NULL)
		n++;
	while (n > 0 && !found)
		if (!walk_back(conf, http_header(r, "x-forwarded-for", --n), a, &found))
			return false;
	return true;
}

bool
web_ask(const struct conf *conf, const struct http_request *r, const uint8_t peer[16], bool tls,
    struct web_asker *a)
{
	const char *site = http_header(r, "sec-fetch-site", 0);

	*a = (struct web_asker){ .tls = tls };
	memcpy(a->address, peer, sizeof(a->address));
	if (is_proxy(conf, peer) && !believe(conf, r, a))
		return false;
	a->origin = judge_origin(conf, r, a->tls);
	a->same_site = site != NULL && strcmp(site, "same-origin") == 0;
	return true;
}
