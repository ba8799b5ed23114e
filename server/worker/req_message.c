/* req_message.c - what of sending can be refused without asking the store. */
#include <string.h>

#include "protocol/base/utf8.h"
#include "server/rules/conv.h"
#include "server/worker/conn.h"
#include "server/worker/dispatch.h"

enum kith_err
req_check_send(struct conn *c, const Kith__V1__Request *r, const char **text)
{
	const Kith__V1__Send *send = r->send;
	size_t len = strlen(send->text);

	if (send->n_targets > TARGETS_MAX || len > TEXT_BYTES_MAX)
		return KITH_E_TOO_LARGE;
	if (send->n_targets == 0 || utf8_is_blank(send->text, len)) {
		*text = send->n_targets == 0 ? "no target" : "no text, or only white space";
		return KITH_E_BAD_REQUEST;
	}
	if (!conv_client_ids_ok(send->client_id, c->session.device, (unsigned)send->n_targets)) {
		*text = "client id is not of this device";
		return KITH_E_BAD_REQUEST;
	}
	return KITH_E_OK;
}
