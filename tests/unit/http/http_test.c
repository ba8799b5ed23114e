/*
 * http_test.c - promises of server/http/http.h, by table: streams of bytes, and what must be made
 * of them. Each stream is read whole, cut in two at each place, and byte by byte.
 *
 * Memory comes from heap.h: it is counted, may fail, and is searched for secrets when freed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/http.h"
#include "tests/unit/kit/heap.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define BODY_MAX	100u
#define STREAM_MAX	(4u * HTTP_HEAD_MAX)
#define STORY_MAX	(2u * HTTP_HEAD_MAX)
#define SECRET		HEAP_SECRET

/* -- a reader's story ----------------------------------------------------- */

/* What a reader made of a stream, as text: a line for each request, and how it ended. */
struct story {
	char	text[STORY_MAX];
	size_t	len;
};

static void __attribute__((format(printf, 2, 3)))
tell(struct story *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->len += (size_t)vsnprintf(s->text + s->len, STORY_MAX - s->len, fmt, ap);
	va_end(ap);
	assert_true(s->len < STORY_MAX);
}

static void
tell_request(struct story *s, const struct http_request *q)
{
	static const char *const methods[] = {
		[HTTP_OTHER] = "OTHER", [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",
		[HTTP_POST] = "POST", [HTTP_PUT] = "PUT", [HTTP_OPTIONS] = "OPTIONS",
	};

	tell(s, "%s %s", methods[q->method], q->path);
	if (*q->query != '\0')
		tell(s, "?%s", q->query);
	tell(s, "%s%s%s", q->keep_alive ? "" : " close", q->upgrade ? " upgrade" : "",
	    q->expects_continue ? " continue" : "");
	if (q->has_body || q->body_len > 0)
		tell(s, " %zu[%.*s]", q->body_len, (int)q->body_len,
		    q->body != NULL ? (const char *)q->body : "");
	tell(s, "\n");
}

/* Reads a piece to its end, from a copy of its own size. False: nothing more is to be read. */
static bool
read_piece(struct http_reader *r, const uint8_t *data, size_t size, struct story *s)
{
	uint8_t *copy = __real_malloc(size + (size == 0));
	const uint8_t *at = copy;
	enum http_result result;

	memcpy(copy, data, size);
	do {
		result = http_read(r, &at, &size);
		if (result == HTTP_HEAD_DONE)
			http_allow_body(r, BODY_MAX);
		if (result == HTTP_ONE) {
			tell_request(s, &r->request);
			http_next(r);
		}
	} while (result == HTTP_ONE || result == HTTP_HEAD_DONE);
	assert_true(result == HTTP_BROKEN || size == 0);
	__real_free(copy);
	return result == HTTP_MORE;
}

/* Pieces: `first` bytes, then `rest` bytes each. */
static void
read_stream(const char *bytes, size_t len, size_t first, size_t rest, struct story *s)
{
	const uint8_t *at = (const uint8_t *)bytes;
	struct http_reader r;
	size_t n = first;
	bool more;

	s->len = 0;
	http_reader_init(&r);
	do {
		n = n < len ? n : len;
		more = read_piece(&r, at, n, s);
		at += n;
		len -= n;
		n = rest;
	} while (more && len > 0);
	if (!more)
		tell(s, "%d", r.status);
	else
		tell(s, "%s", http_begun(&r) ? "begun" : "");
	http_reader_fini(&r);
}

static void
check_stream(const char *name, const char *bytes, size_t len, const char *expected)
{
	static struct story s;

	read_stream(bytes, len, len, 1, &s);
	if (strcmp(s.text, expected) != 0)
		fail_msg("%s: whole: \"%s\" instead of \"%s\"", name, s.text, expected);
	read_stream(bytes, len, 1, 1, &s);
	if (strcmp(s.text, expected) != 0)
		fail_msg("%s: byte by byte: \"%s\" instead of \"%s\"", name, s.text, expected);
	for (size_t cut = 1; cut < len; cut++) {
		read_stream(bytes, len, cut, len, &s);
		if (strcmp(s.text, expected) != 0)
			fail_msg("%s: cut at %zu: \"%s\" instead of \"%s\"", name, cut, s.text,
			    expected);
	}
	assert_int_equal(heap_held(), 0);
}

/* -- tables --------------------------------------------------------------- */

struct row {
	const char	*name, *bytes;
	size_t		 len;
	const char	*expected;
};

#define ROW(name, bytes, expected)	{ name, bytes, sizeof(bytes) - 1, expected }
#define HOST				"Host: a\r\n"
#define GET				"GET / HTTP/1.1\r\n" HOST
#define POST				"POST /p HTTP/1.1\r\n" HOST
#define CHUNKED				POST "Transfer-Encoding: chunked\r\n\r\n"
#define HEADER(name, line, expected)	ROW(name, GET line "\r\n\r\n", expected)
#define TARGET(name, t, expected)	ROW(name, "GET " t " HTTP/1.1\r\n" HOST "\r\n", expected)

static const struct row requests[] = {
	ROW("nothing", "", ""),
	ROW("a first byte", "G", "begun"),
	ROW("a head without its end", GET, "begun"),
	ROW("the least", GET "\r\n", "GET /\n"),
	ROW("head", "HEAD / HTTP/1.1\r\n" HOST "\r\n", "HEAD /\n"),
	ROW("put", "PUT /f HTTP/1.1\r\n" HOST "\r\n", "PUT /f\n"),
	ROW("options of all", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS *\n"),
	ROW("delete", "DELETE /x HTTP/1.1\r\n" HOST "\r\n", "OTHER /x\n"),
	ROW("trace", "TRACE / HTTP/1.1\r\n" HOST "\r\n", "OTHER /\n"),
	ROW("patch", "PATCH / HTTP/1.1\r\n" HOST "\r\n", "OTHER /\n"),
	ROW("propfind", "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", "OTHER /\n"),
	ROW("an empty line before it", "\r\n" GET "\r\n", "GET /\n"),
	ROW("two in a row", GET "\r\n" GET "\r\n", "GET /\nGET /\n"),
	ROW("two with an empty line", GET "\r\n\r\n" GET "\r\n", "GET /\nGET /\n"),
	ROW("a second one begins", GET "\r\n" "G", "GET /\nbegun"),
	ROW("a body and another one", POST "Content-Length: 3\r\n\r\nabc" GET "\r\n",
	    "POST /p 3[abc]\nGET /\n"),
	ROW("a body that looks like a request", POST "Content-Length: 23\r\n\r\n"
	    "GET /evil HTTP/1.1\r\n\r\n\n" GET "\r\n",
	    "POST /p 23[GET /evil HTTP/1.1\r\n\r\n\n]\nGET /\n"),
	ROW("a body with a NUL", POST "Content-Length: 3\r\n\r\na\0c", "POST /p 3[a]\n"),
	ROW("a body of no bytes", POST "Content-Length: 0\r\n\r\n", "POST /p 0[]\n"),
	ROW("no body", POST "\r\n", "POST /p\n"),
	ROW("a body half there", POST "Content-Length: 3\r\n\r\nab", "begun"),
	ROW("the longest body", POST "Content-Length: 100\r\n\r\n"
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "012345678901234567890123456789", "POST /p 100["
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "012345678901234567890123456789]\n"),
	ROW("a body to a GET", GET "Content-Length: 2\r\n\r\nhi", "GET / 2[hi]\n"),
	ROW("zeros before a length", POST "Content-Length: 003\r\n\r\nabc", "POST /p 3[abc]\n"),
	HEADER("a name of all characters", "!#$%&'*+-.^_`|~0aZ: 1", "GET /\n"),
	HEADER("an empty value", "X:", "GET /\n"),
	HEADER("tabs around a value", "X:\t \ta\t ", "GET /\n"),
	HEADER("bytes that are no ASCII in a value", "Cookie: other=\xc3\xa4\xff", "GET /\n"),
	HEADER("close", "Connection: close", "GET / close\n"),
	HEADER("close in a list", "Connection: x,\t Close ,y", "GET / close\n"),
	HEADER("close in a second header", "Connection: x\r\nConnection: close", "GET / close\n"),
	HEADER("close and keep-alive", "Connection: keep-alive, close", "GET / close\n"),
	HEADER("closet", "Connection: closet, xclose", "GET /\n"),
	HEADER("upgrade", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket",
	    "GET / upgrade\n"),
	HEADER("an upgrade that nobody is told of", "Upgrade: websocket", "GET /\n"),
	HEADER("a connection that upgrades to nothing", "Connection: upgrade", "GET /\n"),
	ROW("1.0", "GET / HTTP/1.0\r\n" HOST "\r\n", "GET / close\n"),
	ROW("1.0 without a host", "GET / HTTP/1.0\r\n\r\n", "GET / close\n"),
	ROW("1.0 that stays", "GET / HTTP/1.0\r\n" HOST "Connection: Keep-Alive\r\n\r\n",
	    "GET /\n"),
	ROW("1.0 that does both", "GET / HTTP/1.0\r\n" HOST "Connection: close, keep-alive\r\n\r\n",
	    "GET / close\n"),
	ROW("1.0 does not upgrade", "GET / HTTP/1.0\r\n" HOST
	    "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", "GET / close\n"),
	ROW("1.0 with a body", "POST / HTTP/1.0\r\n" HOST "Content-Length: 1\r\n\r\nx",
	    "POST / close 1[x]\n"),
	ROW("100-continue", POST "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\nx",
	    "POST /p continue 1[x]\n"),
	ROW("100-continue in 1.0", "POST / HTTP/1.0\r\n" HOST
	    "Content-Length: 1\r\nExpect: 100-continue\r\n\r\nx", "POST / close 1[x]\n"),
	HEADER("100-continue without a body", "Expect: 100-continue", "GET /\n"),
};

static const struct row targets[] = {
	TARGET("a path", "/a/b.c", "GET /a/b.c\n"),
	TARGET("a query", "/a?b=c&d", "GET /a?b=c&d\n"),
	TARGET("an empty query", "/a?", "GET /a\n"),
	TARGET("a query with marks", "/a?b?c/../%", "GET /a?b?c/../%\n"),
	TARGET("an encoded letter", "/%61%7E", "GET /a~\n"),
	TARGET("an encoded blank", "/a%20b", "GET /a b\n"),
	TARGET("a plus is a plus", "/a+b", "GET /a+b\n"),
	TARGET("encoded UTF-8", "/%c3%A4", "GET /\xc3\xa4\n"),
	TARGET("an encoded percent is decoded once", "/%2561", "GET /%61\n"),
	TARGET("an encoded question mark", "/a%3fb", "GET /a?b\n"),
	TARGET("names with dots", "/.../..a/a../.a", "GET /.../..a/a../.a\n"),
	TARGET("a slash at the end", "/a/", "GET /a/\n"),
	TARGET("signs that browsers send", "/a|b\"c{d}^`<>\\", "GET /a|b\"c{d}^`<>\\\n"),
	TARGET("no slash", "a", "400"),
	TARGET("a query alone", "?a", "400"),
	TARGET("a star for GET", "*", "400"),
	TARGET("two stars", "**", "400"),
	TARGET("absolute", "http://a/", "400"),
	TARGET("absolute, another host", "https://b/x", "400"),
	TARGET("an authority", "a:443", "400"),
	TARGET("two slashes first", "//a/b", "400"),
	TARGET("two slashes within", "/a//b", "400"),
	TARGET("a dot", "/.", "400"),
	TARGET("two dots", "/..", "400"),
	TARGET("two dots within", "/a/../b", "400"),
	TARGET("a dot within", "/a/./b", "400"),
	TARGET("two dots at the end", "/a/..", "400"),
	TARGET("encoded dots", "/%2e%2E/a", "400"),
	TARGET("a dot and an encoded one", "/.%2e", "400"),
	TARGET("an encoded slash", "/a%2fb", "400"),
	TARGET("an encoded slash, large", "/a%2Fb", "400"),
	TARGET("an encoded slash and dots", "/..%2f..%2fetc/passwd", "400"),
	TARGET("a percent at the end", "/a%", "400"),
	TARGET("a percent and one digit", "/a%4", "400"),
	TARGET("a percent and a query", "/a%4?1", "400"),
	TARGET("a percent and no digits", "/a%zz", "400"),
	TARGET("a percent and a sign", "/a%+1", "400"),
	TARGET("an encoded NUL", "/a%00b", "400"),
	TARGET("an encoded line's end", "/a%0d%0aX:%20b", "400"),
	TARGET("an encoded delete", "/%7f", "400"),
	TARGET("no UTF-8", "/%ff", "400"),
	TARGET("overlong UTF-8", "/%c0%ae", "400"),
	TARGET("a surrogate", "/%ed%a0%80", "400"),
	TARGET("cut UTF-8", "/%c3", "400"),
	TARGET("raw UTF-8", "/\xc3\xa4", "400"),
	TARGET("a fragment", "/a#b", "400"),
	TARGET("a blank", "/a b", "400"),
	TARGET("a tab", "/a\tb", "400"),
	TARGET("a NUL", "/a\0b", "400"),
	TARGET("a control", "/a\x01" "b", "400"),
	TARGET("delete", "/a\x7f", "400"),
};

static const struct row lines[] = {
	ROW("two empty lines before it", "\r\n\r\n" GET "\r\n", "400"),
	ROW("a blank before it", " " GET "\r\n", "400"),
	ROW("a bare LF before it", "\n" GET "\r\n", "400"),
	ROW("a bare LF", "GET / HTTP/1.1\n" HOST "\r\n", "400"),
	ROW("a bare LF in the headers", GET "X: a\n\r\n", "400"),
	ROW("a bare LF at the end", GET "\n", "400"),
	ROW("a bare CR", GET "X: a\rb\r\n\r\n", "400"),
	ROW("a bare CR in the line", "GET / \rHTTP/1.1\r\n" HOST "\r\n", "400"),
	ROW("CR CR LF", GET "X: a\r\r\n\r\n", "400"),
	ROW("CR at the end", GET "\rX", "400"),
	ROW("no version", "GET /\r\n", "400"),
	ROW("no target", "GET HTTP/1.1\r\n", "400"),
	ROW("an empty target", "GET  HTTP/1.1\r\n", "400"),
	ROW("no method", " / HTTP/1.1\r\n", "400"),
	ROW("a blank at the end", "GET / HTTP/1.1 \r\n", "400"),
	ROW("two blanks", "GET  / HTTP/1.1\r\n", "400"),
	ROW("two blanks before the version", "GET /  HTTP/1.1\r\n", "400"),
	ROW("a tab for a blank", "GET\t/ HTTP/1.1\r\n", "400"),
	ROW("a method with a NUL", "G\0T / HTTP/1.1\r\n", "400"),
	ROW("a method with brackets", "G[T / HTTP/1.1\r\n", "400"),
	ROW("http in small letters", "GET / http/1.1\r\n", "400"),
	ROW("a version without digits", "GET / HTTP/x.y\r\n", "400"),
	ROW("a version without a dot", "GET / HTTP/1,1\r\n", "400"),
	ROW("a long version", "GET / HTTP/1.10\r\n", "400"),
	ROW("a short version", "GET / HTTP/1\r\n", "400"),
	ROW("no HTTP", "GET / ICAP/1.0\r\n", "400"),
	ROW("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "400"),
	ROW("0.9", "GET / HTTP/0.9\r\n", "505"),
	ROW("1.2", "GET / HTTP/1.2\r\n", "505"),
	ROW("2.0", "GET / HTTP/2.0\r\n", "505"),
	ROW("3.0", "GET / HTTP/3.0\r\n", "505"),
	ROW("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
	ROW("an unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", "501"),
	ROW("a method in small letters", "get / HTTP/1.1\r\n" HOST "\r\n", "501"),
	ROW("a method and more", "GETX / HTTP/1.1\r\n" HOST "\r\n", "501"),
	ROW("a method cut", "GE / HTTP/1.1\r\n" HOST "\r\n", "501"),
	ROW("a method with a sign first", "-GET / HTTP/1.1\r\n" HOST "\r\n", "501"),
	ROW("a tunnel", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", "501"),
	ROW("a tunnel to a path", "CONNECT / HTTP/1.1\r\n" HOST "\r\n", "501"),
	HEADER("no colon", "X", "400"),
	HEADER("no name", ": a", "400"),
	HEADER("a blank before the colon", "X : a", "400"),
	HEADER("a tab before the colon", "X\t: a", "400"),
	HEADER("a blank in a name", "X Y: a", "400"),
	HEADER("a folded value", "X: a\r\n b", "400"),
	HEADER("a folded value with a tab", "X: a\r\n\tb", "400"),
	HEADER("a blank first", " X: a", "400"),
	HEADER("a NUL in a name", "X\0Y: a", "400"),
	HEADER("a NUL in a value", "X: a\0b", "400"),
	HEADER("a control in a value", "X: a\x0b", "400"),
	HEADER("delete in a value", "X: a\x7f", "400"),
	HEADER("UTF-8 in a name", "\xc3\xa4: a", "400"),
	HEADER("brackets in a name", "X[0]: a", "400"),
	HEADER("a quoted name", "\"X\": a", "400"),
	ROW("a folded host", "GET / HTTP/1.1\r\nX: a\r\n Host: b\r\n\r\n", "400"),
};

static const struct row hosts[] = {
	ROW("none", "GET / HTTP/1.1\r\n\r\n", "400"),
	ROW("two", GET "Host: b\r\n\r\n", "400"),
	ROW("two that are equal", GET HOST "\r\n", "400"),
	ROW("two, one in other letters", GET "hOST: b\r\n\r\n", "400"),
	ROW("two in 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", "400"),
	ROW("an empty one", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400"),
	ROW("a list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400"),
	ROW("a blank in it", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"),
	ROW("a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400"),
	ROW("a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"),
	ROW("an address of a page", "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", "400"),
	ROW("UTF-8", "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", "400"),
	ROW("a name and a port", "GET / HTTP/1.1\r\nHost: a-b.c_d:5484\r\n\r\n", "GET /\n"),
	ROW("an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:5484\r\n\r\n", "GET /\n"),
};

/* Each that may come once, twice. */
static const struct row twice[] = {
	HEADER("authorization", "Authorization: Bearer a\r\nAuthorization: Bearer a", "400"),
	HEADER("cookie", "Cookie: a=b\r\nCookie: c=d", "400"),
	HEADER("content-type", "Content-Type: a/b\r\nContent-Type: a/b", "400"),
	HEADER("origin", "Origin: https://a\r\nOrigin: https://b", "400"),
	HEADER("sec-fetch-site", "Sec-Fetch-Site: none\r\nSec-Fetch-Site: none", "400"),
	HEADER("websocket key", "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b", "400"),
	HEADER("websocket version", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13",
	    "400"),
	HEADER("if-none-match", "If-None-Match: a\r\nIf-None-Match: b", "400"),
	HEADER("expect", "Expect: 100-continue\r\nExpect: 100-continue", "400"),
	HEADER("forwarded scheme", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http", "400"),
	HEADER("length", "Content-Length: 0\r\nContent-Length: 0", "400"),
	HEADER("coding", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "400"),
	HEADER("lists may", "Connection: a\r\nConnection: b\r\nX-Forwarded-For: ::1\r\n"
	    "X-Forwarded-For: ::1\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b",
	    "GET /\n"),
};

#define LENGTH(name, value, expected) \
	ROW(name, POST "Content-Length: " value "\r\n\r\nabcde", expected)
#define CODING(name, value, expected) \
	ROW(name, POST "Transfer-Encoding: " value "\r\n\r\n0\r\n\r\n", expected)

static const struct row framings[] = {
	LENGTH("a plus", "+5", "400"),
	LENGTH("a minus", "-5", "400"),
	LENGTH("nothing", "", "400"),
	LENGTH("hexadecimal", "0x5", "400"),
	LENGTH("a letter behind", "5a", "400"),
	LENGTH("a fraction", "5.0", "400"),
	LENGTH("a list", "5, 5", "400"),
	LENGTH("a list of different ones", "5,6", "400"),
	LENGTH("two words", "5 5", "400"),
	LENGTH("a tab behind it", "5\t", "400"),
	LENGTH("a tab and a blank behind it", "5 \t ", "400"),
	LENGTH("a blank behind it", "5 ", "POST /p 5[abcde]\n"),
	LENGTH("2^64", "18446744073709551616", "400"),
	LENGTH("2^64 + 5", "18446744073709551621", "400"),
	LENGTH("2^32 + 5", "4294967301", "413"),
	LENGTH("one too many", "101", "413"),
	LENGTH("as large as a number may be", "999999999999999", "413"),
	ROW("length, then coding", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n", "400"),
	ROW("coding, then length", POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"
	    "0\r\n\r\n", "400"),
	ROW("a coding behind a blank", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
	CODING("in other letters", "CHUNKed", "POST /p 0[]\n"),
	CODING("nothing", "", "400"),
	CODING("gzip", "gzip", "501"),
	CODING("identity", "identity", "501"),
	CODING("chunked last", "gzip, chunked", "501"),
	CODING("chunked first", "chunked, gzip", "501"),
	CODING("chunked twice", "chunked, chunked", "501"),
	CODING("chunked with a parameter", "chunked;q=1", "501"),
	CODING("nearly", "xchunked", "501"),
	CODING("quoted", "\"chunked\"", "501"),
	CODING("a vertical tab", "\x0b" "chunked", "400"),
	ROW("a coding in 1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n", "400"),
	ROW("something else is expected", POST "Content-Length: 1\r\nExpect: a\r\n\r\nx", "417"),
	ROW("nothing is expected", POST "Content-Length: 1\r\nExpect:\r\n\r\nx", "417"),
};

static const struct row chunks[] = {
	ROW("none", CHUNKED "0\r\n\r\n", "POST /p 0[]\n"),
	ROW("one", CHUNKED "3\r\nabc\r\n0\r\n\r\n", "POST /p 3[abc]\n"),
	ROW("two", CHUNKED "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n" GET "\r\n", "POST /p 3[abc]\nGET /\n"),
	ROW("a size in letters", CHUNKED "a\r\n0123456789\r\n0\r\n\r\n",
	    "POST /p 10[0123456789]\n"),
	ROW("a size in large letters", CHUNKED "A\r\n0123456789\r\n0\r\n\r\n",
	    "POST /p 10[0123456789]\n"),
	ROW("zeros before a size", CHUNKED "00000003\r\nabc\r\n00\r\n\r\n", "POST /p 3[abc]\n"),
	ROW("a line's end within", CHUNKED "4\r\n\r\n\r\n\r\n0\r\n\r\n", "POST /p 4[\r\n\r\n]\n"),
	ROW("without an end", CHUNKED "3\r\nabc\r\n0\r\n", "begun"),
	ROW("the longest body", CHUNKED "32\r\n01234567890123456789012345678901234567890123456789"
	    "\r\n32\r\n01234567890123456789012345678901234567890123456789\r\n0\r\n\r\n",
	    "POST /p 100[01234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789]\n"),
	ROW("too long a body", CHUNKED "64\r\n01234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789\r\n1\r\nx", "413"),
	ROW("too large a chunk", CHUNKED "65\r\n", "413"),
	ROW("the largest size", CHUNKED "ffffffff\r\n", "413"),
	ROW("nine digits", CHUNKED "100000005\r\n", "400"),
	ROW("nine zeros", CHUNKED "000000000\r\n", "400"),
	ROW("2^64 + 5", CHUNKED "10000000000000005\r\nabcde\r\n", "400"),
	ROW("no size", CHUNKED "\r\n", "400"),
	ROW("no digit", CHUNKED "g\r\n", "400"),
	ROW("a sign", CHUNKED "+3\r\nabc\r\n", "400"),
	ROW("a minus", CHUNKED "-3\r\nabc\r\n", "400"),
	ROW("0x", CHUNKED "0x3\r\nabc\r\n", "400"),
	ROW("a blank before a size", CHUNKED " 3\r\nabc\r\n", "400"),
	ROW("a blank behind a size", CHUNKED "3 \r\nabc\r\n", "400"),
	ROW("an extension", CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n", "400"),
	ROW("an extension of the last one", CHUNKED "0;a\r\n\r\n", "400"),
	ROW("a bare LF behind a size", CHUNKED "3\nabc\r\n", "400"),
	ROW("a bare CR behind a size", CHUNKED "3\rabc\r\n", "400"),
	ROW("a bare LF behind a chunk", CHUNKED "3\r\nabc\n0\r\n\r\n", "400"),
	ROW("a chunk longer than said", CHUNKED "3\r\nabcd\r\n0\r\n\r\n", "400"),
	ROW("a chunk shorter than said", CHUNKED "3\r\nab\r\n0\r\n\r\n", "400"),
	ROW("a bare LF at the end", CHUNKED "0\r\n\n", "400"),
	ROW("a trailer", CHUNKED "0\r\nX: a\r\n\r\n", "400"),
	ROW("a trailer that would be a length", CHUNKED "0\r\nContent-Length: 9\r\n\r\n", "400"),
	ROW("a NUL for a size", CHUNKED "\0\r\n", "400"),
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_stream(rows[i].name, rows[i].bytes, rows[i].len, rows[i].expected);
}

#define TABLE_TEST(table)							\
	static void								\
	read_##table(void **state)						\
	{									\
		(void)state;							\
		check_rows(table, COUNT(table));				\
	}

TABLE_TEST(requests)
TABLE_TEST(targets)
TABLE_TEST(lines)
TABLE_TEST(hosts)
TABLE_TEST(twice)
TABLE_TEST(framings)
TABLE_TEST(chunks)

/* -- limits --------------------------------------------------------------- */

/* A request with a header of as many bytes as make it `total`. */
static size_t
make_long(char *out, size_t total)
{
	int n = snprintf(out, STREAM_MAX, GET "X: ");

	memset(out + n, 'x', total - (size_t)n - 4);
	memcpy(out + total - 4, "\r\n\r\n", 4);
	return total;
}

static size_t
make_headers(char *out, unsigned n)
{
	size_t len = (size_t)snprintf(out, STREAM_MAX, GET);

	for (unsigned i = 1; i < n; i++)
		len += (size_t)snprintf(out + len, STREAM_MAX - len, "X-%u: a\r\n", i);
	return len + (size_t)snprintf(out + len, STREAM_MAX - len, "\r\n");
}

static void
heads_are_bounded(void **state)
{
	static char stream[STREAM_MAX];
	static char long_target[HTTP_HEAD_MAX + 16];
	static struct story s;
	size_t len;

	(void)state;
	check_stream("64 headers", stream, make_headers(stream, HTTP_HEADERS_MAX), "GET /\n");
	check_stream("65 headers", stream, make_headers(stream, HTTP_HEADERS_MAX + 1), "431");

	len = make_long(stream, HTTP_HEAD_MAX);
	read_stream(stream, len, len, 1, &s);
	assert_string_equal(s.text, "GET /\n");
	len = make_long(stream, HTTP_HEAD_MAX + 1);
	read_stream(stream, len, 1, 1, &s);
	assert_string_equal(s.text, "431");
	read_stream(stream, len, len, 1, &s);
	assert_string_equal(s.text, "431");

	memset(long_target, '/', sizeof(long_target));
	memcpy(long_target, "GET /", 5);
	read_stream(long_target, sizeof(long_target), 1, 1, &s);
	assert_string_equal(s.text, "414");
	read_stream(long_target, HTTP_HEAD_MAX, HTTP_HEAD_MAX, 1, &s);
	assert_string_equal(s.text, "begun");
	assert_true(heap.largest <= HTTP_HEAD_MAX);
}

/* What is announced is no reason to have room for it. */
static void
body_memory_follows_its_bytes(void **state)
{
	static const char head[] = POST "Content-Length: 1000000\r\n\r\n";
	const uint8_t *at = (const uint8_t *)head, byte = 'x';
	size_t len = sizeof(head) - 1, one;
	struct http_reader r;

	(void)state;
	http_reader_init(&r);
	assert_int_equal(http_read(&r, &at, &len), HTTP_HEAD_DONE);
	assert_true(http_allow_body(&r, 1000000));
	assert_int_equal(http_read(&r, &at, &len), HTTP_MORE);
	heap.largest = 0;
	for (size_t i = 1; i <= 1000000; i++) {
		at = &byte;
		one = 1;
		assert_int_equal(http_read(&r, &at, &one), i < 1000000 ? HTTP_MORE : HTTP_ONE);
		assert_true(heap.largest <= 1024 || heap.largest < 2 * i);
	}
	assert_int_equal(r.request.body_len, 1000000);
	http_reader_fini(&r);
	assert_int_equal(heap_held(), 0);
}

static enum http_result
read_text(struct http_reader *r, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t len = strlen(text);

	return http_read(r, &at, &len);
}

static void
body_needs_http_allow_body(void **state)
{
	struct http_reader r;

	(void)state;
	http_reader_init(&r);
	assert_int_equal(read_text(&r, POST "Content-Length: 1\r\n\r\n"), HTTP_HEAD_DONE);
	assert_int_equal(read_text(&r, "x"), HTTP_BROKEN);
	assert_int_equal(r.status, 413);
	http_next(&r);
	assert_int_equal(read_text(&r, POST "Content-Length: 5\r\n\r\n"), HTTP_HEAD_DONE);
	assert_false(http_allow_body(&r, 4));
	assert_true(http_allow_body(&r, 5));
	http_reader_fini(&r);
}

static void
request_is_valid_until_http_next(void **state)
{
	struct http_reader r;

	(void)state;
	http_reader_init(&r);
	assert_int_equal(read_text(&r, GET "\r\n"), HTTP_HEAD_DONE);
	assert_int_equal(read_text(&r, ""), HTTP_ONE);
	assert_int_equal(read_text(&r, GET), HTTP_ONE);
	assert_true(http_begun(&r));
	http_next(&r);
	assert_false(http_begun(&r));
	assert_int_equal(r.request.nheaders, 0);
	assert_int_equal(read_text(&r, ""), HTTP_MORE);
	http_reader_fini(&r);
}

/* -- secrets and memory --------------------------------------------------- */

static const char secrets[] =
    "POST /v1/hook/" SECRET " HTTP/1.1\r\n" HOST "X: ";		/* blanks make it a bad line */
static const char hidden[] = POST "Cookie: kith=" SECRET "\r\n";

static void
requests_are_wiped(void **state)
{
	static char stream[STREAM_MAX];
	static struct story s;
	struct http_reader r;
	size_t len = (size_t)snprintf(stream, sizeof(stream), "%s", hidden);

	(void)state;
	/* Long enough for both blocks to grow. */
	len += (size_t)snprintf(stream + len, sizeof(stream) - len,
	    "X: %02000d\r\nContent-Length: 4000\r\n\r\n" SECRET "%04000d", 0, 0);
	http_reader_init(&r);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_text(&r, stream), HTTP_HEAD_DONE);
		http_allow_body(&r, 4000);
		assert_int_equal(read_text(&r, strstr(stream, "\r\n\r\n") + 4), HTTP_ONE);
		assert_non_null(memmem(r.head.data, r.head.len, SECRET, strlen(SECRET)));
		assert_non_null(memmem(r.body.data, r.body.len, SECRET, strlen(SECRET)));
		if (i == 0)
			http_next(&r);
	}
	http_reader_fini(&r);
	read_stream(secrets, sizeof(secrets) - 1, 1, 1, &s);
	assert_string_equal(s.text, "400");
	read_stream(hidden, sizeof(hidden) - 1, 1, 1, &s);
	assert_string_equal(s.text, "begun");
	assert_int_equal(heap.told, 0);
	assert_int_equal(heap_held(), 0);
}

static void
failed_allocation_is_503(void **state)
{
	static const char post[] = POST "Content-Length: 3\r\n\r\nabc";
	static struct story s;
	unsigned n;

	(void)state;
	for (n = 1; n <= 2; n++) {
		heap.taken = 0;
		heap.fail_at = n;
		read_stream(post, sizeof(post) - 1, 1, 1, &s);
		assert_string_equal(s.text, "503");
		assert_int_equal(heap_held(), 0);
	}
	heap.taken = 0;
	heap.fail_at = n;
	read_stream(post, sizeof(post) - 1, 1, 1, &s);
	assert_string_equal(s.text, "POST /p 3[abc]\n");
}

/* -- asking a request ----------------------------------------------------- */

/* Of a head that is right. */
static void
begin(struct http_reader *r, const char *head)
{
	http_reader_init(r);
	assert_int_equal(read_text(r, head), HTTP_HEAD_DONE);
}

static void
headers_are_found_by_name(void **state)
{
	struct http_reader r;
	const struct http_request *q = &r.request;

	(void)state;
	begin(&r, "GET / HTTP/1.1\r\nHOST:a:1\r\nX-One:  first one\t \r\nx-oNE:\r\n"
	    "X-One-More: m\r\nX-One: a: b\r\n\r\n");
	assert_int_equal(q->nheaders, 5);
	assert_string_equal(q->headers[0].name, "host");
	assert_string_equal(http_header(q, "host", 0), "a:1");
	assert_string_equal(http_header(q, "x-one", 0), "first one");
	assert_string_equal(http_header(q, "x-one", 1), "");
	assert_string_equal(http_header(q, "x-one", 2), "a: b");
	assert_null(http_header(q, "x-one", 3));
	assert_null(http_header(q, "x", 0));
	http_reader_fini(&r);
}

static void
tokens_are_found_in_lists(void **state)
{
	static const struct {
		const char	*token;
		bool		 there;
	} rows[] = {
		{ "kith.v1.json", true }, { "KITH.V1.PB", true }, { "last", true }, { "a", true },
		{ "kith.v1", false }, { "v1.json", false }, { "b", false }, { "as", false },
		{ "las", false },
	};
	struct http_reader r;

	(void)state;
	begin(&r, GET "X: kith.v1.json ,\tkith.v1.pb\r\nX:\r\nX: ,, a\t,s b,\r\nX:last\r\n\r\n");
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(http_has_token(&r.request, "x", rows[i].token), rows[i].there);
	assert_false(http_has_token(&r.request, "y", "a"));
	http_reader_fini(&r);
}

static void
weights_decide_what_is_accepted(void **state)
{
	static const struct {
		const char	*headers;
		bool		 ok;
	} rows[] = {
		{ "", false }, { "A:\r\n", false }, { "A: gzip\r\n", true }, { "A: GZip\r\n", true },
		{ "A: gzip, deflate, br\r\n", true }, { "A: br ,\tgzip ; q=0.001\r\n", true },
		{ "A: br\r\nA: gzip;Q=1\r\n", true }, { "A: gzip;q=0\r\n", false },
		{ "A: gzip;q=0.000, br;q=1\r\n", false }, { "A: gzip; q=0 , *\r\n", false },
		{ "A: *, gzip;q=0\r\n", false }, { "A: *\r\n", true }, { "A: *;q=0\r\n", false },
		{ "A: identity;q=1, *;q=0\r\n", false }, { "A: *;q=0, gzip\r\n", true },
		{ "A: xgzip\r\n", false }, { "A: gzipx, gzi\r\n", false }, { "A: gzip;q\r\n", false },
		{ "A: gzip;q=\r\n", false }, { "A: gzip;x=1\r\n", false }, { "A: gzip 1\r\n", false },
		{ "A: ,,;q=1,\r\n", false }, { "B: gzip\r\n", false },
	};
	char head[256];
	struct http_reader r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(head, sizeof(head), GET "%s\r\n", rows[i].headers);
		begin(&r, head);
		if (http_accepts(&r.request, "a", "gzip") != rows[i].ok)
			fail_msg("%s", rows[i].headers);
		http_reader_fini(&r);
	}
}

struct value {
	const char	*list, *expected;
	int		 error;
};

static void
queries_are_decoded(void **state)
{
	static const struct value rows[] = {
		{ "to=a", "a", 0 }, { "x=1&to=a&y=2", "a", 0 }, { "to=", "", 0 },
		{ "to=%23tea", "#tea", 0 }, { "to=a+b%2Bc", "a b+c", 0 },
		{ "to=%c3%A4", "\xc3\xa4", 0 }, { "to=a=b", "a=b", 0 },
		{ "to=%26%3d", "&=", 0 }, { "&&to=a&", "a", 0 },
		{ "to=%31%32%33%34%35%36%37", "1234567", 0 }, { "to=1234567", "1234567", 0 },
		{ "", NULL, -ENOENT }, { "to", NULL, -ENOENT }, { "To=1", NULL, -ENOENT },
		{ "t=1&too=2&xto=3", NULL, -ENOENT },
		{ "to=a&to=a", NULL, -EINVAL }, { "to=&to=", NULL, -EINVAL },
		{ "to=12345678", NULL, -EINVAL }, { "to=%", NULL, -EINVAL },
		{ "to=a%2", NULL, -EINVAL }, { "to=%2&x=5", NULL, -EINVAL },
		{ "to=%g1", NULL, -EINVAL }, { "to=%00", NULL, -EINVAL },
		{ "to=%ff", NULL, -EINVAL }, { "to=%c3", NULL, -EINVAL },
	};
	struct http_reader r;
	char out[8];

	(void)state;
	begin(&r, GET "\r\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc;

		r.request.query = rows[i].list;
		rc = http_query(&r.request, "to", out, sizeof(out));
		if (rc != (rows[i].error != 0 ? rows[i].error : (int)strlen(rows[i].expected)))
			fail_msg("%s: %d", rows[i].list, rc);
		if (rc >= 0)
			assert_string_equal(out, rows[i].expected);
	}
	http_reader_fini(&r);
}

static void
cookies_are_taken_as_they_are(void **state)
{
	static const struct value rows[] = {
		{ "kith=a", "a", 0 }, { "x=1; kith=a; y=2", "a", 0 }, { "kith=", "", 0 },
		{ "x=1;kith=a", "a", 0 }, { "kith=%23+\"", "%23+\"", 0 }, { "kith=a=b", "a=b", 0 },
		{ "x=kith=b; kith=a", "a", 0 }, { "kith=1234567", "1234567", 0 },
		{ "", NULL, -ENOENT }, { "kith", NULL, -ENOENT },
		{ "__Host-kith=a; kithx=b; xkith=c; Kith=d", NULL, -ENOENT },
		{ "kith=a; kith=b", NULL, -EINVAL }, { "kith=a; x=1; kith=a", NULL, -EINVAL },
		{ "kith=12345678", NULL, -EINVAL },
	};
	char head[256], out[8];
	struct http_reader r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc;

		snprintf(head, sizeof(head), GET "Cookie: %s\r\n\r\n", rows[i].list);
		begin(&r, head);
		rc = http_cookie(&r.request, "kith", out, sizeof(out));
		if (rc != (rows[i].error != 0 ? rows[i].error : (int)strlen(rows[i].expected)))
			fail_msg("%s: %d", rows[i].list, rc);
		if (rc >= 0)
			assert_string_equal(out, rows[i].expected);
		http_reader_fini(&r);
	}
	begin(&r, GET "\r\n");
	assert_int_equal(http_cookie(&r.request, "kith", out, sizeof(out)), -ENOENT);
	http_reader_fini(&r);
}

/* All that a reader says, and what the door says by itself. */
static void
statuses_have_reasons(void **state)
{
	static const int statuses[] = {
		200, 204, 304, 400, 401, 403, 404, 405, 408, 413, 414, 415, 417, 421, 426, 429, 431,
		500, 501, 503, 505,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++)
		assert_string_not_equal(http_reason(statuses[i]), "Unknown");
	assert_string_equal(http_reason(404), "Not Found");
	assert_string_equal(http_reason(299), "Unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(read_requests, heap_setup),
		cmocka_unit_test_setup(read_targets, heap_setup),
		cmocka_unit_test_setup(read_lines, heap_setup),
		cmocka_unit_test_setup(read_hosts, heap_setup),
		cmocka_unit_test_setup(read_twice, heap_setup),
		cmocka_unit_test_setup(read_framings, heap_setup),
		cmocka_unit_test_setup(read_chunks, heap_setup),
		cmocka_unit_test_setup(heads_are_bounded, heap_setup),
		cmocka_unit_test_setup(body_memory_follows_its_bytes, heap_setup),
		cmocka_unit_test_setup(body_needs_http_allow_body, heap_setup),
		cmocka_unit_test_setup(request_is_valid_until_http_next, heap_setup),
		cmocka_unit_test_setup(requests_are_wiped, heap_setup),
		cmocka_unit_test_setup(failed_allocation_is_503, heap_setup),
		cmocka_unit_test_setup(headers_are_found_by_name, heap_setup),
		cmocka_unit_test_setup(tokens_are_found_in_lists, heap_setup),
		cmocka_unit_test_setup(weights_decide_what_is_accepted, heap_setup),
		cmocka_unit_test_setup(queries_are_decoded, heap_setup),
		cmocka_unit_test_setup(cookies_are_taken_as_they_are, heap_setup),
		cmocka_unit_test_setup(statuses_have_reasons, heap_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
