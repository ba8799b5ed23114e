/*
 * invite.c - asks for invites and makes their URLs.
 */
#include "server/master/invite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/lib/hostname.h"
#include "server/master/master_int.h"

#define HTTPS_PORT	443u

void
invite_ask(struct master *m, bool admin, uint64_t life_ms, uint32_t uses,
    ask_done *done, uint64_t arg)
{
	Kith__Ipc__AdminInvite invite = KITH__IPC__ADMIN_INVITE__INIT;
	Kith__Ipc__Admin question = KITH__IPC__ADMIN__INIT;

	invite.admin = admin;
	invite.life_ms = life_ms;
	invite.uses = uses;
	question.what_case = KITH__IPC__ADMIN__WHAT_INVITE;
	question.invite = &invite;
	ask_send(m, &question, done, arg);
}

/* "HOST[:PORT]". An address with a zone means something on this machine only. */
static void
put_place(const struct master *m, unsigned long default_port, char *place, size_t cap)
{
	const char *first = m->listeners.at[0].text, *colon = strrchr(first, ':');
	unsigned long port = strtoul(colon + 1, NULL, 10);
	char host[NETNAME_HOST_MAX], port_text[16] = "";

	if (conf_given(m->conf, "server_name") || !listen_is_specific(&m->listeners) ||
	    strchr(first, '%') != NULL) {
		if (hostname_parse(m->conf->server_name, host) < 0)
			strcpy(host, "localhost");	/* conf.c lets no such name pass */
	} else {
		snprintf(host, sizeof(host), "%.*s", (int)(colon - first), first);
	}
	if (port != default_port)
		snprintf(port_text, sizeof(port_text), ":%lu", port);
	snprintf(place, cap, "%s%s", host, port_text);
}

/* Auth made it: not trusted to be what a URL can have. */
static bool
is_secret(const char *s)
{
	return *s != '\0' && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-_") == strlen(s);
}

int
invite_url(const struct master *m, const char *secret, char *url, size_t cap)
{
	char place[300];
	int n;

	if (!is_secret(secret))
		return -EINVAL;
	put_place(m, KITH_PORT, place, sizeof(place));
	n = snprintf(url, cap, "kith://%s/%s#%s", place, secret, m->fingerprint);
	return n >= 0 && (size_t)n < cap ? 0 : -EMSGSIZE;
}

int
invite_link(const struct master *m, const char *secret, char *link, size_t cap)
{
	char place[300];
	int n;

	if (!is_secret(secret))
		return -EINVAL;
	put_place(m, HTTPS_PORT, place, sizeof(place));
	n = snprintf(link, cap, "https://%s/#invite=%s", place, secret);
	return n >= 0 && (size_t)n < cap ? 0 : -EMSGSIZE;
}
