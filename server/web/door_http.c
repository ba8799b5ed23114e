/*
 * door_http.c - the HTTP door: reads requests, checks who asks, finds the handler.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/conf/conf.h"
#include "server/web/call.h"
#include "server/web/web.h"
#include "server/worker/conn.h"
#include "server/worker/door.h"
#include "server/worker/worker.h"
#include "shm/stats.h"

/* -- time ----------------------------------------------------------------- */

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

/* -- one request ---------------------------------------------------------- */

/* The body of a refused request is not read, so the connection closes after the answer. */
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

/* The head is complete: who asks, for what, and how long may a body be? */
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
		refuse_head(c, 400, "malformed forwarding headers", NULL);
	else if (web->asker.origin == ORIGIN_REFUSED)
		refuse_head(c, 403, "pages of that origin are not allowed here (http_origins)",
		    NULL);
	else if ((web->route = web_route_find(r->path)) == NULL)
		refuse_head(c, 404, NULL, NULL);
	else if (!(web->route->methods & 1u << r->method))
		refuse_method(c);
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

/* -- the door ------------------------------------------------------------- */

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

/* For a browser with an http:// address. */
static void
http_refuse_plain(int fd)
{
	static const char answer[] =
	    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
	    "Content-Length: 41\r\n\r\nThis server speaks HTTPS: use https://...\n";
	ssize_t n = send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)n;			/* best effort */
}

static int
http_begin(struct conn *c, void **state)
{
	struct web *web = calloc(1, sizeof(*web));

	if (web == NULL)
		return -ENOMEM;
	http_reader_init(&web->reader);
	evtimer_assign(&web->timer, c->w->p->base, on_timer, c);
	web_start_timer(web, c->w->p->conf->login_ms);
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

/* A request must be complete in time from its first byte on; further bytes do not extend it. */
static enum http_result
read_on(struct conn *c, const uint8_t **at, size_t *len)
{
	struct http_reader *reader = &web_of(c)->reader;
	bool begun = http_begun(reader);
	enum http_result result = http_read(reader, at, len);

	if (!begun && http_begun(reader))
		web_start_timer(web_of(c), c->w->p->conf->login_ms);
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
	/* It was upgraded: the rest of the input is for the other door. */
	if (c->state == CONN_OPEN && c->door != &door_http) {
		conn_resume(c, CONN_PAUSE_DOOR);
		c->door->input(c, at, len);
	}
}

/* Only the JSON text: a call collects it. */
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
