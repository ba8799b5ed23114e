/*
 * net_tls.c - TLS of a client's connection.
 */
#include "client-cli/libkith/net_tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

struct net_tls {
	char		*host;
	SSL_CTX		*context;	/* NULL until the first connection */
	SSL_SESSION	*session;	/* the last one, or NULL */
	const char	*reason;
};

struct net_tls *
net_tls_create(const char *host)
{
	struct net_tls *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->host = strdup(host)) == NULL) {
		free(t);
		return NULL;
	}
	t->reason = "";
	return t;
}

void
net_tls_destroy(struct net_tls *t)
{
	if (t == NULL)
		return;
	SSL_SESSION_free(t->session);
	SSL_CTX_free(t->context);
	free(t->host);
	free(t);
}

static int
remember_session(SSL *ssl, SSL_SESSION *session)
{
	struct net_tls *t = SSL_get_app_data(ssl);

	SSL_SESSION_free(t->session);
	t->session = session;
	return 1;			/* the reference is ours now */
}

static SSL_CTX *
make_context(void)
{
	static const unsigned char alpn[] = "\006kith/1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);	/* keys, not certificates */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, remember_session);
	if (SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) != 0) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static int
host_is_number(const char *host)
{
	return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

/* OpenSSL's reason for the last failure, or the system's. */
static void
note_reason(struct net_tls *t, int error)
{
	unsigned long e = ERR_peek_last_error();
	int reason = ERR_GET_REASON(e);

	if (ERR_GET_LIB(e) == ERR_LIB_SSL && (reason == SSL_R_WRONG_VERSION_NUMBER ||
	    reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_HTTP_REQUEST ||
	    reason == SSL_R_UNEXPECTED_MESSAGE)) {
		t->reason = "what answers there does not speak TLS: is it Kith's port?";
		return;
	}
	t->reason = e != 0 ? ERR_reason_error_string(e) : NULL;
	if (t->reason == NULL)
		t->reason = error != 0 ? strerror(error) : "closed by the server";
}

SSL *
net_tls_start(struct net_tls *t, int fd)
{
	SSL *ssl;

	ERR_clear_error();
	if (t->context == NULL && (t->context = make_context()) == NULL) {
		note_reason(t, ENOMEM);
		return NULL;
	}
	if ((ssl = SSL_new(t->context)) == NULL || SSL_set_fd(ssl, fd) != 1) {
		note_reason(t, ENOMEM);
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_app_data(ssl, t);
	if (!host_is_number(t->host))
		SSL_set_tlsext_host_name(ssl, t->host);
	if (t->session != NULL)
		SSL_set_session(ssl, t->session);
	return ssl;
}

void
net_tls_end(SSL *ssl)
{
	if (ssl == NULL)
		return;
	/* Or OpenSSL takes it for a truncation attack and forgets the session. */
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
}

static enum net_tls_result
result_of_call(SSL *ssl, int rc)
{
	int error = errno;

	switch (rc > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, rc)) {
	case SSL_ERROR_NONE:
		return NET_TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return NET_TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return NET_TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return NET_TLS_CLOSED;
	default:
		/* Most connections end without a close_notify. */
		if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return NET_TLS_CLOSED;
		note_reason(SSL_get_app_data(ssl), error);
		return NET_TLS_FAILED;
	}
}

enum net_tls_result
net_tls_handshake(SSL *ssl)
{
	ERR_clear_error();
	errno = 0;
	return result_of_call(ssl, SSL_connect(ssl));
}

enum net_tls_result
net_tls_read(SSL *ssl, void *buf, size_t size, size_t *moved)
{
	ERR_clear_error();
	errno = 0;
	return result_of_call(ssl, SSL_read_ex(ssl, buf, size, moved));
}

enum net_tls_result
net_tls_write(SSL *ssl, const void *buf, size_t size, size_t *moved)
{
	ERR_clear_error();
	errno = 0;
	return result_of_call(ssl, SSL_write_ex(ssl, buf, size, moved));
}

int
net_tls_key(SSL *ssl, char out[NET_KEY_MAX])
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	unsigned char *der = NULL, digest[32], text[45];	/* base64 and NUL */
	int len, rc = -EPROTO;

	if (cert == NULL)
		return rc;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (len <= 0 || EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) != 1)
		goto out;
	EVP_EncodeBlock(text, digest, sizeof(digest));
	for (unsigned char *p = text; *p != '\0'; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
		else if (*p == '=')
			*p = '\0';
	}
	snprintf(out, NET_KEY_MAX, "SHA256:%s", (const char *)text);
	rc = 0;
out:
	OPENSSL_free(der);
	X509_free(cert);
	return rc;
}

const char *
net_tls_reason(const struct net_tls *t)
{
	return t->reason;
}
