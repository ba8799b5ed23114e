/*
 * net_tls_test.c - what one client's TLS remembers is no other client's.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "client-cli/libkith/net_tls.h"

#define ROUNDS	100		/* of a handshake, at most */

static SSL_CTX *server_context;

static int
make_server(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	(void)state;
	server_context = SSL_CTX_new(TLS_server_method());
	if (key == NULL || cert == NULL || server_context == NULL)
		return -1;
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) == 0 ||
	    SSL_CTX_use_certificate(server_context, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(server_context, key) != 1)
		return -1;
	SSL_CTX_set_session_id_context(server_context, (const unsigned char *)"t", 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}

static int
free_server(void **state)
{
	(void)state;
	SSL_CTX_free(server_context);
	return 0;
}

/* One connection, with a byte of data, after which the session is known. Was an older
 * session resumed? */
static int
connect_once(struct net_tls *t)
{
	enum net_tls_result result = NET_TLS_WANT_READ;
	SSL *client, *server = SSL_new(server_context);
	int fds[2], accepted = 0, resumed;
	size_t moved;
	char byte = 'x';

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	client = net_tls_start(t, fds[0]);
	assert_non_null(client);
	SSL_set_fd(server, fds[1]);
	for (int i = 0; i < ROUNDS && !(accepted && result == NET_TLS_DONE); i++) {
		if (result != NET_TLS_DONE)
			result = net_tls_handshake(client);
		if (!accepted)
			accepted = SSL_accept(server) == 1;
	}
	assert_true(accepted);
	assert_int_equal(result, NET_TLS_DONE);
	assert_int_equal(SSL_write(server, &byte, 1), 1);
	assert_int_equal(net_tls_read(client, &byte, 1, &moved), NET_TLS_DONE);
	resumed = SSL_session_reused(client);
	net_tls_end(client);
	SSL_free(server);
	close(fds[0]);
	close(fds[1]);
	return resumed;
}

static void
session_is_resumed_by_its_owner_alone(void **state)
{
	struct net_tls *one = net_tls_create("chat.lan"), *other = net_tls_create("chat.lan");

	(void)state;
	assert_false(connect_once(one));
	assert_true(connect_once(one));
	assert_false(connect_once(other));
	assert_true(connect_once(other));
	net_tls_destroy(one);
	assert_true(connect_once(other));
	net_tls_destroy(other);
}

static void
reason_of_a_failure_is_its_owners_alone(void **state)
{
	static const char garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct net_tls *one = net_tls_create("chat.lan"), *other = net_tls_create("chat.lan");
	SSL *client;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(write(fds[1], garbage, sizeof(garbage)), sizeof(garbage));
	client = net_tls_start(one, fds[0]);
	assert_non_null(client);
	assert_int_equal(net_tls_handshake(client), NET_TLS_FAILED);
	assert_string_not_equal(net_tls_reason(one), "");
	assert_string_equal(net_tls_reason(other), "");
	net_tls_end(client);
	close(fds[0]);
	close(fds[1]);
	net_tls_destroy(one);
	net_tls_destroy(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_is_resumed_by_its_owner_alone),
		cmocka_unit_test(reason_of_a_failure_is_its_owners_alone),
	};

	return cmocka_run_group_tests(tests, make_server, free_server);
}
