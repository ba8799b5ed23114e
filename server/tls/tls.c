/*
 * tls.c - contexts and connections of OpenSSL.
 */
#include "server/tls/tls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "protocol/base/base64.h"
#include "server/handout/tickets.h"

#define ALPN_KITH	"kith/1"
#define ALPN_HTTP	"http/1.1"

/* No longer than any key opens it. */
#define TICKET_LIFE_S	(2 * (long)(TICKETS_ROTATE_MS / 1000))

struct tls_ctx {
	SSL_CTX	*ssl_ctx;
};

struct tls {
	SSL	*ssl;
	bool	 over;			/* nothing more can be sent, not even close_notify */
};

/* What we speak, each with its length: constant and never empty (CVE-2024-5535). */
static const unsigned char alpn_list[] = "\x06" ALPN_KITH "\x08" ALPN_HTTP;

static void
explain(char *err, size_t errlen, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(err, errlen, "%s: %s", what, reason != NULL ? reason : "unknown error");
	ERR_clear_error();
}

/* -- tickets -------------------------------------------------------------- */

static int
set_mac_key(EVP_MAC_CTX *mac, struct tickets_key *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->hmac,
		    sizeof(key->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params);
}

/* 1, or -1: the handshake fails. */
static int
seal_ticket(struct tickets_key *key, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1 ||
	    EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key->aes, iv, NULL) != 1 ||
	    set_mac_key(mac, key) != 1)
		return -1;
	memcpy(name, key->name, sizeof(key->name));
	return 1;
}

/* 1; 2: it opens, and is to be renewed; 0: not one of ours, a full handshake follows. */
static int
open_ticket(struct tickets_key *keys, const unsigned char *name, const unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	for (unsigned i = 0; i < TICKETS_KEYS; i++) {
		if (memcmp(name, keys[i].name, sizeof(keys[i].name)) != 0)
			continue;
		if (EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), keys[i].aes, iv, NULL) != 1 ||
		    set_mac_key(mac, &keys[i]) != 1)
			return 0;
		return i == 0 ? 1 : 2;
	}
	return 0;
}

static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int seal)
{
	const struct handout *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct tickets_key keys[TICKETS_KEYS];
	int rc;

	if (tickets_read(tickets, keys) < 0)
		rc = seal ? -1 : 0;
	else if (seal)
		rc = seal_ticket(&keys[0], name, iv, cipher, mac);
	else
		rc = open_ticket(keys, name, iv, cipher, mac);
	explicit_bzero(keys, sizeof(keys));
	return rc;
}

void
tls_ctx_use_tickets(struct tls_ctx *c, const struct handout *tickets)
{
	if (tickets == NULL)
		return;
	/* The context's data is not const; on_ticket() treats it so. */
	SSL_CTX_set_app_data(c->ssl_ctx, (void *)(uintptr_t)tickets);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(c->ssl_ctx, on_ticket);
	SSL_CTX_clear_options(c->ssl_ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(c->ssl_ctx, 1);
	SSL_CTX_set_timeout(c->ssl_ctx, TICKET_LIFE_S);
}

/* -- contexts ------------------------------------------------------------- */

static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned inlen, void *arg)
{
	unsigned char *chosen = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, outlen, alpn_list, sizeof(alpn_list) - 1, in, inlen) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A key with a passphrase is refused: nobody is there to be asked. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
use_certificate(SSL_CTX *ssl_ctx, BIO *pem)
{
	X509 *cert = PEM_read_bio_X509_AUX(pem, NULL, no_passphrase, NULL);
	int ok;

	if (cert == NULL)
		return 0;
	ok = SSL_CTX_use_certificate(ssl_ctx, cert);
	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)) != NULL)
		if ((ok = SSL_CTX_add0_chain_cert(ssl_ctx, cert)) != 1)
			X509_free(cert);
	/* The end of the chain is an error "no start line" to the reader. */
	if (ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
		ERR_clear_error();
	return ok && ERR_peek_error() == 0;
}

static int
use_key(SSL_CTX *ssl_ctx, BIO *pem)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
	int ok = key != NULL && SSL_CTX_use_PrivateKey(ssl_ctx, key) == 1;

	EVP_PKEY_free(key);
	return ok && SSL_CTX_check_private_key(ssl_ctx) == 1;
}

static SSL_CTX *
make_ssl_ctx(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (c == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	/* A connection cut without close_notify is an end like any other: frames
	 * carry their own length. */
	SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_max_early_data(c, 0);
	SSL_CTX_set_session_id_context(c, (const unsigned char *)ALPN_KITH, sizeof(ALPN_KITH) - 1);
	SSL_CTX_set_alpn_select_cb(c, choose_alpn, NULL);
	return c;
}

/* Frees both BIOs; either may be NULL. `*_name` is for the error. */
static struct tls_ctx *
make_ctx(BIO *cert, const char *cert_name, BIO *key, const char *key_name, char *err, size_t errlen)
{
	struct tls_ctx *c = calloc(1, sizeof(*c));
	bool ok = false;

	if (c == NULL || (c->ssl_ctx = make_ssl_ctx()) == NULL)
		explain(err, errlen, "no memory for TLS");
	else if (cert == NULL || !use_certificate(c->ssl_ctx, cert))
		explain(err, errlen, cert_name);
	else if (key == NULL || !use_key(c->ssl_ctx, key))
		explain(err, errlen, key_name);
	else
		ok = true;
	BIO_free(cert);
	BIO_free(key);
	if (!ok) {
		tls_ctx_destroy(c);
		return NULL;
	}
	return c;
}

struct tls_ctx *
tls_ctx_create(const char *cert_pem, const char *key_pem, char *err, size_t errlen)
{
	ERR_clear_error();
	return make_ctx(BIO_new_mem_buf(cert_pem, -1), "certificate", BIO_new_mem_buf(key_pem, -1),
	    "private key", err, errlen);
}

void
tls_ctx_destroy(struct tls_ctx *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->ssl_ctx);
	free(c);
}

int
tls_fingerprint(const struct tls_ctx *c, char out[TLS_FINGERPRINT_MAX])
{
	X509 *cert = SSL_CTX_get0_certificate(c->ssl_ctx);
	unsigned char *spki = NULL, hash[32];
	char text[BASE64URL_CHARS(sizeof(hash)) + 1];
	int len, n;

	if (cert == NULL || (len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki)) <= 0)
		return -EINVAL;
	n = EVP_Digest(spki, (size_t)len, hash, NULL, EVP_sha256(), NULL);
	OPENSSL_free(spki);
	if (n != 1)
		return -EINVAL;
	base64url_encode(hash, sizeof(hash), text);
	snprintf(out, TLS_FINGERPRINT_MAX, "SHA256:%s", text);
	return 0;
}

/* -- connections ---------------------------------------------------------- */

struct tls *
tls_accept(struct tls_ctx *c, int fd)
{
	struct tls *t = calloc(1, sizeof(*t));

	ERR_clear_error();
	if (t == NULL)
		return NULL;
	if ((t->ssl = SSL_new(c->ssl_ctx)) == NULL || SSL_set_fd(t->ssl, fd) != 1) {
		ERR_clear_error();
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	SSL_set_accept_state(t->ssl);
	return t;
}

void
tls_destroy(struct tls *t)
{
	if (t == NULL)
		return;
	ERR_clear_error();
	if (!t->over && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t);
}

static enum tls_want
tls_result(struct tls *t, int rc)
{
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_NONE:
		return TLS_OK;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:			/* reset, mostly */
		t->over = true;
		return TLS_CLOSED;
	default:
		t->over = true;
		return TLS_FAILED;
	}
}

enum tls_want
tls_handshake(struct tls *t)
{
	ERR_clear_error();
	return tls_result(t, SSL_do_handshake(t->ssl));
}

enum tls_want
tls_read(struct tls *t, void *buf, size_t cap, size_t *got)
{
	*got = 0;
	ERR_clear_error();
	return tls_result(t, SSL_read_ex(t->ssl, buf, cap, got));
}

enum tls_want
tls_write(struct tls *t, const void *buf, size_t len, size_t *put)
{
	*put = 0;
	/* OpenSSL would add a second record to one that had to wait. */
	if (len > TLS_RECORD_BYTES)
		len = TLS_RECORD_BYTES;
	ERR_clear_error();
	return tls_result(t, SSL_write_ex(t->ssl, buf, len, put));
}

size_t
tls_pending(const struct tls *t)
{
	int n = SSL_pending(t->ssl);

	return n > 0 ? (size_t)n : 0;
}

const char *
tls_alpn(const struct tls *t)
{
	const unsigned char *name;
	unsigned len;

	/* choose_alpn() knows two answers, of different lengths. */
	SSL_get0_alpn_selected(t->ssl, &name, &len);
	return len == 0 ? "" : len == sizeof(ALPN_KITH) - 1 ? ALPN_KITH : ALPN_HTTP;
}
