/*
 * invite.h - invites as people get them: a URL with the server's address, the
 * secret and the fingerprint of its key. Master only.
 */
#ifndef KITH_SERVER_INVITE_H
#define KITH_SERVER_INVITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/master/ask.h"

#define INVITE_URL_MAX	640u

struct master;

/* Asks auth for an invite; `done` gets it, or the error. */
void	invite_ask(struct master *m, bool admin, uint64_t life_ms,
	    uint32_t uses, ask_done *done, uint64_t arg);

/* "kith://HOST:PORT/SECRET#SHA256:..."; wipe it after use. The host is
 * conf->server_name if it was configured, else the first listening address
 * unless that is "*", else this host's name. The default port is left out. 0 or
 * -EMSGSIZE. */
int	invite_url(const struct master *m, const char *secret, char *url,
	    size_t cap);

/* The same for a browser: "https://HOST:PORT/#invite=SECRET". Browsers do not
 * send what follows the '#', so it is in no log. */
int	invite_link(const struct master *m, const char *secret, char *link,
	    size_t cap);

#endif
