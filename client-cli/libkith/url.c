/*
 * url.c - addresses of servers, and targets of messages, as people type them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-cli/libkith/kith.h"
#include "protocol/base/base64.h"
#include "protocol/fingerprint.h"
#include "protocol/limits.h"

static const struct scheme {
	const char	*text;
	int		 plain;
} schemes[] = {
	{ "kith://", 0 },
	{ "kith+plain://", 1 },
};

/* Copies s[0..len) with its NUL; 0 if it is empty or too long. */
static int
copy_part(char *out, size_t size, const char *s, size_t len)
{
	if (len == 0 || len >= size)
		return 0;
	memcpy(out, s, len);
	out[len] = '\0';
	return 1;
}

static int
read_port(const char *s, size_t len, uint16_t *port)
{
	unsigned n = 0;

	if (len == 0 || len > 5)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return 0;
		n = n * 10 + (unsigned)(s[i] - '0');
	}
	*port = (uint16_t)n;
	return n >= 1 && n <= 65535;
}

static int
host_ok(const char *host, int bracketed)
{
	const char *others = bracketed ? ":.%-_" : "-._";	/* a zone: br-lan */

	for (const char *p = host; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr(others, *p) == NULL)
			return 0;
	return bracketed ? strchr(host, ':') != NULL : host[0] != '-';
}

/* host[:port] or [v6][:port] in s[0..len). NULL, or the error text. */
static const char *
parse_authority(const char *s, size_t len, struct kith_url *url)
{
	const char *end = s + len, *host = s, *after;
	int bracketed = len > 0 && *s == '[';

	if (bracketed) {
		host++;
		after = memchr(host, ']', (size_t)(end - host));
		if (after == NULL)
			return "the ']' of the address is missing";
	} else {
		after = memchr(host, ':', len);
		if (after == NULL)
			after = end;
	}
	if (!copy_part(url->host, sizeof(url->host), host, (size_t)(after - host)))
		return "the host is missing or too long";
	if (!host_ok(url->host, bracketed))
		return "the host has characters that are not allowed (IPv6 goes in brackets)";
	after += bracketed;
	url->port = KITH_PORT;
	if (after == end)
		return NULL;
	if (*after != ':' || !read_port(after + 1, (size_t)(end - after - 1), &url->port))
		return "the port is not a number from 1 to 65535";
	return NULL;
}

static const char *
parse_key(const char *s, struct kith_url *url)
{
	if (!fingerprint_valid(s))
		return "the part after '#' is not a key: SHA256: and 43 characters";
	memcpy(url->key, s, strlen(s) + 1);
	return NULL;
}

/* What follows "scheme://". */
static const char *
parse_rest(const char *s, struct kith_url *url)
{
	size_t authority = strcspn(s, "/#"), invite;
	const char *why = parse_authority(s, authority, url);

	if (why != NULL)
		return why;
	s += authority;
	if (*s == '/') {
		s++;
		invite = strcspn(s, "#");
		if (invite > 0 && (!base64url_is(s, invite) ||
		    !copy_part(url->invite, sizeof(url->invite), s, invite)))
			return "the invite is too long or has characters that are not allowed";
		s += invite;
	}
	return *s == '#' ? parse_key(s + 1, url) : NULL;
}

int
kith_url_parse(const char *text, struct kith_url *url, const char **why)
{
	memset(url, 0, sizeof(*url));
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].text);

		if (strncmp(text, schemes[i].text, len) == 0) {
			url->plain = schemes[i].plain;
			*why = parse_rest(text + len, url);
			return *why == NULL ? 0 : -EINVAL;
		}
	}
	if (strstr(text, "://") != NULL)
		*why = "the scheme is neither kith:// nor kith+plain://";
	else if (strchr(text, '/') != NULL || strchr(text, '#') != NULL)
		*why = "a URL begins with kith:// (two slashes); an address is HOST[:PORT]";
	else
		*why = parse_authority(text, strlen(text), url);
	return *why == NULL ? 0 : -EINVAL;
}

void
kith_url_address(const struct kith_url *url, char out[KITH_ADDRESS_MAX])
{
	int v6 = strchr(url->host, ':') != NULL;

	snprintf(out, KITH_ADDRESS_MAX, "%s%s%s:%u", v6 ? "[" : "", url->host,
	    v6 ? "]" : "", (unsigned)url->port);
}

static int
read_target(char *word, Kith__V1__Target *out)
{
	kith__v1__target__init(out);
	if (word[0] == '@') {
		out->to_case = KITH__V1__TARGET__TO_USER;
		out->user = word + 1;
	} else if (word[0] == '#') {
		out->to_case = KITH__V1__TARGET__TO_GROUP;
		out->group = word + 1;
	} else {
		return 0;
	}
	return word[1] != '\0';
}

int
kith_targets_parse(char *words, Kith__V1__Target *out, size_t max, const char **bad)
{
	size_t n = 0;
	char *word;

	while ((word = strsep(&words, ",")) != NULL) {
		*bad = word;
		if (n == max)
			return -E2BIG;
		if (!read_target(word, &out[n]))
			return -EINVAL;
		n++;
	}
	return (int)n;
}
