/*
 * master_reload.c - takes over a changed configuration and certificate.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/handout/page.h"
#include "server/handout/pem.h"
#include "server/lib/log.h"
#include "server/master/check.h"
#include "server/master/master_int.h"
#include "server/tls/tls_facts.h"
#include "shm/stats.h"

#define CERTIFICATE_AGAIN_MS	(24u * 3600u * 1000u)

int
master_load_certificate(struct master *m, const struct conf *c, char *err, size_t errlen)
{
	char fingerprint[TLS_FINGERPRINT_MAX];
	struct pem *pem = calloc(1, sizeof(*pem));
	struct tls_facts facts;
	int rc, known;

	if (pem == NULL) {
		snprintf(err, errlen, "no memory for the certificate");
		return -1;
	}
	if ((rc = master_read_certificate(c, pem, fingerprint, err, errlen)) == 0) {
		handout_write(&m->birth.pem, pem, sizeof(*pem));
		memcpy(m->fingerprint, fingerprint, sizeof(fingerprint));
		if (tls_facts_read(pem->certificate, "", &facts) == 0)
			m->certificate_end_s = facts.not_after_s;
		if ((known = state_set_known_key(c, fingerprint)) < 0)
			log_warn(0, "key.known", "error=\"%s\"", strerror(-known));
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

void
master_log_notes(const struct master *m)
{
	for (unsigned i = 0; i < m->notes.n; i++)
		log_warn(0, "server.note", "note=\"%s\"", m->notes.text[i]);
	if (m->notes.lost > 0)
		log_warn(0, "server.note", "more=%u", m->notes.lost);
}

void
master_watch_certificate(struct master *m, uint64_t now)
{
	int64_t left = m->certificate_end_s - (int64_t)(clock_utc_ms() / 1000);

	if (now < m->expiry_ms)
		return;
	m->expiry_ms = now + CERTIFICATE_AGAIN_MS;
	stats_set(m->self.stats, STAT_certificate_expires_seconds, (uint64_t)m->certificate_end_s);
	/* At the first time begin_service() tells. */
	if (m->phase == MASTER_SERVING && left < CERTIFICATE_WARN_S)
		log_warn(0, "certificate.expires", "in_days=%lld", (long long)(left / (24 * 3600)));
}

/* Reads and checks all, then takes over key and certificate: 0, or -1 with err. */
static int
take_over(struct master *m, struct conf *fresh, struct notes *notes, char *err, size_t errlen)
{
	struct state_owner owner;

	if (state_owner(fresh, &owner, err, errlen) < 0 ||
	    check_all(fresh, &owner, notes, err, errlen) != 0)
		return -1;
	return master_load_certificate(m, fresh, err, errlen);
}

int
master_reload(struct master *m, char *err, size_t errlen)
{
	struct conf *fresh = conf_again(m->conf, err, errlen);
	struct notes notes = { 0 };

	if (fresh == NULL)
		return -1;
	if (take_over(m, fresh, &notes, err, errlen) < 0) {
		conf_destroy(fresh);
		return -1;
	}
	conf_reload(m->conf, fresh, &notes);
	m->notes = notes;
	conf_destroy(fresh);
	if (master_hand_out_options(m) < 0) {
		snprintf(err, errlen, "the options do not fit into %u bytes", PROC_OPTIONS_MAX);
		return -1;
	}
	master_load_page(m);
	log_init(m->conf->log_level);
	children_signal(m, SIGHUP);
	log_info(0, "server.reload", "fingerprint=%s", m->fingerprint);
	master_log_notes(m);
	m->expiry_ms = 0;
	return 0;
}
