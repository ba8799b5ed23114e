/*
 * tls_cert.c - the key and the self-signed certificate of a first start. Master only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "protocol/base/file.h"
#include "server/tls/tls.h"

#define LIFE_DAYS	3650
#define BUILT_S		1735689600	/* 2025-01-01: this code is younger */
#define SERIAL_BYTES	16

static int
fail(char *err, size_t errlen, const char *file, const char *reason)
{
	if (reason == NULL)
		reason = ERR_reason_error_string(ERR_peek_last_error());
	snprintf(err, errlen, "%s: %s", file, reason != NULL ? reason : "unknown error");
	ERR_clear_error();
	return -1;
}

/* -- files ---------------------------------------------------------------- */

/* Writes the entry of `file` in its directory to disk. 0 or -1 with errno. */
static int
sync_directory(const char *file)
{
	char *dir = strdup(file), *slash;
	int fd = -1, rc = -1;

	if (dir == NULL)
		return -1;
	if ((slash = strrchr(dir, '/')) != NULL)
		slash[slash == dir] = '\0';
	if ((fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0)
		rc = fsync(fd);
	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

/* Writes what `pem` holds: a crash leaves the whole file, or none. 0 or -1 with errno. */
static int
save(const char *file, mode_t mode, BIO *pem)
{
	char *bytes, *temp = NULL;
	long len = BIO_get_mem_data(pem, &bytes);
	int fd = -1, rc = -1, saved;

	if (asprintf(&temp, "%s.XXXXXX", file) < 0)
		return -1;
	if ((fd = mkostemp(temp, O_CLOEXEC)) < 0)
		goto out;
	if (fchmod(fd, mode) == 0 && write(fd, bytes, (size_t)len) == len && fsync(fd) == 0 &&
	    rename(temp, file) == 0)
		rc = sync_directory(file);
	saved = errno;
	if (rc < 0)
		unlink(temp);
	errno = saved;
	close(fd);
out:
	free(temp);
	return rc;
}

/* -- the key -------------------------------------------------------------- */

/* NULL with errno, or with errno 0 and OpenSSL's error; so make_key(). */
static EVP_PKEY *
load_key(const char *file)
{
	int fd = file_open(file);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	EVP_PKEY *key;

	if (f == NULL) {
		if (fd < 0)
			errno = -fd;
		else
			close(fd);
		return NULL;
	}
	errno = 0;
	key = PEM_read_PrivateKey(f, NULL, NULL, (void *)(uintptr_t)"");	/* asks nobody */
	fclose(f);
	return key;
}

/* A new key, saved. */
static EVP_PKEY *
make_key(const char *file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *pem = BIO_new(BIO_s_secmem());
	int ok;

	errno = 0;
	ok = key != NULL && pem != NULL &&
	    PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    save(file, 0600, pem) == 0;
	BIO_free(pem);
	if (!ok) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* -- the certificate ------------------------------------------------------ */

static int
cert_add_name(GENERAL_NAMES *all, const char *name)
{
	unsigned char addr[16];
	int addr_len = inet_pton(AF_INET, name, addr) == 1 ? 4 :
	    inet_pton(AF_INET6, name, addr) == 1 ? 16 : 0;
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_STRING *text = addr_len > 0 ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	int ok;

	if (one == NULL || text == NULL)
		goto fail;
	ok = addr_len > 0 ? ASN1_STRING_set(text, addr, addr_len) : ASN1_STRING_set(text, name, -1);
	if (!ok)
		goto fail;
	GENERAL_NAME_set0_value(one, addr_len > 0 ? GEN_IPADD : GEN_DNS, text);
	text = NULL;
	if (sk_GENERAL_NAME_push(all, one) > 0)
		return 1;
fail:
	ASN1_STRING_free(text);
	GENERAL_NAME_free(one);
	return 0;
}

static int
add_names(X509 *cert, const char *const *names, unsigned n)
{
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	int ok = all != NULL;

	for (unsigned i = 0; ok && i < n; i++)
		ok = cert_add_name(all, names[i]);
	ok = ok && (n == 0 || X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, 0) == 1);
	GENERAL_NAMES_free(all);
	return ok;
}

static int
add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX v3;
	X509_EXTENSION *ext;
	int ok;

	X509V3_set_ctx(&v3, cert, cert, NULL, NULL, 0);
	if ((ext = X509V3_EXT_conf_nid(NULL, &v3, nid, value)) == NULL)
		return 0;
	ok = X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

static int
set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *n = NULL;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;	/* positive, and never short */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

/* The first name as the subject's common name, cut: it is for people. */
static int
set_subject(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	char common[64];

	snprintf(common, sizeof(common), "%s", name);
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)common, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(cert, subject) == 1;
}

static X509 *
make_cert(EVP_PKEY *key, const char *const *names, unsigned n)
{
	X509 *cert = X509_new();
	/* A machine without a clock may be in 1970; its first certificate must last longer. */
	time_t now = time(NULL) > BUILT_S ? time(NULL) : BUILT_S;

	/* From a day ago, for clients whose clock is behind. */
	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    X509_time_adj_ex(X509_getm_notBefore(cert), -1, 0, &now) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), LIFE_DAYS, 0, &now) != NULL &&
	    X509_set_pubkey(cert, key) == 1 && set_subject(cert, n > 0 ? names[0] : "kith") &&
	    add_names(cert, names, n) && add_extension(cert, NID_basic_constraints, "CA:FALSE") &&
	    add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	    X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static int
save_cert(const char *file, X509 *cert)
{
	BIO *pem = BIO_new(BIO_s_mem());
	int rc = -1;

	errno = 0;
	if (pem != NULL && PEM_write_bio_X509(pem, cert) == 1)
		rc = save(file, 0644, pem);
	BIO_free(pem);
	return rc;
}

int
tls_make_certificate(const char *cert_file, const char *key_file, const char *const *names,
    unsigned n, char *err, size_t errlen)
{
	bool have_cert = access(cert_file, F_OK) == 0, have_key = access(key_file, F_OK) == 0;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int rc = -1;

	ERR_clear_error();
	if (have_cert && have_key)
		return 0;
	if (have_cert)
		return fail(err, errlen, key_file, "missing, but its certificate is there");
	if ((key = have_key ? load_key(key_file) : make_key(key_file)) == NULL)
		fail(err, errlen, key_file, errno != 0 ? strerror(errno) : NULL);
	else if ((cert = make_cert(key, names, n)) == NULL)
		fail(err, errlen, cert_file, NULL);
	else if (save_cert(cert_file, cert) < 0)
		fail(err, errlen, cert_file, errno != 0 ? strerror(errno) : NULL);
	else
		rc = 0;
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}
