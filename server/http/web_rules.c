/*
 * web_rules.c - hosts, origins, proxies.
 *
 * The options are read anew for each request: they are short, and a reload needs no care.
 */
#include "server/http/web_rules.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/http/http.h"
#include "server/lib/netname.h"

/* -- hosts --------------------------------------------------------------------------- */

static bool
in_names(const char *list, const char *host)
{
	char word[NETNAME_HOST_MAX];

	while (netname_next_word(&list, word, sizeof(word)))
		if (strcasecmp(word, host) == 0)
			return true;
	return false;
}

bool
web_host_ok(const struct conf *conf, const char *text)
{
	char host[NETNAME_HOST_MAX], own[NETNAME_HOST_MAX] = "";
	size_t len;

	if (text == NULL || !netname_split_host(text, host))
		return false;
	if (netname_is_address(host))
		return true;
	len = strlen(host);
	if (len > 1 && host[len - 1] == '.')
		host[len - 1] = '\0';	/* the same name, said in full */
	gethostname(own, sizeof(own) - 1);
	return netname_is_name(host) && (strcasecmp(host, "localhost") == 0 ||
	    strcasecmp(host, conf->server_name) == 0 || strcasecmp(host, own) == 0 ||
	    in_names(conf->http_names, host));
}

/* -- origins ------------------------------------------------------------------------- */

/* What the browser makes of the address of our page: without the scheme's own port. */
static void
own_origin(const char *host, bool tls, char out[NETNAME_ORIGIN_MAX])
{
	const char *port = tls ? ":443" : ":80";
	size_t len = strlen(host), n = strlen(port);

	if (len > n && strcmp(host + len - n, port) == 0)
		len -= n;
	snprintf(out, NETNAME_ORIGIN_MAX, "%s://%.*s", tls ? "https" : "http", (int)len, host);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}

static enum web_origin
judge_origin(const struct conf *conf, const struct http_request *r, bool tls)
{
	const char *given = http_header(r, "origin", 0), *host = http_header(r, "host", 0);
	const char *list = conf->http_origins;
	char own[NETNAME_ORIGIN_MAX], word[NETNAME_ORIGIN_MAX];

	if (given == NULL)
		return ORIGIN_NONE;
	if (host != NULL) {
		own_origin(host, tls, own);
		if (strcmp(given, own) == 0)
			return ORIGIN_OWN;
	}
	while (netname_next_word(&list, word, sizeof(word)))
		if (strcmp(given, word) == 0)
			return ORIGIN_LISTED;
	return ORIGIN_REFUSED;
}

/* -- proxies --------------------------------------------------------------------------- */

static bool
is_proxy(const struct conf *conf, const uint8_t address[16])
{
	const char *list = conf->http_proxies;
	char word[NETNAME_NETWORK_MAX];
	uint8_t network[16];
	unsigned bits;

	while (netname_next_word(&list, word, sizeof(word)))
		if (netname_parse_network(word, network, &bits) &&
		    netname_in_network(address, network, bits))
			return true;
	return false;
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
		if (!netname_parse_address(item, a->address, &bits))
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
