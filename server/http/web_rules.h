/*
 * web_rules.h - which hosts, origins and proxies the HTTP door believes.
 *
 * Host    Against DNS rebinding, where a name of the attacker's resolves to
 *         this server: the Host must be an address, "localhost", server_name,
 *         this machine's name, or one of http_names.
 * Origin  RFC 6454. Own: the scheme that the browser used, and the Host. Any
 *         other must be in http_origins, as exactly that text. Browsers do not
 *         apply CORS to WebSockets, so nothing else keeps a foreign page out of
 *         a user's session.
 * Proxy   X-Forwarded-For counts only from addresses in http_proxies; the
 *         client is the last address in it that is no such proxy.
 *
 * Pure: options and texts in, verdicts out.
 */
#ifndef KITH_SERVER_WEB_RULES_H
#define KITH_SERVER_WEB_RULES_H

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct http_request;
struct web_rules;

enum web_origin {
	ORIGIN_NONE,			/* no Origin: not a page's script; no
					 * cookie counts */
	ORIGIN_OWN,
	ORIGIN_LISTED,			/* in http_origins: CORS, no cookie */
	ORIGIN_REFUSED			/* any other, "null" too */
};

/* Who makes a request. */
struct web_asker {
	enum web_origin	 origin;
	bool		 same_site;	/* Sec-Fetch-Site: same-origin */
	bool		 tls;		/* the browser uses TLS */
	bool		 proxied;	/* it came through a believed proxy */
	uint8_t		 address[16];	/* of the client, IPv4 mapped */
};

/* Parses http_names, http_origins and http_proxies, and asks for this machine's
 * name. Nothing of `conf` is kept. NULL: no memory. */
struct web_rules *web_rules_create(const struct conf *conf);
void		 web_rules_destroy(struct web_rules *rules);	/* or NULL */

/* `host`: the Host header, NULL if there is none. */
bool		 web_rules_host_ok(const struct web_rules *rules,
		    const char *host);

/* Fills in `a` for a request that came from `peer`; `tls`: over TLS that ends
 * here. False: a believed proxy sent malformed forwarding headers (400). */
bool		 web_rules_judge(const struct web_rules *rules,
		    const struct http_request *r, const uint8_t peer[16],
		    bool tls, struct web_asker *a);

#endif
