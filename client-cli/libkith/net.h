/*
 * net.h - one connection to a server: TCP, TLS, frames in and out.
 *
 * Shape  Every address of the host is tried in turn, whatever its family; one
 *        that is silent has a second, if others are left. Nothing else limits
 *        the time: that is the caller's. Frames queued in one turn of the loop
 *        leave in one write.
 * Trust  TLS alone says nothing about who answers: the caller compares the key
 *        that `up` shows before it sends a byte. Certificates are not checked,
 *        keys are (DESIGN 8).
 * Crash  Nothing outlives the connection but the TLS session for the next one.
 */
#ifndef KITH_NET_H
#define KITH_NET_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct net;
struct net_tls;

#define NET_KEY_MAX	64		/* "SHA256:" and 43 characters */

/* A hook may call net_close(), and then nothing follows. */
struct net_hooks {
	/* Connected, and TLS is up: `key` is the server's, or "" without TLS.
	 * */
	void	(*up)(void *arg, const char *key);
	/* A whole frame; valid until the hook returns. */
	void	(*frame)(void *arg, const uint8_t *body, uint32_t len);
	/* Not connected, or no longer; `code` is an enum kith_local. The net is
	 * still the caller's to close. Comes once at most. */
	void	(*down)(void *arg, uint32_t code, const char *why);
};

struct net_address {
	const char	*host;		/* must outlive the net */
	uint16_t	 port;
	int		 plain;		/* no TLS */
};

/* Begins to connect. Every failure, even an immediate one, is told by `down`,
 * later. `tls` must outlive the net; NULL if address->plain. NULL (ENOMEM), or
 * yours: free with net_close(). */
struct net	*net_open(struct event_base *base,
		    const struct net_address *address, struct net_tls *tls,
		    const struct net_hooks *hooks, void *arg);

/* What a net that is not `up`, or not answered, is waiting for: an enum
 * kith_local and words. */
uint32_t	 net_waits_for(const struct net *n, const char **what);

/* Queues a whole frame, header included. 0, -ENOMEM, or -ENOBUFS (the server
 * does not read: over 1 MiB waits). */
int		 net_send(struct net *n, const uint8_t *frame, size_t len);

/* Sends what the socket takes at once, closes, frees. NULL is fine. */
void		 net_close(struct net *n);

#endif
