/*
 * web_rules.h - which hosts, origins and proxies the HTTP door believes. Pure: options
 * and texts in, verdicts out.
 *
 * Host    DNS rebinding: a name of the attacker's that leads here. So the Host must be an
 *         address, "localhost", server_name, this machine's name, or one of http_names.
 * Origin  RFC 6454. Own: the scheme that the browser used, and the Host. Anything else only
 *         if http_origins has exactly that text. Browsers put no CORS on WebSockets, so this
 *         is the only thing between a foreign page and somebody's session.
 * Proxy   X-Forwarded-For is believed from addresses in http_proxies alone, and of
 *         its list the last address that is no such proxy.
 */
#ifndef KITH_SERVER_WEB_RULES_H
#define KITH_SERVER_WEB_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct http_request;

enum web_origin {
	ORIGIN_NONE,			/* no such header: no script of a page; no cookie counts */
	ORIGIN_OWN,
	ORIGIN_LISTED,			/* in http_origins: no cookie, but CORS */
	ORIGIN_REFUSED			/* also `null`, or two of them */
};

/* What was found out about one request. */
struct web_asker {
	enum web_origin	 origin;
	bool		 same_site;	/* the browser says Sec-Fetch-Site: same-origin */
	bool		 tls;		/* the browser's connection is encrypted, or says the proxy */
	bool		 proxied;	/* it came through a believed proxy */
	uint8_t		 address[16];	/* of the client, IPv4 mapped */
};

/* `host`: the Host header, NULL if there is none. */
bool		 web_host_ok(const struct conf *conf, const char *host);

/* Fills in `a` for a request that came from `peer`; `tls`: over TLS that we ended. False: the
 * forwarding headers of a believed proxy make no sense (400). */
bool		 web_ask(const struct conf *conf, const struct http_request *r,
		    const uint8_t peer[16], bool tls, struct web_asker *a);

#endif
