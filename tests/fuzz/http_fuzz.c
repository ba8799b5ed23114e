/*
 * http_fuzz.c - the reader of requests: how the bytes are cut into pieces does not matter, and what
 * it accepts has the form of a request.
 *
 * The first byte seeds the sizes of the pieces, the second is the longest body; the rest is the
 * stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/conf/conf.h"
#include "server/http/http.h"
#include "server/http/web_rules.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

#define SUM_START	UINT64_C(14695981039346656037)	/* FNV-1a */
#define NOT_IN_NAMES	" \t\r\n:ABCDEFGHIJKLMNOPQRSTUVWXYZ"

const char fuzz_seeds[] = "http";

/* What a reader made of a stream: sums over requests, and how it ended. */
struct result {
	uint64_t		sum;
	enum http_result	end;
	int			status;
};

static void
add(struct result *out, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		out->sum = (out->sum ^ bytes[i]) * UINT64_C(1099511628211);
}

static void
add_text(struct result *out, const char *text)
{
	add(out, text, strlen(text) + 1);
}

static void
check_path(const struct http_request *q)
{
	FUZZ_CHECK(*q->path == '/' || (strcmp(q->path, "*") == 0 && q->method == HTTP_OPTIONS));
	FUZZ_CHECK(strstr(q->path, "//") == NULL && strstr(q->path, "/../") == NULL);
	for (const char *c = q->path; *c != '\0'; c++)
		FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
	for (const char *c = q->query; *c != '\0'; c++)
		FUZZ_CHECK(*c > ' ' && *c < 0x7f && *c != '#');
}

static void
check_headers(const struct http_request *q, struct result *out)
{
	FUZZ_CHECK(q->nheaders <= HTTP_HEADERS_MAX);
	FUZZ_CHECK(http_header(q, "host", 1) == NULL);
	FUZZ_CHECK(http_header(q, "content-length", 1) == NULL);
	FUZZ_CHECK(http_header(q, "content-length", 0) == NULL ||
	    http_header(q, "transfer-encoding", 0) == NULL);
	for (unsigned i = 0; i < q->nheaders; i++) {
		const char *value = q->headers[i].value;

		FUZZ_CHECK(*q->headers[i].name != '\0');
		FUZZ_CHECK(strpbrk(q->headers[i].name, NOT_IN_NAMES) == NULL);
		FUZZ_CHECK(strpbrk(value, "\r\n") == NULL);
		FUZZ_CHECK(*value != ' ' && *value != '\t');
		add_text(out, q->headers[i].name);
		add_text(out, value);
	}
}

/* The rules take any request, and only our own origin is taken for our own page. */
static void
check_asker(const struct http_request *q, struct result *out)
{
	static char name[] = "a", names[] = "b.lan c.lan", origins[] = "https://d";
	static char proxies[] = "::1";
	static const struct conf conf = { .server_name = name, .http_names = names,
	    .http_origins = origins, .http_proxies = proxies };
	static const uint8_t proxy[16] = { [15] = 1 }, far[16] = { 0x20, 1 };
	static struct web_rules *rules;
	struct web_asker a = { .origin = ORIGIN_NONE };
	const char *origin = http_header(q, "origin", 0), *host = http_header(q, "host", 0);
	bool ok;

	if (rules == NULL)
		rules = web_rules_create(&conf);
	ok = web_rules_host_ok(rules, host);
	add(out, &ok, sizeof(ok));
	FUZZ_CHECK(web_rules_judge(rules, q, far, true, &a) && a.tls && !a.proxied);
	FUZZ_CHECK((a.origin == ORIGIN_NONE) == (origin == NULL));
	FUZZ_CHECK(a.origin != ORIGIN_OWN || (host != NULL && strncmp(origin, "https://", 8) == 0 &&
	    strncasecmp(origin + 8, host, strlen(origin + 8)) == 0));
	FUZZ_CHECK(a.origin != ORIGIN_LISTED || strcmp(origin, origins) == 0);
	ok = web_rules_judge(rules, q, proxy, true, &a);
	add(out, &ok, sizeof(ok));
	add(out, a.address, sizeof(a.address));
}

static void
take_request(const struct http_request *q, size_t body_max, struct result *out)
{
	char value[16];
	int n;

	check_path(q);
	check_headers(q, out);
	check_asker(q, out);
	FUZZ_CHECK(q->body_len <= body_max && (q->has_body || q->body_len == 0));
	FUZZ_CHECK(!q->expects_continue || q->has_body);
	add(out, &q->method, sizeof(q->method));
	add(out, &q->keep_alive, sizeof(q->keep_alive));
	add_text(out, q->path);
	add_text(out, q->query);
	add(out, q->body, q->body_len);
	n = http_query(q, "a", value, sizeof(value));
	FUZZ_CHECK(n == -ENOENT || n == -EINVAL || (n >= 0 && (size_t)n == strlen(value)));
	n = http_cookie(q, "a", value, sizeof(value));
	FUZZ_CHECK(n == -ENOENT || n == -EINVAL || (n >= 0 && (size_t)n == strlen(value)));
}

static void
read_piece(struct http_reader *r, const uint8_t *data, size_t size, size_t body_max,
    struct result *out)
{
	do {
		out->end = http_read(r, &data, &size);
		if (out->end == HTTP_HEAD_DONE)
			http_allow_body(r, body_max);
		if (out->end == HTTP_ONE) {
			take_request(&r->request, body_max, out);
			http_next(r);
		}
	} while (out->end == HTTP_HEAD_DONE || out->end == HTTP_ONE);
	FUZZ_CHECK(out->end == HTTP_BROKEN || size == 0);
	FUZZ_CHECK(r->head.size <= HTTP_HEAD_MAX && r->body.size <= body_max);
}

static struct result
read_all(const uint8_t *data, size_t size, size_t body_max, uint32_t *seed)
{
	struct result out = { SUM_START, HTTP_MORE, 0 };
	struct http_reader r;

	http_reader_init(&r);
	while (size > 0 && out.end == HTTP_MORE) {
		size_t n = seed == NULL ? size : 1 + mutate_random(seed) % 7;

		if (n > size)
			n = size;
		read_piece(&r, data, n, body_max, &out);
		data += n;
		size -= n;
	}
	out.status = r.status;
	FUZZ_CHECK((out.end == HTTP_BROKEN) == (out.status != 0));
	http_reader_fini(&r);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;
	uint32_t seed;

	if (size < 2)
		return 0;
	seed = 1u + data[0];
	whole = read_all(data + 2, size - 2, data[1], NULL);
	pieces = read_all(data + 2, size - 2, data[1], &seed);
	FUZZ_CHECK(whole.sum == pieces.sum && whole.end == pieces.end &&
	    whole.status == pieces.status);
	return 0;
}
