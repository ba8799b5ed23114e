/*
 * master_reload.c - takes over a changed configuration and certificate.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/conf/conf.h"
#include "server/handout/page.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
#include "server/master/master_int.h"

/* The bytes work together, and this is their fingerprint. 0 or -1 with err. */
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
master_load_certificate(struct master *m, const struct conf *c, char *err, size_t errlen)
{
	char fingerprint[TLS_FINGERPRINT_MAX];
	struct pem *pem = calloc(1, sizeof(*pem));
	int rc = -1;

	if (pem == NULL) {
		snprintf(err, errlen, "no memory for the certificate");
		return -1;
	}
	if (pem_load(pem, c->tls_certificate, c->tls_key, err, errlen) == 0 &&
	    check_pem(pem, fingerprint, err, errlen) == 0) {
		handout_write(&m->birth.pem, pem, sizeof(*pem));
		memcpy(m->fingerprint, fingerprint, sizeof(fingerprint));
		rc = 0;
	}
	explicit_bzero(pem, sizeof(*pem));
	free(pem);
	return rc;
}

/* Chat goes on without it. */
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

/* Where there is none: every option with its help, as a comment. */
static int
write_sample(const struct conf *c, char *err, size_t errlen)
{
	char path[4096 + sizeof("/kithd.conf")];
	int fd, rc;

	if (c->file != NULL)
		return 0;
	snprintf(path, sizeof(path), "%s/kithd.conf", c->state_dir);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) < 0)
		rc = -errno;
	else {
		rc = conf_dump(c, fd);
		close(fd);
	}
	if (rc < 0)
		snprintf(err, errlen, "kithd.conf: %s", strerror(-rc));
	return rc < 0 ? -1 : 0;
}

int
master_init(const struct conf *c)
{
	static struct master m;
	char err[1024] = "";
	struct state_owner owner;
	int rc = 1;

	m.birth.pem = (struct handout)HANDOUT_NONE;
	if (state_owner(c, &owner, err, sizeof(err)) == 0 &&
	    state_make(c, &owner, err, sizeof(err)) == 0 &&
	    write_sample(c, err, sizeof(err)) == 0 &&
	    state_make_certificate(c, err, sizeof(err)) == 0 &&
	    handout_create(&m.birth.pem, "kith-pem", sizeof(struct pem)) == 0 &&
	    master_load_certificate(&m, c, err, sizeof(err)) == 0) {
		printf("%s is ready.\nkey %s\n", c->state_dir, m.fingerprint);
		rc = 0;
	} else {
		fprintf(stderr, "kithd: %s\n", err);
	}
	handout_close(&m.birth.pem);
	return rc;
}
