/*
 * http_text.c - percent-encoding, and the names of methods and statuses.
 */
#include <errno.h>
#include <string.h>

#include "protocol/base/utf8.h"
#include "server/http/http_int.h"

int
http_hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
http_percent_decode(const char *text, size_t len, bool plus, char *out, size_t cap)
{
	const char *end = text + len;
	size_t n = 0;

	for (; text < end; text++, n++) {
		char c = plus && *text == '+' ? ' ' : *text;

		if (c == '%') {
			int high = end - text > 2 ? http_hex_digit((unsigned char)text[1]) : -1;
			int low = high >= 0 ? http_hex_digit((unsigned char)text[2]) : -1;

			if (low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			text += 2;
		}
		if (c == '\0' || n + 1 >= cap)
			return -EINVAL;
		out[n] = c;
	}
	out[n] = '\0';
	return utf8_valid(out, n) ? (int)n : -EINVAL;
}

/* Methods that no route accepts are known, too: they are answered 405 instead of 501. CONNECT is
 * missing: no resource could accept a tunnel. */
static const char *const methods[] = {
	[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST", [HTTP_PUT] = "PUT",
	[HTTP_OPTIONS] = "OPTIONS",
	"ACL", "BIND", "CHECKOUT", "COPY", "DELETE", "LINK", "LOCK", "M-SEARCH", "MERGE",
	"MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "PATCH", "PROPFIND", "PROPPATCH",
	"PURGE", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "TRACE", "UNBIND", "UNLINK",
	"UNLOCK", "UNSUBSCRIBE",
};

bool
http_method_find(const char *name, enum http_method *m)
{
	for (unsigned i = HTTP_OTHER + 1; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i], name) == 0) {
			*m = i <= HTTP_OPTIONS ? (enum http_method)i : HTTP_OTHER;
			return true;
		}
	return false;
}

const char *
http_method_name(enum http_method m)
{
	return methods[m];
}

const char *
http_reason(int status)
{
	static const struct {
		int		 status;
		const char	*reason;
	} reasons[] = {
		{ 200, "OK" }, { 204, "No Content" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 408, "Request Timeout" },
		{ 409, "Conflict" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" }, { 417, "Expectation Failed" },
		{ 421, "Misdirected Request" }, { 426, "Upgrade Required" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}
