/*
 * web_rules.c - hosts, origins, proxies.
 */
#include "server/http/web_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/http/http.h"
#include "server/lib/hostname.h"
#include "server/lib/netname.h"

struct network {
	uint8_t		 address[16];
	unsigned	 bits;
};

/* Lists of texts: one C string after the other, then an empty one. */
struct web_rules {
	char		*hosts, *origins;
	struct network	*proxies;
	size_t		 nproxies;
};

/* -- options -------------------------------------------------------------- */

/* An empty text is left out. The new end of the list. */
static char *
add_text(char *end, const char *text)
{
	size_t len = strlen(text);

	if (len > 0) {
		memcpy(end, text, len + 1);
		end += len + 1;
	}
	*end = '\0';
	return end;
}

static void
add_words(char *end, const char *list)
{
	char word[NETNAME_ORIGIN_MAX];

	while (netname_next_word(&list, word, sizeof(word)))
		end = add_text(end, word);
}

static char *
list_hosts(const struct conf *conf)
{
	char own[NETNAME_HOST_MAX], named[NETNAME_HOST_MAX], *end, *hosts;

	(void)hostname_own(own);
	if (hostname_parse(conf->server_name, named) < 0)
		*named = '\0';
	hosts = malloc(sizeof("localhost") + strlen(own) + 1 + strlen(named) + 1 +
	    strlen(conf->http_names) + 2);
	if (hosts == NULL)
		return NULL;
	end = add_text(hosts, "localhost");
	end = add_text(end, own);
	end = add_text(end, named);
	add_words(end, conf->http_names);
	return hosts;
}

static char *
list_origins(const struct conf *conf)
{
	char *origins = malloc(strlen(conf->http_origins) + 2);

	if (origins != NULL) {
		*origins = '\0';
		add_words(origins, conf->http_origins);
	}
	return origins;
}

static struct network *
list_proxies(const struct conf *conf, size_t *n)
{
	const char *list = conf->http_proxies;
	struct network *proxies = calloc(strlen(list) / 2 + 1, sizeof(*proxies));
	char word[NETNAME_NETWORK_MAX];

	while (proxies != NULL && netname_next_word(&list, word, sizeof(word)))
		if (netname_parse_network(word, proxies[*n].address, &proxies[*n].bits))
			(*n)++;
	return proxies;
}

struct web_rules *
web_rules_create(const struct conf *conf)
{
	struct web_rules *rules = calloc(1, sizeof(*rules));

	if (rules == NULL)
		return NULL;
	rules->hosts = list_hosts(conf);
	rules->origins = list_origins(conf);
	rules->proxies = list_proxies(conf, &rules->nproxies);
	if (rules->hosts == NULL || rules->origins == NULL || rules->proxies == NULL) {
		web_rules_destroy(rules);
		return NULL;
	}
	return rules;
}

void
web_rules_destroy(struct web_rules *rules)
{
	if (rules == NULL)
		return;
	free(rules->hosts);
	free(rules->origins);
	free(rules->proxies);
	free(rules);
}

static bool
is_listed(const char *list, const char *text, int (*compare)(const char *, const char *))
{
	for (; *list != '\0'; list += strlen(list) + 1)
		if (compare(list, text) == 0)
			return true;
	return false;
}

/* -- hosts ---------------------------------------------------------------- */

bool
web_rules_host_ok(const struct web_rules *rules, const char *text)
{
	char host[NETNAME_HOST_MAX];
	size_t len;

	if (text == NULL || !netname_split_host(text, host))
		return false;
	if (netname_is_address(host))
		return true;
	len = strlen(host);
	if (len > 1 && host[len - 1] == '.')
		host[len - 1] = '\0';	/* the same name, fully qualified */
	return netname_is_name(host) && is_listed(rules->hosts, host, strcasecmp);
}

/* -- origins -------------------------------------------------------------- */

/* Our page's origin as the browser writes it: without the scheme's default port. */
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
judge_origin(const struct web_rules *rules, const struct http_request *r, bool tls)
{
	const char *given = http_header(r, "origin", 0), *host = http_header(r, "host", 0);
	char own[NETNAME_ORIGIN_MAX];

	if (given == NULL)
		return ORIGIN_NONE;
	if (host != NULL) {
		own_origin(host, tls, own);
		if (strcmp(given, own) == 0)
			return ORIGIN_OWN;
	}
	return is_listed(rules->origins, given, strcmp) ? ORIGIN_LISTED : ORIGIN_REFUSED;
}

/* -- proxies -------------------------------------------------------------- */

static bool
is_proxy(const struct web_rules *rules, const uint8_t address[16])
{
	for (size_t i = 0; i < rules->nproxies; i++)
		if (netname_in_network(address, rules->proxies[i].address, rules->proxies[i].bits))
			return true;
	return false;
}

/* Reads one list of addresses from its end: each address was added by the one that follows it. */
static bool
walk_back(const struct web_rules *rules, const char *list, struct web_asker *a, bool *found)
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
		*found = !is_proxy(rules, a->address);
		if (comma != NULL)
			*comma = '\0';
	} while (!*found && comma != NULL);
	return true;
}

static bool
believe(const struct web_rules *rules, const struct http_request *r, struct web_asker *a)
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
		if (!walk_back(rules, http_header(r, "x-forwarded-for", --n), a, &found))
			return false;
	return true;
}

bool
web_rules_judge(const struct web_rules *rules, const struct http_request *r,
    const uint8_t peer[16], bool tls, struct web_asker *a)
{
	const char *site = http_header(r, "sec-fetch-site", 0);

	*a = (struct web_asker){ .tls = tls };
	memcpy(a->address, peer, sizeof(a->address));
	if (is_proxy(rules, peer) && !believe(rules, r, a))
		return false;
	a->origin = judge_origin(rules, r, a->tls);
	a->same_site = site != NULL && strcmp(site, "same-origin") == 0;
	return true;
}
