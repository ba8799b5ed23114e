/*
 * master_reload.c - takes over a changed configuration and certificate.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/conf/conf.h"
#include "server/handout/page.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
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
	if (pem_load(pem, c->tls_certificate, c->tls_key, err, errlen) < 0)
		return -1;
	return check_pem(pem, fingerprint, err, errlen);
}

int
master_load_certificate(struct master *m, const struct conf *c, char *err, size_t errlen)
{
	char fingerprint[TLS_FINGERPRINT_MAX];
	struct pem *pem = calloc(1, sizeof(*pem));
	int rc;

	if (pem == NULL) {
		snprintf(err, errlen, "no memory for the certificate");
		return -1;
	}
	if ((rc = master_read_certificate(c, pem, fingerprint, err, errlen)) == 0) {
		handout_write(&m->birth.pem, pem, sizeof(*pem));
		memcpy(m->fingerprint, fingerprint, sizeof(fingerprint));
	}
	explicit_bzero(pem, sizeof(*pem));
	free(pem);
	return rc;
}

/* Without the page, chat still works. */
void
master_load_page(struct master *m)
{
	char err[4500] = "no memory";
	struct page *page;

	if (!m->conf->http)
		return;
	page = calloc(1, sizeof(*page));
	if (page == NULL || page_load(page, m->conf->web_dir, err, sizeof(err)) < 0)
		log_warn(0, "page.missing", "reason=\"%s\"", err);
	if (page != NULL)
		handout_write(&m->birth.page, page, sizeof(*page));
	free(page);
}

int
master_hand_out_options(struct master *m)
{
	char lines[PROC_OPTIONS_MAX];
	int len = conf_print(m->conf, lines, sizeof(lines));

	return len < 0 ? len : handout_write(&m->birth.options, lines, (uint32_t)len);
}

int
master_reload(struct master *m, char *err, size_t errlen)
{
	struct conf *fresh = conf_again(m->conf, err, errlen);

	if (fresh == NULL)
		return -1;
	if (master_load_certificate(m, fresh, err, errlen) < 0) {
		conf_destroy(fresh);
		return -1;
	}
	conf_reload(m->conf, fresh);
	conf_destroy(fresh);
	if (master_hand_out_options(m) < 0) {
		snprintf(err, errlen, "the options do not fit into %u bytes", PROC_OPTIONS_MAX);
		return -1;
	}
	master_load_page(m);
	log_init(m->conf->log_level);
	children_signal(m, SIGHUP);
	log_info(0, "server.reload", "fingerprint=%s", m->fingerprint);
	return 0;
}
