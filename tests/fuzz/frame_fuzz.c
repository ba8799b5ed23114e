/*
 * frame_fuzz.c - the frame reader: the pieces in which bytes come do not matter.
 *
 * The first byte seeds the sizes of the pieces, the second the limit; the rest is
 * the stream. Read at once and in pieces, it must give the same frames and end.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

const char fuzz_seeds[] = "frame";

/* What a reader made of a stream: sums over lengths, bodies, and how it ended. */
struct result {
	uint64_t		sum;
	enum frame_result	end;
};

static void
read_piece(struct frame_reader *r, const uint8_t *data, size_t size, struct result *out)
{
	const uint8_t *body;
	uint32_t len;

	while ((out->end = frame_read(r, &data, &size, &body, &len)) == FRAME_ONE) {
		FUZZ_CHECK(len > 0 && len <= r->max);
		out->sum = out->sum * 31 + len;
		for (uint32_t i = 0; i < len; i++)
			out->sum = out->sum * 31 + body[i];
	}
	FUZZ_CHECK(out->end != FRAME_NO_MEMORY);
	FUZZ_CHECK(out->end != FRAME_MORE || size == 0);
}

static struct result
read_all(const uint8_t *data, size_t size, uint32_t max, uint32_t *seed)
{
	struct result out = { 0, FRAME_MORE };
	struct frame_reader r;

	frame_reader_init(&r, max);
	while (size > 0 && out.end == FRAME_MORE) {
		size_t n = seed == NULL ? size : 1 + mutate_random(seed) % 7;

		if (n > size)
			n = size;
		read_piece(&r, data, n, &out);
		data += n;
		size -= n;
	}
	FUZZ_CHECK(r.buf.size <= 256 || r.buf.size <= (size_t)max + 4);
	frame_reader_fini(&r);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;
	uint32_t seed, max;

	if (size < 2)
		return 0;
	seed = 1u + data[0];
	max = 1u + data[1] * 16u;
	whole = read_all(data + 2, size - 2, max, NULL);
	pieces = read_all(data + 2, size - 2, max, &seed);
	FUZZ_CHECK(whole.sum == pieces.sum && whole.end == pieces.end);
	return 0;
}
