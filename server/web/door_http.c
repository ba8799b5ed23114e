/*
 * door_http.c - the HTTP door: one request after the other, checked, routed, answered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "protocol/base/clock.h"
#include "server/conf/conf.h"
#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
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

/* -- time ---------------------------------------------------------------------- */

/* Replaces the time that was set before. */
static void
start_timer(struct web *web, uint32_t ms)
{
	struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000 };

	event_add(&web->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	c->w->now = c->w->clock();
	if (c->state != CONN_OPEN)
		return;
	stats_add(c->w->p->stats, STAT_timeouts, 1);
	web_of(c)->keep = false;
	if (http_begun(&web_of(c)->reader))
		web_refuse(c, 408, NULL, NULL);
	else
		conn_finish(c);
}

/* -- one request ----------------------------------------------------------------- */

/* No more is read until it is answered: what follows a refused head is of no known length. */
static void
refuse_head(struct conn *c, int status, const char *text, const char *extra)
{
	if (web_of(c)->reader.request.has_body)
		web_of(c)->keep = false;
	web_refuse(c, status, text, extra);
}

static void
refuse_method(struct conn *c)
{
	uint32_t methods = web_of(c)->route->methods | 1u << HTTP_OPTIONS;
	bool asked = web_of(c)->reader.request.method == HTTP_OPTIONS;
	char allow[128] = "Allow: ";

	for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++)
		if (methods & 1u << i) {
			strcat(allow, http_method_name((enum http_method)i));
			strcat(allow, methods >> (i + 1) ? ", " : "\r\n");
		}
	if (asked)
		web_respond(c, 204, NULL, NULL, 0, allow);
	else
		refuse_head(c, 405, NULL, allow);
}

/* The head is there: may it go on, and how long may a body be? */
static void
on_head(struct conn *c)
{
	const struct web_rules *rules = c->w->web_rules;
	struct web *web = web_of(c);
	const struct http_request *r = &web->reader.request;

	stats_add(c->w->p->stats, STAT_http_requests, 1);
	web->keep = r->keep_alive && ++web->requests < WEB_REQUESTS_MAX && !c->w->draining;
	if (!web_rules_host_ok(rules, http_header(r, "host", 0)))
		refuse_head(c, 421, "this server is not known by that name (http_names)", NULL);
	else if (!web_rules_judge(rules, r, c->peer, c->tls != NULL, &web->asker))
		refuse_head(c, 400, "forwarding headers make no sense", NULL);
	else if (web->asker.origin == ORIGIN_REFUSED)
		refuse_head(c, 403, "pages of that origin may not ask here (http_origins)", NULL);
	else if ((web->route = web_route_find(r->path)) == NULL)
		refuse_head(c, 404, NULL, NULL);
	else if (!(web->route->methods & 1u << r->method))
		refuse_method(c);
	else if (web->route->own_origin && web->asker.origin != ORIGIN_OWN)
		refuse_head(c, 403, "only this server's own page may ask that", NULL);
	else {
		memcpy(c->address, web->asker.address, sizeof(c->address));
		if (http_allow_body(&web->reader, web->route->body_max) && r->expects_continue)
			conn_queue(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	}
}

static void
on_request(struct conn *c)
{
	struct web *web = web_of(c);

	web->answering = true;
	event_del(&web->timer);
	conn_pause(c, CONN_PAUSE_DOOR);
	web->route->handle(c, &web->reader.request);
}

/* After it the reader is ready for the next request, or the connection closes. */
static void
answered(struct conn *c)
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
	start_timer(web, WEB_IDLE_MS);
	/* Whoever sends many requests at once is not answered faster than he reads. */
	if (conn_unsent(c) > c->w->p->conf->output_soft)
		conn_pause(c, CONN_PAUSE_OUTPUT);
	conn_resume(c, CONN_PAUSE_DOOR);
}

/* -- answers ----------------------------------------------------------------------- */

#define SECURITY_LINES								\
	"X-Content-Type-Options: nosniff\r\n"					\
	"Referrer-Policy: no-referrer\r\n"					\
	"Cross-Origin-Resource-Policy: same-origin\r\n"				\
	"X-Frame-Options: DENY\r\n"

/* Cookies are never for them: no Allow-Credentials. */
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
	if (!empty && web_of(c)->reader.request.method != HTTP_HEAD)
		conn_queue(c, body, len);
	answered(c);
}

/* A text of our own: no character in it needs escaping. */
static void
respond_error(struct conn *c, int status, const char *code, const char *text, const char *extra)
{
	char body[256];
	int n = snprintf(body, sizeof(body), "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", code,
	    text);

	web_respond(c, status, WEB_TYPE_JSON, body, (size_t)n, extra);
}

void
web_error(struct conn *c, enum kith_err code, const char *text, uint32_t retry_after_ms)
{
	char extra[64] = "";

	if (retry_after_ms > 0)
		snprintf(extra, sizeof(extra), "Retry-After: %u\r\n", (retry_after_ms + 999) / 1000);
	else if (kith_err_status(code) == 401)
		snprintf(extra, sizeof(extra), "WWW-Authenticate: Bearer\r\n");
	respond_error(c, kith_err_status(code), kith_err_name(code),
	    text != NULL ? text : kith_err_text(code), extra);
}

/* What HTTP knows and the protocol has no code for. */
void
web_refuse(struct conn *c, int status, const char *text, const char *extra)
{
	enum kith_err code = status == 413 || status == 414 || status == 431 ? KITH_E_TOO_LARGE :
	    status == 408 ? KITH_E_TIMEOUT : status == 403 ? KITH_E_NOT_PERMITTED :
	    KITH_E_BAD_REQUEST;

	stats_add(c->w->p->stats, STAT_http_refused, 1);
	respond_error(c, status, kith_err_name(code), text != NULL ? text : http_reason(status),
	    extra);
}

/* -- who asks ------------------------------------------------------------------------ */

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

/* A cookie comes along with whatever page asks: so the page must be ours. */
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
		/* What is no token of ours is refused as one, and not passed over. */
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

/* -- the door ------------------------------------------------------------------------- */

static bool
http_recognise(uint8_t first)
{
	return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z') ||
	    first == '\r' || first == '\n';
}

static int
http_set_up(struct worker *w)
{
	struct web_rules *rules = web_rules_create(w->p->conf);

	if (rules == NULL)
		return -ENOMEM;
	web_rules_destroy(w->web_rules);
	w->web_rules = rules;
	return 0;
}

static void
http_tear_down(struct worker *w)
{
	web_rules_destroy(w->web_rules);
}

static bool
http_is_open(const struct conf *conf)
{
	return conf->http;
}

/* To a browser that was given the wrong scheme. */
static void
http_refuse_plain(int fd)
{
	static const char answer[] =
	    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
	    "Content-Length: 41\r\n\r\nThis server speaks HTTPS: use https://...\n";
	ssize_t n = send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)n;			/* it is a courtesy */
}

static int
http_begin(struct conn *c, void **state)
{
	struct web *web = calloc(1, sizeof(*web));

	if (web == NULL)
		return -ENOMEM;
	http_reader_init(&web->reader);
	evtimer_assign(&web->timer, c->w->p->base, on_timer, c);
	start_timer(web, c->w->p->conf->login_ms);
	*state = web;
	return 0;
}

static void
http_end(void *state)
{
	struct web *web = state;

	call_destroy(web->call);
	event_del(&web->timer);
	http_reader_fini(&web->reader);
	free(web);
}

/* A request that has begun must be there in time; each byte of it does not win more. */
static enum http_result
read_on(struct conn *c, const uint8_t **at, size_t *len)
{
	struct http_reader *reader = &web_of(c)->reader;
	bool begun = http_begun(reader);
	enum http_result result = http_read(reader, at, len);

	if (!begun && http_begun(reader))
		start_timer(web_of(c), c->w->p->conf->login_ms);
	return result;
}

static void
http_input(struct conn *c, const uint8_t **at, size_t *len)
{
	enum http_result result = HTTP_HEAD_DONE;

	while (c->state == CONN_OPEN && c->paused == 0 && c->door == &door_http &&
	    result != HTTP_MORE) {
		result = read_on(c, at, len);
		if (result == HTTP_HEAD_DONE)
			on_head(c);
		else if (result == HTTP_ONE)
			on_request(c);
		else if (result == HTTP_BROKEN) {
			web_of(c)->keep = false;
			web_refuse(c, web_of(c)->reader.status, NULL, NULL);
		}
	}
	/* It was upgraded: what is left, if anything, is the other door's. */
	if (c->state == CONN_OPEN && c->door != &door_http) {
		conn_resume(c, CONN_PAUSE_DOOR);
		c->door->input(c, at, len);
	}
}

/* The text alone: told to a call, not queued. */
static size_t
http_wrap(struct wrapped *r, uint8_t *out)
{
	size_t n;
	const char *text = wrapped_json(r, &n);

	if (text != NULL)
		memcpy(out, text, n);
	return n;
}

static int
http_send(struct conn *c, const uint8_t *reply, uint32_t len)
{
	return call_on_reply(web_of(c)->call, reply, len);
}

static void
http_live(struct conn *c, const uint8_t *json, size_t len, bool hint)
{
	call_on_live(web_of(c)->call, json, len, hint);
}

static void
http_bye(struct conn *c, enum kith_err why)
{
	struct web *web = web_of(c);

	if (web->answering) {
		web->keep = false;
		call_on_close(web->call, why);
	}
}

static void
http_resumed(struct conn *c)
{
	call_on_resume(web_of(c)->call);
}

const struct door_ops door_http = {
	.name = "http",
	.alpn = "http/1.1",
	.is_open = http_is_open,
	.set_up = http_set_up,
	.tear_down = http_tear_down,
	.recognise = http_recognise,
	.refuse_plain = http_refuse_plain,
	.begin = http_begin,
	.end = http_end,
	.input = http_input,
	.resumed = http_resumed,
	.wrap = http_wrap,
	.send = http_send,
	.live = http_live,
	.bye = http_bye,
};
