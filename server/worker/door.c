/* door.c - the list of doors, and what is the same at each. */
#include "server/worker/door.h"

#include <errno.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/limits.h"
#include "server/conf/conf.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"

static const struct door_ops *const doors[DOOR_COUNT] = {
	[DOOR_NATIVE] = &door_native,
	[DOOR_HTTP] = &door_http,
	[DOOR_WS_JSON] = &door_ws_json,
	[DOOR_WS_PB] = &door_ws_pb,
};

/* The last Reply as JSON: several doors send the same text. */
static struct {
	const uint8_t	*reply;		/* NULL: none */
	size_t		 len;
	char		 text[JSON_BYTES_MAX + 1];
} json;

static bool
is_open(const struct worker *w, const struct door_ops *door)
{
	return door != &door_http || w->p->conf->http;
}

const struct door_ops *
door_by_byte(const struct worker *w, uint8_t first)
{
	for (unsigned i = 0; i < DOOR_COUNT; i++)
		if (doors[i]->recognise != NULL && doors[i]->recognise(first) &&
		    is_open(w, doors[i]))
			return doors[i];
	return NULL;
}

const struct door_ops *
door_by_alpn(const struct worker *w, const char *alpn)
{
	for (unsigned i = 0; i < DOOR_COUNT; i++)
		if (doors[i]->alpn != NULL && strcmp(doors[i]->alpn, alpn) == 0 &&
		    is_open(w, doors[i]))
			return doors[i];
	return NULL;
}

int
door_enter(struct conn *c, const struct door_ops *door)
{
	int rc;

	if (door == NULL)
		return -ENOENT;
	if (door->begin != NULL && (rc = door->begin(c)) < 0)
		return rc;
	if (c->door != NULL && c->door->end != NULL)
		c->door->end(c);
	c->door = door;
	conn_door_changed(c);
	return 0;
}

const char *
door_json(struct worker *w, const uint8_t *reply, uint32_t len, size_t *n)
{
	if (json.reply != reply)
		json.len = json_from_wire(&kith__v1__reply__descriptor, reply, len,
		    &w->reply_mem, json.text, sizeof(json.text));
	json.reply = reply;
	*n = json.len;
	return json.len > 0 ? json.text : NULL;
}

void
door_json_forget(void)
{
	json.reply = NULL;
}

void
door_send(struct conn *c, const uint8_t *reply, uint32_t len)
{
	static uint8_t wrapped[DOOR_WRAPPED_MAX];
	size_t n;

	if (len > FRAME_BYTES_MAX)
		return;
	door_json_forget();
	if (c->door->send != NULL) {
		c->door->send(c, reply, len);
		return;
	}
	n = c->door->wrap(c->w, reply, len, wrapped);
	conn_queue(c, wrapped, n);
}

void
door_say_closing(struct conn *c, enum kith_err why)
{
	Kith__V1__Reply reply = KITH__V1__REPLY__INIT;
	Kith__V1__Closing closing = KITH__V1__CLOSING__INIT;
	Kith__V1__Error error = KITH__V1__ERROR__INIT;

	error.code = (Kith__V1__ErrorCode)why;
	error.text = (char *)(uintptr_t)kith_err_text(why);
	error.retry_after_ms = why == KITH_E_SHUTTING_DOWN ? RETRY_RESTART_MS : 0;
	closing.reason = &error;
	reply.body_case = KITH__V1__REPLY__BODY_CLOSING;
	reply.closing = &closing;
	session_reply(c, &reply);
}
