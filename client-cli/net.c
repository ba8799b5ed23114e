/*
 * net.c - one connection to a server: TCP, TLS, frames in and out.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "kith.h"
#include "net.h"
#include "protocol/frame.h"
#include "protocol/limits.h"

#define OUTPUT_BYTES_MAX	(1024u * 1024u)
#define READ_BYTES		16384		/* one TLS record */
#define READS_PER_TURN		8
#define CONNECT_SECONDS		5		/* for each address */
#define HANDSHAKE_SECONDS	10

enum stage { STAGE_CONNECT, STAGE_HANDSHAKE, STAGE_UP, STAGE_DOWN };

struct net {
	struct event_base	*base;
	struct net_hooks	 hooks;
	void			*arg;
	char			*host;
	int			 plain;
	struct addrinfo		*addresses, *next;	/* next: not tried yet */

	enum stage		 stage;
	int			 fd;			/* -1: between addresses */
	SSL			*ssl;			/* NULL if plain, or before TCP is up */
	struct event		 readable, writable;	/* assigned while fd >= 0 */
	struct event		 kick;			/* the first turn, and the flush */
	struct frame_reader	 reader;
	uint8_t			*out;			/* out[sent..len) is not written yet */
	size_t			 out_len, out_sent, out_size;
	int			 in_hook;		/* then freeing waits */
	int			 closed;
};

/* One for all connections of the process; made at first use, never freed. */
static SSL_CTX *tls;
/* The last session, so that a reconnect costs the server no signature. */
static SSL_SESSION *tls_session;
static char tls_session_host[256];

static void	net_try_next(struct net *n, uint32_t code, const char *why);
static void	on_readable(evutil_socket_t fd, short what, void *arg);
static void	on_writable(evutil_socket_t fd, short what, void *arg);

static int
remember_session(SSL *ssl, SSL_SESSION *session)
{
	struct net *n = SSL_get_app_data(ssl);

	if (strlen(n->host) >= sizeof(tls_session_host))
		return 0;
	SSL_SESSION_free(tls_session);
	tls_session = session;
	strcpy(tls_session_host, n->host);
	return 1;
}

static SSL_CTX *
tls_context(void)
{
	static const unsigned char alpn[] = "\006kith/1";

	if (tls != NULL)
		return tls;
	if ((tls = SSL_CTX_new(TLS_client_method())) == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);	/* keys, not certificates */
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls, remember_session);
	if (SSL_CTX_set_alpn_protos(tls, alpn, sizeof(alpn) - 1) != 0) {
		SSL_CTX_free(tls);
		tls = NULL;
	}
	return tls;
}

/* "SHA256:" and unpadded base64url of SHA-256 of the key, as DER. */
static int
server_key(SSL *ssl, char out[NET_KEY_MAX])
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

static void
close_socket(struct net *n)
{
	if (n->fd < 0)
		return;
	event_del(&n->readable);
	event_del(&n->writable);
	/* Or OpenSSL takes the cut for an attack and forgets the session. */
	if (n->ssl != NULL)
		SSL_set_shutdown(n->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(n->ssl);
	n->ssl = NULL;
	close(n->fd);
	n->fd = -1;
}

static void
net_free(struct net *n)
{
	close_socket(n);
	event_del(&n->kick);
	frame_reader_fini(&n->reader);
	if (n->addresses != NULL)
		freeaddrinfo(n->addresses);
	if (n->out != NULL)
		explicit_bzero(n->out, n->out_size);
	free(n->out);
	free(n->host);
	free(n);
}

/* Around every hook, so that net_close() inside it does not pull the floor
 * away. leave_hook() is 0 if the net is gone. */
static void
enter_hook(struct net *n)
{
	n->in_hook++;
}

static int
leave_hook(struct net *n)
{
	if (--n->in_hook == 0 && n->closed) {
		net_free(n);
		return 0;
	}
	return !n->closed;
}

static void
net_down(struct net *n, uint32_t code, const char *why)
{
	close_socket(n);
	n->stage = STAGE_DOWN;
	enter_hook(n);
	n->hooks.down(n->arg, code, why);
	leave_hook(n);
}

/* OpenSSL's reason for the last failure, or the system's. */
static const char *
tls_reason(int saved_errno)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	if (reason != NULL)
		return reason;
	return saved_errno != 0 ? strerror(saved_errno) : "closed by the server";
}

/* After an SSL call that moved nothing: 0 if it only has to wait. */
static int
tls_wait(struct net *n, int rc)
{
	switch (SSL_get_error(n->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_WANT_WRITE:
		event_add(&n->writable, NULL);
		return 0;
	default:
		return -1;
	}
}

static void
net_up(struct net *n)
{
	char key[NET_KEY_MAX] = "";

	event_del(&n->writable);
	event_remove_timer(&n->readable);
	if (n->ssl != NULL && server_key(n->ssl, key) < 0) {
		net_down(n, KITH_L_TLS, "the server showed no certificate");
		return;
	}
	n->stage = STAGE_UP;
	enter_hook(n);
	n->hooks.up(n->arg, key);
	if (leave_hook(n) && n->ssl != NULL && SSL_pending(n->ssl) > 0)
		event_active(&n->readable, EV_READ, 1);
}

static void
handshake(struct net *n)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_connect(n->ssl);
	if (rc == 1)
		net_up(n);
	else if (tls_wait(n, rc) < 0)
		net_down(n, KITH_L_TLS, tls_reason(errno));
}

static int
is_number(const char *host)
{
	return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static void
start_tls(struct net *n)
{
	const struct timeval limit = { HANDSHAKE_SECONDS, 0 };
	SSL_CTX *ctx = tls_context();

	ERR_clear_error();
	if (ctx == NULL || (n->ssl = SSL_new(ctx)) == NULL || SSL_set_fd(n->ssl, n->fd) != 1) {
		net_down(n, KITH_L_TLS, tls_reason(ENOMEM));
		return;
	}
	SSL_set_app_data(n->ssl, n);
	if (!is_number(n->host))
		SSL_set_tlsext_host_name(n->ssl, n->host);
	if (tls_session != NULL && strcmp(tls_session_host, n->host) == 0)
		SSL_set_session(n->ssl, tls_session);
	n->stage = STAGE_HANDSHAKE;
	event_add(&n->readable, &limit);
	handshake(n);
}

static void
connected(struct net *n)
{
	int error = 0, one = 1;
	socklen_t len = sizeof(error);

	event_del(&n->writable);
	if (getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		net_try_next(n, KITH_L_CONNECT, strerror(error));
		return;
	}
	setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!n->plain) {
		start_tls(n);
		return;
	}
	event_add(&n->readable, NULL);
	net_up(n);
}

/* Begins to connect to n->next. 0 or a negative errno. */
static int
connect_next(struct net *n)
{
	const struct timeval limit = { CONNECT_SECONDS, 0 };
	struct addrinfo *ai = n->next;
	int fd;

	n->next = ai->ai_next;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS) {
		int error = errno;

		close(fd);
		return -error;
	}
	n->fd = fd;
	n->stage = STAGE_CONNECT;
	event_assign(&n->readable, n->base, fd, EV_READ | EV_PERSIST, on_readable, n);
	event_assign(&n->writable, n->base, fd, EV_WRITE, on_writable, n);
	event_add(&n->writable, &limit);
	return 0;
}

/* The way to the next address, or to `down` with what went wrong last. */
static void
net_try_next(struct net *n, uint32_t code, const char *why)
{
	int rc;

	close_socket(n);
	while (n->next != NULL) {
		if ((rc = connect_next(n)) == 0)
			return;
		why = strerror(-rc);
	}
	net_down(n, code, why);
}

static ssize_t
read_some(struct net *n, uint8_t *buf, size_t size)
{
	int rc;

	errno = 0;
	if (n->ssl == NULL)
		return recv(n->fd, buf, size, 0);
	ERR_clear_error();
	rc = SSL_read(n->ssl, buf, (int)size);
	if (rc > 0)
		return rc;
	if (tls_wait(n, rc) == 0)
		errno = EAGAIN;
	else if (errno == 0 || errno == EAGAIN)
		return 0;
	return -1;
}

/* Hands out the whole frames in buf. 0 if the net is gone or down. */
static int
take_frames(struct net *n, const uint8_t *buf, size_t size)
{
	enum frame_result result;
	const uint8_t *body;
	uint32_t len;

	while ((result = frame_read(&n->reader, &buf, &size, &body, &len)) == FRAME_ONE) {
		enter_hook(n);
		n->hooks.frame(n->arg, body, len);
		if (!leave_hook(n))
			return 0;
	}
	if (result == FRAME_MORE)
		return 1;
	net_down(n, KITH_L_PROTOCOL, result == FRAME_NO_MEMORY ? "out of memory" :
	    "the server sent a frame of impossible size");
	return 0;
}

static void
net_input(struct net *n)
{
	uint8_t buf[READ_BYTES];
	ssize_t got;

	for (int i = 0; i < READS_PER_TURN; i++) {
		got = read_some(n, buf, sizeof(buf));
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			net_down(n, KITH_L_LOST, got < 0 ? strerror(errno) : "closed by the server");
			return;
		}
		if (!take_frames(n, buf, (size_t)got))
			return;
	}
	/* What OpenSSL already decrypted wakes no poll. */
	event_active(&n->readable, EV_READ, 1);
}

static ssize_t
write_some(struct net *n, const uint8_t *buf, size_t size)
{
	int rc;

	if (n->ssl == NULL)
		return send(n->fd, buf, size, MSG_NOSIGNAL);
	ERR_clear_error();
	errno = 0;
	rc = SSL_write(n->ssl, buf, (int)size);
	if (rc > 0)
		return rc;
	if (tls_wait(n, rc) == 0)
		errno = EAGAIN;
	else if (errno == 0 || errno == EAGAIN)
		errno = EPIPE;
	return -1;
}

/* Writes what the socket takes. 0, or a negative errno: the connection is lost. */
static int
net_output(struct net *n)
{
	ssize_t put;

	while (n->out_sent < n->out_len) {
		put = write_some(n, n->out + n->out_sent, n->out_len - n->out_sent);
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (put < 0) {
			event_add(&n->writable, NULL);
			return 0;
		}
		n->out_sent += (size_t)put;
	}
	if (n->out != NULL)
		explicit_bzero(n->out, n->out_len);	/* passwords pass here */
	free(n->out);
	n->out = NULL;
	n->out_len = n->out_sent = n->out_size = 0;
	return 0;
}

static void
flush(struct net *n)
{
	int rc = net_output(n);

	/* A server that closed may have said why: the read side tells. */
	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		net_down(n, KITH_L_LOST, strerror(-rc));
	else if (rc < 0)
		event_active(&n->readable, EV_READ, 1);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)fd;
	if (what & EV_TIMEOUT) {
		net_down(n, KITH_L_TLS, "no answer to the handshake");
	} else if (n->stage == STAGE_HANDSHAKE) {
		handshake(n);
	} else {
		net_input(n);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)fd;
	if (n->stage == STAGE_CONNECT) {
		if (what & EV_TIMEOUT)
			net_try_next(n, KITH_L_CONNECT, strerror(ETIMEDOUT));
		else
			connected(n);
	} else if (n->stage == STAGE_HANDSHAKE) {
		handshake(n);
	} else {
		flush(n);
	}
}

/* The end of a loop turn in which something was queued; the first one starts. */
static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)fd;
	(void)what;
	if (n->stage == STAGE_UP)
		flush(n);
	else if (n->fd < 0 && n->stage == STAGE_CONNECT)
		net_try_next(n, KITH_L_CONNECT, "the name has no address");
}

static void
on_unresolved(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	net_down(arg, KITH_L_CONNECT, "the name is not known");
}

struct net *
net_open(struct event_base *base, const struct net_address *address,
    const struct net_hooks *hooks, void *arg)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct net *n = calloc(1, sizeof(*n));
	char port[8];

	if (n == NULL || (n->host = strdup(address->host)) == NULL) {
		free(n);
		return NULL;
	}
	n->base = base;
	n->hooks = *hooks;
	n->arg = arg;
	n->plain = address->plain;
	n->fd = -1;
	frame_reader_init(&n->reader, FRAME_BYTES_MAX);
	snprintf(port, sizeof(port), "%u", (unsigned)address->port);
	if (getaddrinfo(n->host, port, &want, &n->addresses) == 0)
		event_assign(&n->kick, base, -1, 0, on_kick, n);
	else
		event_assign(&n->kick, base, -1, 0, on_unresolved, n);
	n->next = n->addresses;
	event_active(&n->kick, EV_TIMEOUT, 1);
	return n;
}

/* Makes out[] begin with what is not written yet, and hold `more` after it. */
static int
make_room(struct net *n, size_t more)
{
	size_t size = n->out_size ? n->out_size : 4096, unsent = n->out_len - n->out_sent;
	uint8_t *out;

	if (n->out_len + more <= n->out_size)
		return 0;
	if (unsent + more > OUTPUT_BYTES_MAX)
		return -ENOBUFS;
	while (size < unsent + more)
		size *= 2;
	/* Not realloc(): what it leaves behind can't be wiped. */
	if ((out = malloc(size)) == NULL)
		return -ENOMEM;
	if (n->out != NULL) {
		memcpy(out, n->out + n->out_sent, unsent);
		explicit_bzero(n->out, n->out_size);
		free(n->out);
	}
	n->out = out;
	n->out_size = size;
	n->out_len = unsent;
	n->out_sent = 0;
	return 0;
}

int
net_send(struct net *n, const uint8_t *frame, size_t len)
{
	int rc = make_room(n, len);

	if (rc < 0)
		return rc;
	memcpy(n->out + n->out_len, frame, len);
	n->out_len += len;
	if (n->stage == STAGE_UP)
		event_active(&n->kick, EV_WRITE, 1);
	return 0;
}

void
net_close(struct net *n)
{
	if (n == NULL || n->closed)
		return;
	if (n->stage == STAGE_UP && net_output(n) == 0 && n->ssl != NULL)
		SSL_shutdown(n->ssl);
	n->closed = 1;
	close_socket(n);
	event_del(&n->kick);
	if (n->in_hook == 0)
		net_free(n);
}
