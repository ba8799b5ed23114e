/*
 * master_pem.c - reads key and certificate, and checks that they fit.
 */
#include <stdio.h>

#include "server/conf/conf.h"
#include "server/handout/pem.h"
#include "server/master/master_int.h"

/* Checks that key and certificate fit, and gets their fingerprint. 0 or -1 with err. */
static int
check_pem(const struct pem *pem, char fingerprint[TLS_FINGERPRINT_MAX], char *err, size_t errlen)
{
	struct tls_ctx *ctx = tls_ctx_create(pem->certificate, pem->key, err, errlen);
	int rc;

	if (ctx == NULL)
		return -1;
	if ((rc = tls_fingerprint(ctx, fingerprint)) < 0)
		snprintf(err, errlen, "the certificate has no key that can be read");
	tls_ctx_destroy(ctx);
	return rc < 0 ? -1 : 0;
}

int
master_read_certificate(const struct conf *c, struct pem *pem,
    char fingerprint[TLS_FINGERPRINT_MAX], char *err, size_t errlen)
{
	char why[512];

	if (pem_load(pem, c->tls_certificate, c->tls_key, err, errlen) < 0)
		return -1;
	if (check_pem(pem, fingerprint, why, sizeof(why)) == 0)
		return 0;
	snprintf(err, errlen, "tls_certificate %s, tls_key %s: %s: both must be PEM, the key "
	    "without a passphrase, and the first certificate must be for the key",
	    c->tls_certificate, c->tls_key, why);
	return -1;
}
