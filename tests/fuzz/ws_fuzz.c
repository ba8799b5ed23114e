/*
 * ws_fuzz.c - the reader of WebSocket frames: the pieces in which bytes come do not matter, and
 * what it takes for text is UTF-8.
 *
 * The first byte seeds the sizes of the pieces, the second is the limit, of which the lowest
 * bit tells text from binary; the rest is the stream.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/base/utf8.h"
#include "server/door/ws_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

const char fuzz_seeds[] = "ws";

/* What a reader made of a stream: sums over results, and how it ended. */
struct result {
	uint64_t	sum;
	enum ws_result	end;
	uint16_t	code;
};

/* NUL is text too, but not for the other decoder. */
static void
check_text(const struct ws_got *got)
{
	if (got->len > 0 && memchr(got->bytes, '\0', got->len) == NULL)
		FUZZ_CHECK(utf8_valid((const char *)got->bytes, got->len));
}

static void
read_piece(struct ws_reader *r, const uint8_t *data, size_t size, struct result *out)
{
	struct ws_got got;

	while ((out->end = ws_read(r, &data, &size, &got)) == WS_MESSAGE || out->end == WS_PING) {
		FUZZ_CHECK(got.len <= (out->end == WS_PING ? WS_CONTROL_MAX : r->max));
		out->sum = out->sum * 31 + got.len + out->end;
		for (uint32_t i = 0; i < got.len; i++)
			out->sum = out->sum * 31 + got.bytes[i];
		if (out->end == WS_PING)
			continue;
		if (r->kind == WSLAY_TEXT_FRAME)
			check_text(&got);
		ws_forget(r);
	}
	FUZZ_CHECK(out->end != WS_NO_MEMORY);
	FUZZ_CHECK(out->end != WS_MORE || size == 0);
	if (out->end == WS_BROKEN || out->end == WS_CLOSE)
		out->code = got.code;
}

static struct result
read_all(const uint8_t *data, size_t size, enum wslay_opcode kind, uint32_t max, uint32_t *seed)
{
	struct result out = { 0, WS_MORE, 0 };
	struct ws_reader r;

	ws_reader_init(&r, kind, max);
	while (size > 0 && out.end == WS_MORE) {
		size_t n = seed == NULL ? size : 1 + mutate_random(seed) % 7;

		if (n > size)
			n = size;
		read_piece(&r, data, n, &out);
		FUZZ_CHECK(r.buf_size <= 256 || r.buf_size <= max);
		data += n;
		size -= n;
	}
	ws_reader_fini(&r);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;
	enum wslay_opcode kind;
	uint32_t seed, max;

	if (size < 2)
		return 0;
	seed = 1u + data[0];
	max = data[1] * 16u;
	kind = data[1] & 1 ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
	whole = read_all(data + 2, size - 2, kind, max, NULL);
	pieces = read_all(data + 2, size - 2, kind, max, &seed);
	FUZZ_CHECK(whole.sum == pieces.sum && whole.end == pieces.end &&
	    whole.code == pieces.code);
	return 0;
}
