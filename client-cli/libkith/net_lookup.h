/*
 * net_lookup.h - a host's addresses, without making the loop wait.
 *
 * getaddrinfo() does the work in a thread of its own: libraries that speak DNS
 * themselves (evdns, c-ares) know nothing of multicast DNS, of the machine's
 * own name or of a directory, which is where the names of a LAN are.
 *
 * Shape   One thread for each lookup under way; it touches nothing but its
 *         job. A lookup that is given up runs on until getaddrinfo() returns,
 *         some 10 s for each dead name server, and then frees its job.
 */
#ifndef KITH_NET_LOOKUP_H
#define KITH_NET_LOOKUP_H

#include <stdint.h>

struct addrinfo;
struct event_base;
struct net_lookup;

/* `found` is yours: freeaddrinfo(). NULL: `why` says why not. The lookup is
 * gone; do not give it up any more. */
typedef void	(*net_lookup_fn)(void *arg, struct addrinfo *found,
		    const char *why);

/* The addresses of a number, "127.0.0.1" or "fe80::1%eth0", at once: nobody is
 * asked. NULL if `host` is no number, or without memory. */
struct addrinfo	*net_lookup_number(const char *host, uint16_t port);

/* Calls `fn` later, from the loop. NULL: no memory or no thread (errno). */
struct net_lookup *net_lookup_start(struct event_base *base, const char *host,
		    uint16_t port, net_lookup_fn fn, void *arg);

/* Gives it up: `fn` is not called. NULL is fine. */
void		 net_lookup_give_up(struct net_lookup *l);

#endif
