/*
 * door_ws.c - the WebSocket doors: JSON in text frames, protobuf in binary ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json.h"
#include "server/door/ws.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define FIN			0x80u	/* RFC 6455, 5.2 */
#define LENGTH_16		126u
#define LENGTH_64		127u
#define CLOSE_TRY_AGAIN		1013u	/* IANA's; wslay has no name for it */

/* -- what goes out --------------------------------------------------------------------- */

size_t
ws_put_head(uint8_t opcode, size_t len, uint8_t *out)
{
	/* Of the length, behind the first two. */
	unsigned bytes = len < LENGTH_16 ? 0 : len <= 0xffff ? 2 : 8;
	size_t at = 0;

	out[at++] = (uint8_t)(FIN | opcode);
	out[at++] = (uint8_t)(bytes == 0 ? len : bytes == 2 ? LENGTH_16 : LENGTH_64);
	while (bytes-- > 0)
		out[at++] = (uint8_t)((uint64_t)len >> (8 * bytes));
	return at;
}

static size_t
json_wrap(struct worker *w, const uint8_t *reply, uint32_t len, uint8_t *out)
{
	size_t n, head;
	const char *text = door_json(w, reply, len, &n);

	if (text == NULL)
		return 0;
	head = ws_put_head(WSLAY_TEXT_FRAME, n, out);
	memcpy(out + head, text, n);
	return head + n;
}

static size_t
pb_wrap(struct worker *w, const uint8_t *reply, uint32_t len, uint8_t *out)
{
	size_t head = ws_put_head(WSLAY_BINARY_FRAME, len, out);

	(void)w;
	memcpy(out + head, reply, len);
	return head + len;
}

static void
queue_control(struct conn *c, uint8_t opcode, const uint8_t *bytes, size_t len)
{
	uint8_t frame[WS_HEAD_MAX + WS_CONTROL_MAX];
	size_t head = ws_put_head(opcode, len, frame);

	memcpy(frame + head, bytes, len);
	conn_queue(c, frame, head + len);
}

/* -- the end --------------------------------------------------------------------------- */

/* 0: a close frame without a code. */
static void
queue_close(struct conn *c, uint16_t code)
{
	const uint8_t bytes[2] = { (uint8_t)(code >> 8), (uint8_t)code };

	queue_control(c, WSLAY_CONNECTION_CLOSE, bytes, code == 0 ? 0 : sizeof(bytes));
}

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
		return CLOSE_TRY_AGAIN;
	default:
		return WSLAY_CODE_POLICY_VIOLATION;
	}
}

static void
ws_bye(struct conn *c, enum kith_err why)
{
	door_say_closing(c, why);
	queue_close(c, close_code(why));
}

/* -- requests -------------------------------------------------------------------------- */

/* A text that is no Request is answered as a frame's body that is none. */
static void
take_json(struct conn *c, const uint8_t *text, uint32_t len)
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
take_message(struct conn *c, const struct ws_got *got)
{
	if (c->door == &door_ws_json)
		take_json(c, got->bytes, got->len);
	else
		session_request(c, got->bytes, got->len);
	ws_forget(&c->ws->reader);
}

static void
take(struct conn *c, enum ws_result what, const struct ws_got *got)
{
	switch (what) {
	case WS_MORE:
		break;
	case WS_MESSAGE:
		take_message(c, got);
		break;
	case WS_PING:
		queue_control(c, WSLAY_PONG, got->bytes, got->len);
		break;
	case WS_BROKEN:
		stats_add(c->w->p->stats, STAT_frames_bad, 1);
		/* fallthrough */
	case WS_CLOSE:
		queue_close(c, got->code);
		conn_finish(c);
		break;
	case WS_NO_MEMORY:
		conn_close(c, KITH_E_BUSY);
		break;
	}
}

/* -- the door -------------------------------------------------------------------------- */

static int
ws_begin(struct conn *c, enum wslay_opcode kind)
{
	if ((c->ws = calloc(1, sizeof(*c->ws))) == NULL)
		return -ENOMEM;
	ws_reader_init(&c->ws->reader, kind, FRAME_BYTES_MAX_LOGIN);
	return 0;
}

static int
json_begin(struct conn *c)
{
	return ws_begin(c, WSLAY_TEXT_FRAME);
}

static int
pb_begin(struct conn *c)
{
	return ws_begin(c, WSLAY_BINARY_FRAME);
}

static void
ws_end(struct conn *c)
{
	ws_reader_fini(&c->ws->reader);
	explicit_bzero(c->ws->token, sizeof(c->ws->token));
	free(c->ws);
	c->ws = NULL;
}

static void
ws_input(struct conn *c, const uint8_t **at, size_t *len)
{
	struct ws *ws = c->ws;
	enum ws_result result = WS_PING;
	struct ws_got got;

	while (result != WS_MORE && c->state == CONN_OPEN && c->paused == 0) {
		if (c->logged_in) {
			ws->reader.max = FRAME_BYTES_MAX;
			explicit_bzero(ws->token, sizeof(ws->token));
		}
		result = ws_read(&ws->reader, at, len, &got);
		take(c, result, &got);
	}
}

/* What the reader took further. */
static void
ws_more(struct conn *c)
{
	const uint8_t *none = NULL;
	size_t nothing = 0;

	ws_input(c, &none, &nothing);
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
	.id = DOOR_WS_JSON, .name = "kith.v1.json", .beats = true, .begin = json_begin,
	.input = ws_input, .more = ws_more, .wrap = json_wrap, .bye = ws_bye, .end = ws_end,
};

const struct door_ops door_ws_pb = {
	.id = DOOR_WS_PB, .name = "kith.v1.pb", .beats = true, .begin = pb_begin,
	.input = ws_input, .more = ws_more, .wrap = pb_wrap, .bye = ws_bye, .end = ws_end,
};
