/*
 * tls_test.c - handshakes over a socketpair with OpenSSL's own client; the first
 * start's certificate; tickets.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "server/handout/handout.h"
#include "server/handout/pem.h"
#include "server/handout/tickets.h"
#include "server/tls/tls.h"
#include "tests/unit/kit/tmpdir.h"

#define STEPS_MAX	64

static char cert_file[256], key_file[256], err[256];
static const char *const names[] = { "chat.example", "127.0.0.1", "::1" };

static struct tls_ctx *
make_ctx(void)
{
	static struct pem pem;
	struct tls_ctx *c;

	if (tls_make_certificate(cert_file, key_file, names, 3, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	if (pem_load(&pem, cert_file, key_file, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	if ((c = tls_ctx_create(pem.certificate, pem.key, err, sizeof(err))) == NULL)
		fail_msg("%s", err);
	return c;
}

/* -- a pair of ends ------------------------------------------------------- */

struct pair {
	struct tls	*server;
	SSL_CTX		*ctx;
	SSL		*client;
	int		 fds[2];
};

static void
pair_open(struct pair *p, struct tls_ctx *server, SSL_CTX *client)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds), 0);
	p->server = tls_accept(server, p->fds[0]);
	p->ctx = client;
	p->client = SSL_new(client);
	assert_true(p->server != NULL && p->client != NULL);
	SSL_set_fd(p->client, p->fds[1]);
	SSL_set_connect_state(p->client);
}

static void
pair_close(struct pair *p)
{
	SSL_shutdown(p->client);
	SSL_free(p->client);
	tls_destroy(p->server);
	close(p->fds[0]);
	close(p->fds[1]);
}

/* What the server's side came to: TLS_OK, or how it failed. */
static enum tls_want
pair_shake(struct pair *p)
{
	enum tls_want want = TLS_WANT_READ;
	char byte;
	int rc;

	for (int i = 0; i < STEPS_MAX; i++) {
		rc = SSL_do_handshake(p->client);
		if (want != TLS_OK)
			want = tls_handshake(p->server);
		if (want == TLS_FAILED || want == TLS_CLOSED)
			return want;
		if (rc == 1 && want == TLS_OK) {
			SSL_read(p->client, &byte, 1);	/* takes the tickets */
			return want;
		}
	}
	fail_msg("the handshake does not end");
	return TLS_FAILED;
}

static SSL_CTX *
client_ctx(const char *alpn)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (alpn != NULL)
		SSL_CTX_set_alpn_protos(c, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	return c;
}

/* -- the certificate ------------------------------------------------------ */

static void
certificate_is_made_once(void **state)
{
	struct tls_ctx *c = make_ctx();
	char first[TLS_FINGERPRINT_MAX], again[TLS_FINGERPRINT_MAX];
	struct stat key;

	(void)state;
	assert_int_equal(tls_fingerprint(c, first), 0);
	tls_ctx_destroy(c);
	assert_int_equal(stat(key_file, &key), 0);
	assert_int_equal(key.st_mode & 0777, 0600);
	c = make_ctx();
	assert_int_equal(tls_fingerprint(c, again), 0);
	assert_string_equal(first, again);
	tls_ctx_destroy(c);
}

static void
fingerprint_is_that_of_the_key(void **state)
{
	struct tls_ctx *c = make_ctx();
	char first[TLS_FINGERPRINT_MAX], again[TLS_FINGERPRINT_MAX];

	(void)state;
	assert_int_equal(tls_fingerprint(c, first), 0);
	assert_int_equal(strncmp(first, "SHA256:", 7), 0);
	assert_int_equal(strlen(first), 7 + 43);
	assert_int_equal(strspn(first + 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	tls_ctx_destroy(c);
	/* Renewed with the same key, it stays. */
	assert_int_equal(unlink(cert_file), 0);
	c = make_ctx();
	assert_int_equal(tls_fingerprint(c, again), 0);
	assert_string_equal(first, again);
	tls_ctx_destroy(c);
}

static void
certificate_names_hosts_and_addresses(void **state)
{
	struct tls_ctx *c = make_ctx();
	FILE *f = fopen(cert_file, "r");
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	EVP_PKEY *key = X509_get_pubkey(cert);

	(void)state;
	assert_int_equal(X509_check_host(cert, "chat.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(cert, "other.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
	assert_int_equal(X509_verify(cert, key), 1);
	assert_int_equal(EVP_PKEY_get_bits(key), 256);
	EVP_PKEY_free(key);
	X509_free(cert);
	fclose(f);
	tls_ctx_destroy(c);
}

static void
certificate_without_its_key_is_an_error(void **state)
{
	(void)state;
	tls_ctx_destroy(make_ctx());
	assert_int_equal(unlink(key_file), 0);
	assert_int_equal(tls_make_certificate(cert_file, key_file, names, 3, err, sizeof(err)), -1);
	assert_non_null(strstr(err, key_file));
	assert_int_equal(unlink(cert_file), 0);
}

static void
bad_material_is_named(void **state)
{
	static const char nonsense[] = "nonsense\n";
	static struct pem pem;
	char cert[4096] = "";
	FILE *f;

	(void)state;
	tls_ctx_destroy(make_ctx());
	f = fopen(cert_file, "r");
	assert_true(fread(cert, 1, sizeof(cert) - 1, f) > 0);
	fclose(f);
	assert_null(tls_ctx_create(nonsense, nonsense, err, sizeof(err)));
	assert_non_null(strstr(err, "certificate"));
	assert_null(tls_ctx_create(cert, nonsense, err, sizeof(err)));
	assert_non_null(strstr(err, "key"));
	assert_int_equal(pem_load(&pem, "/nonexistent", key_file, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "/nonexistent"));
	assert_int_equal(pem_load(&pem, cert_file, "/none", err, sizeof(err)), -1);
	assert_non_null(strstr(err, "/none"));
	assert_int_equal(pem.certificate[0], '\0');
}

/* -- handshakes ----------------------------------------------------------- */

static void
bytes_go_both_ways(void **state)
{
	struct tls_ctx *c = make_ctx();
	SSL_CTX *ctx = client_ctx("\x06kith/1");
	struct pair p;
	char buf[16];
	size_t n;

	(void)state;
	pair_open(&p, c, ctx);
	assert_int_equal(pair_shake(&p), TLS_OK);
	assert_string_equal(tls_alpn(p.server), "kith/1");
	assert_int_equal(tls_read(p.server, buf, sizeof(buf), &n), TLS_WANT_READ);
	assert_int_equal(SSL_write(p.client, "question", 8), 8);
	/* What is left of a record is announced by tls_pending() alone. */
	assert_int_equal(tls_read(p.server, buf, 3, &n), TLS_OK);
	assert_int_equal(n, 3);
	assert_int_equal(tls_pending(p.server), 5);
	assert_int_equal(tls_read(p.server, buf + 3, sizeof(buf) - 3, &n), TLS_OK);
	assert_memory_equal(buf, "question", 8);
	assert_int_equal(tls_write(p.server, "answer", 6, &n), TLS_OK);
	assert_int_equal(SSL_read(p.client, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "answer", 6);
	pair_close(&p);
	SSL_CTX_free(ctx);
	tls_ctx_destroy(c);
}

static void
write_may_move_and_grow(void **state)
{
	struct tls_ctx *c = make_ctx();
	SSL_CTX *ctx = client_ctx(NULL);
	static uint8_t bytes[4u << 20], copy[4u << 20], buf[65536];
	size_t sent = 0, n, got = 0;
	enum tls_want want;
	struct pair p;
	int rc;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(copy, bytes, sizeof(copy));
	pair_open(&p, c, ctx);
	assert_int_equal(pair_shake(&p), TLS_OK);
	assert_string_equal(tls_alpn(p.server), "");
	for (unsigned turn = 0; got < sizeof(bytes); turn++) {
		const uint8_t *from = (turn & 1 ? copy : bytes) + sent;

		want = sent < sizeof(bytes) ?
		    tls_write(p.server, from, sizeof(bytes) - sent, &n) : TLS_OK;
		assert_true(want == TLS_OK || want == TLS_WANT_WRITE);
		if (sent < sizeof(bytes))
			assert_true(n <= TLS_RECORD_BYTES);
		sent += sent < sizeof(bytes) ? n : 0;
		if (want == TLS_OK && sent < sizeof(bytes))
			continue;
		while ((rc = SSL_read(p.client, buf, sizeof(buf))) > 0) {
			assert_memory_equal(buf, bytes + got, (size_t)rc);
			got += (size_t)rc;
		}
	}
	pair_close(&p);
	SSL_CTX_free(ctx);
	tls_ctx_destroy(c);
}

/* A browser offers HTTP/2 first, and gets what we speak. */
static void
browsers_get_http(void **state)
{
	struct tls_ctx *c = make_ctx();
	SSL_CTX *ctx = client_ctx("\x02h2\x08http/1.1");
	struct pair p;

	(void)state;
	pair_open(&p, c, ctx);
	assert_int_equal(pair_shake(&p), TLS_OK);
	assert_string_equal(tls_alpn(p.server), "http/1.1");
	pair_close(&p);
	SSL_CTX_free(ctx);
	tls_ctx_destroy(c);
}

static void
old_versions_and_other_protocols_are_refused(void **state)
{
	struct tls_ctx *c = make_ctx();
	SSL_CTX *old = client_ctx(NULL), *other = client_ctx("\x02h2");
	struct pair p;

	(void)state;
	SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION);
	SSL_CTX_set_min_proto_version(old, TLS1_VERSION);
	SSL_CTX_set_cipher_list(old, "DEFAULT:@SECLEVEL=0");
	pair_open(&p, c, old);
	assert_int_equal(pair_shake(&p), TLS_FAILED);
	pair_close(&p);
	pair_open(&p, c, other);
	assert_int_equal(pair_shake(&p), TLS_FAILED);
	pair_close(&p);
	SSL_CTX_free(old);
	SSL_CTX_free(other);
	tls_ctx_destroy(c);
}

static void
garbage_fails_and_an_end_is_an_end(void **state)
{
	struct tls_ctx *c = make_ctx();
	SSL_CTX *ctx = client_ctx(NULL);
	struct pair p;
	size_t n;
	char byte;

	(void)state;
	pair_open(&p, c, ctx);
	assert_int_equal(write(p.fds[1], "\x16\x03\x01\x00\x05nonsense", 13), 13);
	assert_int_equal(tls_handshake(p.server), TLS_FAILED);
	pair_close(&p);
	/* Cut without close_notify, and with it. */
	for (int polite = 0; polite < 2; polite++) {
		pair_open(&p, c, ctx);
		assert_int_equal(pair_shake(&p), TLS_OK);
		if (polite)
			SSL_shutdown(p.client);
		shutdown(p.fds[1], SHUT_WR);
		assert_int_equal(tls_read(p.server, &byte, 1, &n), TLS_CLOSED);
		pair_close(&p);
	}
	SSL_CTX_free(ctx);
	tls_ctx_destroy(c);
}

static void
context_may_go_before_its_connections(void **state)
{
	struct tls_ctx *c = make_ctx();
	SSL_CTX *ctx = client_ctx(NULL);
	struct pair p;
	size_t n;
	char byte;

	(void)state;
	pair_open(&p, c, ctx);
	tls_ctx_destroy(c);
	assert_int_equal(pair_shake(&p), TLS_OK);
	assert_int_equal(SSL_write(p.client, "x", 1), 1);
	assert_int_equal(tls_read(p.server, &byte, 1, &n), TLS_OK);
	pair_close(&p);
	SSL_CTX_free(ctx);
}

/* -- tickets -------------------------------------------------------------- */

static SSL_SESSION *last_session;

/* One connection that offers the last ticket, and keeps the one it got: was it taken? */
static bool
resumed(struct tls_ctx *c, SSL_CTX *ctx)
{
	struct pair p;
	bool was;

	pair_open(&p, c, ctx);
	if (last_session != NULL)
		SSL_set_session(p.client, last_session);
	assert_int_equal(pair_shake(&p), TLS_OK);
	was = SSL_session_reused(p.client);
	SSL_SESSION_free(last_session);
	last_session = SSL_get1_session(p.client);
	pair_close(&p);
	return was;
}

static void
tickets_serve_other_contexts_until_their_key_is_gone(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct handout keys;

	(void)state;
	assert_int_equal(tickets_create(&keys), 0);
	for (int v = 0; v < 2; v++) {
		struct tls_ctx *one = make_ctx(), *other = make_ctx();
		SSL_CTX *ctx = client_ctx(NULL);

		SSL_CTX_set_max_proto_version(ctx, versions[v]);
		/* Without keys there is no ticket. */
		assert_false(resumed(one, ctx));
		assert_false(resumed(one, ctx));
		tls_ctx_use_tickets(one, &keys);
		tls_ctx_use_tickets(other, &keys);
		assert_false(resumed(one, ctx));
		assert_true(resumed(other, ctx));
		/* After a rotation it still opens, and is renewed. */
		for (int i = 0; i < 4; i++) {
			assert_int_equal(tickets_rotate(&keys), 0);
			assert_true(resumed(other, ctx));
		}
		for (unsigned i = 0; i < TICKETS_KEYS; i++)
			assert_int_equal(tickets_rotate(&keys), 0);
		assert_false(resumed(one, ctx));
		SSL_SESSION_free(last_session);
		last_session = NULL;
		SSL_CTX_free(ctx);
		tls_ctx_destroy(one);
		tls_ctx_destroy(other);
	}
	handout_close(&keys);
}

int
main(void)
{
	const char *folder = tmpdir();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_is_made_once),
		cmocka_unit_test(fingerprint_is_that_of_the_key),
		cmocka_unit_test(certificate_names_hosts_and_addresses),
		cmocka_unit_test(certificate_without_its_key_is_an_error),
		cmocka_unit_test(bad_material_is_named),
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(write_may_move_and_grow),
		cmocka_unit_test(browsers_get_http),
		cmocka_unit_test(old_versions_and_other_protocols_are_refused),
		cmocka_unit_test(garbage_fails_and_an_end_is_an_end),
		cmocka_unit_test(context_may_go_before_its_connections),
		cmocka_unit_test(tickets_serve_other_contexts_until_their_key_is_gone),
	};

	signal(SIGPIPE, SIG_IGN);
	snprintf(cert_file, sizeof(cert_file), "%s/cert.pem", folder);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", folder);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
