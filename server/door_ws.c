/*
 * door_ws.c - the WebSocket doors: JSON in text frames, protobuf in binary ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "door.h"
#include "protocol/json.h"
#include "shm/stats.h"
#include "worker.h"
#include "ws.h"

#define FIN		0x80u		/* RFC 6455, 5.2 */
#define LENGTH_16	126u
#define LENGTH_64	127u

/* A message that came while input rested. */
struct ws_message {
	STAILQ_ENTRY(ws_message) next;
	size_t			 len;
	uint8_t			 bytes[];
};

/* -- the end --------------------------------------------------------------------------- */

static uint16_t
close_code(enum kith_err why)
{
	switch (why) {
	case KITH_E_OK:
		return WSLAY_CODE_NORMAL_CLOSURE;
	case KITH_E_SHUTTING_DOWN:
		return WSLAY_CODE_GOING_AWAY;
	case KITH_E_BUSY:
	case KITH_E_SERVER_FULL:
		return WS_CLOSE_TRY_AGAIN;
	default:
		return WSLAY_CODE_POLICY_VIOLATION;
	}
}

/* Control frames that wslay has made go out; after a close frame nothing may follow. */
static void
send_control(struct conn *c)
{
	if (wslay_event_send(c->ws->ctx) != 0)
		conn_break(c);
	else if (wslay_event_get_close_sent(c->ws->ctx))
		conn_finish(c);
}

static void
close_with(struct conn *c, uint16_t code)
{
	wslay_event_queue_close(c->ws->ctx, code, NULL, 0);
	send_control(c);
}

static void
ws_bye(struct conn *c, enum kith_err why)
{
	door_say_closing(c, why);
	close_with(c, close_code(why));
}

/* -- requests ---------------------------------------------------------------------------- */

/* A text that is no Request is answered as a frame's body that is none. */
static void
take_json(struct conn *c, const uint8_t *text, size_t len)
{
	static uint8_t body[FRAME_BYTES_MAX];
	enum kith_err err;
	uint64_t id;
	size_t n;

	err = json_to_wire(&kith__v1__request__descriptor, (const char *)text, len, body,
	    sizeof(body), &n, &id);
	if (err == KITH_E_OK)
		session_request(c, body, (uint32_t)n);
	else
		session_malformed(c, id, err);
	explicit_bzero(body, n);	/* it may have held a password */
}

static void
take_pb(struct conn *c, const uint8_t *bytes, size_t len)
{
	session_request(c, bytes, (uint32_t)len);
}

static void
take(struct conn *c, const uint8_t *bytes, size_t len)
{
	if (c->door == &door_ws_json)
		take_json(c, bytes, len);
	else
		take_pb(c, bytes, len);
}

static void
keep_for_later(struct conn *c, const uint8_t *bytes, size_t len)
{
	struct ws_message *m = malloc(sizeof(*m) + len);

	if (m == NULL) {
		conn_break(c);
		return;
	}
	m->len = len;
	if (len > 0)
		memcpy(m->bytes, bytes, len);
	STAILQ_INSERT_TAIL(&c->ws->early, m, next);
}

static void
free_first(struct ws *ws)
{
	struct ws_message *m = STAILQ_FIRST(&ws->early);

	STAILQ_REMOVE_HEAD(&ws->early, next);
	explicit_bzero(m->bytes, m->len);
	free(m);
}

/* What waits comes before what is new. */
static void
ws_more(struct conn *c)
{
	struct ws_message *m;

	while (c->state == CONN_OPEN && c->paused == 0 &&
	    (m = STAILQ_FIRST(&c->ws->early)) != NULL) {
		take(c, m->bytes, m->len);
		free_first(c->ws);
	}
}

/* -- wslay's callbacks ---------------------------------------------------------------------- */

static ssize_t
on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *arg)
{
	struct conn *c = arg;
	struct ws *ws = c->ws;

	(void)flags;
	if (len > ws->len)
		len = ws->len;
	if (len == 0 || c->paused != 0 || c->state != CONN_OPEN) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buf, ws->at, len);
	ws->at += len;
	ws->len -= len;
	return (ssize_t)len;
}

static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *arg)
{
	(void)ctx;
	(void)flags;
	conn_queue(arg, data, len);
	return (ssize_t)len;
}

static void
on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct conn *c = arg;
	uint8_t expected = c->door == &door_ws_json ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;

	(void)ctx;
	if (wslay_is_ctrl_frame(m->opcode) || c->state != CONN_OPEN)
		return;
	if (m->opcode != expected) {
		stats_add(c->w->p->stats, STAT_frames_bad, 1);
		wslay_event_queue_close(ctx, WSLAY_CODE_UNSUPPORTED_DATA, NULL, 0);
	} else if (c->paused != 0 || !STAILQ_EMPTY(&c->ws->early))
		keep_for_later(c, m->msg, m->msg_length);
	else
		take(c, m->msg, m->msg_length);
	/* The buffer is wslay's, and goes back to the heap after this. */
	if (m->msg_length > 0)
		explicit_bzero((void *)(uintptr_t)m->msg, m->msg_length);
}

/* -- the door -------------------------------------------------------------------------------- */

static int
ws_begin(struct conn *c)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv, .send_callback = on_send,
		.on_msg_recv_callback = on_message,
	};
	struct ws *ws = calloc(1, sizeof(*ws));

	if (ws == NULL || wslay_event_context_server_init(&ws->ctx, &callbacks, c) != 0) {
		free(ws);
		return -ENOMEM;
	}
	STAILQ_INIT(&ws->early);
	c->ws = ws;
	return 0;
}

static void
ws_end(struct conn *c)
{
	struct ws *ws = c->ws;

	while (!STAILQ_EMPTY(&ws->early))
		free_first(ws);
	wslay_event_context_free(ws->ctx);
	explicit_bzero(ws, sizeof(*ws));
	free(ws);
	c->ws = NULL;
}

static void
ws_input(struct conn *c, const uint8_t **at, size_t *len)
{
	struct ws *ws = c->ws;
	int rc;

	ws->at = *at;
	ws->len = *len;
	wslay_event_config_set_max_recv_msg_length(ws->ctx,
	    c->logged_in ? FRAME_BYTES_MAX : FRAME_BYTES_MAX_LOGIN);
	rc = wslay_event_recv(ws->ctx);
	*at = ws->at;
	*len = ws->len;
	if (c->state != CONN_OPEN)
		return;
	if (rc != 0)
		conn_kill(c);
	else
		send_control(c);
}

/* An unmasked frame in one piece. */
static size_t
put_head(uint8_t opcode, size_t len, uint8_t *out)
{
	size_t at = 0;

	out[at++] = (uint8_t)(FIN | opcode);
	if (len < LENGTH_16)
		out[at++] = (uint8_t)len;
	else if (len <= 0xffff)
		out[at++] = LENGTH_16;
	else
		out[at++] = LENGTH_64;
	if (len >= LENGTH_16)
		for (unsigned i = len <= 0xffff ? 2 : 8; i-- > 0;)
			out[at++] = (uint8_t)((uint64_t)len >> (8 * i));
	return at;
}

static size_t
json_wrap(struct worker *w, const uint8_t *reply, uint32_t len, uint8_t *out)
{
	size_t n, head;
	const char *text = door_json(w, reply, len, &n);

	if (text == NULL)
		return 0;
	head = put_head(WSLAY_TEXT_FRAME, n, out);
	memcpy(out + head, text, n);
	return head + n;
}

static size_t
pb_wrap(struct worker *w, const uint8_t *reply, uint32_t len, uint8_t *out)
{
	size_t head = put_head(WSLAY_BINARY_FRAME, len, out);

	(void)w;
	memcpy(out + head, reply, len);
	return head + len;
}

uint32_t
ws_fill_token(const struct conn *c, const Kith__V1__Request *r, uint8_t *out)
{
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;
	Kith__V1__Request filled = KITH__V1__REQUEST__INIT;

	if (c->ws == NULL || c->ws->token[0] == '\0' ||
	    r->body_case != KITH__V1__REQUEST__BODY_LOGIN_TOKEN || *r->login_token->token != '\0')
		return 0;
	login.token = (char *)(uintptr_t)c->ws->token;
	filled.id = r->id;
	filled.body_case = r->body_case;
	filled.login_token = &login;
	return (uint32_t)kith__v1__request__pack(&filled, out);
}

const struct door_ops door_ws_json = {
	.id = DOOR_WS_JSON, .name = "kith.v1.json", .beats = true, .begin = ws_begin,
	.input = ws_input, .more = ws_more, .wrap = json_wrap, .bye = ws_bye, .end = ws_end,
};

const struct door_ops door_ws_pb = {
	.id = DOOR_WS_PB, .name = "kith.v1.pb", .beats = true, .begin = ws_begin,
	.input = ws_input, .more = ws_more, .wrap = pb_wrap, .bye = ws_bye, .end = ws_end,
};
