/*
 * hostname.h - this machine's name, as others can use it.
 *
 * Shape  A host as it is written in URLs and in the Host header: an IPv4
 *        address, an IPv6 address in brackets, or a name in ASCII. Names in
 *        other letters are converted as browsers do (IDNA2008, UTS 46).
 */
#ifndef KITH_SERVER_HOSTNAME_H
#define KITH_SERVER_HOSTNAME_H

#include <stdbool.h>

#include "server/lib/netname.h"

/* 0, or -EINVAL: `text` is neither a host name nor an address. */
int	hostname_parse(const char *text, char host[NETNAME_HOST_MAX]);

/* For options: NULL, or what is wrong. "" is fine. */
const char	*hostname_check(const char *text);

/* This machine's name. False, if it has none that can be used in a URL
 * ("(none)", "my host"): then the first of its addresses that others can reach,
 * or "localhost". */
bool	hostname_own(char host[NETNAME_HOST_MAX]);

#endif
