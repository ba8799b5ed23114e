/*
 * tls.h - the only file that knows OpenSSL on the server's connections.
 *
 * The master reads key and certificate (pem.h) and checks them. A worker makes
 * its context at its start, and a new one at each reload, from the bytes that
 * the master hands out (proc_pem, tls_ctx_create). TLS 1.2+, ECDSA P-256, no
 * renegotiation, no compression, no early data, tickets by the keys of
 * tickets.h, SSL_MODE_RELEASE_BUFFERS, partial and moving writes.
 * ERR_clear_error() before each call.
 */
#ifndef KITH_SERVER_TLS_H
#define KITH_SERVER_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct handout;
struct tls;				/* one connection */
struct tls_ctx;

#define TLS_FINGERPRINT_MAX	64	/* "SHA256:" and 43 characters */
#define TLS_RECORD_BYTES	16384u	/* plain bytes of one record */

/* Makes a P-256 key and a self-signed certificate (10 years) for `names` (DNS
 * names and addresses) if the files are missing; key mode 0600. A key without a
 * certificate is used; a certificate without its key is an error. 0, or -1 with
 * err. */
int	tls_make_certificate(const char *cert_file, const char *key_file,
	    const char *const *names, unsigned n, char *err, size_t errlen);

/* From NUL-terminated PEM texts, which are not kept. */
struct tls_ctx	*tls_ctx_create(const char *cert_pem, const char *key_pem,
		    char *err, size_t errlen);

/* Its connections live on. */
void		 tls_ctx_destroy(struct tls_ctx *c);

/* Makes and opens tickets with the keys of `tickets` (tickets.h), which must
 * outlive all connections. Without this call, or with NULL, there are none. */
void		 tls_ctx_use_tickets(struct tls_ctx *c,
		    const struct handout *tickets);

/* "SHA256:", then the base64url of the hash of the key's SPKI. 0, or -EINVAL
 * (no certificate). */
int		 tls_fingerprint(const struct tls_ctx *c,
		    char out[TLS_FINGERPRINT_MAX]);

/* TLS_CLOSED: the other side ended the connection, with or without a
 * close_notify. After it, and after TLS_FAILED, only tls_destroy(). */
enum tls_want { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };

/* The handshake has not begun. NULL: no memory. */
struct tls	*tls_accept(struct tls_ctx *c, int fd);

/* Sends close_notify if it can. Does not close the fd. */
void		 tls_destroy(struct tls *t);
enum tls_want	 tls_handshake(struct tls *t);

/* Both move at most one record. After TLS_WANT_* repeat tls_write() with the
 * same bytes in front: they may have moved, and others may follow. */
enum tls_want	 tls_read(struct tls *t, void *buf, size_t cap, size_t *got);
enum tls_want	 tls_write(struct tls *t, const void *buf, size_t len,
		    size_t *put);

/* Decrypted bytes that epoll does not announce. */
size_t		 tls_pending(const struct tls *t);

/* "kith/1", "http/1.1" or "". */
const char	*tls_alpn(const struct tls *t);

#endif
