/*
 * web.c - what the HTTP door and its handlers share: answers, and who asks.
 */
#include "server/web/web.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "protocol/base/clock.h"
#include "protocol/json.h"
#include "server/conf/conf.h"
#include "server/web/call.h"
#include "server/worker/conn.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

struct web *
web_of(const struct conn *c)
{
	return c->door_state;
}

struct call *
web_call(struct conn *c, const struct call_spec *spec)
{
	return call_begin(&web_of(c)->call, c, spec);
}

void
web_start_timer(struct web *web, uint32_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000 };

	event_add(&web->timer, &tv);
}

/* -- answers -------------------------------------------------------------- */

#define ERROR_BYTES_MAX	512u		/* of an error as JSON; our texts are far below it */

#define SECURITY_LINES								\
	"X-Content-Type-Options: nosniff\r\n"					\
	"Referrer-Policy: no-referrer\r\n"					\
	"Cross-Origin-Resource-Policy: same-origin\r\n"				\
	"X-Frame-Options: DENY\r\n"

/* For listed origins, without cookies: no Allow-Credentials. */
static int
put_cors(struct conn *c, char *out, size_t cap)
{
	const struct http_request *r = &web_of(c)->reader.request;

	if (web_of(c)->asker.origin != ORIGIN_LISTED)
		return 0;
	return snprintf(out, cap,
	    "Access-Control-Allow-Origin: %s\r\nVary: Origin\r\n"
	    "Access-Control-Expose-Headers: Retry-After\r\n%s", http_header(r, "origin", 0),
	    r->method == HTTP_OPTIONS ?
	    "Access-Control-Allow-Methods: GET, POST\r\n"
	    "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
	    "Access-Control-Max-Age: 600\r\n" : "");
}

static void
put_date(char out[40])
{
	time_t now = (time_t)(clock_utc_ms() / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);	/* RFC 9110, 5.6.7 */
}

/* Ready for the next request, or the connection closes. */
static void
end_request(struct conn *c)
{
	struct web *web = web_of(c);

	http_next(&web->reader);
	web->answering = false;
	web->route = NULL;
	web->asker.origin = ORIGIN_NONE;
	if (!web->keep) {
		conn_finish(c);
		return;
	}
	web_start_timer(web, WEB_IDLE_MS);
	conn_resume(c, CONN_PAUSE_DOOR);
}

void
web_respond(struct conn *c, int status, const char *type, const void *body, size_t len,
    const char *extra)
{
	bool empty = status == 204 || status == 304;
	char head[2048 + HTTP_HEAD_MAX], cors[512 + HTTP_HEAD_MAX] = "", date[40], length[64] = "";
	int n;

	put_cors(c, cors, sizeof(cors));
	put_date(date);
	if (!empty)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", len);
	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d %s\r\nDate: %s\r\n%s%s%s%s%sConnection: %s\r\n" SECURITY_LINES "%s%s\r\n",
	    status, http_reason(status), date,
	    type != NULL && !empty ? "Content-Type: " : "", type != NULL && !empty ? type : "",
	    type != NULL && !empty ? "\r\n" : "", length, cors,
	    web_of(c)->keep ? "keep-alive" : "close",
	    extra != NULL && strstr(extra, "Cache-Control:") != NULL ? "" :
	    "Cache-Control: no-store\r\n", extra != NULL ? extra : "");
	conn_queue(c, head, (size_t)n);
	explicit_bzero(head, (size_t)n);	/* a cookie in it is a token */
	if (!empty && web_of(c)->reader.request.method != HTTP_HEAD)
		conn_queue(c, body, len);
	end_request(c);
}

/* `text` may quote what a client wrote. */
static void
respond_error(struct conn *c, int status, enum kith_err code, const char *text, const char *extra)
{
	Kith__V1__Reply r = KITH__V1__REPLY__INIT;
	Kith__V1__Error e = KITH__V1__ERROR__INIT;
	char body[ERROR_BYTES_MAX];
	size_t n;

	e.code = (Kith__V1__ErrorCode)code;
	e.text = (char *)(uintptr_t)text;
	r.body_case = KITH__V1__REPLY__BODY_ERROR;
	r.error = &e;
	/* Half a body would be no JSON: rather the status alone. */
	if ((n = json_from_message(&r.base, body, sizeof(body) - 1)) > 0)
		body[n++] = '\n';
	web_respond(c, status, WEB_TYPE_JSON, body, n, extra);
}

void
web_error(struct conn *c, enum kith_err code, const char *text, uint32_t retry_after_ms)
{
	char extra[64] = "";

	if (retry_after_ms > 0)
		snprintf(extra, sizeof(extra), "Retry-After: %u\r\n",
		    (retry_after_ms + 999) / 1000);
	else if (kith_err_status(code) == 401)
		snprintf(extra, sizeof(extra), "WWW-Authenticate: Bearer\r\n");
	respond_error(c, kith_err_status(code), code,
	    text != NULL ? text : kith_err_text(code), extra);
}

/* Statuses of HTTP for which the protocol has no code of its own. */
void
web_refuse(struct conn *c, int status, const char *text, const char *extra)
{
	enum kith_err code = status == 413 || status == 414 || status == 431 ? KITH_E_TOO_LARGE :
	    status == 408 ? KITH_E_TIMEOUT : status == 403 ? KITH_E_NOT_PERMITTED :
	    KITH_E_BAD_REQUEST;

	stats_add(c->w->p->stats, STAT_http_refused, 1);
	respond_error(c, status, code, text != NULL ? text : http_reason(status),
	    extra);
}

/* -- who asks ------------------------------------------------------------- */

bool
web_is_type(const struct http_request *r, const char *type)
{
	const char *given = http_header(r, "content-type", 0);
	size_t len = strlen(type);

	return given != NULL && strncasecmp(given, type, len) == 0 &&
	    (given[len] == '\0' || given[len] == ';' || given[len] == ' ');
}

static const char *
cookie_name(const struct conn *c)
{
	return web_of(c)->asker.tls ? "__Host-kith" : "kith";
}

/* Browsers send the cookie with requests of foreign pages, too, so the page must be ours. */
static bool
may_use_cookie(const struct conn *c, const struct http_request *r)
{
	const struct web_asker *a = &web_of(c)->asker;
	bool safe = r->method == HTTP_GET || r->method == HTTP_HEAD;

	return a->origin == ORIGIN_OWN || (safe && !r->upgrade && a->origin == ORIGIN_NONE &&
	    a->same_site);
}

bool
web_token(const struct conn *c, const struct http_request *r, char out[TOKEN_CHARS + 1],
    bool *from_cookie)
{
	const char *given = http_header(r, "authorization", 0);

	*out = '\0';
	*from_cookie = false;
	if (given != NULL) {
		/* Anything else in this header is refused as a token; the cookie does not replace
		 * it. */
		if (strncasecmp(given, "Bearer ", 7) == 0 && strlen(given + 7) <= TOKEN_CHARS)
			strcpy(out, given + 7);
		if (*out == '\0')
			strcpy(out, "-");
	} else if (may_use_cookie(c, r)) {
		*from_cookie = http_cookie(r, cookie_name(c), out, TOKEN_CHARS + 1) > 0;
		if (!*from_cookie)
			*out = '\0';
	}
	return *out != '\0';
}

void
web_cookie_line(const struct conn *c, const char *token, char out[WEB_EXTRA_MAX])
{
	snprintf(out, WEB_EXTRA_MAX, "Set-Cookie: %s=%s; Path=/; %sHttpOnly; SameSite=Strict; "
	    "Max-Age=%u\r\n", cookie_name(c), token != NULL ? token : "",
	    web_of(c)->asker.tls ? "Secure; " : "", token != NULL ? WEB_COOKIE_S : 0u);
}
