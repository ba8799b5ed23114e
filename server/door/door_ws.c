/*
 * door_ws.c - the WebSocket doors: JSON in text frames, protobuf in binary ones.
 */
#include "server/door/door_ws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "protocol/json.h"
#include "server/door/ws_reader.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

#define FIN			0x80u	/* RFC 6455, 5.2 */
#define LENGTH_16		126u
#define LENGTH_64		127u
#define GUID			"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"	/* 1.3 */
#define KEY_CHARS		24u
#define CLOSE_TRY_AGAIN		1013u	/* IANA's; wslay has no name for it */

struct ws {				/* c->door_state */
	struct ws_reader	reader;
	char			token[TOKEN_CHARS + 1];	/* the handshake's cookie, until the
							 * login is over; or "" */
};

void
door_ws_accept_key(const char *key, char out[29])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[KEY_CHARS + sizeof(GUID)];
	int n = snprintf(text, sizeof(text), "%s" GUID, key);

	EVP_Digest(text, (size_t)n, hash, NULL, EVP_sha1(), NULL);
	EVP_EncodeBlock((unsigned char *)out, hash, 20);
}

/* -- what goes out -------------------------------------------------------- */

size_t
door_ws_put_head(uint8_t opcode, size_t len, uint8_t *out)
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
ws_wrap_json(struct wrapped *r, uint8_t *out)
{
	size_t n, head;
	const char *text = wrapped_json(r, &n);

	if (text == NULL)
		return 0;
	head = door_ws_put_head(WSLAY_TEXT_FRAME, n, out);
	memcpy(out + head, text, n);
	return head + n;
}

static size_t
ws_wrap_pb(struct wrapped *r, uint8_t *out)
{
	size_t head = door_ws_put_head(WSLAY_BINARY_FRAME, r->len, out);

	memcpy(out + head, r->reply, r->len);
	return head + r->len;
}

static void
queue_control(struct conn *c, uint8_t opcode, const uint8_t *bytes, size_t len)
{
	uint8_t frame[DOOR_WS_HEAD_MAX + WS_CONTROL_MAX];
	size_t head = door_ws_put_head(opcode, len, frame);

	memcpy(frame + head, bytes, len);
	conn_queue(c, frame, head + len);
}

/* -- the end -------------------------------------------------------------- */

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
	session_say_closing(c, why);
	queue_close(c, close_code(why));
}

/* -- requests ------------------------------------------------------------- */

/* A text that is no Request is answered as a frame's body that is none. */
static void
take_json(struct conn *c, const uint8_t *text, uint32_t len)
{
	uint8_t *body = c->w->request;
	enum kith_err err;
	uint64_t id;
	size_t n;

	err = json_to_wire(&kith__v1__request__descriptor, (const char *)text, len, body,
	    sizeof(c->w->request), &n, &id);
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
	ws_forget(&((struct ws *)c->door_state)->reader);
}

static void
take_result(struct conn *c, enum ws_result what, const struct ws_got *got)
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
		conn_log_refused(c, "malformed frame");
		/* fallthrough */
	case WS_CLOSE:
		queue_close(c, got->code);
		conn_finish(c);
		break;
	case WS_NO_MEMORY:
		session_close(c, KITH_E_BUSY);
		break;
	}
}

/* -- the door ------------------------------------------------------------- */

static int
ws_begin(enum wslay_opcode kind, void **state)
{
	struct ws *ws = calloc(1, sizeof(*ws));

	if (ws == NULL)
		return -ENOMEM;
	ws_reader_init(&ws->reader, kind, FRAME_BYTES_MAX_LOGIN);
	*state = ws;
	return 0;
}

static int
ws_begin_json(struct conn *c, void **state)
{
	(void)c;
	return ws_begin(WSLAY_TEXT_FRAME, state);
}

static int
ws_begin_pb(struct conn *c, void **state)
{
	(void)c;
	return ws_begin(WSLAY_BINARY_FRAME, state);
}

static void
ws_end(void *state)
{
	struct ws *ws = state;

	ws_reader_fini(&ws->reader);
	explicit_bzero(ws->token, sizeof(ws->token));
	free(ws);
}

static void
ws_logged_in(struct conn *c)
{
	struct ws *ws = c->door_state;

	ws->reader.max = FRAME_BYTES_MAX;
	explicit_bzero(ws->token, sizeof(ws->token));
}

/* Also with no new input: the reader may have taken more than it could use. */
static void
ws_input(struct conn *c, const uint8_t **at, size_t *len)
{
	struct ws *ws = c->door_state;
	enum ws_result result = WS_PING;
	struct ws_got got;

	while (result != WS_MORE && c->state == CONN_OPEN && c->paused == 0) {
		result = ws_read(&ws->reader, at, len, &got);
		take_result(c, result, &got);
	}
}

void
door_ws_keep_token(struct conn *c, const char *token)
{
	struct ws *ws = c->door_state;

	snprintf(ws->token, sizeof(ws->token), "%s", token);
}

static uint32_t
ws_fill(const struct conn *c, const Kith__V1__Request *r, uint8_t *out)
{
	const struct ws *ws = c->door_state;
	Kith__V1__LoginToken login = KITH__V1__LOGIN_TOKEN__INIT;
	Kith__V1__Request filled = KITH__V1__REQUEST__INIT;

	if (ws->token[0] == '\0')
		return 0;
	login.token = (char *)(uintptr_t)ws->token;
	filled.id = r->id;
	filled.body_case = r->body_case;
	filled.login_token = &login;
	return (uint32_t)kith__v1__request__pack(&filled, out);
}

#define WS_HOOKS								\
	.beats = true, .end = ws_end, .input = ws_input, .logged_in = ws_logged_in,	\
	.fill = ws_fill, .bye = ws_bye

const struct door_ops door_ws_json = {
	.name = "kith.v1.json", .begin = ws_begin_json, .wrap = ws_wrap_json, WS_HOOKS
};

const struct door_ops door_ws_pb = {
	.name = "kith.v1.pb", .begin = ws_begin_pb, .wrap = ws_wrap_pb, WS_HOOKS
};
