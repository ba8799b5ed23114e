/* req_message.c - what of sending and reading can be refused without asking the store. */
#include <string.h>

#include "conf.h"
#include "conn.h"
#include "dispatch.h"
#include "worker.h"

static bool
own_client_ids(const struct session *s, uint64_t first, size_t n)
{
	uint64_t last = first + n - 1;

	return first >> CLIENT_ID_DEVICE_SHIFT == s->device &&
	    last >> CLIENT_ID_DEVICE_SHIFT == s->device && (uint32_t)first != 0;
}

enum kith_err
req_check_send(struct conn *c, const Kith__V1__Request *r, const char **text, uint32_t *retry_ms)
{
	const struct conf *conf = c->w->p->conf;
	const Kith__V1__Send *send = r->send;

	if (send->n_targets == 0 || *send->text == '\0') {
		*text = send->n_targets == 0 ? "no target" : "no text";
		return KITH_E_BAD_REQUEST;
	}
	if (send->n_targets > TARGETS_MAX || strlen(send->text) > TEXT_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	if (!own_client_ids(&c->session, send->client_id, send->n_targets)) {
		*text = "client id is not of this device";
		return KITH_E_BAD_REQUEST;
	}
	*retry_ms = limit_take(&c->session.sends, c->w->now, conf->send_rate, conf->send_burst,
	    (unsigned)send->n_targets);
	return *retry_ms > 0 ? KITH_E_RATE_LIMITED : KITH_E_OK;
}

enum kith_err
req_check_sync(struct conn *c, const Kith__V1__Request *r, const char **text, uint32_t *retry_ms)
{
	(void)c;
	(void)text;
	(void)retry_ms;
	return r->sync->n_have > SYNC_HAVE_MAX ? KITH_E_TOO_LARGE : KITH_E_OK;
}
