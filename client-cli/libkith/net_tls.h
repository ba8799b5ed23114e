/*
 * net_tls.h - TLS of a client's connection: who the server is, not who says so.
 *
 * One SSL_CTX serves all connections of the process, made at first use and never
 * freed; the last session is kept, so that a reconnect costs the server no
 * signature.
 */
#ifndef KITH_NET_TLS_H
#define KITH_NET_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "client-cli/libkith/net.h"

enum net_tls_result {
	NET_TLS_DONE,
	NET_TLS_WANT_READ,		/* wait until the descriptor is readable */
	NET_TLS_WANT_WRITE,		/* ... writable */
	NET_TLS_CLOSED,
	NET_TLS_FAILED			/* net_tls_reason() says why */
};

/* For a connected descriptor, which stays the caller's. `host` is kept: it must
 * outlive the SSL. NULL: net_tls_reason(). */
SSL	*net_tls_start(int fd, const char *host);
void	 net_tls_end(SSL *ssl);

enum net_tls_result net_tls_handshake(SSL *ssl);

/* "SHA256:" and unpadded base64url of SHA-256 of the server's public key, as DER.
 * 0 or -EPROTO: it showed none. */
int	 net_tls_key(SSL *ssl, char out[NET_KEY_MAX]);

/* Move at most `size` bytes; *moved is set with NET_TLS_DONE. */
enum net_tls_result net_tls_read(SSL *ssl, void *buf, size_t size, size_t *moved);
enum net_tls_result net_tls_write(SSL *ssl, const void *buf, size_t size, size_t *moved);

/* Of the last call that failed; valid until the next one. */
const char *net_tls_reason(void);

#endif
