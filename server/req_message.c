/* req_message.c - what of sending can be refused without asking the store. */
#include <string.h>

#include "conn.h"
#include "dispatch.h"

static bool
own_client_ids(const struct session *s, uint64_t first, size_t n)
{
	uint64_t last = first + n - 1;

	return first >> CLIENT_ID_DEVICE_SHIFT == s->device &&
	    last >> CLIENT_ID_DEVICE_SHIFT == s->device && (uint32_t)first != 0;
}

enum kith_err
req_check_send(struct conn *c, const Kith__V1__Request *r, const char **text)
{
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
	return KITH_E_OK;
}
