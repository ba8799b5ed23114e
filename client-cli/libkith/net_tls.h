/*
 * net_tls.h - TLS to one server: keys, not certificates, say who it is.
 *
 * A struct net_tls outlives the connections to its server and keeps the last
 * session, so that a reconnect costs the server no signature.
 */
#ifndef KITH_NET_TLS_H
#define KITH_NET_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "client-cli/libkith/net.h"

enum net_tls_result {
	NET_TLS_DONE,
	NET_TLS_WANT_READ,	/* wait until the descriptor is readable */
	NET_TLS_WANT_WRITE,	/* ... writable */
	NET_TLS_CLOSED,
	NET_TLS_FAILED		/* net_tls_reason() says why */
};

struct net_tls;

/* NULL on ENOMEM; yours, free with net_tls_destroy() after the last
 * net_tls_end(). */
struct net_tls *net_tls_create(const char *host);
void	 net_tls_destroy(struct net_tls *t);

/* For a connected descriptor, which stays the caller's. NULL on failure. */
SSL	*net_tls_start(struct net_tls *t, int fd);
void	 net_tls_end(SSL *ssl);

enum net_tls_result net_tls_handshake(SSL *ssl);

/* "SHA256:" and unpadded base64url of SHA-256 of the server's public key, as
 * DER. 0 or -EPROTO: it showed none. */
int	 net_tls_key(SSL *ssl, char out[NET_KEY_MAX]);

/* Move at most `size` bytes; *moved is set with NET_TLS_DONE. */
enum net_tls_result net_tls_read(SSL *ssl, void *buf, size_t size,
	    size_t *moved);
enum net_tls_result net_tls_write(SSL *ssl, const void *buf, size_t size,
	    size_t *moved);

/* Of the last call that failed; valid until the next one. */
const char *net_tls_reason(const struct net_tls *t);

#endif
