/* ws_reader.c - the frames of a WebSocket client, fed any number of bytes at a time. */
#include "server/door/ws_reader.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_MIN	256u		/* holds most requests without growing */
#define HEAD_MIN	6u		/* two bytes and the mask */

void
ws_reader_init(struct ws_reader *r, enum wslay_opcode kind, uint32_t max)
{
	*r = (struct ws_reader){ .kind = kind, .max = max };
}

void
ws_reader_fini(struct ws_reader *r)
{
	ws_forget(r);
	wslay_frame_context_free(r->frames);
	explicit_bzero(r, sizeof(*r));
}

void
ws_forget(struct ws_reader *r)
{
	if (r->buf != NULL)
		explicit_bzero(r->buf, r->buf_len);
	free(r->buf);
	r->buf = NULL;
	r->buf_len = r->buf_size = 0;
}

/* -- the message at hand -------------------------------------------------- */

/* As the frame reader of the native door: doubles, and leaves no unwiped copy. */
static int
grow_message(struct ws_reader *r, uint32_t need)
{
	uint32_t size = r->buf_size == 0 ? BUFFER_MIN : r->buf_size;
	uint8_t *buf;

	while (size < need)
		size *= 2;
	if (size > r->max && r->max >= need && r->max > BUFFER_MIN)
		size = r->max;
	if ((buf = malloc(size)) == NULL)
		return -1;
	if (r->buf != NULL) {
		memcpy(buf, r->buf, r->buf_len);
		explicit_bzero(r->buf, r->buf_len);
	}
	free(r->buf);
	r->buf = buf;
	r->buf_size = size;
	return 0;
}

static enum ws_result
break_stream(struct ws_got *got, uint16_t code)
{
	got->code = code;
	return WS_BROKEN;
}

static enum ws_result
add_to_message(struct ws_reader *r, const uint8_t *bytes, uint32_t len, struct ws_got *got)
{
	if (r->kind == WSLAY_TEXT_FRAME && !utf8_feed(&r->text, bytes, len))
		return break_stream(got, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	if (len > r->buf_size - r->buf_len && grow_message(r, r->buf_len + len) < 0)
		return WS_NO_MEMORY;
	if (len > 0)
		memcpy(r->buf + r->buf_len, bytes, len);
	r->buf_len += len;
	return WS_MORE;
}

static enum ws_result
end_message_frame(struct ws_reader *r, bool last, struct ws_got *got)
{
	r->open = !last;
	if (!last)
		return WS_MORE;
	if (!utf8_complete(&r->text))
		return break_stream(got, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	got->bytes = r->buf;
	got->len = r->buf_len;
	return WS_MESSAGE;
}

/* -- control frames ------------------------------------------------------- */

/* May a peer send it? RFC 6455, 7.4, and what IANA has registered since. */
static bool
code_ok(uint16_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	    (code >= 3000 && code <= 4999);
}

static enum ws_result
end_close(const struct ws_reader *r, struct ws_got *got)
{
	struct utf8_state reason = { 0 };

	got->code = 0;
	if (r->control_len == 0)
		return WS_CLOSE;
	if (r->control_len == 1)
		return break_stream(got, WSLAY_CODE_PROTOCOL_ERROR);
	got->code = (uint16_t)(r->control[0] << 8 | r->control[1]);
	if (!code_ok(got->code))
		return break_stream(got, WSLAY_CODE_PROTOCOL_ERROR);
	if (!utf8_feed(&reason, r->control + 2, r->control_len - 2u) || !utf8_complete(&reason))
		return break_stream(got, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA);
	return WS_CLOSE;
}

static enum ws_result
end_control(struct ws_reader *r, uint8_t opcode, struct ws_got *got)
{
	got->bytes = r->control;
	got->len = r->control_len;
	switch (opcode) {
	case WSLAY_CONNECTION_CLOSE:
		return end_close(r, got);
	case WSLAY_PING:
		return WS_PING;
	default:
		return WS_MORE;
	}
}

/* -- frames --------------------------------------------------------------- */

/* Its head alone: 0, or the code to close with. */
static uint16_t
check_head(const struct ws_reader *r, const struct wslay_frame_iocb *f)
{
	bool more = f->opcode == WSLAY_CONTINUATION_FRAME;

	if (!f->mask || f->rsv != 0)
		return WSLAY_CODE_PROTOCOL_ERROR;
	switch (f->opcode) {
	case WSLAY_CONNECTION_CLOSE:
	case WSLAY_PING:
	case WSLAY_PONG:
		return 0;
	case WSLAY_CONTINUATION_FRAME:
	case WSLAY_TEXT_FRAME:
	case WSLAY_BINARY_FRAME:
		break;
	default:
		return WSLAY_CODE_PROTOCOL_ERROR;
	}
	if (more != r->open)
		return WSLAY_CODE_PROTOCOL_ERROR;
	if (!more && f->opcode != r->kind)
		return WSLAY_CODE_UNSUPPORTED_DATA;
	if (f->payload_length > r->max || r->buf_len > r->max - f->payload_length)
		return WSLAY_CODE_MESSAGE_TOO_BIG;
	return 0;
}

/* wslay takes lengths in their shortest form only. */
static size_t
whole_size(const struct wslay_frame_iocb *f)
{
	return HEAD_MIN + (size_t)f->payload_length +
	    (f->payload_length > 0xffff ? 8 : f->payload_length > 125 ? 2 : 0);
}

/* What wslay has of one frame; the first piece comes with its head. */
static enum ws_result
take_piece(struct ws_reader *r, const struct wslay_frame_iocb *f, struct ws_got *got)
{
	uint32_t len = (uint32_t)f->data_length;
	enum ws_result result = WS_MORE;
	bool control = wslay_is_ctrl_frame(f->opcode);
	uint16_t code;

	if (r->left == 0) {
		if ((code = check_head(r, f)) != 0)
			return break_stream(got, code);
		r->left = (uint32_t)f->payload_length;
		if (control)
			r->control_len = 0;
	}
	if (control) {
		memcpy(r->control + r->control_len, f->data, len);
		r->control_len = (uint8_t)(r->control_len + len);
	} else
		result = add_to_message(r, f->data, len, got);
	explicit_bzero((void *)(uintptr_t)f->data, len);	/* wslay's own buffer */
	r->left -= len;
	if (result != WS_MORE || r->left > 0)
		return result;
	r->unused -= whole_size(f);
	return control ? end_control(r, f->opcode, got) : end_message_frame(r, f->fin, got);
}

/* wslay asks for more, always with room. */
static ssize_t
feed(uint8_t *buf, size_t room, int flags, void *arg)
{
	struct ws_reader *r = arg;
	size_t n = r->len < room ? r->len : room;

	(void)flags;
	if (n == 0)
		return -1;
	memcpy(buf, r->at, n);
	r->at += n;
	r->len -= n;
	r->unused += n;
	return (ssize_t)n;
}

static int
begin_frame(struct ws_reader *r)
{
	static const struct wslay_frame_callbacks callbacks = { .recv_callback = feed };

	return r->frames != NULL ? 0 : wslay_frame_context_init(&r->frames, &callbacks, r);
}

enum ws_result
ws_read(struct ws_reader *r, const uint8_t **data, size_t *size, struct ws_got *got)
{
	enum ws_result result = WS_MORE;
	struct wslay_frame_iocb f;
	ssize_t n;

	if (r->frames == NULL && *size == 0)
		return WS_MORE;
	if (begin_frame(r) != 0)
		return WS_NO_MEMORY;
	r->at = *data;
	r->len = *size;
	while (result == WS_MORE && (n = wslay_frame_recv(r->frames, &f)) != WSLAY_ERR_WANT_READ)
		result = n < 0 ? break_stream(got, WSLAY_CODE_PROTOCOL_ERROR) :
		    take_piece(r, &f, got);
	*data = r->at;
	*size = r->len;
	r->at = NULL;
	if (r->unused == 0) {
		wslay_frame_context_free(r->frames);
		r->frames = NULL;
	}
	return result;
}
