/*
 * tls_facts.c - a certificate as its clients will see it. Master only.
 */
#include "server/tls/tls_facts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "protocol/base/file.h"

static int64_t
seconds_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static bool
names_host(X509 *cert, const char *host)
{
	char inner[256];
	size_t len = strlen(host);

	if (*host == '[' && len > 2 && len - 2 < sizeof(inner)) {
		snprintf(inner, sizeof(inner), "%.*s", (int)len - 2, host + 1);
		return X509_check_ip_asc(cert, inner, 0) == 1;
	}
	return X509_check_ip_asc(cert, host, 0) == 1 ||
	    X509_check_host(cert, host, 0, 0, NULL) == 1;
}

int
tls_facts_read(const char *cert_pem, const char *host, struct tls_facts *facts)
{
	BIO *pem = BIO_new_mem_buf(cert_pem, -1);
	X509 *cert = NULL, *next;

	*facts = (struct tls_facts){ .not_before_s = INT64_MIN, .not_after_s = INT64_MAX,
	    .chain_fits = true };
	while (pem != NULL && (next = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL) {
		int64_t begin = seconds_of(X509_get0_notBefore(next));
		int64_t end = seconds_of(X509_get0_notAfter(next));

		if (cert == NULL)
			facts->names_host = names_host(next, host);
		else if (X509_NAME_cmp(X509_get_issuer_name(cert),
		    X509_get_subject_name(next)) != 0)
			facts->chain_fits = false;
		if (begin > facts->not_before_s)
			facts->not_before_s = begin;
		if (end < facts->not_after_s)
			facts->not_after_s = end;
		X509_free(cert);
		cert = next;
	}
	ERR_clear_error();
	BIO_free(pem);
	X509_free(cert);
	return cert != NULL ? 0 : -EINVAL;
}

/* -- files ---------------------------------------------------------------- */

/* 1: it is there; 0: it is not; -1: nobody knows, and err says why. */
static int
exists(const char *file, char *err, size_t errlen)
{
	if (access(file, F_OK) == 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	snprintf(err, errlen, "%s: %s", file, strerror(errno));
	return -1;
}

static int
check_key_file(const char *file, char *err, size_t errlen)
{
	int fd = file_open(file);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	EVP_PKEY *key;

	if (f == NULL) {
		snprintf(err, errlen, "%s: %s", file, file_strerror(fd < 0 ? fd : -errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	ERR_clear_error();
	key = PEM_read_PrivateKey(f, NULL, NULL, (void *)(uintptr_t)"");
	fclose(f);
	if (key == NULL)
		snprintf(err, errlen, "%s: %s", file,
		    ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	EVP_PKEY_free(key);
	return key != NULL ? 0 : -1;
}

int
tls_facts_check_files(const char *cert_file, const char *key_file, char *err, size_t errlen)
{
	int cert = exists(cert_file, err, errlen), key = exists(key_file, err, errlen);

	if (cert < 0 || key < 0)
		return -1;
	if (cert && !key) {
		snprintf(err, errlen, "%s: missing, but its certificate is there", key_file);
		return -1;
	}
	return key && !cert ? check_key_file(key_file, err, errlen) : 0;
}
